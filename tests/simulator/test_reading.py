"""What a healthy server tells: discovery, objects, selectors, forms, and changes to all of them."""

import asyncio
import gzip
from typing import Any

import aiohttp
import pytest

from auditor.simulator.fleet import SimulatedCluster, Simulator
from auditor.simulator.packing import GZIP_FROM_BYTES
from tests.simulator.raw import TOKENS, Client, Got, pod, pods, run

PODS = "/api/v1/pods"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
POLICY: dict[str, Any] = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumNetworkPolicy",
    "metadata": {"name": "closed", "namespace": "web"},
    "spec": {},
}
WIDE = {"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": {"name": "node-a"}}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "octopi.sea.example"},
    "spec": {
        "group": "sea.example",
        "scope": "Namespaced",
        "names": {"plural": "octopi", "kind": "Octopus", "shortNames": ["oct"]},
        "versions": [
            {"name": "v2", "served": True, "storage": True, "subresources": {"status": {}}},
            {"name": "v1", "served": True, "storage": False},
            {"name": "v0", "served": False, "storage": False},
        ],
    },
}


def get(path: str, objects: Any = (), *, accept: str = "", **options: Any) -> Got:
    headers = {"Accept": accept} if accept else {}
    return run(objects, lambda _, client: client.ask(path, headers=headers), **options)


SELECTORS = {
    "app=web": ["a", "b"],
    "app==web,tier=front": ["a"],
    "app!=web": ["c", "d"],
    "app in (web, db)": ["a", "b", "c"],
    "app notin (web)": ["c", "d"],
    "tier": ["a"],
    "!tier": ["b", "c", "d"],
    "app in (web),!tier": ["b"],
    "app=": [],
    "": ["a", "b", "c", "d"],
}
LABELLED = [
    pod("a", app="web", tier="front"),
    pod("b", app="web"),
    pod("c", app="db"),
    pod("d"),
]


@pytest.mark.parametrize("selector", list(SELECTORS))
def test_a_label_selector_keeps_what_it_says(selector: str) -> None:
    got = run(LABELLED, lambda _, client: client.get(PODS, labelSelector=selector))
    assert got.names == SELECTORS[selector]


REFUSED = {
    "app in (": "unable to parse requirement: found '', expected: ',', ')' or identifier",
    "app in web": "unable to parse requirement: found 'web' expected: '('",
    "=web": "unable to parse requirement: found '=', expected: identifier",
    "app web": "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt",
    "app,": "found '', expected: identifier after ','",
    "app=a b": "found 'b', expected: ',' or 'end of string'",
}


@pytest.mark.parametrize("selector", list(REFUSED))
def test_a_label_selector_that_cannot_be_read_is_a_bad_request(selector: str) -> None:
    got = run([], lambda _, client: client.get(PODS, labelSelector=selector))
    assert (got.status, got.json["message"]) == (400, REFUSED[selector])


FIELDS = {
    "metadata.name=a": ["a"],
    "metadata.name!=a": ["b", "c", "d"],
    "metadata.namespace==default,metadata.name=b": ["b"],
    "metadata.namespace=web": [],
}


@pytest.mark.parametrize("selector", list(FIELDS))
def test_a_field_selector_knows_name_and_namespace(selector: str) -> None:
    got = run(LABELLED, lambda _, client: client.get(PODS, fieldSelector=selector))
    assert got.names == FIELDS[selector]


def test_a_field_that_is_not_known_is_a_bad_request() -> None:
    got = run([], lambda _, client: client.get(PODS, fieldSelector="spec.x=1"))
    assert (got.status, got.json["message"]) == (400, "field label not supported: spec.x")


def test_an_object_is_filled_in_as_by_a_server() -> None:
    first = get("/api/v1/namespaces/default/pods/a", [pod("a", app="web")]).json
    again = get("/api/v1/namespaces/default/pods/a", [pod("a")]).json
    metadata = first["metadata"]
    assert (first["kind"], first["apiVersion"]) == ("Pod", "v1")
    assert metadata["uid"] == again["metadata"]["uid"]
    assert metadata["resourceVersion"].isdigit()
    assert metadata["creationTimestamp"].endswith("Z")
    assert first["spec"] == pod("a")["spec"]


