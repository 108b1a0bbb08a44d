"""Namespaces and nodes (core/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class Namespace(Struct, frozen=True, gc=False, omit_defaults=True):
    """A namespace."""

    metadata: ObjectMeta


class NodeAddress(Struct, frozen=True, gc=False, omit_defaults=True):
    """An address of a node (core/v1 NodeAddress)."""

    type: str = ""
    address: str = ""


class NodeInfo(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a node says of itself (core/v1 NodeSystemInfo)."""

    kubelet_version: str = ""


class NodeStatus(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What is known of a node (core/v1 NodeStatus)."""

    addresses: tuple[NodeAddress, ...] = ()
    node_info: NodeInfo = field(default_factory=NodeInfo)


class NodeSpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the cloud says of a node (core/v1 NodeSpec)."""

    provider_id: str | None = field(default=None, name="providerID")


class Node(Struct, frozen=True, gc=False, omit_defaults=True):
    """A node."""

    metadata: ObjectMeta
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)
