"""NetworkPolicies (networking.k8s.io/v1)."""

from collections.abc import Iterator

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta
from auditor.kube.selectors import LabelSelector


class PolicyPort(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A port of a rule (NetworkPolicyPort); no number means every port of the protocol."""

    protocol: str = "TCP"
    port: int | str | None = None
    """A text is the name of a container port."""
    end_port: int | None = None
    """The last of a range that begins at `port`."""


class IPBlock(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A block of addresses with holes (IPBlock)."""

    cidr: str = ""
    excluded: tuple[str, ...] = field(default=(), name="except")


class PolicyPeer(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Whom a rule speaks of (NetworkPolicyPeer); a selector that is not set is not an empty one."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class PolicyRule(Struct, frozen=True, gc=False, omit_defaults=True):
    """A rule of a policy; no peers are all peers, no ports are all ports."""

    sources: tuple[PolicyPeer, ...] = field(default=(), name="from")
    destinations: tuple[PolicyPeer, ...] = field(default=(), name="to")
    ports: tuple[PolicyPort, ...] = ()


class NetworkPolicySpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Whom a NetworkPolicy isolates, and what it then admits (NetworkPolicySpec)."""

    pod_selector: LabelSelector = field(default_factory=LabelSelector)
    policy_types: tuple[str, ...] = ()
    ingress: tuple[PolicyRule, ...] = ()
    egress: tuple[PolicyRule, ...] = ()


class NetworkPolicy(Struct, frozen=True, gc=False, omit_defaults=True):
    """A NetworkPolicy (networking.k8s.io/v1)."""

    metadata: ObjectMeta
    spec: NetworkPolicySpec = field(default_factory=NetworkPolicySpec)

    @property
    def isolates_ingress(self) -> bool:
        """Whether it isolates for ingress: `policyTypes` absent means yes (API field text)."""
        return not self.spec.policy_types or "Ingress" in self.spec.policy_types

    @property
    def isolates_egress(self) -> bool:
        """Whether it isolates for egress: without `policyTypes` only where it has such rules."""
        types = self.spec.policy_types
        return "Egress" in types if types else bool(self.spec.egress)

    def ports(self) -> Iterator[PolicyPort]:
        """Give the ports of all rules."""
        for rule in (*self.spec.ingress, *self.spec.egress):
            yield from rule.ports