def test_what_an_object_brings_along_is_kept() -> None:
    brought = {"uid": "u-1", "resourceVersion": "41", "creationTimestamp": "2020-01-01T00:00:00Z"}
    given = pod("a")
    given["metadata"] |= brought
    metadata = get("/api/v1/namespaces/default/pods/a", [given]).json["metadata"]
    assert brought.items() <= metadata.items()


def test_every_cluster_has_its_base_namespaces() -> None:
    names = get("/api/v1/namespaces").names
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]


def test_a_change_gets_the_next_version_and_keeps_the_uid() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        path = "/api/v1/namespaces/default/pods/a"
        before, version = (await client.get(path)).json["metadata"], cluster.resource_version
        cluster.apply(pod("a", changed="yes"))
        after = (await client.get(path)).json["metadata"]
        assert (after["uid"], after["labels"]) == (before["uid"], {"changed": "yes"})
        assert int(after["resourceVersion"]) == cluster.resource_version == version + 1
        cluster.remove("Pod", "default", "a")
        assert (await client.get(path)).status == 404
        cluster.apply(pod("a"))
        assert (await client.get(path)).json["metadata"]["uid"] != before["uid"]
        with pytest.raises(KeyError, match="Pod default/b"):
            cluster.remove("Pod", "default", "b")

    run([pod("a")], scenario)


def test_an_object_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="a Pod for cluster prod has no name"):
        get(PODS, [{"apiVersion": "v1", "kind": "Pod", "metadata": {}}])


def test_a_cluster_that_was_made_again_has_other_uids_and_the_same_objects() -> None:
    child = pod("child")
    child["metadata"]["ownerReferences"] = [{"kind": "Pod", "name": "a", "uid": "u-1"}]
    parent = pod("a")
    parent["metadata"]["uid"] = "u-1"

    async def seen(client: Client) -> tuple[str, str, list[str]]:
        system = await client.get("/api/v1/namespaces/kube-system")
        listed = await client.get(PODS)
        uid = listed.json["items"][0]["metadata"]["uid"]
        assert listed.json["items"][1]["metadata"]["ownerReferences"][0]["uid"] == uid
        return system.json["metadata"]["uid"], uid, listed.names

    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        before = await seen(client)
        token = (await client.get(PODS, limit=1)).token
        cluster.replace()
        after = await seen(client)
        assert (before[0] != after[0], before[1] != after[1]) == (True, True)
        assert before[2] == after[2] == ["a", "child"]
        assert (await client.get(PODS, limit=1, **{"continue": token})).status == 410

    run([parent, child], scenario)


def test_a_custom_object_brings_its_group_along() -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> None:
        resources = (await client.get("/apis/cilium.io/v2")).json["resources"]
        assert {item["name"]: item["namespaced"] for item in resources} == {
            "ciliumnetworkpolicies": True,
            "ciliumnodes": False,
        }
        listed = (await client.get("/apis/cilium.io/v2/ciliumnetworkpolicies")).json
        assert listed["kind"] == "CiliumNetworkPolicyList"
        # Unlike Kubernetes' own, custom objects say in a list what they are.
        assert {"apiVersion": "cilium.io/v2", "kind": POLICY["kind"]}.items() <= listed["items"][
            0
        ].items()
        node = await client.get("/apis/cilium.io/v2/ciliumnodes/node-a")
        assert (node.status, node.json["kind"]) == (200, "CiliumNode")
        # A server without such a definition knows no such path.
        assert (await client.get("/apis/cilium.io/v2/things")).body == b"404 page not found\n"

    run([POLICY, WIDE], scenario)


