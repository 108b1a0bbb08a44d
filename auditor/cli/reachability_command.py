"""`reachability`: who can talk to whom, and by which policy."""

import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import click
from msgspec import Struct

from auditor.analysis.blast_radius import BlastRadius, BlastRadiuses
from auditor.analysis.facts import Facts
from auditor.audit.reaching import (
    Question,
    Reached,
    UnknownEndError,
    reach,
    workload_named,
)
from auditor.audit.rules import Rules
from auditor.cli.failures import ExitCode, UsageFailure, complain, remark
from auditor.cli.options import assume_cni_option, check_plugin, config_option, load, now
from auditor.cli.printing import print_text
from auditor.cli.reading import FleetReader
from auditor.collector.reading import Reading
from auditor.model.addresses import normal_address
from auditor.model.identity import ObjectRef
from auditor.model.segmentation import Border
from auditor.reports.blast_radius import (
    blast_radius_document,
    write_blast_radius,
    write_blast_radius_dot,
)
from auditor.reports.document import write_json
from auditor.reports.reachability import (
    reachability_document,
    write_csv,
    write_dot,
    write_text,
)
from auditor.reports.segmentation import segmentation_document, write_matrix_csv
from auditor.reports.text import safe
from auditor.settings.configuration import Configuration


class Matrix(Struct, frozen=True):
    """The segmentation matrices of one cluster."""

    cluster_id: str
    borders: tuple[Border, ...]
    gap: str | None


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
@click.option(
    "--blast-radius",
    is_flag=True,
    help="What an attacker behind each door could reach next; --from W: of this workload alone.",
)
@click.option(
    "--tenants",
    is_flag=True,
    help="Which tenants, and which risk levels, can reach each other: a matrix.",
)
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
    blast_radius: bool,  # noqa: FBT001 - click passes flags so
    tenants: bool,  # noqa: FBT001 - click passes flags so
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
    base = config_path.parent if config_path else Path()
    if tenants:
        if start or end or internet or explain or blast_radius or output_format == "dot":
            raise UsageFailure("--tenants goes with text, json or csv, and with no other question")
        reader = FleetReader(configuration, base, partial(_matrix, configuration, at, assume_cni))
        matrix, code = reader.read_one(source)
        print_text(_MATRIX_WRITERS[output_format](matrix), output)
        sys.exit(int(code))
    if blast_radius:
        if end is not None or internet or explain or output_format == "csv":
            raise UsageFailure("--blast-radius goes with --from and text, json or dot alone")
        found, code = _radiuses(source, base, configuration, at, assume_cni, start)
        print_text(_RADIUS_WRITERS[output_format](*found), output)
        sys.exit(int(code))

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

    reached, code = FleetReader(configuration, base, answer).read_one(source)
    if isinstance(reached, UnknownEndError):
        raise UsageFailure(str(reached))
    _say(reached)
    print_text(_WRITERS[output_format](reached, explain), output)
    sys.exit(int(code))


_WRITERS: dict[str, Callable[[Reached, bool], str]] = {
    "text": lambda reached, explain: write_text(reached, with_explanations=explain),
    "json": lambda reached, _: write_json(reachability_document(reached)),
    "csv": lambda reached, _: write_csv(reached),
    "dot": lambda reached, _: write_dot(reached),
}


def _matrix_text(matrix: Matrix) -> str:
    # Imported here: 100 ms that the other formats need not pay.
    from auditor.reports.segmentation_table import write_matrix  # noqa: PLC0415

    return write_matrix(matrix.borders, shutil.get_terminal_size((_PIPED_WIDTH, 0)).columns)


_PIPED_WIDTH = 160
"""Columns of a matrix that no terminal shows."""

_MATRIX_WRITERS: dict[str, Callable[[Matrix], str]] = {
    "text": _matrix_text,
    "json": lambda found: write_json(
        segmentation_document(found.cluster_id, found.borders, found.gap)
    ),
    "csv": lambda found: write_matrix_csv(found.borders),
}


_RADIUS_WRITERS: dict[str, Callable[[str, tuple[BlastRadius, ...]], str]] = {
    "text": lambda _, found: write_blast_radius(found),
    "json": lambda cluster_id, found: write_json(blast_radius_document(cluster_id, found)),
    "dot": lambda _, found: write_blast_radius_dot(found),
}


def _radiuses(  # noqa: PLR0913, PLR0917 - what the question is made of
    source: str,
    base: Path,
    configuration: Configuration,
    at: datetime,
    assume_cni: str | None,
    start: str | None,
) -> tuple[tuple[str, tuple[BlastRadius, ...]], ExitCode]:
    """Work out the blast radius of every exposed workload of one cluster, or of one of them."""

    def answer(item: Reading) -> tuple[str, tuple[BlastRadius, ...]] | UnknownEndError:
        facts = Facts(item.cluster, item.inventory, configuration, at, assume_cni)
        try:
            wanted = workload_named(start, facts.owners.classes) if start else None
        except UnknownEndError as error:
            return error
        found = BlastRadiuses(facts).all()
        return item.cluster.id, tuple(one for one in found if wanted in (None, one.ref))

    found, code = FleetReader(configuration, base, answer).read_one(source)
    if isinstance(found, UnknownEndError):
        raise UsageFailure(str(found))
    return found, code


def _matrix(
    configuration: Configuration, at: datetime, assume_cni: str | None, item: Reading
) -> Matrix:
    """Work out the segmentation matrices of one cluster."""
    facts = Facts(item.cluster, item.inventory, configuration, at, assume_cni)
    cells = tuple(cell.border for cell in facts.segmentation)
    return Matrix(item.cluster.id, cells, facts.reachability_gap)


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
