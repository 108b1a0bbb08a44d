"""`checks`: the catalogue and its documentation."""

import click

from auditor.checks.catalog import catalog
from auditor.cli.options import known_checks
from auditor.reports.check_list import check_list, write_check, write_check_list
from auditor.reports.document import write_json


@click.command("checks", epilog="Example: exposure-auditor checks node-port-open")
@click.argument("slug", required=False)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)
def command(slug: str | None, output_format: str) -> None:
    """List the checks, or say what one of them means and how to fix what it finds."""
    known_checks((slug,) if slug else ())
    chosen = [check for check in catalog().values() if slug in (None, check.slug)]
    if output_format == "json":
        click.echo(write_json(check_list(chosen)), nl=False)
    elif slug:
        click.echo(write_check(chosen[0]), nl=False)
    else:
        click.echo(write_check_list(chosen), nl=False)