def test_a_definition_says_plural_and_versions() -> None:
    octopus = {"apiVersion": "sea.example/v2", "kind": "Octopus", "metadata": {"name": "o"}}

    async def scenario(_: SimulatedCluster, client: Client) -> None:
        group = (await client.get("/apis/sea.example")).json
        assert [version["version"] for version in group["versions"]] == ["v2", "v1"]
        names = [
            item["name"] for item in (await client.get("/apis/sea.example/v2")).json["resources"]
        ]
        assert names == ["octopi", "octopi/status"]
        older = (await client.get("/apis/sea.example/v1/octopi")).json["items"][0]
        assert (older["apiVersion"], older["metadata"]["namespace"]) == (
            "sea.example/v1",
            "default",
        )
        assert (await client.get("/apis/sea.example/v0/octopi")).status == 404

    run([octopus, DEFINITION], scenario)


def test_an_older_version_is_served_where_an_object_has_it() -> None:
    job = {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "nightly"}}

    async def scenario(_: SimulatedCluster, client: Client) -> list[int]:
        paths = (
            "/apis/batch/v1beta1/cronjobs",
            "/apis/batch/v1/cronjobs",
            "/apis/apps/v1/deployments",
        )
        return [(await client.get(path)).status for path in paths]

    assert run([job], scenario, not_served=frozenset({"batch/v1"})) == [200, 404, 200]


def test_a_group_that_is_not_served_is_nowhere() -> None:
    lacking = frozenset({"networking.k8s.io"})

    async def scenario(_: SimulatedCluster, client: Client) -> None:
        groups = (await client.get("/apis")).json["groups"]
        assert "networking.k8s.io" not in {group["name"] for group in groups}
        for path in ("", "/v1", "/v1/networkpolicies"):
            got = await client.get(f"/apis/networking.k8s.io{path}")
            assert (got.status, got.body) == (404, b"404 page not found\n")

    run([], scenario, not_served=lacking)


def test_a_stale_group_is_named_and_does_not_answer() -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> None:
        accept = {"Accept": AGGREGATED.format("v2")}
        items = (await client.ask("/apis", headers=accept)).json["items"]
        found = {item["metadata"]["name"]: item["versions"][0] for item in items}
        assert found["metrics.k8s.io"] == {"version": "v1beta1", "freshness": "Stale"}
        assert found["apps"]["freshness"] == "Current"
        for path in ("", "/nodes"):
            got = await client.get(f"/apis/metrics.k8s.io/v1beta1{path}")
            assert (got.status, got.body) == (503, b"service unavailable\n")

    run([], scenario, stale_groups=frozenset({"metrics.k8s.io"}))


FORMS = [
    ("v1.36.2", "v2", "apidiscovery.k8s.io/v2"),
    ("v1.29.9", "v2", "v1"),
    ("v1.29.9", "v2beta1", "apidiscovery.k8s.io/v2beta1"),
    ("v1.24.17-eks-1", "v2beta1", "v1"),
]


@pytest.mark.parametrize(("version", "form", "answered"), FORMS)
def test_aggregated_discovery_is_as_old_as_the_server(
    version: str, form: str, answered: str
) -> None:
    accept = f"{AGGREGATED.format(form)},application/json"
    assert get("/apis", accept=accept, version=version).json["apiVersion"] == answered


def test_aggregated_discovery_that_a_client_has_is_not_sent_again() -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> tuple[int, bytes]:
        accept = {"Accept": AGGREGATED.format("v2")}
        tag = (await client.ask("/apis", headers=accept)).headers["Etag"]
        again = await client.ask("/apis", headers=accept | {"If-None-Match": tag})
        return again.status, again.body

    assert run([], scenario) == (304, b"")


ACCEPTED = {
    "*/*": 200,
    "application/*": 200,
    "application/json;q=0.9": 200,
    "application/json;as=Table;g=meta.k8s.io;v=v1,application/json": 200,
    "application/json;as=Table;g=meta.k8s.io;v=v1": 406,
    "application/yaml": 406,
    "application/vnd.kubernetes.protobuf": 406,
    "text/html": 406,
}


