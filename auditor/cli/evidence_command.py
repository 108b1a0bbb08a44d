"""`evidence`: what was stored, now and as of any moment."""

import sys
from fnmatch import fnmatchcase
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from auditor.cli.database import with_database
from auditor.cli.evidence_drift import drift_command
from auditor.cli.evidence_options import (
    as_of_option,
    cluster_option,
    format_option,
    read_moment,
)
from auditor.cli.failures import ExitCode, UsageFailure, complain
from auditor.cli.options import chosen_database, config_option, database_option, load, now
from auditor.model.history import written_moment
from auditor.reports.document import write_json
from auditor.reports.past import write_agreements, write_past, write_past_finding
from auditor.reports.past_segmentation import PastMatrix, past_matrix, write_past_matrices
from auditor.reports.text import safe
from auditor.store.agreements import PastAgreement, agreements_as_of
from auditor.store.engine import Database
from auditor.store.errors import OutsideRetentionError
from auditor.store.past import PastCluster, PastFinding
from auditor.store.reading import as_of, cluster_ids

_SHORTEST = 6
"""Characters of an id that are taken as its beginning."""


class Question(Struct, frozen=True):
    """Which part of the stored evidence is asked for."""

    moment: int
    cluster: str = "*"
    check: str | None = None
    verdict: str | None = None

    def takes(self, finding: PastFinding) -> bool:
        """Whether a finding is asked for."""
        return (self.check is None or finding.check == self.check) and (
            self.verdict is None or finding.verdict == self.verdict
        )


class Answered(Struct, frozen=True):
    """What the store answered; the exit code says whether some history was dropped."""

    clusters: tuple[PastCluster, ...]
    exit_code: ExitCode


class EvidenceDocument(Struct, frozen=True):
    """`evidence list --format json`."""

    schema: str
    as_of: str
    clusters: tuple[PastCluster, ...]


class AgreementsDocument(Struct, frozen=True):
    """`evidence agreements --format json`."""

    schema: str
    as_of: str
    agreements: tuple[PastAgreement, ...]


class SegmentationDocument(Struct, frozen=True):
    """`evidence segmentation --format json`."""

    schema: str
    as_of: str
    clusters: tuple[PastMatrix, ...]


@click.group("evidence", epilog="Example: exposure-auditor evidence list --as-of 2026-03-31")
def command() -> None:
    """Ask what was stored, now and as of any moment."""


@command.command(
    "list",
    epilog="Example: exposure-auditor evidence list --as-of 2026-03-31 --check node-port-open",
)
@config_option
@database_option
@as_of_option
@cluster_option
@click.option("--check", metavar="SLUG", help="Only this check.")
@click.option("--verdict", help="Only this verdict, as it is shown.")
@format_option
def list_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    config_path: Path | None,
    database: str | None,
    moment: str | None,
    cluster: str,
    check: str | None,
    verdict: str | None,
    output_format: str,
) -> None:
    """List the findings that held, by cluster.

    A `pass` whose check needed something that could not be read then is `unknown`; a `fail` stays
    and is marked as unconfirmed.
    """
    question = Question(read_moment(moment), cluster, check, verdict)
    url = chosen_database(database, load(config_path, now()))
    found = with_database(url, lambda opened: _ask(opened, question), may_create=False)
    if output_format == "json":
        asked = written_moment(question.moment)
        document = EvidenceDocument("exposure-auditor/evidence/v1", asked, found.clusters)
        click.echo(write_json(document), nl=False)
    else:
        click.echo(write_past(found.clusters), nl=False)
    sys.exit(int(found.exit_code))


