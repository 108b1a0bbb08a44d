"""The engine against the naive evaluator, on clusters nobody thought of.

Each run draws new ones. A failure says the seed of its cluster; see it again with
`EXPOSURE_AUDITOR_SEED=<seed> EXPOSURE_AUDITOR_RANDOM_CLUSTERS=1`.
"""

import json
import os
from random import Random

import pytest

from auditor.model.ports import PortSet, Protocol
from tests.reachability.asking import Asked
from tests.reachability.naive import Naive
from tests.reachability.pieces import Object
from tests.reachability.random_clusters import questions, random_change, random_objects

CLUSTERS = int(os.environ.get("EXPOSURE_AUDITOR_RANDOM_CLUSTERS", "120"))
SEED = int(os.environ["EXPOSURE_AUDITOR_SEED"])
# So that parallel workers share the clusters.
SHARES = 4


@pytest.mark.parametrize("share", range(SHARES))
def test_the_engine_answers_as_the_naive_evaluator_does(share: int) -> None:
    for seed in range(SEED + share, SEED + CLUSTERS, SHARES):
        # Shown by pytest where the test fails, also by an exception.
        print(f"cluster of EXPOSURE_AUDITOR_SEED={seed}")  # noqa: T201
        random = Random(seed)
        objects = random_objects(random)
        covers = random.random() < 0.5
        assert_same(random, objects, covers=covers)
        assert_same(random, random_change(random, objects), covers=covers)


def assert_same(random: Random, objects: list[Object], *, covers: bool) -> None:
    """Ask both the same questions; a difference is told with the objects as JSON."""
    naive = Naive(objects, ip_blocks_cover_pods=covers)
    asked = Asked(objects, ip_blocks_cover_pods=covers)
    answers: dict[tuple[str, str], tuple[PortSet, PortSet]] = {}
    is_exact = not _leaves_open(objects, covers=covers)
    for source, destination, protocol, port in questions(random, objects):
        pair = (source, destination)
        if pair not in answers:
            answers[pair] = asked.bounds(*pair)
            assert answers[pair][0] == answers[pair][1] or not is_exact
        least, most = ((Protocol(protocol), port) in bound for bound in answers[pair])
        expected = naive.allows(source, destination, protocol, port)
        assert least <= expected <= most, (
            f"{source} to {destination} at {protocol} {port}, ip_blocks_cover_pods={covers}: "
            f"the engine says {least} to {most}, the naive evaluator {expected}\n"
            + "\n".join(json.dumps(item) for item in objects)
        )


def _leaves_open(objects: list[Object], *, covers: bool) -> bool:
    """Whether something cannot be told: names of domains, and blocks that hold one of two families.

    The naive evaluator takes a domain to have no address, and a pod to be in a block with either of
    its addresses; the engine says what is sure and what may be, and the truth is between.
    """
    pods = [item for item in objects if item["kind"] == "Pod"]
    return "domainNames" in json.dumps(objects) or (
        covers and any(len((pod.get("status") or {}).get("podIPs") or ()) != 1 for pod in pods)
    )
