"""What a rule speaks of, before it is known which pods and addresses that are."""

from msgspec import Struct

from auditor.analysis.reachability.profile import Known
from auditor.kube.selectors import LabelSelector, Operator
from auditor.model.addresses import AddressSet

Labels = tuple[tuple[str, str], ...]


class Match(Struct, frozen=True):
    """A label selector that can be compared, and that has no problem."""

    labels: Labels = ()
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, selector: LabelSelector) -> "Match":
        """Take over a selector, its parts in one order."""
        expressions = sorted(
            (item.key, item.operator, tuple(sorted(set(item.values))))
            for item in selector.match_expressions
        )
        return cls(tuple(sorted(selector.match_labels.items())), tuple(expressions))

    @property
    def is_everything(self) -> bool:
        """Whether no label can make a difference."""
        return not self.labels and not self.expressions

    def named_keys(self) -> set[str]:
        """Give the labels that make a difference."""
        return {key for key, _ in self.labels} | {key for key, _, _ in self.expressions}

    def fits(self, labels: dict[str, str]) -> bool:
        """Whether labels satisfy it (meta/v1 LabelSelector)."""
        return all(labels.get(key) == value for key, value in self.labels) and all(
            _holds(operator, labels.get(key), values) for key, operator, values in self.expressions
        )


def _holds(operator: str, value: str | None, values: tuple[str, ...]) -> bool:
    match operator:
        case Operator.IN:
            return value in values
        case Operator.NOT_IN:
            return value not in values
        case Operator.EXISTS:
            return value is not None
        case _:
            return value is None


EVERYTHING = Match()


class Pods(Struct, frozen=True):
    """Pods by labels, in one namespace or in those that a selector fits."""

    namespaces: str | Match
    pods: Match = EVERYTHING
    host_network: Known = Known.YES
    """Whether pods on the node's network are among them."""


class Block(Struct, frozen=True):
    """Addresses, and what of the cluster has them."""

    addresses: AddressSet
    pods: Known
    nodes: Known
    one_address_is_enough: bool = True
    """Whether a pod is among them by one address of several. What is admitted for one of its two
    families is admitted; what is denied for one of them may go by the other (rule 29)."""


class NodesByLabel(Struct, frozen=True):
    """The addresses of some nodes (npep-126)."""

    labels: Match
    host_network: Known
    """Whether the pods on their network are among them."""


class Everyone(Struct, frozen=True):
    """Every pod, node and address."""


class SomeAddresses(Struct, frozen=True):
    """Outside addresses that cannot be told, such as those of a domain name."""


class AnyOf(Struct, frozen=True):
    """Whatever one of the parts speaks of; nobody, where there is no part."""

    parts: tuple["Selection", ...]


Selection = Pods | Block | NodesByLabel | Everyone | SomeAddresses | AnyOf

EVERYONE = Everyone()
NOBODY = AnyOf(())


def any_of(parts: tuple[Selection, ...]) -> Selection:
    """Join selections, a single one as it is."""
    return parts[0] if len(parts) == 1 else AnyOf(tuple(dict.fromkeys(parts)))
