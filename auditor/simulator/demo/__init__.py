"""The demo's fleet: six running clusters on three clouds, of a company that sells online.

Its mistakes are those that real teams make. All public addresses are documentation ranges.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import yaml
from msgspec import Struct

from auditor.simulator.running import run_manifests


class DemoCluster(Struct, frozen=True):
    """One cluster of the demo."""

    name: str
    title: str
    """What it is for, for people."""
    tenant_tags: tuple[tuple[str, str], ...]
    """Its tags in the cloud; a cluster of several tenants has no `tenant` among them."""
    version: str
    """What its API server says it is."""
    file: str
    """Where its manifests are, in this package."""


DEMO_CLUSTERS = (
    DemoCluster(
        "shop-prod-euw1",
        "the web shop, on EKS",
        (("tenant", "shop"), ("risk-level", "medium")),
        "v1.31.4-eks-2d5f260",
        "shop-prod-euw1.yaml",
    ),
    DemoCluster(
        "marketplace-prod",
        "sellers and partners, on an old EKS",
        (),
        "v1.28.15-eks-7f9249a",
        "marketplace-prod.yaml",
    ),
    DemoCluster(
        "data-prod",
        "the data platform, on GKE with Calico",
        (("tenant", "data"), ("risk-level", "medium")),
        "v1.30.9-gke.1127000",
        "data-prod.yaml",
    ),
    DemoCluster(
        "payments-prod",
        "card payments, on GKE with Dataplane V2",
        (("tenant", "payments"), ("risk-level", "high")),
        "v1.31.6-gke.1020000",
        "payments-prod.yaml",
    ),
    DemoCluster(
        "tools-weu",
        "CI and internal tools, on AKS",
        (("tenant", "platform"),),
        "v1.29.9",
        "tools-weu.yaml",
    ),
    DemoCluster(
        "warehouse-prod",
        "warehouses and carriers, on AKS",
        (("risk-level", "medium"),),
        "v1.31.5",
        "warehouse-prod.yaml",
    ),
)
"""In an order that the demo relies on: it breaks its own access to some of them."""

_PLACEHOLDERS = {"@in-90-days@": 90, "@in-300-days@": 300, "@20-days-ago@": -20}
"""What stands for dates in auditor.yaml, and how many days from today each is."""


def load_demo_cluster(cluster: DemoCluster) -> list[dict[str, Any]]:
    """Give the objects that a cluster holds while it runs."""
    documents = yaml.load_all(_read(cluster.file), Loader=yaml.CSafeLoader)
    return run_manifests(documents)


def demo_configuration(today: date, connectors: Iterable[Mapping[str, Any]]) -> str:
    """Give the auditor's configuration as YAML, as it may be written on this day."""
    text = _read("auditor.yaml").decode()
    for placeholder, days in _PLACEHOLDERS.items():
        text = text.replace(placeholder, (today + timedelta(days=days)).isoformat())
    listed = {"connectors": [dict(connector) for connector in connectors]}
    return f"{text}\n{yaml.safe_dump(listed, sort_keys=False)}"


def _read(name: str) -> bytes:
    return files(__name__).joinpath(name).read_bytes()
