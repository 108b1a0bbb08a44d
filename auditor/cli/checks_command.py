"""`checks`: the catalogue of checks with its documentation, and the facts behind it."""

import shutil

import click

from auditor.catalogue.listing import catalogue_entries
from auditor.catalogue.loading import catalogue_version
from auditor.checks.catalog import catalog
from auditor.cli.failures import UsageFailure
from auditor.cli.options import known_checks
from auditor.reports.catalogue_list import catalogue_document, write_catalogue
from auditor.reports.check_list import check_list, write_check, write_check_list
from auditor.reports.document import write_json

_PIPED_SIZE = (160, 24)
"""Columns and lines where no terminal shows the list."""


@click.command(
    "checks",
    epilog="\b\nExample: exposure-auditor checks node-port-open\n"
    "Example: exposure-auditor checks --catalogue redis",
)
@click.argument("words", nargs=-1, metavar="[SLUG | WORD...]")
@click.option(
    "--catalogue",
    is_flag=True,
    help="Search the facts instead: software, load balancers, plugins, sockets, frameworks. "
    "An entry is listed where every WORD is a part of it.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)
def command(words: tuple[str, ...], *, catalogue: bool, output_format: str) -> None:
    """List the checks, or say what one of them means and how to fix what it finds."""
    if catalogue:
        click.echo(_facts(words, output_format), nl=False)
        return
    if len(words) > 1:
        raise UsageFailure("name one SLUG at a time; words are searched with --catalogue")
    known_checks(words)
    chosen = [check for check in catalog().values() if not words or check.slug in words]
    if output_format == "json":
        click.echo(write_json(check_list(chosen)), nl=False)
    elif words:
        click.echo(write_check(chosen[0]), nl=False)
    else:
        click.echo(write_check_list(chosen), nl=False)


def _facts(words: tuple[str, ...], output_format: str) -> str:
    found = catalogue_entries(words)
    if output_format == "json":
        return write_json(catalogue_document(found, catalogue_version()))
    width = shutil.get_terminal_size(_PIPED_SIZE).columns
    return write_catalogue(found, catalogue_version(), words, width)
