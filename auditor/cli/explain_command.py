"""`explain`: why a finding is so."""

import os
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.cli.failures import UsageFailure
from auditor.cli.options import config_option, load, now
from auditor.cli.reading import FleetReader
from auditor.collector.reading import Reading
from auditor.daemon.sources import parse_source
from auditor.model.audit import Audit
from auditor.model.cluster import Cluster, Files, SourceError
from auditor.model.finding import Finding
from auditor.reports.story import write_story
from auditor.reports.verifying import Access
from auditor.settings.configuration import Configuration

_KUBECONFIG, _IN_CLUSTER, _SNAPSHOT = "kubeconfig", "in-cluster", "snapshot"
_PARTITIONS = {"cn": "aws-cn", "eusc": "aws-eusc"}
"""Of AWS, by how the names of their regions begin."""
_SHORTEST = 6
"""Characters of an id that are taken as its beginning."""


class _Found(Struct, frozen=True):
    """What one cluster has to do with the id."""

    audit: Audit
    """Without what was found: only what clusters share is needed of it."""
    cluster: Cluster
    findings: tuple[Finding, ...]


@click.command(
    "explain", epilog="Example: exposure-auditor explain 3f2a9c1d4b5e snapshot:./manifests"
)
@click.argument("finding")
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@config_option
def command(finding: str, sources: tuple[str, ...], config_path: Path | None) -> None:
    """Tell why a finding is so: audits the sources and follows FINDING's evidence hop by hop.

    Each hop comes with the kubectl command that shows it, or where it stands in manifests.

    FINDING is the id that `audit` printed, or its first characters; SOURCE is as for `audit`.
    """
    at = now()
    configuration = load(config_path, at)
    if len(finding) < _SHORTEST:
        raise UsageFailure(f"give at least {_SHORTEST} characters of the id, not {finding!r}")
    rules = Rules.of(configuration)
    base = config_path.parent if config_path else Path()

    wanted = finding.lower()

    def find(item: Reading) -> _Found:
        found = audit(item.cluster, item.inventory, rules, at)
        mine = tuple(one for one in found.findings if one.id.startswith(wanted))
        # Of the rest only what clusters share is needed.
        return _Found(replace(found, findings=(), exposures=()), item.cluster, mine)

    read = FleetReader(configuration, base, find).read(sources)
    together = audit_fleet((item.audit for item in read.used), rules, at).fleet_findings
    found: list[tuple[Cluster | None, Finding]] = [
        *((item.cluster, one) for item in read.used for one in item.findings),
        *((None, one) for one in together if one.id.startswith(wanted)),
    ]
    if len(found) != 1:
        many = f"{len(found)} findings begin with" if found else "no finding has the id"
        raise UsageFailure(f"{many} {finding!r}; `audit --all --format json` lists them all")
    cluster, told = found[0]
    if cluster is None:
        click.echo(write_story(None, told), nl=False)
        sys.exit(int(read.exit_code))
    files = cluster.access.path if isinstance(cluster.access, Files) else None
    paths = _kubeconfigs(cluster, sources, configuration, base)
    access = _access(cluster, set(paths))
    click.echo(write_story(cluster.id, told, access, files), nl=False)
    sys.exit(int(read.exit_code))


def _access(cluster: Cluster, paths: set[str]) -> Access | None:
    """Tell how kubectl reaches the cluster; None where there are only files.

    A capture keeps its cluster's id, and so the context that it was taken by.
    """
    if cluster.provider == _SNAPSHOT:
        return None
    if cluster.provider != _KUBECONFIG:
        return Access(context=_usual_context(cluster))
    context = cluster.id.removeprefix(f"{_KUBECONFIG}/")
    if context == _IN_CLUSTER:
        return Access()
    # Of several that may have been it none is named.
    return Access(paths.pop() if len(paths) == 1 else None, context)


def _usual_context(cluster: Cluster) -> str | None:
    """Name the context that a cloud's own command line makes of a cluster; None of others.

    `aws eks update-kubeconfig` calls it by the cluster's ARN, `gcloud container clusters
    get-credentials` by project, location and name, `az aks get-credentials` by its name.
    """
    account, location, name = cluster.account, cluster.location or "", cluster.name
    if cluster.provider == "eks":
        partition = _PARTITIONS.get(location.partition("-")[0], "aws")
        partition = "aws-us-gov" if location.startswith("us-gov-") else partition
        return f"arn:{partition}:eks:{location}:{account}:cluster/{name}"
    return {"gke": f"gke_{account}_{location}_{name}", "aks": name}.get(cluster.provider)


def _kubeconfigs(
    cluster: Cluster, sources: tuple[str, ...], configuration: Configuration, base: Path
) -> Iterator[str]:
    """Give the kubeconfigs that the cluster may have been read by, as kubectl takes them."""
    named = sources or tuple(f"connector:{entry.name}" for entry in configuration.connectors)
    for text in named:
        try:
            source = parse_source(text, configuration, base)
            if source.kind != _KUBECONFIG or isinstance(cluster.access, Files):
                continue
            parts = [part for part in (source.options.path or "").split(os.pathsep) if part]
            # kubectl knows no `~`, and quoted the shell does not either.
            places = [str(source.base / Path(part).expanduser()) for part in parts]
        except (SourceError, RuntimeError):
            # It was said when it was to be read.
            continue
        if any(fnmatchcase(cluster.name, pattern) for pattern in source.options.contexts):
            yield os.pathsep.join(places)
