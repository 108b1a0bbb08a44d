"""Nodes: which of them the internet can address, and which pool each belongs to."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.kube.cluster_scope import Node
from auditor.kube.inventory import Inventory
from auditor.kube.resources import NODES
from auditor.model.addresses import normal_address
from auditor.model.audience import AddressSpace, Audience
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

_CLOUD_BY_PROVIDER_ID = {"aws": "aws", "gce": "gcp", "azure": "azure"}


DIALLED_TYPES = ("InternalIP", "ExternalIP")
"""Types of node address that packets can be sent to (core/v1 NodeAddress)."""


class PublicAddress(Struct, frozen=True):
    """An internet address of a node."""

    node: str
    type: str
    address: str

    def hop(self) -> Hop:
        """Write it as evidence."""
        return Hop(f"Node/{self.node}", f"status.addresses[{self.type}]", self.address)


class NodeFacts:
    """What the inventory's nodes mean for doors that open on them."""

    def __init__(self, inventory: Inventory, space: AddressSpace) -> None:
        """Sort the addresses of all nodes."""
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
        self.cloud = _cloud_of(inventory.nodes)

    def public_on(self, names: Iterable[str]) -> tuple[PublicAddress, ...]:
        """Give the internet addresses of some nodes."""
        wanted = set(names)
        return tuple(address for address in self.public if address.node in wanted)

    def audience(self, public: tuple[PublicAddress, ...]) -> Audience:
        """Tell who reaches a port on nodes of which these are the public addresses.

        A public address proves the internet; only a complete read of at least one node proves
        that there is none.
        """
        if public:
            return Audience.INTERNET
        if self.state is ReadState.COMPLETE and self.nodes:
            return Audience.PRIVATE_NETWORK
        return Audience.UNKNOWN

    def why_unknown(self) -> str:
        """Say why the audience of a port on nodes cannot be told."""
        if self.state is ReadState.COMPLETE:
            return "no node was found, so who reaches a node port cannot be told"
        return f"nodes are {self.state.value}, so who reaches a node port cannot be told"


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
    schemes = {(node.spec.provider_id or "").partition(":")[0] for node in nodes}
    clouds = {_CLOUD_BY_PROVIDER_ID.get(scheme) for scheme in schemes}
    return clouds.pop() if len(clouds) == 1 else None
