"""Which entities a rule speaks of: selections worked out over classes, and kept up with them."""

from collections import defaultdict
from collections.abc import Mapping
from weakref import WeakValueDictionary

from auditor.analysis.reachability.entities import Entities, PodClass, set_bits
from auditor.analysis.reachability.profile import Known
from auditor.analysis.reachability.selections import (
    AnyOf,
    Block,
    Everyone,
    Match,
    NodesByLabel,
    Pods,
    Selection,
    SomeAddresses,
)
from auditor.kube.selectors import Operator

NAME_LABEL = "kubernetes.io/metadata.name"
"""Every namespace carries its name so (well-known labels)."""


class Members:
    """The entities that a selection speaks of."""

    __slots__ = ("__weakref__", "maybe", "selection", "sure")

    def __init__(self, selection: Selection, sure: int, maybe: int) -> None:
        """Bind a selection to the entities it was worked out to be."""
        self.selection = selection
        self.sure = sure
        """Those among it whatever the plugin does."""
        self.maybe = maybe
        """Those that may be; never fewer."""

    def say(self, bit: int, *, sure: bool, maybe: bool) -> None:
        """Say of one entity whether it is among them."""
        self.sure = self.sure | bit if sure else self.sure & ~bit
        self.maybe = self.maybe | bit if maybe else self.maybe & ~bit


