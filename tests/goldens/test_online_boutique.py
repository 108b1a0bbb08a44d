"""Online Boutique bare, with its policies, and behind Istio: three answers, reviewed by hand.

The manifests are the shop's own (`corpus/online-boutique`, Apache-2.0), read as a whole cluster of
one private node under Cilium; Istio's public ingress gateway is added as its installation makes it.
Each golden file lists every way in and every failure of the families that judge ways and
segmentation. When one changes, read the manifests again before you accept it:
`EXPOSURE_AUDITOR_GOLDENS=write` writes the files anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.kube.resources import resource_of
from auditor.model.audit import Audit
from auditor.model.cluster import Cluster, Files
from auditor.settings.configuration import Configuration
from tests.analysis.clusters import AT
from tests.doors.blocks import written
from tests.kube.manifests import read

CORPUS = Path(__file__).parent.parent / "corpus" / "online-boutique"
FAMILIES = frozenset({"exposure", "management", "legacy", "segmentation", "control_plane"})
SHOPS = {
    "bare": ("app",),
    "policies": ("app", "network-policies"),
    "istio": ("app", "istio"),
}


def _objects(shop: str) -> Iterator[Any]:
    for folder in SHOPS[shop]:
        for path in sorted((CORPUS / folder).glob("*.yaml")):
            yield from filter(None, yaml.safe_load_all(path.read_text(encoding="utf-8")))
    yield from written("private-nodes")
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    if shop == "istio":
        yield from written("istio")


def _audit(shop: str) -> Audit:
    known = [item for item in _objects(shop) if resource_of(item["apiVersion"], item["kind"])]
    cluster = Cluster(id="kubeconfig/shop", name="shop", provider="kubeconfig", access=Files(""))
    rules = Rules.of(Configuration(), "cilium")
    return audit(cluster, read(known), rules, AT)


def _lines(result: Audit) -> Iterator[str]:
    for item in result.exposures:
        entry, target = item.entry, item.target
        port = "?" if entry.port is None else entry.port
        yield (
            f"{item.verdict} {entry.object} {entry.via} {port} for {item.audience} "
            f"({item.confidence}) to {target.workload}:{target.port}"
        )
    for finding in result.findings:
        if finding.verdict.value in {"fail", "unknown"} and finding.family in FAMILIES:
            where = f"{finding.subject}" + (f" {finding.port}" if finding.port else "")
            yield f"{finding.verdict} {finding.check} {where}"


@pytest.mark.parametrize("shop", SHOPS)
def test_the_shop_is_told_as_it_was_reviewed(shop: str) -> None:
    text = "".join(f"{line}\n" for line in _lines(_audit(shop)))
    golden = Path(__file__).parent / f"online_boutique_{shop}.txt"
    if os.environ.get("EXPOSURE_AUDITOR_GOLDENS") == "write":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_the_three_answers_differ() -> None:
    found = {tuple(_lines(_audit(shop))) for shop in SHOPS}
    assert len(found) == len(SHOPS)