@command.command(
    "show", epilog="Example: exposure-auditor evidence show 3f2a9c1d4b5e --as-of 2026-03-31"
)
@click.argument("finding")
@config_option
@database_option
@as_of_option
@cluster_option
@format_option
def show_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    finding: str,
    config_path: Path | None,
    database: str | None,
    moment: str | None,
    cluster: str,
    output_format: str,
) -> None:
    """Show one finding with its evidence; FINDING is its id, or the first characters of it."""
    if len(finding) < _SHORTEST:
        raise UsageFailure(f"give at least {_SHORTEST} characters of the id, not {finding!r}")
    question = Question(read_moment(moment), cluster)
    url = chosen_database(database, load(config_path, now()))
    found = with_database(url, lambda opened: _ask(opened, question), may_create=False)
    matching = [
        (past, item)
        for past in found.clusters
        for item in past.findings
        if item.id.startswith(finding)
    ]
    if not matching and found.exit_code is not ExitCode.DONE:
        sys.exit(int(found.exit_code))
    if len(matching) != 1:
        many = (
            f"{len(matching)} findings begin with" if matching else "no stored finding has the id"
        )
        raise UsageFailure(f"{many} {finding!r} at that moment; `evidence list` lists them")
    past, item = matching[0]
    if output_format == "json":
        click.echo(write_json(item), nl=False)
    else:
        click.echo(write_past_finding(past, item), nl=False)


@command.command(
    "agreements", epilog="Example: exposure-auditor evidence agreements --as-of 2026-03-31"
)
@config_option
@database_option
@as_of_option
@cluster_option
@format_option
def agreements_command(
    config_path: Path | None,
    database: str | None,
    moment: str | None,
    cluster: str,
    output_format: str,
) -> None:
    """List the exceptions and declarations in force, what each matched, and when it last did.

    One that never matched anything is misspelt, or no longer needed.
    """
    asked = read_moment(moment)
    url = chosen_database(database, load(config_path, now()))
    every = with_database(url, lambda opened: agreements_as_of(opened, asked), may_create=False)
    found = tuple(item for item in every if fnmatchcase(item.cluster, cluster))
    if output_format == "json":
        as_of_text = written_moment(asked)
        document = AgreementsDocument("exposure-auditor/agreements/v1", as_of_text, found)
        click.echo(write_json(document), nl=False)
    else:
        click.echo(write_agreements(found), nl=False)


@command.command(
    "segmentation",
    epilog="Example: exposure-auditor evidence segmentation --as-of 2026-03-31 --tenant bank",
)
@config_option
@database_option
@as_of_option
@cluster_option
@click.option("--tenant", metavar="NAME", help="Only borders of this tenant.")
@format_option
def segmentation_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    config_path: Path | None,
    database: str | None,
    moment: str | None,
    cluster: str,
    tenant: str | None,
    output_format: str,
) -> None:
    """Tell which tenants, and which risk levels, could reach each other, cluster by cluster.

    What was closed by what is known is `unknown` where something of it could not be read then.
    """
    question = Question(read_moment(moment), cluster)
    url = chosen_database(database, load(config_path, now()))
    found = with_database(url, lambda opened: _ask(opened, question), may_create=False)
    matrices = tuple(past_matrix(past, tenant) for past in found.clusters)
    if output_format == "json":
        document = SegmentationDocument(
            "exposure-auditor/segmentation-evidence/v1", written_moment(question.moment), matrices
        )
        click.echo(write_json(document), nl=False)
    else:
        click.echo(write_past_matrices(matrices), nl=False)
    sys.exit(int(found.exit_code))


async def _ask(database: Database, question: Question) -> Answered:
    answers = []
    outside = False
    for cluster, origin in await cluster_ids(database):
        if not fnmatchcase(cluster, question.cluster):
            continue
        try:
            answer = await as_of(database, cluster, question.moment, origin=origin)
        except OutsideRetentionError as error:
            complain(safe(str(error)))
            outside = True
            continue
        if answer is not None:
            kept = tuple(item for item in answer.findings if question.takes(item))
            answers.append(msgspec.structs.replace(answer, findings=kept))
    return Answered(tuple(answers), ExitCode.INCOMPLETE if outside else ExitCode.DONE)


command.add_command(drift_command)
