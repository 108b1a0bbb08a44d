"""`recommend`: the smallest NetworkPolicies that close what was found."""

import sys
from pathlib import Path

import click

from auditor.audit.recommending.recommendation import Recommendation
from auditor.audit.recommending.recommending import Recommender, UnknownNamespaceError
from auditor.audit.rules import Rules
from auditor.cli.failures import ExitCode, UsageFailure, complain, remark, worst
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
from auditor.collector.reading import Reading
from auditor.reports.document import write_json
from auditor.reports.recommendation import recommend_document
from auditor.reports.recommendation_yaml import write_recommendation
from auditor.reports.text import safe


@click.command(
    "recommend",
    epilog="Example: exposure-auditor recommend snapshot:./manifests --namespace shop "
    "--output policies.yaml",
)
@click.argument("source")
@config_option
@click.option("--namespace", "namespaces", multiple=True, metavar="NS", help="Only this one.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="How the proposal is written.",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write to, else stdout.")
@assume_cni_option
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    source: str,
    config_path: Path | None,
    namespaces: tuple[str, ...],
    output_format: str,
    output: Path | None,
    assume_cni: str | None,
) -> None:
    """Propose the NetworkPolicies that close the findings of each namespace of one cluster.

    They deny by default and admit what objects imply: DNS, the Services that settings name, what
    doors and declarations lead to, monitoring, the API server. Each is judged as if it were there
    before it is written, with what it closes and what it cuts: read that before you apply them.
    SOURCE is one cluster: kubeconfig:PATH#CONTEXT or snapshot:PATH.

    Exit codes: 0 done; 2 wrong usage or configuration; 3 something could not be read: nothing is
    proposed where the proposal would rest on it.
    """
    at = now()
    loaded = load_with_origins(config_path, at)
    say_remarks(remark_on_configuration(loaded, at))
    check_plugin(assume_cni, loaded.configuration)
    if output is not None and not output.parent.is_dir():
        raise UsageFailure(f"--output: the folder {output.parent} is not there")
    rules = Rules.of(loaded.configuration, assume_cni)

    def propose(item: Reading) -> Recommendation | UnknownNamespaceError:
        remark(f"judging {safe(item.cluster.id)} with and without policies")
        try:
            recommender = Recommender(item.cluster, item.inventory, rules, at)
            return recommender.recommend(frozenset(namespaces))
        except UnknownNamespaceError as error:
            return error

    base = config_path.parent if config_path else Path()
    reader = FleetReader(loaded.configuration, base, propose, with_host_references=True)
    found, code = reader.read_one(source)
    if isinstance(found, UnknownNamespaceError):
        raise UsageFailure(str(found))
    _say(found)
    is_json = output_format == "json"
    text = write_json(recommend_document(found)) if is_json else write_recommendation(found)
    print_text(text, output)
    sys.exit(int(worst(code, ExitCode.INCOMPLETE if found.is_incomplete else code)))


def _say(found: Recommendation) -> None:
    if found.refused is not None:
        complain(f"nothing is proposed: {safe(found.refused)}")
        return
    count = sum(len(item.policies) for item in found.namespaces)
    closed = sum(len(item.closes) for item in found.namespaces) + len(found.closes_elsewhere)
    remark(f"{count} policies in {len(found.namespaces)} namespaces would close {closed} findings")
    for item in found.withheld:
        remark(f"nothing for {safe(item.namespace)}: {safe(item.reason)}")
