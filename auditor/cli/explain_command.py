"""`explain`: why a finding is so."""

import sys
from pathlib import Path

import click

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.cli.failures import UsageFailure
from auditor.cli.options import config_option, load, now
from auditor.cli.reading import FleetReader
from auditor.collector.reading import Reading
from auditor.model.cluster import Cluster, Files
from auditor.model.finding import Finding
from auditor.reports.story import write_story
from auditor.reports.verifying import Access

_KUBECONFIG, _IN_CLUSTER = "kubeconfig", "in-cluster"
_SHORTEST = 6
"""Characters of an id that are taken as its beginning."""


@click.command(
    "explain", epilog="Example: exposure-auditor explain 3f2a9c1d4b5e snapshot:./manifests"
)
@click.argument("finding")
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@config_option
def command(finding: str, sources: tuple[str, ...], config_path: Path | None) -> None:
    """Tell why a finding is so: audits the sources and follows FINDING's evidence hop by hop.

    Each hop comes with the kubectl command that shows it.

    FINDING is the id that `audit` printed, or its first characters; SOURCE is as for `audit`.
    """
    at = now()
    configuration = load(config_path, at)
    if len(finding) < _SHORTEST:
        raise UsageFailure(f"give at least {_SHORTEST} characters of the id, not {finding!r}")
    rules = Rules.of(configuration)
    base = config_path.parent if config_path else Path()

    def find(item: Reading) -> list[tuple[Cluster, Finding]]:
        findings = audit(item.cluster, item.inventory, rules, at).findings
        wanted = finding.lower()
        return [(item.cluster, one) for one in findings if one.id.startswith(wanted)]

    read = FleetReader(configuration, base, find).read(sources)
    found = [item for items in read.used for item in items]
    if len(found) != 1:
        many = f"{len(found)} findings begin with" if found else "no finding has the id"
        raise UsageFailure(f"{many} {finding!r}; `audit --all --format json` lists them all")
    cluster, told = found[0]
    files = cluster.access.path if isinstance(cluster.access, Files) else None
    click.echo(write_story(cluster.id, told, _access(cluster, sources), files), nl=False)
    sys.exit(int(read.exit_code))


def _access(cluster: Cluster, sources: tuple[str, ...]) -> Access:
    """Tell how kubectl reaches the cluster: by the context and kubeconfig that it was read by."""
    if cluster.provider != _KUBECONFIG:
        return Access()
    context = cluster.id.removeprefix(f"{_KUBECONFIG}/")
    paths = [text.partition(":")[2].partition("#")[0] for text in sources]
    named = paths[0] if len(paths) == 1 and sources[0].startswith(f"{_KUBECONFIG}:") else None
    if named == _IN_CLUSTER:
        return Access()
    return Access(named or None, context)
