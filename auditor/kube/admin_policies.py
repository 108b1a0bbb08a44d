"""Policies of a cluster's administrator (policy.networking.k8s.io).

v1alpha1 has AdminNetworkPolicy and BaselineAdminNetworkPolicy; v1alpha2 and v1beta1 put both into
ClusterNetworkPolicy, with a tier. The three share their peers, so one type holds any of them.
"""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta
from auditor.kube.selectors import LabelSelector, Requirement


class NamespacesSelector(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Which namespaces; the last three fields are of drafts and were taken out since."""

    match_labels: dict[str, str] = field(default_factory=dict)
    match_expressions: tuple[Requirement, ...] = ()
    namespace_selector: LabelSelector | None = None
    same_labels: tuple[str, ...] = ()
    not_same_labels: tuple[str, ...] = ()

    @property
    def selector(self) -> LabelSelector | None:
        """Give the selector; None where it is written as a draft of the API had it."""
        if self.namespace_selector is not None or self.same_labels or self.not_same_labels:
            return None
        return LabelSelector(self.match_labels, self.match_expressions)


class NamespacedPods(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Pods of some namespaces (NamespacedPod)."""

    namespace_selector: LabelSelector = field(default_factory=LabelSelector)
    pod_selector: LabelSelector = field(default_factory=LabelSelector)


class AdminSubject(Struct, frozen=True, gc=False, omit_defaults=True):
    """Whom a policy speaks to; exactly one is set."""

    namespaces: NamespacesSelector | None = None
    pods: NamespacedPods | None = None


class AdminPeer(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Whom a rule speaks of; exactly one is set, and ingress knows the first two only."""

    namespaces: NamespacesSelector | None = None
    pods: NamespacedPods | None = None
    networks: tuple[str, ...] | None = None
    """CIDRs."""
    nodes: LabelSelector | None = None
    domain_names: tuple[str, ...] | None = None


class PortNumber(Struct, frozen=True, gc=False, omit_defaults=True):
    """One port of a protocol (v1alpha1)."""

    protocol: str = "TCP"
    port: int = 0


class PortRange(Struct, frozen=True, gc=False, omit_defaults=True):
    """The ports from `start` to `end`, both included; the protocol is v1alpha1's."""

    start: int = 0
    end: int = 0
    protocol: str = "TCP"


class AdminPort(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A port of a rule (v1alpha1 AdminNetworkPolicyPort); exactly one is set."""

    port_number: PortNumber | None = None
    port_range: PortRange | None = None
    named_port: str | None = None


class DestinationPort(Struct, frozen=True, gc=False, omit_defaults=True):
    """A number or a range (v1alpha2)."""

    number: int | None = None
    range: PortRange | None = None


class TransportPorts(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Ports of one protocol; none named means all of them (v1alpha2)."""

    destination_port: DestinationPort | None = None


class AdminProtocol(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A protocol of a rule with its ports (v1alpha2); exactly one is set."""

    tcp: TransportPorts | None = None
    udp: TransportPorts | None = None
    sctp: TransportPorts | None = None
    destination_named_port: str | None = None


class AdminRule(Struct, frozen=True, gc=False, omit_defaults=True):
    """A rule; `ports` of v1alpha1 or `protocols` of v1alpha2, none set means all of them."""

    name: str = ""
    action: str = ""
    sources: tuple[AdminPeer, ...] = field(default=(), name="from")
    destinations: tuple[AdminPeer, ...] = field(default=(), name="to")
    ports: tuple[AdminPort, ...] | None = None
    protocols: tuple[AdminProtocol, ...] | None = None


class AdminPolicySpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a policy of an administrator says."""

    subject: AdminSubject = field(default_factory=AdminSubject)
    tier: str = ""
    """`Admin` or `Baseline`, of a ClusterNetworkPolicy."""
    priority: int = 0
    """From 0 to 1000; lower goes first."""
    ingress: tuple[AdminRule, ...] = ()
    egress: tuple[AdminRule, ...] = ()


class AdminPolicy(Struct, frozen=True, gc=False, omit_defaults=True):
    """An AdminNetworkPolicy, BaselineAdminNetworkPolicy or ClusterNetworkPolicy."""

    metadata: ObjectMeta
    kind: str = ""
    spec: AdminPolicySpec = field(default_factory=AdminPolicySpec)

    @property
    def is_baseline(self) -> bool:
        """Whether it speaks only where no NetworkPolicy isolates."""
        return self.kind == "BaselineAdminNetworkPolicy" or self.spec.tier == "Baseline"
