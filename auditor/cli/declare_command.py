"""`declare`: what is open today, for people to put their names to."""

import sys
from pathlib import Path

import click

from auditor.audit.auditing import audit
from auditor.audit.drafting import Scope, draft_of
from auditor.audit.rules import Rules
from auditor.cli.failures import UsageFailure, remark
from auditor.cli.options import (
    assume_cni_option,
    check_plugin,
    config_option,
    load_with_origins,
    now,
    remark_on_configuration,
    say_remarks,
)
from auditor.cli.printing import print_text
from auditor.cli.reading import FleetReader
from auditor.reports.declarations import write_draft


@click.command(
    "declare", epilog="Example: exposure-auditor declare snapshot:./dump --output declared.yaml"
)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@config_option
@click.option("--output", type=click.Path(path_type=Path), help="File to write to, else stdout.")
@click.option(
    "--all", "with_declared", is_flag=True, help="Also write what is declared already, as it is."
)
@click.option("--namespace", "namespaces", multiple=True, metavar="NS", help="Only this one.")
@assume_cni_option
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    sources: tuple[str, ...],
    config_path: Path | None,
    output: Path | None,
    with_declared: bool,  # noqa: FBT001 - click passes flags so
    namespaces: tuple[str, ...],
    assume_cni: str | None,
) -> None:
    """Write declarations of the ports that are open beyond each cluster and declared nowhere.

    Each has an empty owner and an empty reason: the configuration refuses the file until people
    have filled them in, or closed the port and removed the entry. It takes the file by its key
    declaration_files. SOURCE is as for `audit`; `docs/ports.md` has an example.

    Exit codes: 0 done; 2 wrong usage or configuration; 3 something could not be read, so that more
    may be open than is written.
    """
    at = now()
    loaded = load_with_origins(config_path, at)
    configuration = loaded.configuration
    say_remarks(remark_on_configuration(loaded, at))
    check_plugin(assume_cni, configuration)
    if output is not None and not output.parent.is_dir():
        raise UsageFailure(f"--output: the folder {output.parent} is not there")
    rules = Rules.of(configuration, assume_cni)
    base = config_path.parent if config_path else Path()
    reader = FleetReader(
        configuration, base, lambda item: audit(item.cluster, item.inventory, rules, at)
    )
    read = reader.read(sources)
    scope = Scope(frozenset(namespaces), with_declared)
    draft = draft_of(read.used, configuration, scope)
    if read.used or not read.errors:
        print_text(write_draft(draft), output)
        remark(
            f"{len(draft.entries)} to fill in, {len(draft.doubtful)} that may be open, "
            f"{len(draft.undeclarable)} of which too little is known"
        )
    sys.exit(int(read.exit_code))
