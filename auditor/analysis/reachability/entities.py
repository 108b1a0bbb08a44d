"""Whom connections are between: classes of pods, pieces of the address space, nodes.

Each is a bit. Pieces of the address space come first, then the nodes' addresses, then whoever
stands before the cluster's Ingresses, then the classes of pods, which alone grow while one watches.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.analysis.reachability.atoms import Atoms
from auditor.analysis.reachability.demands import Demands
from auditor.analysis.reachability.profile import Directions, Known, Profile
from auditor.analysis.reachability.standing import Direction
from auditor.kube.cluster_scope import Node
from auditor.kube.pods import Pod
from auditor.model.addresses import AddressSet, normal_address
from auditor.model.ports import Protocol

NamedPorts = tuple[tuple[str, Protocol, int], ...]


def set_bits(mask: int) -> Iterator[int]:
    """Give the positions of the bits that are set, in order."""
    text = bin(mask)[:1:-1]
    at = text.find("1")
    while at >= 0:
        yield at
        at = text.find("1", at + 1)


class PodClass(Struct, frozen=True):
    """Pods that no policy can tell apart."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    """Those that some policy asks for."""
    named: NamedPorts
    """Container ports whose names some policy uses."""
    host_network: bool
    enforced: Directions
    """Whether NetworkPolicies have an effect on the node."""
    pieces: int
    """Pieces of the address space that hold the pods' addresses, where some rule may ask."""


