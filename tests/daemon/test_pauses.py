"""How long a cluster is left alone between two looks."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.daemon.looking import Looked, Looker
from auditor.daemon.watching import FIRST_RETRY_SHARE, LONGEST_LEFT_ALONE_SECONDS, Watch
from auditor.model.cluster import Cluster, NoAccess
from auditor.settings.configuration import Schedule

READ, FAILED = Looked(is_read=True), Looked(is_read=False)


class _NoLooker(Looker):
    """Pauses need no look."""

    def __init__(self) -> None:
        pass


class _BrokenLooker(_NoLooker):
    async def look(self, cluster: Cluster) -> Looked:
        raise ValueError(cluster.id)


def watch(
    key: str = "kubeconfig/a", interval: float = 300.0, looker: Looker | None = None
) -> Watch:
    cluster = Cluster(id=key, name=key, provider="kubeconfig", access=NoAccess("none"))
    schedule = Schedule(interval_seconds=interval)
    return Watch(cluster, looker or _NoLooker(), schedule, asyncio.Semaphore(1))


def pauses(
    looks: Sequence[Looked], key: str = "kubeconfig/a", interval: float = 300
) -> list[float]:
    watched = watch(key, interval)
    return [watched.pause_after(looked) for looked in looks]


def test_after_a_good_look_the_interval_passes() -> None:
    found = pauses([READ] * 200)
    assert all(270 <= pause <= 300 for pause in found)
    assert len(set(found)) == 200


def test_failures_in_a_row_double_the_pause_up_to_the_interval() -> None:
    found = pauses([FAILED] * 30)
    for number, pause in enumerate(found):
        full = min(300, 300 * FIRST_RETRY_SHARE * 2**number)
        assert full / 2 <= pause <= full


def test_a_cluster_that_fails_for_years_is_still_looked_at() -> None:
    assert 150 <= pauses([FAILED] * 5_000)[-1] <= 300


def test_a_success_forgets_the_failures() -> None:
    found = pauses([*[FAILED] * 8, READ, FAILED])
    assert found[-3] > 100
    assert found[-1] <= 300 * FIRST_RETRY_SHARE


@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        (None, 0, 300),
        (0.0, 0, 300),
        (1.0, 1, 300),
        (1_000.0, 1_000, 1_000),
        (3_600.0, 3_600, 3_600),
        (3_601.0, 3_600, 3_600),
        (1e12, 3_600, 3_600),
        (float("inf"), 3_600, 3_600),
    ],
)
def test_a_server_is_left_alone_as_long_as_it_asks_but_never_over_an_hour(
    is_read: bool, asked: float | None, least: float, most: float
) -> None:
    (pause,) = pauses([Looked(is_read, asked)])
    assert least <= pause <= most


def test_two_clusters_drift_apart_and_each_the_same_way_again() -> None:
    looks = [READ, FAILED] * 10
    one, other = pauses(looks, "kubeconfig/a"), pauses(looks, "kubeconfig/b")
    assert all(mine != theirs for mine, theirs in zip(one, other, strict=True))
    assert one == pauses(looks, "kubeconfig/a")


LOOKS = st.builds(
    Looked, st.booleans(), st.none() | st.floats(min_value=0, allow_nan=False, allow_infinity=True)
)


@given(st.lists(LOOKS, max_size=30), st.floats(1, 86_400), st.text(max_size=5))
def test_bounds_of_every_pause(looks: list[Looked], interval: float, key: str) -> None:
    for looked, pause in zip(looks, pauses(looks, key, interval), strict=True):
        asked = min(looked.not_before or 0, LONGEST_LEFT_ALONE_SECONDS)
        assert asked <= pause <= max(interval, asked)
        assert pause >= interval * FIRST_RETRY_SHARE / 2
        if looked.is_read:
            assert pause >= interval * 0.9


def test_a_look_that_breaks_is_a_failure_and_the_loop_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 6:
            raise asyncio.CancelledError

    async def run() -> None:
        watched = watch(looker=_BrokenLooker())
        monkeypatch.setattr(asyncio, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            await watched.run()

    asyncio.run(run())
    assert 0 <= slept[0] <= 10
    for number, pause in enumerate(slept[1:]):
        full = min(300, 300 * FIRST_RETRY_SHARE * 2**number)
        assert full / 2 <= pause <= full
