"""What the commands of `evidence` share: moments, globs over clusters, formats."""

from datetime import UTC, datetime, time

import click

from auditor.cli.failures import UsageFailure
from auditor.cli.options import now
from auditor.model.history import to_microseconds

as_of_option = click.option(
    "--as-of",
    "moment",
    metavar="TIME",
    help="RFC 3339, or a date: its last moment, in UTC. Without it, now.",
)
cluster_option = click.option(
    "--cluster", default="*", metavar="GLOB", help="Only these cluster ids."
)
format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)


def read_moment(text: str | None, option: str = "--as-of") -> int:
    """Read a moment: RFC 3339 with a zone, or a date, which stands for its last microsecond.

    Raises:
        UsageFailure: it is neither.
    """
    if text is None:
        return to_microseconds(now())
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{option}: {text!r} is no time; write 2026-03-31 or 2026-03-31T12:00:00Z"
        raise UsageFailure(message) from error
    if read.tzinfo is not None:
        return to_microseconds(read)
    if "T" in text or " " in text:
        raise UsageFailure(f"{option}: {text!r} has no time zone; end it with Z for UTC")
    return to_microseconds(datetime.combine(read.date(), time.max, UTC))
