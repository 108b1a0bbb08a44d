"""The manifests beside each check, read as any source is, and what they say of themselves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from auditor import checks
from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.catalogue.contents import entry_errors
from auditor.checks.catalog import catalog, parameter_types
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.kube.inventory import Inventory
from auditor.model.audit import Audit
from auditor.model.cloud import CloudFacts
from auditor.model.cluster import Cluster, Files
from auditor.model.connection import Connection
from auditor.model.finding import Finding
from auditor.model.identity import CLUSTER_KIND
from auditor.settings.limits import ReadLimits
from auditor.settings.loading import parse_configuration

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FOLDER = Path(checks.__path__[0])
NAMES = ("bad", "good")
OF_THE_CONNECTION = frozenset(
    {
        "api-server-allow-list-too-wide",
        "api-server-open-to-internet",
        "auditor-overprivileged",
        "cluster-connection-unverified",
        "cluster-unreachable",
    }
)
"""Checks of the way to the API server: they need no resource."""
OF_THE_CONFIGURATION = frozenset({"declaration-expired", "declaration-unused"})
"""Checks of what people wrote: what was read of a cluster only tells what it was about."""
ON_CLUSTERS = tuple(slug for slug, check in catalog().items() if check.judge_fleet is None)
"""Slugs of the checks that judge one cluster at a time; the others have tests of their own."""
EVERY = tuple((slug, name) for slug in ON_CLUSTERS for name in NAMES)


@dataclass(frozen=True)
class Fixture:
    """One fixture: the cluster and inventory that its manifests make, and what must fail in it."""

    slug: str
    name: str
    flagged: frozenset[str]
    cluster: Cluster
    inventory: Inventory
    rules: Rules

    def audit(self, inventory: Inventory | None = None) -> tuple[Finding, ...]:
        """Judge it, or what is left of it, by its own check alone."""
        own = tuple(check for check in self.rules.checks if check.slug == self.slug)
        rules = Rules(configuration=self.rules.configuration, checks=own)
        return audit(self.cluster, inventory or self.inventory, rules, AT).findings


@cache
def audited(slug: str, name: str) -> Audit:
    """Judge a fixture by the whole catalogue."""
    read = fixture(slug, name)
    return audit(read.cluster, read.inventory, read.rules, AT)


def path_of(slug: str, name: str) -> Path:
    """Give the file of a fixture."""
    return FOLDER / slug.replace("-", "_") / f"{name}.yaml"


def documents_of(slug: str, name: str) -> list[dict[str, Any]]:
    """Give the documents of a fixture, the one about itself first."""
    return list(yaml.safe_load_all(path_of(slug, name).read_text()))


@cache
def fixture(slug: str, name: str) -> Fixture:
    """Read a fixture."""
    about = documents_of(slug, name)[0]
    configuration = parse_configuration(
        yaml.safe_dump(about["configuration"]).encode(),
        parameter_types(),
        AT.date(),
        entry_errors,
    )
    path = str(path_of(slug, name))
    identity = f"snapshot/{slug}-{name}"
    cluster = Cluster(
        id=identity, name=identity, provider="snapshot", tags=about["tags"], access=Files(path)
    )
    reading = read_files(cluster, projection_for(configuration), ReadLimits())
    inventory = reading.inventory
    if "connection" in about:
        connection = msgspec.convert(about["connection"], Connection)
        inventory = msgspec.structs.replace(inventory, connection=connection)
    known = reading.cluster
    if "cloud" in about:
        known = msgspec.structs.replace(known, cloud=msgspec.convert(about["cloud"], CloudFacts))
    rules = Rules.of(configuration)
    flagged = frozenset(about["flagged"])
    return Fixture(slug, name, flagged, known, inventory, rules)


def subject_of(finding: Finding) -> str:
    """Write a finding's subject as fixtures do: the cluster has no name there."""
    subject = finding.subject
    return CLUSTER_KIND if subject.kind == CLUSTER_KIND else str(subject)
