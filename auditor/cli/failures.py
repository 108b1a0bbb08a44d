"""How the command line says that something is wrong: one line, and the right exit code.

Exit codes (`docs/contract.md`): 0 done; 1 findings at or above `--fail-on`; 2 wrong usage or
configuration; 3 something could not be audited. Precedence 2 > 3 > 1 > 0.
"""

import sys
from enum import IntEnum

import click

from auditor.reports.text import safe


class ExitCode(IntEnum):
    """What a pipeline reads."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3


_PRECEDENCE = (ExitCode.USAGE, ExitCode.INCOMPLETE, ExitCode.FINDINGS, ExitCode.DONE)


def worst(*codes: ExitCode) -> ExitCode:
    """Give the exit code that takes precedence."""
    return min(codes, key=_PRECEDENCE.index, default=ExitCode.DONE)


def complain(message: str) -> None:
    """Print an error, a line each, to stderr."""
    for line in message.splitlines():
        click.echo(f"error: {line}", err=True)


def remark(message: str) -> None:
    """Print a remark to stderr."""
    click.echo(message, err=True)


def show_progress(step: str) -> None:
    """Say what is being done now, on a line that the next one overwrites; terminals only."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K  {safe(step)[:_STEP_WIDTH]}\r", err=True, nl=False)


_STEP_WIDTH = 70
"""Characters of a progress line, so that it never wraps."""


class UsageFailure(click.ClickException):
    """Wrong usage or configuration: nothing was done."""

    exit_code = int(ExitCode.USAGE)

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click asks so
        """Print it as our other errors."""
        complain(self.message)
