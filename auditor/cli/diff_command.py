"""`diff`: what a change adds and removes, and a gate that fails on what it adds alone."""

import sys
from collections.abc import Callable
from pathlib import Path

import click
from msgspec.structs import replace

from auditor.audit.auditing import audit
from auditor.audit.differing import Difference, State, difference
from auditor.audit.reaching import Question, reach
from auditor.audit.rules import Rules
from auditor.cli.failures import ExitCode, UsageFailure, worst
from auditor.cli.options import (
    assume_cni_option,
    check_plugin,
    config_option,
    fail_on_option,
    load,
    now,
)
from auditor.cli.printing import print_text
from auditor.cli.reading import FleetReader, ReadFleet
from auditor.collector.reading import Reading
from auditor.model.verdict import Severity, Verdict
from auditor.reports.difference import difference_document, write_difference
from auditor.reports.document import SourceProblem, write_json
from auditor.reports.pipelines import difference_as_junit, difference_as_sarif
from auditor.settings.configuration import Configuration


@click.command(
    "diff",
    epilog="Example: exposure-auditor diff snapshot:./main snapshot:./pull-request --fail-on high",
)
@click.argument("first")
@click.argument("second")
@config_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="How the answer is written.",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write to, else stdout.")
@fail_on_option
@assume_cni_option
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    first: str,
    second: str,
    config_path: Path | None,
    output_format: str,
    output: Path | None,
    fail_on: str | None,
    assume_cni: str | None,
) -> None:
    """Tell which exposures, connections and findings the SECOND source adds to the FIRST.

    Each source is one cluster; both are judged as the first one, under one configuration. With
    --fail-on, only what is added counts.

    Exit codes: 0 done; 1 added findings at or above --fail-on; 2 wrong usage; 3 something could not
    be read.
    """
    at = now()
    configuration = load(config_path, at)
    check_plugin(assume_cni, configuration)
    rules = Rules.of(configuration, assume_cni)
    base = config_path.parent if config_path else Path()
    names: list[tuple[str, str]] = []

    def judged(item: Reading) -> State:
        if not names:
            names.append((item.cluster.id, item.cluster.name))
        cluster = replace(item.cluster, id=names[0][0], name=names[0][1])
        return State(
            audit(cluster, item.inventory, rules, at),
            reach(cluster, item.inventory, rules, at, Question()),
        )

    read = [_read(text, configuration, base, judged) for text in (first, second)]
    code = worst(*(item.exit_code for item in read))
    if not all(item.used for item in read):
        sys.exit(int(code))
    before, after = (item.used[0] for item in read)
    added, removed = difference(before, after)
    errors = tuple(error for item in read for error in item.errors)
    print_text(_written(output_format, added, removed, before, after, errors), output)
    sys.exit(int(worst(code, _gate(added, fail_on))))


def _written(  # noqa: PLR0913, PLR0917 - what there is to write
    output_format: str,
    added: Difference,
    removed: Difference,
    before: State,
    after: State,
    errors: tuple[SourceProblem, ...],
) -> str:
    if output_format == "json":
        return write_json(difference_document(added, removed, before, after))
    if output_format == "sarif":
        return difference_as_sarif(added, removed, before, after, errors)
    if output_format == "junit":
        return difference_as_junit(added, before, after, errors)
    return write_difference(added, removed, before, after)


def _read(
    text: str, configuration: Configuration, base: Path, judged: Callable[[Reading], State]
) -> ReadFleet[State]:
    read = FleetReader(configuration, base, judged).read([text])
    if len(read.used) > 1:
        raise UsageFailure(f"{text} holds {len(read.used)} clusters; name one: {text}#CONTEXT")
    return read


def _gate(added: Difference, fail_on: str | None) -> ExitCode:
    """Tell whether added findings reach the threshold; accepted ones never count."""
    if fail_on is None:
        return ExitCode.DONE
    for finding in added.findings:
        is_failure = finding.shown_verdict == Verdict.FAIL.value
        if fail_on == Verdict.UNKNOWN.value:
            if is_failure or finding.shown_verdict == Verdict.UNKNOWN.value:
                return ExitCode.FINDINGS
        elif is_failure and finding.severity.level.rank >= Severity(fail_on).rank:
            return ExitCode.FINDINGS
    return ExitCode.DONE
