"""What an attacker behind a door could reach next: small clusters, worked out by hand."""

import json
from typing import Any

import msgspec
import pytest

from auditor.analysis import blast_radius as module
from auditor.analysis.blast_radius import BlastRadius, BlastRadiuses
from auditor.analysis.facts import Facts
from auditor.model.reading import ReadState
from auditor.reports.blast_radius import (
    MOST_DRAWN,
    MOST_LISTED,
    blast_radius_document,
    write_blast_radius,
    write_blast_radius_dot,
)
from auditor.reports.document import write_json
from auditor.settings.configuration import Configuration
from tests.analysis.clusters import facts_of
from tests.doors.blocks import written
from tests.kube.manifests import Object

OPEN = ["web", {"lb": {"ip": ["203.0.113.9"]}}]
"""A workload, web/front, that the internet reaches."""


def shop(*items: Any, **rest: Any) -> Facts:
    objects: list[Object] = [one for item in (*OPEN, *items) for one in written(item)]
    return facts_of(*objects, assume_cni=rest.pop("assume_cni", "cilium"), **rest)


def the_radius(*items: Any, **rest: Any) -> BlastRadius:
    (found,) = BlastRadiuses(shop(*items, **rest)).all()
    return found


def names(found: BlastRadius) -> dict[str, bool]:
    return {item.ref.name: item.is_sure for item in found.workloads}


DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
DATABASE = {"app": {"name": "db", "namespace": "data", "image": "postgres:17", "port": 5432}}


def a_policy(
    namespace: str, app: str, direction: str, other: str | None, port: int | None = None
) -> list[Any]:
    """Write a policy that lets an app talk to another of any namespace; to None, to everybody."""
    labels = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": other}}}
    rule: Object = {"from" if direction == "Ingress" else "to": [labels]} if other else {}
    if port:
        rule["ports"] = [{"port": port}]
    spec = {
        "podSelector": {"matchLabels": {"app": app}},
        "policyTypes": [direction],
        direction.lower(): [rule],
    }
    return ["NetworkPolicy", f"{namespace}/{app}-{direction.lower()}", spec]


def test_without_policies_everything_is_next() -> None:
    found = the_radius(
        DATABASE,
        {"app": {"name": "mail"}},
        {"nodes": {"cloud": "aws:///eu-west-1a/", "n1": ["InternalIP=10.0.0.7"]}},
    )
    assert names(found) == {"db": True, "mail": True}
    assert found.workloads[0].software == ("postgresql",)
    assert (found.among, found.eventually, found.is_followed) == (2, (2, 2), True)
    assert [item.name for item in found.metadata] == ["169.254.169.254", "fd00:ec2::254"]
    assert any(item.name.startswith("kubelet") for item in found.node_services)
    assert found.internet is not None
    assert found.internet.is_sure
    assert [way.entry.via.value for way in found.ways] == ["LoadBalancer"]


def test_policies_leave_one_step_and_chains_are_followed_beyond_it() -> None:
    found = the_radius(
        {"app": {"name": "api"}},
        DATABASE,
        {"app": {"name": "vault", "namespace": "data"}},
        ["NetworkPolicy", "web/deny", DENY],
        ["NetworkPolicy", "data/deny", DENY],
        # The load balancer's clients to front, front to api, api to db; nobody to vault.
        a_policy("web", "front", "Ingress", None),
        a_policy("web", "front", "Egress", "api", 8080),
        a_policy("web", "api", "Ingress", "front"),
        a_policy("web", "api", "Egress", "db"),
        a_policy("data", "db", "Ingress", "api"),
    )
    assert names(found) == {"api": True}
    assert [numbers for _, numbers in found.workloads[0].ports.ranges()] == ["8080"]
    assert found.eventually == (2, 2)
    assert found.internet is None
    assert not found.node_services


def test_other_tenants_are_counted() -> None:
    label = {"labels": {"tenant": "bank"}}
    segments = [{"match": {"namespace": "*"}, "tenant": {"namespace_label": "tenant"}}]
    configured = msgspec.convert({"segments": segments}, Configuration, strict=False)
    found = the_radius(
        ["Namespace", "web", {}, {"labels": {"tenant": "shop"}}],
        ["Namespace", "data", {}, label],
        DATABASE,
        {"app": {"name": "ledger", "namespace": "data"}},
        {"app": {"name": "mail"}},
        segments=configured.segments,
    )
    assert found.tenants == (("bank", 2),)


def test_what_depends_on_the_plugin_is_perhaps() -> None:
    found = the_radius(
        DATABASE,
        "private-nodes",
        ["NetworkPolicy", "data/deny", DENY],
        assume_cni=None,
    )
    # Nodes are there and no plugin was recognised: nobody knows whether the policy counts.
    assert names(found) == {"db": False}
    assert found.eventually == (0, 1)


def test_a_gap_makes_nothing_sure() -> None:
    found = the_radius(DATABASE, states={"networkpolicies.networking.k8s.io": ReadState.FORBIDDEN})
    assert found.gap == "networkpolicies.networking.k8s.io is forbidden"
    assert names(found) == {"db": False}
    assert "nothing of it is sure" in write_blast_radius([found])


def test_what_nobody_outside_reaches_has_none() -> None:
    objects = [one for item in ("web", DATABASE) for one in written(item)]
    assert not list(BlastRadiuses(facts_of(*objects)).all())
    assert write_blast_radius([]) == "no workload that the internet may reach\n"


def test_a_blocked_way_has_none() -> None:
    facts = shop(DATABASE, {"policy": {}}, {"lb": {"name": "local", "local": True}})
    radiuses = list(BlastRadiuses(facts).all())
    # The first door may show a node's address; the way by the second is closed.
    assert [[way.entry.object.name for way in one.ways] for one in radiuses] == [["pub"]]


def test_large_answers_are_bounded_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [{"app": {"name": f"w{number}", "namespace": f"n{number}"}} for number in range(250)]
    found = the_radius(*many)
    view = json.loads(write_json(blast_radius_document("c", [found])))["radiuses"][0]
    assert len(view["workloads"]) == MOST_LISTED
    assert view["totals"]["sure"] == 250
    drawn = write_blast_radius_dot([found])
    assert drawn.count('"Deployment/web/front" -> "Deployment/') == MOST_DRAWN
    assert f"{250 - MOST_DRAWN} more workloads" in drawn
    monkeypatch.setattr(module, "MOST_QUESTIONS", 1)
    cut = the_radius(*many, ["NetworkPolicy", "n0/p", DENY])
    assert not cut.is_followed
    assert "or more by any number of steps" in write_blast_radius([cut])


def test_hostile_names_stay_within_their_quotes() -> None:
    found = the_radius({"app": {"name": 'x"];\x1b[31m', "namespace": 'n"'}})
    drawn = write_blast_radius_dot([found])
    assert "\x1b" not in drawn
    assert r"x\"];" in drawn
    assert "\x1b" not in write_blast_radius([found])
