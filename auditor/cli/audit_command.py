"""`audit`: read, judge, print, and exit as pipelines expect."""

import sys
from pathlib import Path

import click

from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.audit.selection import Selection
from auditor.cli.failures import ExitCode, UsageFailure, worst
from auditor.cli.options import (
    assume_cni_option,
    check_plugin,
    chosen_database,
    config_option,
    database_option,
    fail_on_option,
    known_checks,
    load_with_origins,
    now,
    remark_on_configuration,
    remark_on_duplicates,
    remark_on_use,
    say_remarks,
)
from auditor.cli.printing import print_fleet
from auditor.cli.reading import FleetReader
from auditor.model.audit import FleetAudit
from auditor.model.verdict import Severity, Verdict


@click.command(
    "audit",
    epilog="Example: exposure-auditor audit snapshot:./manifests --fail-on high --format json",
)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@config_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json", "sarif", "junit"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write to, else stdout.")
@fail_on_option
@click.option("--all", "show_all", is_flag=True, help="List pass and not_applicable too.")
@click.option("--check", "checks", multiple=True, metavar="SLUG", help="Show only this check.")
@click.option("--namespace", "namespaces", multiple=True, metavar="NS", help="Show only this one.")
@assume_cni_option
@click.option("--store", is_flag=True, help="Store snapshots too, marked as such.")
@click.option("--no-store", is_flag=True, help="Print only; snapshots are so by default.")
@database_option
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    sources: tuple[str, ...],
    config_path: Path | None,
    output_format: str,
    output: Path | None,
    fail_on: str | None,
    show_all: bool,  # noqa: FBT001 - click passes flags so
    checks: tuple[str, ...],
    namespaces: tuple[str, ...],
    assume_cni: str | None,
    store: bool,  # noqa: FBT001 - click passes flags so
    no_store: bool,  # noqa: FBT001 - click passes flags so
    database: str | None,
) -> None:
    """Audit clusters and print what is exposed and what each check says.

    A SOURCE is kubeconfig:PATH[#CONTEXT]: every context of the file, or one; snapshot:PATH[#NAME]:
    a folder or file of manifests, of `kubectl get -o yaml` or `json` output, or a capture; or
    connector:NAME from the configuration. Without one, every connector of the configuration is
    audited, or else the default kubeconfig. What is read of live clusters is stored.

    Exit codes: 0 done; 1 findings at or above --fail-on; 2 wrong usage or configuration; 3
    something could not be audited.
    """
    at = now()
    selection = Selection(known_checks(checks), frozenset(namespaces))
    loaded = load_with_origins(config_path, at)
    configuration = loaded.configuration
    say_remarks(remark_on_configuration(loaded, at))
    check_plugin(assume_cni, configuration)
    if output is not None and not output.parent.is_dir():
        raise UsageFailure(f"--output: the folder {output.parent} is not there")
    if store and no_store:
        raise UsageFailure("--store and --no-store contradict each other; give one of them")
    rules = Rules.of(configuration, assume_cni)
    base = config_path.parent if config_path else Path()
    reader = FleetReader(
        configuration, base, lambda item: audit(item.cluster, item.inventory, rules, at)
    )
    read = reader.read(sources)
    audits = list(read.used)
    whole = audit_fleet(audits, rules, at)
    say_remarks([*remark_on_use(loaded, whole, at), *remark_on_duplicates(whole)])
    fleet = selection.narrow(whole, rules)
    print_fleet(fleet, read, output_format, output, show_all=show_all)
    stored = [item for item in audits if store or item.cluster_id in read.live_ids]
    if stored and not no_store:
        # After the answer: a database that cannot be used does not take it away.
        # Imported here: over a second that an audit without a store need not pay.
        from auditor.cli.database import record_all  # noqa: PLC0415

        record_all(chosen_database(database, configuration), stored, read.live_ids)
    sys.exit(int(worst(read.exit_code, _findings_code(fleet, fail_on))))


def _findings_code(fleet: FleetAudit, fail_on: str | None) -> ExitCode:
    """Tell whether open findings reach the threshold; accepted ones never count."""
    if fail_on is None:
        return ExitCode.DONE
    if fail_on == Verdict.UNKNOWN.value:
        reached = bool(fleet.verdicts[Verdict.FAIL.value] or fleet.verdicts[Verdict.UNKNOWN.value])
    else:
        threshold = Severity(fail_on).rank
        reached = any(
            count and Severity(severity).rank >= threshold
            for severity, count in fleet.failures.items()
        )
    return ExitCode.FINDINGS if reached else ExitCode.DONE
