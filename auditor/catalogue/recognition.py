"""What keeps recognition from error: traps, words that say nothing, and who copies images."""

from functools import cache

from msgspec import Struct

from auditor.catalogue.loading import CatalogueError, load_data
from auditor.catalogue.software import software


class ImageTrap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Images whose name fits some software that they are not."""

    images: tuple[str, ...]
    not_a: tuple[str, ...]
    is_really: str
    unless_tag_contains: tuple[str, ...] = ()
    unless_labels: tuple[str, ...] = ()


class LabelTrap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A label under which some software is not meant."""

    label: str
    not_a: tuple[str, ...]
    is_really: str


class RecognitionRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    vendors: frozenset[str]
    """Projects and pull-through paths under which an image is what its last component says."""
    generic_names: frozenset[str]
    generic_labels: frozenset[str]
    generic_kinds: frozenset[str]
    """Kinds of owners that do not tell their software, in lower case."""
    label_traps: tuple[LabelTrap, ...]
    traps: tuple[ImageTrap, ...]


@cache
def recognition_rules() -> RecognitionRules:
    """Give the rules.

    Raises:
        CatalogueError: a trap names software that is not in the catalogue.
    """
    rules = load_data("recognition.yaml", RecognitionRules)
    named = [(trap.is_really, trap.not_a) for trap in rules.traps]
    named += [(trap.is_really, trap.not_a) for trap in rules.label_traps]
    for trap, ids in named:
        unknown = sorted(set(ids) - set(software()))
        if unknown:
            raise CatalogueError(
                f"recognition.yaml: {trap!r} names {', '.join(unknown)}: no such entry"
            )
    return rules
