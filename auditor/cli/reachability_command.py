"""`reachability`: who can talk to whom, and by which policy."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from auditor.analysis.facts import Facts
from auditor.audit.reaching import (
    Question,
    Reached,
    UnknownEndError,
    reach,
    workload_named,
)
from auditor.audit.rules import Rules
from auditor.cli.failures import UsageFailure, complain, remark
from auditor.cli.options import assume_cni_option, check_plugin, config_option, load, now
from auditor.cli.printing import print_text
from auditor.cli.reading import FleetReader
from auditor.collector.reading import Reading
from auditor.model.addresses import normal_address
from auditor.model.identity import ObjectRef
from auditor.reports.document import write_json
from auditor.reports.reachability import (
    reachability_document,
    write_csv,
    write_dot,
    write_text,
)
from auditor.reports.text import safe


@click.command(
    "reachability",
    epilog="Example: exposure-auditor reachability snapshot:./manifests --to Deployment/shop/db "
    "--explain",
)
@click.argument("source")
@config_option
@click.option("--from", "start", metavar="W", help="Only what this workload or address may reach.")
@click.option("--to", "end", metavar="W", help="Only what may reach this workload or address.")
@click.option("--internet", is_flag=True, help="Only connections with outside addresses.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "csv", "dot"]),
    default="text",
    show_default=True,
    help="How the answer is written.",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write to, else stdout.")
@click.option("--explain", is_flag=True, help="Say rule by rule why; needs --from or --to.")
@assume_cni_option
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    source: str,
    config_path: Path | None,
    start: str | None,
    end: str | None,
    internet: bool,  # noqa: FBT001 - click passes flags so
    output_format: str,
    output: Path | None,
    explain: bool,  # noqa: FBT001 - click passes flags so
    assume_cni: str | None,
) -> None:
    """Tell who can talk to whom in one cluster, as its policies and its network plugin decide.

    SOURCE is one cluster: kubeconfig:PATH#CONTEXT or snapshot:PATH. W is a workload, written
    Kind/namespace/name, namespace/name or by its name alone, or an address outside of the cluster.
    Rows with addresses say what policies permit, not that a door is there: `audit` finds doors.

    Exit codes: 0 done; 2 wrong usage; 3 something that the answer rests on could not be read.
    """
    at = now()
    configuration = load(config_path, at)
    check_plugin(assume_cni, configuration)
    if explain and output_format != "text":
        raise UsageFailure("--explain is written as text; leave --format away")
    if explain and start is None and end is None:
        raise UsageFailure("--explain tells of one end; give --from W or --to W")
    rules = Rules.of(configuration, assume_cni)

    def answer(item: Reading) -> Reached | UnknownEndError:
        facts = Facts(item.cluster, item.inventory, configuration, at, assume_cni)
        try:
            question = Question(
                source=_end(start, facts),
                destination=_end(end, facts),
                internet_only=internet,
                with_explanations=explain,
            )
            return reach(item.cluster, item.inventory, rules, at, question)
        except UnknownEndError as error:
            return error

    base = config_path.parent if config_path else Path()
    read = FleetReader(configuration, base, answer).read([source])
    if len(read.used) > 1:
        raise UsageFailure(f"{source} holds {len(read.used)} clusters; name one: {source}#CONTEXT")
    for reached in read.used:
        if isinstance(reached, UnknownEndError):
            raise UsageFailure(str(reached))
        _say(reached)
        print_text(_WRITERS[output_format](reached, explain), output)
    sys.exit(int(read.exit_code))


_WRITERS: dict[str, Callable[[Reached, bool], str]] = {
    "text": lambda reached, explain: write_text(reached, with_explanations=explain),
    "json": lambda reached, _: write_json(reachability_document(reached)),
    "csv": lambda reached, _: write_csv(reached),
    "dot": lambda reached, _: write_dot(reached),
}


def _end(text: str | None, facts: Facts) -> ObjectRef | str | None:
    if text is None:
        return None
    address = normal_address(text)
    if address is None:
        return workload_named(text, facts.owners.classes)
    # The address of a pod is not outside: policies see the pod.
    pods = (pod for pod in facts.inventory.pods if pod.has_network and not pod.spec.host_network)
    owner = next((pod for pod in pods if address in pod.status.addresses()), None)
    return address if owner is None else facts.workloads.workload(owner)


def _say(reached: Reached) -> None:
    """Say beside the answer what it takes for granted, and what is wrong with policies."""
    cni = reached.cni
    name = cni.policy_engine or cni.name or "no known plugin"
    assumed = ", as is assumed" if cni.assumed else ""
    remark(f"policies are enforced: {cni.enforces} ({safe(name)}{assumed})")
    if reached.gap is not None:
        complain(f"nothing of it is sure: {safe(reached.gap)}")
    for issue in reached.issues:
        remark(f"{safe(str(issue.object))} {safe(issue.field)}: {safe(issue.message)}")
