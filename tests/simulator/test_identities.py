"""Who may do what: RBAC as its authorizer has it, credentials, and self reviews."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme

from auditor.simulator.fleet import SimulatedCluster, Simulator
from auditor.simulator.identities import Access, Identity
from tests.simulator.raw import (
    ADMINISTRATOR,
    NOBODY,
    READER,
    TOKENS,
    Client,
    Got,
    pod,
    run,
    trusting,
)


def rule(verbs: str, groups: str, resources: str, **more: Any) -> Mapping[str, Any]:
    split = {"verbs": verbs, "apiGroups": groups, "resources": resources}
    return {name: text.split(",") for name, text in split.items()} | more


CASES: list[tuple[Mapping[str, Any], Access, bool]] = [
    (rule("list", "", "pods"), Access("list", "", "pods"), True),
    (rule("list", "", "pods"), Access("get", "", "pods", name="x"), False),
    (rule("list", "", "pods"), Access("list", "apps", "pods"), False),
    (rule("*", "", "pods"), Access("deletecollection", "", "pods"), True),
    (rule("list", "*", "deployments"), Access("list", "apps", "deployments"), True),
    (rule("list", "*", "*"), Access("list", "cilium.io", "ciliumnetworkpolicies"), True),
    (rule("get", "", "*"), Access("get", "", "pods", "log", "x"), True),
    (rule("get", "", "pods"), Access("get", "", "pods", "log", "x"), False),
    (rule("get", "", "pods/log"), Access("get", "", "pods", "log", "x"), True),
    (rule("get", "", "pods/log"), Access("get", "", "pods", name="x"), False),
    (rule("get", "", "*/proxy"), Access("get", "", "nodes", "proxy", "x"), True),
    (rule("get", "", "*/proxy"), Access("get", "", "nodes", "status", "x"), False),
    (rule("get", "", "*/proxy"), Access("get", "", "nodes", name="x"), False),
    (rule("get", "", "pods/*"), Access("get", "", "pods", "log", "x"), False),
    (rule("get", "", "pods", resourceNames=["a"]), Access("get", "", "pods", name="a"), True),
    (rule("get", "", "pods", resourceNames=["a"]), Access("get", "", "pods", name="b"), False),
    (rule("list", "", "pods", resourceNames=["a"]), Access("list", "", "pods"), False),
    ({"verbs": ["get"], "nonResourceURLs": ["*"]}, Access("get", "", "pods"), False),
]


@pytest.mark.parametrize(("given", "access", "allowed"), CASES)
def test_a_rule_allows_what_the_authorizer_says(
    given: Mapping[str, Any], access: Access, allowed: bool
) -> None:
    assert Identity("somebody", rules=(given,)).may(access) is allowed


PATHS = [
    ("/metrics", "/metrics", True),
    ("/metrics", "/metrics/cadvisor", False),
    ("/logs/*", "/logs/kube.log", True),
    ("/logs/*", "/logs", False),
    ("*", "/debug/pprof", True),
]


@pytest.mark.parametrize(("pattern", "path", "allowed"), PATHS)
def test_a_path_that_is_no_resource_is_matched_by_prefix(
    pattern: str, path: str, allowed: bool
) -> None:
    rules = ({"verbs": ["get"], "nonResourceURLs": [pattern]},)
    assert Identity("somebody", rules=rules).may_path("get", path) is allowed
    assert not Identity("somebody", rules=rules).may_path("post", path)


DISCOVERY = ("/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/version")
HEALTH = ("/healthz", "/livez", "/readyz", "/version")


@pytest.mark.parametrize("path", DISCOVERY)
def test_discovery_is_open_to_everybody_who_is_known(path: str) -> None:
    assert run([], lambda _, client: client.ask(path, NOBODY)).status == 200


@pytest.mark.parametrize("path", HEALTH)
def test_health_is_open_to_everybody(path: str) -> None:
    assert run([], lambda _, client: client.ask(path, None)).status == 200


def test_discovery_is_closed_to_strangers() -> None:
    got = run([], lambda _, client: client.ask("/apis", None))
    said = 'forbidden: User "system:anonymous" cannot get path "/apis"'
    assert (got.status, got.json["message"]) == (403, said)


def test_strangers_may_be_refused_or_let_in() -> None:
    open_to_all = Identity("system:anonymous", rules=(rule("list", "", "pods"),))

    def ask(anonymous: Identity | None) -> int:
        return run(
            [], lambda _, client: client.ask("/api/v1/pods", None), anonymous=anonymous
        ).status

    assert [ask(None), ask(open_to_all), ask(Identity.anonymous())] == [401, 200, 403]


BASIC = {"Authorization": "Basic dXNlcjpwYXNz"}
NO_TOKEN = {"Authorization": "Bearer "}


@pytest.mark.parametrize("headers", [BASIC, NO_TOKEN])
def test_what_is_no_token_is_nobody(headers: dict[str, str]) -> None:
    got = run([], lambda _, client: client.ask("/api/v1/pods", None, headers=headers))
    assert (got.status, "system:anonymous" in got.json["message"]) == (403, True)


def test_rights_are_checked_before_existence() -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> list[int]:
        paths = ("/apis/cilium.io/v2/things", "/api/v1/widgets", "/nothing/here")
        who = (ADMINISTRATOR, READER)
        return [(await client.ask(path, token)).status for path in paths for token in who]

    assert run([], scenario) == [404, 403, 404, 403, 404, 403]


def test_a_list_of_one_name_is_judged_by_the_name() -> None:
    only_a = {"a-token": Identity("a", rules=(rule("list", "", "pods", resourceNames=["a"]),))}

    async def scenario(_: SimulatedCluster, client: Client) -> list[int]:
        path = "/api/v1/pods?fieldSelector=metadata.name"
        return [(await client.ask(f"{path}%3D{name}", "a-token")).status for name in "ab"]

    assert run([pod("a")], scenario, tokens=only_a) == [200, 403]


WRITES = [
    ("POST", "/api/v1/namespaces/default/pods", "create"),
    ("PUT", "/api/v1/namespaces/default/pods/a", "update"),
    ("PATCH", "/api/v1/namespaces/default/pods/a", "patch"),
    ("DELETE", "/api/v1/namespaces/default/pods/a", "delete"),
    ("DELETE", "/api/v1/namespaces/default/pods", "deletecollection"),
]


@pytest.mark.parametrize(("method", "path", "verb"), WRITES)
def test_nothing_is_ever_written(method: str, path: str, verb: str) -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> tuple[Got, Got, Got]:
        version = cluster.resource_version
        by_reader = await client.ask(path, READER, method=method, body=pod("a"))
        by_administrator = await client.ask(path, method=method, body=pod("a"))
        assert cluster.resource_version == version
        return by_reader, by_administrator, await client.get("/api/v1/pods")

    forbidden, refused, after = run([pod("a")], scenario)
    assert (forbidden.status, refused.status, after.names) == (403, 405, ["a"])
    assert f'cannot {verb} resource "pods" in API group ""' in forbidden.json["message"]


REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ATTRIBUTES = [
    ({"resourceAttributes": {"verb": "list", "resource": "pods"}}, True),
    ({"resourceAttributes": {"verb": "list", "resource": "secrets"}}, False),
    ({"resourceAttributes": {"verb": "list", "group": "apps", "resource": "deployments"}}, True),
    (
        {"resourceAttributes": {"verb": "get", "resource": "pods", "subresource": "log"}},
        False,
    ),
    ({"nonResourceAttributes": {"verb": "get", "path": "/apis"}}, True),
    ({"nonResourceAttributes": {"verb": "get", "path": "/metrics"}}, False),
    ({}, False),
]


@pytest.mark.parametrize(("spec", "allowed"), ATTRIBUTES)
def test_a_review_tells_what_the_server_would_do(spec: dict[str, Any], allowed: bool) -> None:
    got = run([], lambda _, client: client.ask(REVIEWS, READER, method="POST", body={"spec": spec}))
    assert (got.status, got.json["status"]["allowed"]) == (201, allowed)
    assert got.json["spec"] == spec


def test_a_review_is_for_those_who_are_known() -> None:
    got = run([], lambda _, client: client.ask(REVIEWS, None, method="POST", body={"spec": {}}))
    assert got.status == 403


def test_a_review_that_cannot_be_read_is_a_bad_request() -> None:
    got = run([], lambda _, client: client.ask(REVIEWS, READER, method="POST", body=["no"]))
    assert got.status == 400


def test_a_review_of_rules_needs_a_namespace() -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    got = run([], lambda _, client: client.ask(path, READER, method="POST", body={"spec": {}}))
    assert (got.status, got.json["message"]) == (400, "no namespace on request")


def client_context(cluster: SimulatedCluster, leaf: trustme.LeafCert, at: Path) -> ssl.SSLContext:
    context = trusting(cluster)
    file = at / "client.pem"
    leaf.private_key_and_cert_chain_pem.write_to_path(str(file))
    context.load_cert_chain(file)
    return context


@pytest.mark.parametrize(
    ("name", "group", "status"),
    [("auditor", "x", 200), ("stranger", "x", 403), ("root", "system:masters", 200)],
)
def test_a_client_certificate_tells_who_asks(
    name: str, group: str, status: int, tmp_path: Path
) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("unused", common_name=name, organization_name=group)

    async def scenario() -> tuple[int, str | None]:
        async with Simulator() as simulator:
            cluster = await simulator.add("prod", [], tokens=TOKENS, client_ca=authority)
            connector = aiohttp.TCPConnector(ssl=client_context(cluster, leaf, tmp_path))
            async with aiohttp.ClientSession(connector=connector) as session:
                got = await Client(cluster, session).ask("/api/v1/pods", None)
            return got.status, cluster.requests[0].identity

    assert asyncio.run(scenario()) == (status, name)
