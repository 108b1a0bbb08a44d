"""Against np-guard's Python analyser (network-config-analyzer), which reads NetworkPolicies alike.

It is run as a program, over the public corpus and over generated clusters. Where the two differ,
the difference is explained here, case by case; anything else is a failure.
"""

import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.connections import Connections, Owners
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.model.addresses import AddressSet
from auditor.model.cluster import Cluster, Files
from auditor.model.ports import ALL_PORTS, PortSet, Protocol
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from benchmarks.clusters import ordinary
from benchmarks.reachability import write
from tests.checks.fixtures import AT
from tests.reachability.asking import engine_of

pytestmark = pytest.mark.second_opinion

PROGRAM = os.environ.get("EXPOSURE_AUDITOR_NCA", "nca")
CORPUS = Path(__file__).parent.parent / "corpus" / "connectivity"

NOT_READ_BY_IT = {
    path.relative_to(CORPUS).parts[0]
    for path in CORPUS.glob("*/manifests/*")
    if "AdminNetworkPolicy" in path.read_text()
}
"""Cases with policies of administrators."""

EXPLAINED = dict.fromkeys(
    (
        "example_pods_w_same_owner_and_labels_gap_with_good_match_expression",
        "example_pods_w_same_owner_and_labels_gap_with_good_match_expression2",
        "example_pods_w_same_owner_and_labels_gap_with_policy_selector_not_in_gap",
    ),
    "it refuses the whole input for a policy whose name holds an underscore",
)
"""Cases in which the two differ, and why; each still has to differ."""

_SUPPOSED = "-livesim"
"""How the names of pods end that it supposes to be there: an ingress controller, the DNS."""

_LINE = re.compile(r"(?P<source>\S+) => (?P<destination>\S+) : (?P<ports>.+)")
_END = re.compile(r"(?P<namespace>[^/\s]+)/(?P<name>[^\[\s]+)\[(?P<kind>\w*)\]")
_SET = re.compile(r"\{([^}]*)\}")
_HASHED = re.compile(r"(?P<owner>.+)-[0-9a-z]{6,10}")

Table = dict[tuple[str, str], PortSet]
"""By the names of two workloads, the ports; outside addresses the corpus's own test compares."""


def _asked(folder: Path) -> Table:
    """Ask the other analyser."""
    where, form = str(folder), "txt_no_fw_rules"
    command = [PROGRAM, "--connectivity", where, "-r", where, "-o", form, "--return_0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found: Table = defaultdict(PortSet)
    for line in done.stdout.splitlines():
        if match := _LINE.fullmatch(line):
            source, destination = (
                _END.fullmatch(match["source"]),
                _END.fullmatch(match["destination"]),
            )
            if source and destination:
                found[_name(source), _name(destination)] |= _ports(match["ports"])
    return dict(found)


def _name(match: re.Match[str]) -> str:
    return f"{match['kind'] or 'Pod'}/{match['namespace']}/{match['name']}"


def _ports(text: str) -> PortSet:
    if text.lower() == "all connections":
        return ALL_PORTS
    found = PortSet()
    for part in _SET.findall(text):
        fields = dict(re.findall(r"(\w+):([^:]+?)(?=,\w+:|$)", part))
        protocols = [Protocol(item.strip()) for item in fields["protocols"].split(",")]
        ports = fields.get("dst_ports", "1-65535")
        for protocol in protocols:
            for item in ports.split(","):
                low, _, high = item.partition("-")
                found |= PortSet.of([(protocol, int(low), int(high or low))])
    return found


def _ours(folder: Path) -> Table:
    where = Cluster(id="snapshot/x", name="x", provider="snapshot", access=Files(str(folder)))
    inventory = read_files(where, projection_for(Configuration()), ReadLimits()).inventory
    facts = Facts(where, inventory, Configuration(), AT, "reference")
    engine = engine_of(inventory)
    found: Table = {}
    for item in Connections(engine, Owners(engine, facts.workloads)).all():
        if isinstance(item.source, AddressSet) or isinstance(item.destination, AddressSet):
            continue
        found[str(item.source), str(item.destination)] = item.ports
    return found


def _inside(table: Table) -> dict[tuple[str, str], tuple[tuple[Protocol, str], ...]]:
    """Keep what is between workloads, named as this project names them."""
    found: dict[tuple[str, str], PortSet] = defaultdict(PortSet)
    for ends, ports in table.items():
        source, destination = (_climbed(end) for end in ends)
        if source != destination and not any(end.endswith(_SUPPOSED) for end in ends):
            found[source, destination] |= ports
    return {ends: ports.ranges() for ends, ports in found.items() if ports}


def _climbed(end: str) -> str:
    kind, namespace, name = end.split("/")
    if kind == "ReplicaSet" and (match := _HASHED.fullmatch(name)):
        return f"Deployment/{namespace}/{match['owner']}"
    return end


CASES = sorted({path.name for path in CORPUS.iterdir()} - NOT_READ_BY_IT)


@pytest.mark.parametrize("case", CASES)
def test_both_say_the_same_of_the_corpus(case: str) -> None:
    folder = CORPUS / case / "manifests"
    same = _inside(_asked(folder)) == _inside(_ours(folder))
    assert same is (case not in EXPLAINED), EXPLAINED.get(case, "a new difference")


@pytest.mark.parametrize("seed", range(1, 6))
def test_both_say_the_same_of_generated_clusters(tmp_path: Path, seed: int) -> None:
    cluster = ordinary(120, 80, seed=seed)
    write(cluster, tmp_path / "all.yaml")
    theirs, ours = _inside(_asked(tmp_path)), _inside(_ours(tmp_path))
    assert len(ours) > 50
    assert ours == theirs


def test_its_words_are_understood() -> None:
    assert _ports("{protocols:TCP,dst_ports:80,443-444}") == PortSet.of(
        [(Protocol.TCP, 80, 80), (Protocol.TCP, 443, 444)]
    )
    assert _ports("{protocols:TCP, UDP, SCTP}") == ALL_PORTS