class Entities:
    """Every entity of one cluster."""

    def __init__(self, demands: Demands, profile: Profile, nodes: Iterable[Node]) -> None:
        """Lay out addresses and nodes."""
        self.demands = demands
        self.profile = profile
        self.atoms = Atoms(demands.blocks)
        self.outside = (1 << self.atoms.count) - 1
        self.nodes = 0
        """Of each piece of the address space that holds nodes' addresses, those nodes."""
        self.labelled_nodes: list[tuple[dict[str, str], int]] = []
        """Labels of each node, and the pieces that hold its addresses."""
        for node in nodes:
            pieces = self._pieces(item.address for item in node.status.addresses)
            self.nodes |= pieces << self.atoms.count
            self.labelled_nodes.append((node.metadata.labels, pieces))
        self.controller = 1 << self.atoms.count * 2
        """Whoever serves Ingresses and is not in the input."""
        self._first_class = self.atoms.count * 2 + 1
        self.classes: list[PodClass] = []
        """The first is a stranger's: a pod that is not there, without labels, in no namespace that
        is. What it may reach is open to all that nobody thought of."""
        self._counts: list[int] = []
        self._numbers: dict[PodClass, int] = {}
        self._place_of: dict[tuple[str, str], int] = {}
        self.living = 0
        """Classes that have a pod."""
        self.host_network = 0
        self.by_named_ports: dict[NamedPorts, int] = {
            (): self.outside | self.nodes | self.controller
        }
        self.sure_subjects: dict[tuple[bool, Direction], int] = {}
        """By whether policies are an administrator's, and direction: classes for which they count
        for sure."""
        self.maybe_subjects: dict[tuple[bool, Direction], int] = {}
        """Classes for which they may count."""

    @property
    def everyone(self) -> int:
        """Give all entities but the controller before Ingresses."""
        return self.outside | self.nodes | self.living

    @property
    def stranger(self) -> int:
        """Give the bit of a pod that no policy names and none selects."""
        return self.bit(0)

    def find(self, pod: Pod) -> PodClass:
        """Tell which class a pod belongs to, whether that is there yet or not."""
        labels, demands = pod.metadata.labels, self.demands
        named = {
            (port.name, port.protocol, port.container_port)
            for container in pod.spec.serving_containers()
            for port in container.ports
            if port.name and port.name in demands.port_names
        }
        pieces = 0
        if demands.asks_for_pod_addresses:
            pieces = self._pieces(pod.status.addresses())
        return PodClass(
            pod.metadata.namespace or "",
            tuple((key, labels[key]) for key in demands.keys if key in labels),
            tuple(sorted(named)),
            pod.spec.host_network,
            self.profile.on_nodes.get(pod.spec.node_name or "", self.profile.enforces),
            pieces,
        )

    def number(self, kind: PodClass) -> tuple[int, bool]:
        """Give the number of a class, and whether it is new."""
        found = self._numbers.get(kind)
        if found is not None:
            return found, False
        number = self._numbers[kind] = len(self.classes)
        self.classes.append(kind)
        self._counts.append(0)
        bit = self.bit(number)
        self.by_named_ports[kind.named] = self.by_named_ports.get(kind.named, 0) | bit
        if kind.host_network:
            self.host_network |= bit
        for is_admin in (False, True):
            for direction in Direction:
                self._note_subject(kind, bit, (is_admin, direction))
        return number, True

    def put(self, pod: Pod, number: int) -> None:
        """Put a pod into a class."""
        self.take_out(pod)
        self._counts[number] += 1
        self.living |= self.bit(number)
        self._place_of[pod.metadata.namespace or "", pod.metadata.name] = number

    def take_out(self, pod: Pod) -> None:
        """Take a pod out of its class, if it is in one."""
        number = self._place_of.pop((pod.metadata.namespace or "", pod.metadata.name), None)
        if number is not None:
            self._counts[number] -= 1
            if not self._counts[number]:
                self.living &= ~self.bit(number)

    def number_of(self, pod: Pod) -> int | None:
        """Give the class of a pod; None where it has no network."""
        return self._place_of.get((pod.metadata.namespace or "", pod.metadata.name))

    def bit(self, number: int) -> int:
        """Give the bit of a class."""
        return 1 << self._first_class + number

    def mask(self, numbers: Iterable[int]) -> int:
        """Give the bits of many classes at once; adding one by one would copy each time."""
        held = bytearray(len(self.classes) // 8 + 1)
        for number in numbers:
            held[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(held, "little") << self._first_class

    def numbers(self, mask: int) -> Iterator[int]:
        """Give the classes among some entities, in order."""
        return set_bits(mask >> self._first_class)

    def class_at(self, bit: int) -> PodClass | None:
        """Give the class of an entity; None where it is none."""
        number = self.number_at(bit)
        return None if number is None else self.classes[number]

    def number_at(self, bit: int) -> int | None:
        """Give the number of the class of an entity; None where it is none."""
        number = bit.bit_length() - 1 - self._first_class
        return number if number >= 0 else None

    def address(self, text: str) -> int:
        """Give the piece of the address space that holds an address."""
        return self._pieces([text])

    def node(self, text: str) -> int:
        """Give the nodes whose addresses lie in one piece with an address of a node."""
        return self._pieces([text]) << self.atoms.count

    def _pieces(self, texts: Iterable[str]) -> int:
        known = (normal_address(text) for text in texts)
        return self.atoms.mask(AddressSet.of(text for text in known if text))

    def _note_subject(self, kind: PodClass, bit: int, key: tuple[bool, Direction]) -> None:
        known = self._counts_for(kind, *key)
        sure, maybe = self.sure_subjects.get(key, 0), self.maybe_subjects.get(key, 0)
        self.sure_subjects[key] = sure | bit if known is Known.YES else sure
        self.maybe_subjects[key] = maybe | bit if known is not Known.NO else maybe

    def _counts_for(self, kind: PodClass, is_admin: bool, direction: Direction) -> Known:  # noqa: FBT001
        profile = self.profile
        known = {kind.enforced.ingress if direction is Direction.INGRESS else kind.enforced.egress}
        if is_admin:
            known.add(profile.admin)
        if kind.host_network:
            known.add(profile.admin_host_network if is_admin else profile.host_network)
        return next((item for item in (Known.NO, Known.UNKNOWN) if item in known), Known.YES)