class Membership:
    """Works selections out, each once, and asks them again about what is new."""

    def __init__(self, entities: Entities, namespaces: Mapping[str, Mapping[str, str]]) -> None:
        """Take the entities as they are; `namespaces` gives labels by name."""
        self._entities = entities
        self._namespaces = {name: _named(name, labels) for name, labels in namespaces.items()}
        self._labels: list[dict[str, str]] = []
        self._in_namespace: dict[str, list[int]] = defaultdict(list)
        self._with_label: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._with_key: dict[str, list[int]] = defaultdict(list)
        self._at_piece: dict[int, list[int]] = defaultdict(list)
        self._pod_pieces = 0
        """Pieces of the address space that hold a pod's address."""
        self._homeless: list[int] = []
        """Classes of whose pods no address is known."""
        self._fitting: dict[Match, int] = {}
        self._where: dict[Match, int] = {}
        self._every_class = 0
        self._members: dict[str | None, WeakValueDictionary[Selection, Members]] = defaultdict(
            WeakValueDictionary
        )
        """By the one namespace whose classes may be among them, or None."""
        self.epoch = 0
        """Changes whenever the members of something may have changed."""

    def add(self, number: int) -> None:
        """Take note of a new class."""
        self.epoch += 1
        kind = self._entities.classes[number]
        self._labels.append(dict(kind.labels))
        self._in_namespace[kind.namespace].append(number)
        for key, value in kind.labels:
            self._with_label[key, value].append(number)
            self._with_key[key].append(number)
        if not kind.pieces:
            self._homeless.append(number)
        self._pod_pieces |= kind.pieces
        for piece in set_bits(kind.pieces):
            self._at_piece[piece].append(number)
        self._fitting.clear()
        self._where.clear()
        self._every_class = 0
        for namespace in (kind.namespace, None):
            for members in self._members[namespace].values():
                self._ask(members, number)

    def set_namespace(self, name: str, labels: Mapping[str, str]) -> None:
        """Give a namespace other labels; every selection is asked again about its classes."""
        self.epoch += 1
        self._namespaces[name] = _named(name, labels)
        self._where.clear()
        for members in self._members[None].values():
            for number in self._in_namespace.get(name, ()):
                self._ask(members, number)

    def of(self, selection: Selection) -> Members:
        """Give the entities that a selection speaks of; they are kept up while it is held."""
        known = self._members[_namespace_of(selection)]
        found = known.get(selection)
        if found is None:
            found = known[selection] = Members(selection, *self._work_out(selection))
        return found

    def would_hold(self, selection: Selection, namespace: str, labels: dict[str, str]) -> bool:
        """Whether a selection of pods would hold one with some labels, if there were any."""
        if isinstance(selection, AnyOf):
            return any(self.would_hold(part, namespace, labels) for part in selection.parts)
        if not isinstance(selection, Pods) or not selection.pods.fits(labels):
            return False
        where = selection.namespaces
        if isinstance(where, str):
            return where == namespace
        return where.fits(self._labels_of(namespace))

    def _ask(self, members: Members, number: int) -> None:
        kind = self._entities.classes[number]
        sure, maybe = self._includes(members.selection, kind, self._labels[number])
        members.say(self._entities.bit(number), sure=sure, maybe=maybe)

    # All entities at once

    def _work_out(self, selection: Selection) -> tuple[int, int]:
        match selection:
            case Everyone():
                everyone = self._all_else() | self._all_classes()
                return everyone, everyone
            case SomeAddresses():
                return 0, self._entities.outside
            case AnyOf(parts):
                found = [self._work_out(part) for part in parts]
                sure = maybe = 0
                for one, other in found:
                    sure, maybe = sure | one, maybe | other
                return sure, maybe
            case Pods():
                return self._pods(selection)
            case Block():
                return self._block(selection)
            case NodesByLabel():
                return self._nodes(selection)

    def _pods(self, selection: Pods) -> tuple[int, int]:
        namespaces, entities = selection.namespaces, self._entities
        found = self._among(namespaces) & self._fits(selection.pods)
        hosts, known = found & entities.host_network, selection.host_network
        sure = found & ~hosts if known is not Known.YES else found
        maybe = found & ~hosts if known is Known.NO else found
        # Of the controller that is not in the input neither namespace nor labels are known.
        if (
            isinstance(namespaces, Match)
            and namespaces.is_everything
            and selection.pods.is_everything
        ):
            sure |= entities.controller
        return sure, maybe | entities.controller

    def _block(self, selection: Block) -> tuple[int, int]:
        entities = self._entities
        pieces = entities.atoms.mask(selection.addresses)
        nodes = pieces << entities.atoms.count & entities.nodes
        sure = pieces | (nodes if selection.nodes is Known.YES else 0)
        maybe = pieces | (nodes if selection.nodes is not Known.NO else 0)
        if selection.pods is Known.NO:
            return sure, maybe
        one = selection.one_address_is_enough
        there = {
            number
            for piece in set_bits(pieces & self._pod_pieces)
            for number in self._at_piece[piece]
        }
        whole = entities.mask(
            number
            for number in there
            if _in_block(entities.classes[number], pieces, one_is_enough=one)[0]
        )
        held = entities.mask((*there, *self._homeless))
        return sure | (whole if selection.pods is Known.YES else 0), maybe | held

    def _nodes(self, selection: NodesByLabel) -> tuple[int, int]:
        entities, pieces = self._entities, 0
        for labels, held in entities.labelled_nodes:
            pieces |= held if selection.labels.fits(labels) else 0
        found = pieces | pieces << entities.atoms.count
        hosts = 0 if selection.host_network is Known.NO else entities.host_network
        return found, found | hosts

    def _among(self, namespaces: str | Match) -> int:
        """Give the classes of some namespaces."""
        if isinstance(namespaces, str):
            return self._entities.mask(self._in_namespace.get(namespaces, ()))
        if namespaces.is_everything:
            return self._all_classes()
        found = self._where.get(namespaces)
        if found is None:
            found = self._where[namespaces] = self._entities.mask(
                number
                for name, numbers in self._in_namespace.items()
                if namespaces.fits(self._labels_of(name))
                for number in numbers
            )
        return found

    def _fits(self, pods: Match) -> int:
        """Give the classes whose labels fit, wherever they are."""
        found = self._fitting.get(pods)
        if found is None:
            found = self._all_classes()
            for label in pods.labels:
                found &= self._entities.mask(self._with_label.get(label, ()))
            for key, operator, values in pods.expressions:
                found &= self._fits_expression(key, operator, values)
            self._fitting[pods] = found
        return found

    def _fits_expression(self, key: str, operator: str, values: tuple[str, ...]) -> int:
        if operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST):
            held = self._entities.mask(self._with_key.get(key, ()))
        else:
            held = self._entities.mask(
                number for value in values for number in self._with_label.get((key, value), ())
            )
        is_among = operator in (Operator.IN, Operator.EXISTS)
        return held if is_among else self._all_classes() & ~held

    def _all_classes(self) -> int:
        if not self._every_class:
            self._every_class = self._entities.mask(range(len(self._entities.classes)))
        return self._every_class

    def _all_else(self) -> int:
        entities = self._entities
        return entities.outside | entities.nodes | entities.controller

    def _labels_of(self, namespace: str) -> dict[str, str]:
        found = self._namespaces.get(namespace)
        if found is None:
            found = self._namespaces[namespace] = _named(namespace, {})
        return found

    # One class

    def _includes(
        self, selection: Selection, kind: PodClass, labels: dict[str, str]
    ) -> tuple[bool, bool]:
        """Tell of one class whether it is among a selection for sure, and whether it may be."""
        match selection:
            case Everyone():
                return True, True
            case SomeAddresses():
                return False, False
            case AnyOf(parts):
                found = [self._includes(part, kind, labels) for part in parts]
                return any(sure for sure, _ in found), any(maybe for _, maybe in found)
            case Pods(namespaces, pods, host_network):
                fits = self._is_among(namespaces, kind) and pods.fits(labels)
                is_host = kind.host_network
                return (
                    fits and not (is_host and host_network is not Known.YES),
                    fits and not (is_host and host_network is Known.NO),
                )
            case Block(addresses, known, _, one):
                pieces = self._entities.atoms.mask(addresses)
                is_in, may_be = _in_block(kind, pieces, one_is_enough=one)
                return is_in and known is Known.YES, may_be and known is not Known.NO
            case NodesByLabel(_, host_network):
                return False, kind.host_network and host_network is not Known.NO

    def _is_among(self, namespaces: str | Match, kind: PodClass) -> bool:
        if isinstance(namespaces, str):
            return namespaces == kind.namespace
        return namespaces.fits(self._labels_of(kind.namespace))


def _named(name: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Give the labels of a namespace with its name, also where the input lacks that (rule 14)."""
    return {**labels, NAME_LABEL: name}


def _namespace_of(selection: Selection) -> str | None:
    """Give the one namespace in which a selection can find pods; None where there may be more."""
    match selection:
        case Pods(namespaces):
            return namespaces if isinstance(namespaces, str) else None
        case AnyOf(parts):
            names = {_namespace_of(part) for part in parts}
            return names.pop() if len(names) == 1 else None
        case _:
            return None


def _in_block(kind: PodClass, pieces: int, *, one_is_enough: bool) -> tuple[bool, bool]:
    """Tell whether the pods of a class are in a block for sure, and whether they may be.

    One whose addresses were not read may be in any block.
    """
    if not kind.pieces:
        return False, True
    holds_one = bool(kind.pieces & pieces)
    return holds_one if one_is_enough else not kind.pieces & ~pieces, holds_one
