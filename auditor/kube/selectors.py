"""Label selectors with the exact semantics of meta/v1 LabelSelector."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field


class Operator(StrEnum):
    """Operators of a selector requirement (meta/v1 LabelSelectorRequirement)."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


_OPERATORS = tuple(operator.value for operator in Operator)


class Requirement(Struct, frozen=True, gc=False, omit_defaults=True):
    """One `matchExpressions` item; the operator stays a text so that an unknown one is judged."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class LabelSelector(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Labels AND expressions; an empty selector matches everything, a missing one is not this."""

    match_labels: dict[str, str] = field(default_factory=dict)
    match_expressions: tuple[Requirement, ...] = ()

    def problem(self) -> str | None:
        """Say why an API server would refuse the selector, or None where it would not."""
        for requirement in self.match_expressions:
            operator = requirement.operator
            if operator not in _OPERATORS:
                return f"unknown operator {operator!r}"
            takes_values = operator in (Operator.IN, Operator.NOT_IN)
            if takes_values and not requirement.values:
                return f"operator {operator} on {requirement.key!r} needs values"
            if not takes_values and requirement.values:
                return f"operator {operator} on {requirement.key!r} takes no values"
        return None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels satisfy the selector; one that has a `problem` matches nothing.

        `In` needs the key; `NotIn` and `DoesNotExist` match when the key is absent; `Exists` needs
        the key with any value, the empty one too.
        """
        return (
            self.problem() is None
            and all(labels.get(key) == value for key, value in self.match_labels.items())
            and all(_holds(requirement, labels) for requirement in self.match_expressions)
        )


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case Operator.IN:
            return value is not None and value in requirement.values
        case Operator.NOT_IN:
            return value is None or value not in requirement.values
        case Operator.EXISTS:
            return value is not None
        case _:
            return value is None
