"""Which clusters there are: the roster against a plain retelling of its promise."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.daemon.roster import Roster
from auditor.model.cluster import Cluster, Files


def cluster(key: str, path: str = "x") -> Cluster:
    return Cluster(id=key, name=key, provider="test", access=Files(path))


def clusters(keys: str) -> list[Cluster]:
    """Give a cluster for each letter."""
    return [cluster(key) for key in keys]


def ids(found: tuple[Cluster, ...]) -> str:
    return "".join(each.id for each in found)


def test_a_cluster_is_gone_when_two_listings_in_a_row_lack_it() -> None:
    roster = Roster()
    assert roster.listed("one", clusters("ab")).gone == ()
    assert roster.listed("one", clusters("a")).gone == ()
    assert roster.ids() == {"a", "b"}
    assert roster.listed("one", clusters("a")).gone == ("b",)
    assert roster.ids() == {"a"}
    assert roster.listed("one", clusters("a")).gone == ()


def test_a_listing_that_has_it_again_begins_the_count_anew() -> None:
    roster = Roster()
    for keys in ("a", "", "a", "", "a"):
        assert roster.listed("one", clusters(keys)).gone == ()
    assert roster.listed("one", []).gone == ()
    assert roster.listed("one", []).gone == ("a",)


def test_a_cluster_that_comes_back_is_new() -> None:
    roster = Roster()
    for keys in ("a", "", ""):
        roster.listed("one", clusters(keys))
    assert ids(roster.listed("one", clusters("a")).current) == "a"
    assert roster.listed("one", []).gone == ()
    assert roster.listed("one", []).gone == ("a",)


def test_a_fleet_may_vanish_as_a_whole() -> None:
    roster = Roster()
    roster.listed("one", clusters("abc"))
    roster.listed("one", [])
    assert sorted(roster.listed("one", []).gone) == ["a", "b", "c"]
    assert roster.ids() == frozenset()


def test_the_newest_access_counts() -> None:
    roster = Roster()
    roster.listed("one", [cluster("a", "old")])
    assert roster.listed("one", [cluster("a", "new")]).current == (cluster("a", "new"),)


def test_of_one_id_twice_in_a_listing_the_first_counts() -> None:
    roster = Roster()
    change = roster.listed("one", [cluster("a", "first"), cluster("a", "second")])
    assert change.current == (cluster("a", "first"),)
    assert change.doubles == ("a",)


def test_the_connector_that_was_first_keeps_a_cluster() -> None:
    roster = Roster()
    roster.listed("one", clusters("a"))
    change = roster.listed("two", clusters("ab"))
    assert (ids(change.current), change.doubles) == ("b", ("a",))
    # It is the first one's alone to lose.
    for _ in range(3):
        assert roster.listed("two", []).gone in ((), ("b",))
    assert "a" in roster.ids()


def test_another_connector_takes_over_when_the_first_has_lost_it() -> None:
    roster = Roster()
    roster.listed("one", clusters("a"))
    roster.listed("one", [])
    assert roster.listed("two", clusters("a")).doubles == ("a",)
    assert roster.listed("one", []).gone == ()
    assert roster.ids() == {"a"}
    change = roster.listed("two", clusters("a"))
    assert (ids(change.current), change.doubles) == ("a", ())
    assert roster.listed("one", clusters("a")).doubles == ("a",)


LISTINGS = st.lists(
    st.tuples(st.sampled_from(["one", "two", "three"]), st.text("abcd", max_size=6)), max_size=25
)


def _owner(before: list[tuple[str, str]], key: str) -> str | None:
    """Say from all listings in their order whose a cluster is now."""
    owner, missed = None, 0
    newest: dict[str, str] = {}
    for connector, keys in before:
        if owner is None:
            if key in keys:
                owner, missed = connector, 0
        elif connector == owner:
            newest[connector] = keys
            missed = 0 if key in keys else missed + 1
            if missed == 2:
                others = sorted(name for name, last in newest.items() if key in last)
                owner, missed = (others[0] if others else None), 0
        newest[connector] = keys
    return owner


@given(LISTINGS)
def test_a_roster_keeps_its_promise(listings: list[tuple[str, str]]) -> None:
    roster = Roster()
    for number, (connector, keys) in enumerate(listings):
        before = {key: _owner(listings[:number], key) for key in "abcd"}
        after = {key: _owner(listings[: number + 1], key) for key in "abcd"}
        change = roster.listed(connector, clusters(keys))
        assert roster.ids() == {key for key, owner in after.items() if owner}
        assert set(change.gone) == {key for key in "abcd" if before[key] and not after[key]}
        assert len(change.gone) == len(set(change.gone))
        assert all(before[key] == connector for key in change.gone)
        mine = [key for key in dict.fromkeys(keys) if before[key] in (None, connector)]
        assert [each.id for each in change.current] == mine
        doubles = [
            key
            for place, key in enumerate(keys)
            if key in keys[:place] or before[key] not in (None, connector)
        ]
        assert list(change.doubles) == doubles


def test_a_listing_with_gaps_shrinks_nothing_and_adds_what_it_has() -> None:
    roster = Roster()
    roster.listed("one", clusters("ab"))
    for _ in range(5):
        change = roster.listed("one", clusters("ac"), is_complete=False)
        assert (ids(change.current), change.gone) == ("ac", ())
    assert roster.ids() == {"a", "b", "c"}
    # It neither counts as a listing that lacks one, nor begins the count anew.
    assert roster.listed("one", clusters("ac")).gone == ()
    roster.listed("one", clusters("ac"), is_complete=False)
    assert roster.listed("one", clusters("ac")).gone == ("b",)


def test_what_a_listing_with_gaps_lacks_is_not_handed_to_another_connector() -> None:
    roster = Roster()
    roster.listed("one", clusters("a"))
    roster.listed("two", clusters("b"))
    assert roster.listed("two", clusters("ab")).doubles == ("a",)
    roster.listed("one", [], is_complete=False)
    assert roster.listed("two", clusters("ab")).doubles == ("a",)