@pytest.mark.parametrize("accept", list(ACCEPTED))
def test_only_json_is_written(accept: str) -> None:
    assert get(PODS, accept=accept).status == ACCEPTED[accept]


def test_metadata_alone_holds_no_spec() -> None:
    listed = get(PODS, [pod("a")], accept=METADATA.format("List")).json["items"]
    single = get("/api/v1/namespaces/default/pods/a", [pod("a")], accept=METADATA.format("")).json
    assert listed == [single]
    assert single.keys() == {"kind", "apiVersion", "metadata"}
    assert single["kind"] == "PartialObjectMetadata"


ABSENT = {
    "/api/v1/namespaces/default/nodes": 404,
    "/api/v1/pods/a": 404,
    "/api/v1/namespaces/nowhere/pods": 200,
    "/api/v1/namespaces/default/pods/a/nothing": 404,
    "/api/v1/namespaces/default/pods/a/log": 405,
    "/api/v1/namespaces/default/status": 405,
    "/apis/apps/v9/deployments": 404,
    "/api/v1/bindings": 405,
    "/openapi/v3": 404,
}


@pytest.mark.parametrize("path", list(ABSENT))
def test_paths_that_lead_nowhere(path: str) -> None:
    assert get(path, [pod("a")]).status == ABSENT[path]


@pytest.mark.parametrize(("count", "is_packed"), [(2, False), (2_000, True)])
def test_only_large_bodies_are_compressed(count: int, is_packed: bool) -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> tuple[Got, Got]:
        plain = await client.ask(PODS, headers={"Accept-Encoding": "identity"})
        return plain, await client.ask(PODS, headers={"Accept-Encoding": "gzip"})

    plain, offered = run(pods(count), scenario, decompress=False)
    assert (len(plain.body) > GZIP_FROM_BYTES) is is_packed
    assert offered.headers.get("Content-Encoding") == ("gzip" if is_packed else None)
    assert (gzip.decompress(offered.body) if is_packed else offered.body) == plain.body
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize(("version", "warns"), [("v1.33.1", True), ("v1.32.9", False)])
def test_endpoints_are_warned_of_since_they_are_deprecated(version: str, warns: bool) -> None:
    assert ("Warning" in get("/api/v1/endpoints", version=version).headers) is warns


def test_what_was_asked_is_recorded_without_the_token() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        await client.ask("/api/v1/pods?limit=5", headers={"X-Own": "1"})
        await client.ask("/api/v1/pods", "a wrong token")
        await client.ask("/version", None, method="POST", body={"a": 1})
        right, wrong, nobody = cluster.requests
        assert (right.method, right.path, right.query) == ("GET", "/api/v1/pods", {"limit": "5"})
        assert (right.identity, right.status, right.headers["X-Own"]) == ("administrator", 200, "1")
        assert right.headers["Authorization"] == "administrator"
        assert (wrong.identity, wrong.status, wrong.headers["Authorization"]) == (None, 401, "")
        assert (nobody.identity, nobody.body) == ("system:anonymous", b'{"a": 1}')
        assert right.at <= wrong.at <= nobody.at
        assert "token" not in repr(cluster.requests)

    run([], scenario)


def test_clusters_have_ports_and_uids_of_their_own() -> None:
    async def system(names: list[str]) -> list[str]:
        async with Simulator() as simulator, aiohttp.ClientSession() as session:
            clusters = [await simulator.add(name, [], tokens=TOKENS, tls=False) for name in names]
            assert len({cluster.url for cluster in clusters}) == len(names)
            path = "/api/v1/namespaces/kube-system"
            found = [await Client(cluster, session).get(path) for cluster in clusters]
            return [got.json["metadata"]["uid"] for got in found]

    one, other, one_again = asyncio.run(system(["one", "other", "one"]))
    assert one == one_again != other
