"""Reading a live cluster: the same answer as from files, with few and harmless requests."""

import asyncio
from datetime import UTC, datetime

import msgspec
import trustme

from auditor.analysis.exposure.api_server import API_SERVER_KIND
from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.collector.api.reader import read_api
from auditor.collector.capture import read_capture, write_capture
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.kube.resources import ADDED_APIS, RESOURCES
from auditor.kube.rights import FORBIDDEN_RIGHTS
from auditor.model.audit import ClusterState
from auditor.model.cluster import Cluster, Credential, Files
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ApiLimits, ReadLimits
from auditor.simulator.fleet import SimulatedCluster, Simulator
from auditor.simulator.identities import Identity
from tests.collector.live import (
    CORPUS,
    QUICK,
    TOKEN,
    Token,
    access,
    corpus_objects,
    coverage,
    read,
    reader,
    run,
    states,
)

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = Rules.of(Configuration())
PROJECTION = projection_for(Configuration())
OF_THE_SOURCE = frozenset(
    {
        "api-server-allow-list-too-wide",
        "api-server-open-to-internet",
        "auditor-overprivileged",
        "cluster-connection-unverified",
        "cluster-unreachable",
        "audit-incomplete",
    }
)
"""Checks whose answer is about how the cluster was read."""


def test_a_live_cluster_gives_the_answer_of_its_own_lists_in_files() -> None:
    live = run(corpus_objects(), read)
    files = Cluster(
        id="kubeconfig/prod",
        name="prod",
        provider="kubeconfig",
        access=Files(str(CORPUS / "live-cluster")),
    )
    snapshot = read_files(files, PROJECTION, ReadLimits())
    # A folder without lists of some kinds does not say that there are none; a server does.
    unsaid = {name for name, state in states(snapshot).items() if state == "not-provided"}
    assert unsaid
    found = audit(live.cluster, live.inventory, RULES, AT)
    expected = audit(files, snapshot.inventory, RULES, AT)
    # Its own door it is known by how it was reached.
    ways = [item.id for item in found.exposures if item.entry.object.kind != API_SERVER_KIND]
    assert ways == [item.id for item in expected.exposures]
    shown = {item.id: item.verdict for item in found.findings if item.check not in OF_THE_SOURCE}
    for finding in expected.findings:
        if finding.check not in OF_THE_SOURCE and finding.verdict is not Verdict.UNKNOWN:
            assert shown[finding.id] is finding.verdict, finding
    assert found.state is ClusterState.AUDITED
    assert found.platform.kubernetes == "v1.33.1"


def test_the_shipped_role_is_enough_and_holds_nothing_that_is_forbidden() -> None:
    reading = run(corpus_objects(), read)
    assert set(states(reading).values()) == {"complete"}
    connection = reading.inventory.connection
    assert connection.identity == "auditor"
    assert len(connection.rights) == len(FORBIDDEN_RIGHTS)
    assert not any(right.allowed for right in connection.rights)
    assert connection.rights_problem is None


def test_each_rule_of_the_shipped_role_is_needed() -> None:
    for left_out in (item for item in RESOURCES if item.name not in ADDED_APIS):
        group, plural = left_out.group, left_out.plural
        rules = [
            {**rule, "resources": [name for name in rule["resources"] if name != plural]}
            if group in rule["apiGroups"]
            else rule
            for rule in reader().rules
        ]
        less = Identity("auditor", (), tuple(rules))
        reading = run([], read, tokens={TOKEN: less})
        forbidden = {name for name, state in states(reading).items() if state == "forbidden"}
        assert forbidden == {left_out.name}


def test_an_identity_that_may_do_everything_is_reported() -> None:
    reading = run([], read, tokens={TOKEN: Identity.administrator()})
    found = audit(reading.cluster, reading.inventory, RULES, AT)
    (finding,) = (item for item in found.findings if item.check == "auditor-overprivileged")
    assert finding.verdict is Verdict.FAIL
    assert len(finding.evidence) == len(FORBIDDEN_RIGHTS) + 1


