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
from auditor.model.finding import Finding
from auditor.reports.story import write_story

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

    FINDING is the id that `audit` printed, or its first characters; SOURCE is as for `audit`.
    """
    at = now()
    configuration = load(config_path, at)
    if len(finding) < _SHORTEST:
        raise UsageFailure(f"give at least {_SHORTEST} characters of the id, not {finding!r}")
    rules = Rules.of(configuration)
    base = config_path.parent if config_path else Path()

    def find(item: Reading) -> list[tuple[str, Finding]]:
        findings = audit(item.cluster, item.inventory, rules, at).findings
        wanted = finding.lower()
        return [(item.cluster.id, one) for one in findings if one.id.startswith(wanted)]

    read = FleetReader(configuration, base, find).read(sources)
    found = [item for items in read.used for item in items]
    if len(found) != 1:
        many = f"{len(found)} findings begin with" if found else "no finding has the id"
        raise UsageFailure(f"{many} {finding!r}; `audit --all --format json` lists them all")
    click.echo(write_story(*found[0]), nl=False)
    sys.exit(int(read.exit_code))
