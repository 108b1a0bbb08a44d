"""The public connectivity corpus: what another analyser says of 44 folders, address and port.

Owners are compared by the rules of `docs/contract.md`: `OF_DEPLOYMENTS` says where these name the
owner otherwise than the expectation does.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.connections import Connection, Connections, Owners, Peer
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.model.addresses import AddressSet
from auditor.model.cluster import Cluster, Files
from auditor.model.identity import ObjectRef
from auditor.model.intervals import Intervals
from auditor.model.ports import ALL_PORTS, PortSet, Protocol
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from tests.checks.fixtures import AT
from tests.reachability.asking import engine_of

CORPUS = Path(__file__).parent.parent / "corpus" / "connectivity"
CASES = sorted(path.name for path in CORPUS.iterdir())

_END = re.compile(r"(?P<namespace>[^/\s]+)/(?P<name>[^\[\s]+)\[(?P<kind>\w*)\]")
_HASHED = re.compile(r"(?P<owner>.+)-[0-9a-z]{6,10}")

Table = dict[tuple[str, str], PortSet]
"""By the names of two workloads, the ports."""
Outside = dict[tuple[str, str, bool], Intervals]
"""By a workload, ports and whether it is the source, the addresses."""


def _expected(case: str) -> tuple[Table, dict[tuple[str, bool], list[tuple[Intervals, PortSet]]]]:
    inside: Table = {}
    outside: dict[tuple[str, bool], list[tuple[Intervals, PortSet]]] = defaultdict(list)
    for line in (CORPUS / case / "expected.txt").read_text().splitlines():
        ends, _, text = line.rpartition(" : ")
        source, _, destination = ends.partition(" => ")
        ports = _ports(text)
        for end, other, is_source in ((source, destination, False), (destination, source, True)):
            if end.endswith("[External]"):
                low, _, high = end.removesuffix("[External]").partition("-")
                addresses = Intervals(((int(ip_address(low)), int(ip_address(high))),))
                outside[_owner(other, case), is_source].append((addresses, ports))
                break
        else:
            pair = (_owner(source, case), _owner(destination, case))
            if pair[0] != pair[1]:
                inside[pair] = inside.get(pair, PortSet()) | ports
    return inside, outside


def _ports(text: str) -> PortSet:
    if text == "All Connections":
        return ALL_PORTS
    ranges, protocol = [], Protocol.TCP
    for item in text.split(","):
        word, space, rest = item.partition(" ")
        if space:
            protocol = Protocol(word)
        low, _, high = (rest if space else item).partition("-")
        ranges.append((protocol, int(low), int(high or low)))
    return PortSet.of(ranges)


def _owner(text: str, case: str) -> str:
    """Name a workload of an expectation as this project does."""
    found = _END.fullmatch(text)
    if found is None:
        return text
    kind, namespace, name = found["kind"], found["namespace"], found["name"]
    if kind == "ReplicaSet" and case in OF_DEPLOYMENTS and (hashed := _HASHED.fullmatch(name)):
        return f"Deployment/{namespace}/{hashed['owner']}"
    return f"{kind or 'Pod'}/{namespace}/{name}"


OF_DEPLOYMENTS = {"k8s_ingress_test", "netpol_named_port_test_2", "onlineboutique"}
"""Cases that name ReplicaSets which are not in the input; pods tell the Deployment of each."""


def _found(case: str) -> Iterator[Connection]:
    where = str(CORPUS / case / "manifests")
    cluster = Cluster(id=f"snapshot/{case}", name=case, provider="snapshot", access=Files(where))
    inventory = read_files(cluster, projection_for(Configuration()), ReadLimits()).inventory
    facts = Facts(cluster, inventory, Configuration(), AT, "reference")
    engine = engine_of(inventory)
    connections = Connections(engine, Owners(engine, facts.workloads))
    yield from connections.all()
    yield from connections.from_controller(facts.routed)


def _name(peer: Peer) -> str:
    return str(peer) if isinstance(peer, ObjectRef) else peer if isinstance(peer, str) else ""


@pytest.mark.parametrize("case", CASES)
def test_every_connection_and_no_other_is_found(case: str) -> None:
    inside, outside = _expected(case)
    found: Table = {}
    reached: dict[tuple[str, bool], list[tuple[Intervals, PortSet]]] = defaultdict(list)
    for connection in _found(case):
        source, destination = connection.source, connection.destination
        if isinstance(source, AddressSet):
            reached[_name(destination), False].append((source.ipv4, connection.ports))
        elif isinstance(destination, AddressSet):
            reached[_name(source), True].append((destination.ipv4, connection.ports))
        elif connection.ports:
            found[_name(source), _name(destination)] = connection.ports
    assert {pair: ports.ranges() for pair, ports in found.items()} == {
        pair: ports.ranges() for pair, ports in inside.items()
    }
    assert _by_ports(reached) == _by_ports(outside)


def _by_ports(
    found: dict[tuple[str, bool], list[tuple[Intervals, PortSet]]],
) -> dict[tuple[str, bool], dict[object, object]]:
    """Join ranges that share their ports: engines may cut them at different places."""
    joined: dict[tuple[str, bool], dict[object, Intervals]] = {}
    for key, items in found.items():
        by_ports: dict[object, Intervals] = {}
        for addresses, ports in items:
            if ports:
                by_ports[ports.ranges()] = by_ports.get(ports.ranges(), Intervals()) | addresses
        joined[key] = by_ports
    return {
        key: {ports: held.parts for ports, held in parts.items()} for key, parts in joined.items()
    }
