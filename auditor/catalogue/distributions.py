"""Distributions of Kubernetes: what each leaves on nodes, in versions and as namespaces.

They name what a cluster is, for people and for the choice of rules; no verdict rests on one.
"""

from functools import cache

from msgspec import Struct

from auditor.catalogue.loading import CatalogueError, load_data


class DistributionEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One distribution, managed or not."""

    id: str
    name: str
    cloud: str | None = None
    """None where it runs anywhere."""
    node_labels: tuple[str, ...] = ()
    """`KEY=VALUE`, or a key whatever its value."""
    provider_ids: tuple[str, ...] = ()
    """Schemes of `spec.providerID` that it alone writes."""
    versions: tuple[str, ...] = ()
    """Texts that the version of its servers or kubelets holds."""
    namespaces: tuple[str, ...] = ()
    outranks: tuple[str, ...] = ()
    """Distributions on which it is built: what fits both is this one."""
    source: str


class Distributions(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    distributions: tuple[DistributionEntry, ...]


@cache
def distributions() -> dict[str, DistributionEntry]:
    """Give the distributions by id.

    Raises:
        CatalogueError: an entry has no sign, or outranks one that is not there.
    """
    found = {item.id: item for item in load_data("distributions.yaml", Distributions).distributions}
    for entry in found.values():
        if not (entry.node_labels or entry.provider_ids or entry.versions or entry.namespaces):
            raise CatalogueError(f"distributions.yaml: {entry.id} has no sign")
        if unknown := sorted(set(entry.outranks) - set(found)):
            raise CatalogueError(
                f"distributions.yaml: {entry.id} outranks {unknown}: no such entry"
            )
    return found
