"""The random clusters are worth asking about: every feature comes up, and both answers do."""

import json
from collections import Counter
from copy import deepcopy
from random import Random

import pytest

from tests.reachability.naive import Naive
from tests.reachability.random_clusters import questions, random_change, random_objects

FEATURES = (
    *("podSelector", "namespaceSelector", "ipBlock", "except", "endPort", "policyTypes"),
    *('"ingress": []', '"ingress": null', '"egress": [{}]', '"from": []', '"from": null'),
    *('"In"', '"NotIn"', '"Exists"', '"DoesNotExist"', '"values": [""'),
    *("SCTP", "UDP", "hostNetwork", "Succeeded", "fd00::", '"podIPs": [{'),
    *("v1alpha1", "v1alpha2", '"Baseline"', "BaselineAdminNetworkPolicy"),
    *("Accept", "Allow", "Deny", "Pass", "networks", "nodes", "domainNames"),
    *("portNumber", "portRange", "namedPort", "destinationNamedPort", '"range"', '"sctp": {}'),
    # Parts that an API server would refuse.
    *("10.0.0.0/33", '"operator": "Equals"', '"values": []', "somewhere", '"endPort": 70000'),
)


def test_a_seed_gives_the_same_cluster_questions_and_change() -> None:
    first, second = Random(7), Random(7)
    objects = random_objects(first)
    assert objects == random_objects(second)
    assert list(questions(first, objects)) == list(questions(second, objects))
    assert random_change(first, objects) == random_change(second, objects)


def test_every_feature_comes_up() -> None:
    written = "\n".join(json.dumps(random_objects(Random(seed))) for seed in range(300))
    assert [feature for feature in FEATURES if feature not in written] == []


def test_a_change_leaves_the_old_objects_as_they_were() -> None:
    random = Random(11)
    for _ in range(200):
        objects = random_objects(random)
        before = deepcopy(objects)
        assert random_change(random, objects) != before
        assert objects == before


@pytest.mark.parametrize("covers", [False, True])
def test_both_answers_are_common(covers: bool) -> None:
    answers: Counter[bool] = Counter()
    for seed in range(40):
        random = Random(seed)
        objects = random_objects(random)
        naive = Naive(objects, ip_blocks_cover_pods=covers)
        answers.update(naive.allows(*question) for question in questions(random, objects))
    share = answers[True] / answers.total()
    assert 0.2 < share < 0.8
