"""DNS: which pods resolve names, and how others reach them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.analysis.workloads import WorkloadIndex, WorkloadPods, documented_ports
from auditor.audit.recommending.ground import Ground
from auditor.audit.recommending.needs import EVERYBODY, Need
from auditor.kube.pods import Pod
from auditor.model.addresses import ALL_ADDRESSES, normal_address
from auditor.model.ports import Protocol

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that an API server gives every namespace (Kubernetes, Well-Known Labels)."""

_PORT = 53
_PROTOCOLS = (Protocol.UDP, Protocol.TCP)
_PORT_NAMES = frozenset({"dns", "dns-tcp"})


class _Known(Struct, frozen=True):
    """How resolvers of one sort are labelled."""

    namespace: str
    label: tuple[str, str]

    def holds(self, workload: WorkloadPods) -> bool:
        key, value = self.label
        labels = (pod.metadata.labels for pod in workload.pods)
        return workload.namespace == self.namespace and any(e.get(key) == value for e in labels)

    def peer(self) -> Mapping[str, Any]:
        return {
            "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: self.namespace}},
            "podSelector": {"matchLabels": dict([self.label])},
        }


_USUAL = _Known("kube-system", ("k8s-app", "kube-dns"))
"""What kubeadm and the clouds label so (kubernetes/kubernetes, cluster/addons/dns)."""
_KNOWN = (
    _USUAL,
    _Known("kube-system", ("k8s-app", "coredns")),
    _Known("kube-system", ("app.kubernetes.io/name", "coredns")),
    _Known("openshift-dns", ("dns.operator.openshift.io/daemonset-dns", "default")),
)
_ON_NODES = _Known("kube-system", ("k8s-app", "node-local-dns"))
_ON_NODES_ADDRESS = "169.254.20.10"
"""Where NodeLocal DNSCache listens unless it is told otherwise (Kubernetes, Using NodeLocal
DNSCache in Kubernetes Clusters)."""
_SERVICE = ("kube-system", "kube-dns")


class Resolvers:
    """Who resolves names in one cluster."""

    def __init__(self, facts: Facts) -> None:
        """Look for them."""
        self._facts = facts
        self._seen = [known for known in _KNOWN if any(map(known.holds, facts.workloads))]
        self._is_on_nodes = any(map(_ON_NODES.holds, facts.workloads))

    @property
    def is_assumed(self) -> bool:
        """Whether none was seen, so that the usual one is taken to be there."""
        return not self._seen

    def peers(self) -> Iterator[Mapping[str, Any]]:
        """Give whom an egress rule has to name."""
        for known in self._seen or (_USUAL,):
            yield known.peer()
        if self._is_on_nodes:
            service = self._facts.backends.services.get(_SERVICE)
            given = service.spec.cluster_ip if service else None
            for text in (_ON_NODES_ADDRESS, normal_address(given or "")):
                if text:
                    yield {"ipBlock": {"cidr": f"{text}/{128 if ':' in text else 32}"}}

    def ports(self) -> Iterator[Mapping[str, Any]]:
        """Give the ports; a policy sees the pod's own, which may be another than the Service's."""
        workloads = _resolving(self._facts.workloads)
        own = {number for each in workloads for pod in each.pods for number in _own_ports(pod)}
        for number in sorted({_PORT, *own}):
            for protocol in _PROTOCOLS:
                yield {"protocol": protocol.value, "port": number}


def calls_of_resolvers(ground: Ground) -> Iterator[Need]:
    """Let everybody ask the resolvers, and these ask others for the names beyond the cluster."""
    for workload in _resolving(ground.facts.workloads):
        if ground.is_on_node(workload.ref):
            continue
        own = {number for pod in workload.pods for number in _own_ports(pod)}
        for protocol in _PROTOCOLS:
            for number in sorted(own or {_PORT}):
                why = f"{workload.ref} resolves names"
                yield Need(EVERYBODY, workload.ref, number, protocol, why)
            why = f"{workload.ref} asks others for the names beyond the cluster"
            yield Need(workload.ref, ALL_ADDRESSES.cidrs(), _PORT, protocol, why)


def _resolving(workloads: WorkloadIndex) -> Iterable[WorkloadPods]:
    return (item for item in workloads if any(known.holds(item) for known in _KNOWN))


def _own_ports(pod: Pod) -> Iterator[int]:
    return (port.container_port for port in documented_ports(pod) if port.name in _PORT_NAMES)
