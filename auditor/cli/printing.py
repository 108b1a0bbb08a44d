"""Printing the answer of an audit: to a terminal, a pipe or a file."""

import os
import shutil
import sys
from pathlib import Path

import click

from auditor.cli.failures import UsageFailure
from auditor.cli.options import now
from auditor.cli.reading import ReadFleet
from auditor.model.audit import Audit, FleetAudit
from auditor.reports.document import audit_document, write_json
from auditor.reports.pipelines import audit_as_junit, audit_as_sarif

_PIPED_WIDTH = 160
"""Columns of a table that no terminal shows."""


def print_fleet(
    fleet: FleetAudit,
    read: ReadFleet[Audit],
    output_format: str,
    output: Path | None,
    *,
    show_all: bool,
) -> None:
    """Write a fleet's audit in one of its formats, to a file or else to standard output.

    Raises:
        UsageFailure: the file cannot be written.
    """
    if output_format == "json":
        document = audit_document(fleet, now(), show_all=show_all, errors=read.errors)
        text = write_json(document)
    elif output_format == "sarif":
        text = audit_as_sarif(fleet, now(), show_all=show_all, errors=read.errors)
    elif output_format == "junit":
        text = audit_as_junit(fleet, show_all=show_all, errors=read.errors)
    else:
        text = _table(fleet, read, show_all=show_all, to_file=output is not None)
    print_text(text, output)


def print_text(text: str, output: Path | None) -> None:
    """Write an answer to a file, or else to standard output.

    Raises:
        UsageFailure: the file cannot be written.
    """
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageFailure(f"--output: {output} cannot be written: {error.strerror}") from error


def _table(fleet: FleetAudit, read: ReadFleet[Audit], *, show_all: bool, to_file: bool) -> str:
    # Imported here: 100 ms that `--format json` need not pay.
    from auditor.reports.table import write_table  # noqa: PLC0415

    is_terminal = sys.stdout.isatty() and not to_file
    return write_table(
        fleet,
        show_all=show_all,
        width=shutil.get_terminal_size().columns if is_terminal else _PIPED_WIDTH,
        # The convention of NO_COLOR: any value that is not empty switches colour off.
        colour=is_terminal and not os.environ.get("NO_COLOR"),
        errors=read.errors,
    )
