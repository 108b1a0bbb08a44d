"""Whether policies are enforced, as the checks need it: what is known, why not, and by what."""

from msgspec import Struct

from auditor.analysis.recognition.cni import RecognisedCni
from auditor.analysis.recognition.cni_agents import is_below
from auditor.catalogue.cni_plugins import Feature
from auditor.kube.policies import NetworkPolicy
from auditor.model.audit import Cni, Enforces
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef, cluster_subject

_ANY_VERSION = "0"
_SHOWN = 5
"""Policies that evidence names before it only counts."""


class Enforcement(Struct, frozen=True):
    """What is known of enforcement."""

    cni: Cni
    recognised: RecognisedCni
    hops: tuple[Hop, ...]
    """What decided; never empty."""
    reason: str | None
    """Why it is not known, not alike on all nodes, or only assumed."""

    @property
    def name(self) -> str:
        """Name the engine, else the plugin."""
        return self.cni.policy_engine or self.cni.name or "the network plugin"

    @property
    def is_known(self) -> bool:
        """Whether it was read, and is the same on every node."""
        return self.reason is None


def enforcement_of(recognised: RecognisedCni, cni: Cni, cluster_id: str) -> Enforcement:
    """Tell what is known of enforcement; an assumption is none."""
    where = str(cluster_subject(cluster_id))
    if cni.assumed:
        why = "; ".join(cni.evidence)
        hop = Hop(where, "platform.cni", f"{cni.enforces} is assumed", why)
        return Enforcement(cni, recognised, (hop,), f"enforcement is assumed: {why}")
    named = cni.name or cni.policy_engine or "not recognised"
    hops = recognised.hops or (Hop(where, "platform.cni", named, recognised.reason or ""),)
    return Enforcement(cni, recognised, hops, recognised.reason)


def enforces_feature(feature: Feature | None, versions: tuple[str | None, ...]) -> Enforces:
    """Tell whether all versions that run are known to enforce a feature, or one not to."""
    if feature is None or not versions:
        return Enforces.UNKNOWN
    below = feature.lacking_below
    if below and any(is_below(version, below) for version in versions):
        return Enforces.NONE
    since = feature.since
    if since == _ANY_VERSION:
        return Enforces.FULL
    if since and all(is_below(version, since) is False for version in versions):
        return Enforces.FULL
    return Enforces.UNKNOWN


def policy_hops(policies: tuple[NetworkPolicy, ...], value: str) -> tuple[Hop, ...]:
    """Name the first of some policies as evidence, and count the others."""
    hops = [
        Hop(
            str(ObjectRef("NetworkPolicy", policy.metadata.namespace, policy.metadata.name)),
            "spec.policyTypes",
            ", ".join(policy.spec.policy_types) or "not set",
            value,
        )
        for policy in policies[:_SHOWN]
    ]
    if len(policies) > _SHOWN:
        hops.append(Hop("NetworkPolicy", "count", f"{len(policies) - _SHOWN} more", value))
    return tuple(hops)