def test_every_request_is_a_get_or_a_self_subject_review_and_there_are_few() -> None:
    async def scenario(cluster: SimulatedCluster) -> None:
        await read(cluster)
        methods = {(item.method, item.path.rpartition("/")[2]) for item in cluster.requests}
        posts = {name for method, name in methods if method == "POST"}
        assert posts == {"selfsubjectaccessreviews", "selfsubjectreviews"}
        assert {method for method, _ in methods} == {"GET", "POST"}
        assert not [item for item in cluster.requests if "secrets" in item.path]
        # Discovery twice, the version, a list of each resource but the one that is read by name,
        # the reviews.
        # Of what the server does not have nothing is asked.
        lists = len(RESOURCES) - 1 - len(ADDED_APIS) + len(PROJECTION.config_maps)
        assert len(cluster.requests) == 3 + lists + len(FORBIDDEN_RIGHTS) + 1
        asked = {item.path for item in cluster.requests if "configmaps" in item.path}
        assert asked == {
            f"/api/v1/namespaces/{namespace}/configmaps/{name}"
            for namespace, name in (full.split("/") for full in PROJECTION.config_maps)
        }

    run(corpus_objects(), scenario)


def test_lists_are_paged_and_two_are_in_flight_at_most() -> None:
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number:04}"}}
        for number in range(1_201)
    ]

    async def scenario(cluster: SimulatedCluster) -> None:
        reading = await read(cluster)
        assert coverage(reading, "pods").count == 1_201
        pages = [item.query for item in cluster.requests if item.path == "/api/v1/pods"]
        assert [query["limit"] for query in pages] == ["500", "500", "500"]
        assert ["continue" in query for query in pages] == [False, True, True]

    run(pods, scenario)


def test_a_client_certificate_and_its_renewal_prove_who_we_are() -> None:
    authority = trustme.CA()
    shown = authority.issue_cert("unused", common_name="auditor")
    credential = Credential(
        certificate=b"".join(blob.bytes() for blob in shown.cert_chain_pems),
        key=shown.private_key_pem.bytes(),
    )

    class Certificate:
        async def credential(self, *, renew: bool) -> Credential:
            assert not renew
            return credential

    async def scenario() -> None:
        async with Simulator() as simulator:
            tokens = {TOKEN: reader()}
            cluster = await simulator.add("prod", [], tokens=tokens, client_ca=authority)
            reading = await read(cluster, credentials=Certificate())
            assert set(states(reading).values()) == {"complete"}
            assert {item.identity for item in cluster.requests} == {"auditor"}

    asyncio.run(scenario())


def test_a_capture_of_a_live_cluster_gives_the_same_answer() -> None:
    live = run(corpus_objects(), read, tokens={TOKEN: Identity.administrator()})
    captured = write_capture(live.cluster, live.inventory)
    again = read_capture(captured, "prod.json", PROJECTION, ReadLimits())
    assert again.inventory == live.inventory
    one = audit(live.cluster, live.inventory, RULES, AT)
    assert audit(again.cluster, again.inventory, RULES, AT) == one
    assert b"reader-token" not in captured


def test_a_cluster_behind_a_path_is_read_below_it() -> None:

    async def scenario(cluster: SimulatedCluster) -> None:
        way = access(cluster, server=f"{cluster.url}/k8s/clusters/c-1/")
        known = Cluster(id="kubeconfig/r", name="r", provider="kubeconfig", access=way)
        await read_api(known, way, PROJECTION, QUICK, lambda _: None)
        assert all(item.path.startswith("/k8s/clusters/c-1/") for item in cluster.requests)

    run([], scenario)


def test_an_absent_resource_is_one_that_discovery_lacks() -> None:
    reading = run(corpus_objects(), read, not_served=frozenset({"networking.k8s.io"}))
    assert states(reading)["networkpolicies.networking.k8s.io"] == "absent"
    assert coverage(reading, "networkpolicies.networking.k8s.io").detail == (
        "the server has no API group 'networking.k8s.io'"
    )


def test_reading_is_repeatable_to_the_byte() -> None:
    async def twice(cluster: SimulatedCluster) -> tuple[bytes, bytes]:
        one, two = [await read(cluster) for _ in range(2)]
        return write_capture(one.cluster, one.inventory), write_capture(two.cluster, two.inventory)

    one, two = run(corpus_objects(), twice)
    assert one == two


def test_the_default_limits_read_a_quiet_cluster() -> None:
    reading = run([], lambda cluster: read(cluster, ApiLimits()))
    assert set(states(reading).values()) == {"complete"}


def test_credentials_are_asked_for_once() -> None:
    token = Token(TOKEN)
    run([], lambda cluster: read(cluster, credentials=token))
    assert token.asked == 1


def test_the_connection_holds_no_secret() -> None:
    reading = run([], read)
    assert TOKEN.encode() not in msgspec.json.encode(reading.inventory.connection)
    assert TOKEN not in repr(reading.cluster)
