"""`evidence drift`: which ports were not as agreed, over a period."""

import sys
from fnmatch import fnmatchcase
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from auditor.cli.database import with_database
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
from auditor.reports.drift import write_drift
from auditor.reports.text import safe
from auditor.store.drift import DriftOfCluster, drift_between
from auditor.store.engine import Database
from auditor.store.errors import OutsideRetentionError
from auditor.store.reading import cluster_ids


class DriftDocument(Struct, frozen=True):
    """`evidence drift --format json`."""

    schema: str
    since: str
    as_of: str
    clusters: tuple[DriftOfCluster, ...]


class _Period(Struct, frozen=True):
    since: int
    moment: int
    cluster: str
    tenant: str | None


@click.command("drift", epilog="Example: exposure-auditor evidence drift --since 2026-06-30")
@config_option
@database_option
@click.option("--since", required=True, metavar="TIME", help="Begin of the period; as --as-of.")
@as_of_option
@cluster_option
@click.option("--tenant", metavar="NAME", help="Only ports in namespaces of this tenant.")
@format_option
def drift_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    config_path: Path | None,
    database: str | None,
    since: str,
    moment: str | None,
    cluster: str,
    tenant: str | None,
    output_format: str,
) -> None:
    """Tell which ports were not as declared from --since to --as-of, and how each ended.

    Open without a declaration, declared but open no more, or declared until a date that is over. A
    port whose door could not be read since is still told, as not confirmed.
    """
    period = _Period(read_moment(since, "--since"), read_moment(moment), cluster, tenant)
    if period.since >= period.moment:
        raise UsageFailure("--since: is not before --as-of; a period goes from one to the other")
    url = chosen_database(database, load(config_path, now()))
    found, code = with_database(url, lambda opened: _ask(opened, period), may_create=False)
    if output_format == "json":
        document = DriftDocument(
            "exposure-auditor/drift/v1",
            written_moment(period.since),
            written_moment(period.moment),
            found,
        )
        click.echo(write_json(document), nl=False)
    else:
        click.echo(write_drift(found), nl=False)
    sys.exit(int(code))


async def _ask(database: Database, period: _Period) -> tuple[tuple[DriftOfCluster, ...], ExitCode]:
    found, code = [], ExitCode.DONE
    for cluster, origin in await cluster_ids(database):
        if not fnmatchcase(cluster, period.cluster):
            continue
        try:
            told = await drift_between(
                database, cluster, period.since, period.moment, origin=origin
            )
        except OutsideRetentionError as error:
            complain(safe(str(error)))
            code = ExitCode.INCOMPLETE
            continue
        if told is not None:
            found.append(_of_tenant(told, period.tenant))
    return tuple(found), code


def _of_tenant(told: DriftOfCluster, tenant: str | None) -> DriftOfCluster:
    if tenant is None:
        return told
    return replace(told, drift=tuple(item for item in told.drift if tenant in item.tenants))
