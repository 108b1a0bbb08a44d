"""Nodes: which of them the internet can address, and which pool each belongs to."""

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from auditor.kube.cluster_scope import Node
from auditor.kube.inventory import Inventory
from auditor.kube.resources import NODES
from auditor.model.addresses import normal_address
from auditor.model.audience import AddressSpace, Audience
from auditor.model.cloud import CloudFacts, CloudNodePool
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.reading import ReadState

POOL_LABELS = (
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
)
"""Labels by which managed clusters tie a node to the pool that people edit."""

_CLOUD_BY_PROVIDER_ID = {
    "aws://": "aws",
    "azure://": "azure",
    "digitalocean://": "digitalocean",
    "gce://": "gcp",
    "hcloud://": "hetzner",
    "hrobot://": "hetzner",
    "ibm://": "ibm",
    "k3s://": "k3s",
    "kind://": "kind",
    "linode://": "linode",
    "oci://": "oci",
    "ocid1.": "oci",
    "openstack://": "openstack",
    "qcloud://": "tencent",
    "scaleway://": "scaleway",
    "vsphere://": "vsphere",
    "vultr://": "vultr",
    "yandex://": "yandex",
}
"""How `spec.providerID` begins, and the cloud that it tells.

A cloud whose load balancers are not known is named too: annotations of others mean nothing there.
"""

DIALLED_TYPES = ("InternalIP", "ExternalIP")
"""Types of node address that packets can be sent to (core/v1 NodeAddress)."""


class PublicAddress(Struct, frozen=True):
    """An internet address of a node."""

    node: str
    type: str
    address: str

    @property
    def family(self) -> str:
        """Give its family as a Service names it."""
        return "IPv6" if ":" in self.address else "IPv4"

    def hop(self) -> Hop:
        """Write it as evidence."""
        return Hop(f"Node/{self.node}", f"status.addresses[{self.type}]", self.address)


class NodeFacts:
    """What the inventory's nodes mean for doors that open on them."""

    def __init__(
        self, inventory: Inventory, space: AddressSpace, cloud: CloudFacts | None = None
    ) -> None:
        """Sort the addresses of all nodes, and the pools that the cloud says there are."""
        self.pools: tuple[CloudNodePool, ...] = (cloud.pools or ()) if cloud else ()
        self.state: ReadState = inventory.state(NODES)
        self.nodes = inventory.nodes
        self.addresses: dict[str, str] = {}
        """Name of the node that has an address."""
        self.public: tuple[PublicAddress, ...] = ()
        for node in inventory.nodes:
            for kind, address in _dialled(node):
                self.addresses[address] = node.metadata.name
                if space.is_public(address):
                    self.public += (PublicAddress(node.metadata.name, kind, address),)
        self.addressed = frozenset(self.addresses.values())
        """Names of the nodes that show an address."""
        self.cloud = _cloud_of(inventory.nodes)

    def public_on(
        self, names: Iterable[str], families: Collection[str] = ()
    ) -> tuple[PublicAddress, ...]:
        """Give the internet addresses of some nodes, where it matters of some families alone."""
        wanted = set(names)
        return tuple(
            address
            for address in self.public
            if address.node in wanted and (not families or address.family in families)
        )

    def audience(self, names: Collection[str], families: Collection[str] = ()) -> Audience:
        """Tell who reaches a port on some nodes, where it matters by some families alone.

        A public address proves the internet; that there is none is proven only where all nodes
        were read and each of these shows an address.
        """
        if self.public_on(names, families):
            return Audience.INTERNET
        all_seen = bool(names) and self.addressed.issuperset(names)
        if self.state is ReadState.COMPLETE and all_seen:
            return Audience.PRIVATE_NETWORK
        return Audience.UNKNOWN

    def audience_of_all(self, families: Collection[str] = ()) -> Audience:
        """Tell who reaches a port that every node answers on.

        Where not every node was read, a pool whose nodes are given internet addresses tells too.
        """
        told = self.audience([node.metadata.name for node in self.nodes], families)
        is_dialled = not families or "IPv4" in families
        if told is Audience.UNKNOWN and is_dialled and self.public_pools:
            return Audience.INTERNET
        return told

    @property
    def public_pools(self) -> tuple[CloudNodePool, ...]:
        """The pools whose nodes are given internet addresses, by the word of the cloud."""
        return tuple(pool for pool in self.pools if pool.has_public_addresses)

    def why_unknown(self) -> str:
        """Say why the audience of a port on nodes cannot be told."""
        if self.state is ReadState.COMPLETE:
            return "a node or its address is missing, so who reaches its ports cannot be told"
        return f"nodes are {self.state.value}, so who reaches a node port cannot be told"


def pool_ref(pool: CloudNodePool) -> ObjectRef:
    """Name a pool as its nodes' labels do."""
    return ObjectRef("NodePool", None, pool.name)


def pool_hops(pool: CloudNodePool) -> Iterator[Hop]:
    """Write what the cloud says of a pool as evidence."""
    for fact in pool.evidence:
        yield Hop(str(pool_ref(pool)), fact.field, fact.value, "as the cloud has it")


def pool_of(node: Node) -> ObjectRef:
    """Name what one edits to change a node: its pool, or the Node where no label names one."""
    for label in POOL_LABELS:
        if name := node.metadata.labels.get(label):
            return ObjectRef("NodePool", None, name)
    return ObjectRef("Node", None, node.metadata.name)


def _dialled(node: Node) -> Iterator[tuple[str, str]]:
    for item in node.status.addresses:
        address = normal_address(item.address)
        if item.type in DIALLED_TYPES and address is not None:
            yield item.type, address


def _cloud_of(nodes: tuple[Node, ...]) -> str | None:
    """Tell the cloud from the nodes' `spec.providerID`, where they agree on one."""
    clouds = {_cloud_of_id(node.spec.provider_id or "") for node in nodes}
    return clouds.pop() if len(clouds) == 1 else None


def _cloud_of_id(provider_id: str) -> str | None:
    known = _CLOUD_BY_PROVIDER_ID.items()
    return next((cloud for prefix, cloud in known if provider_id.startswith(prefix)), None)
