"""Segment rules that contradict each other: one of them can never hold."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import combinations

from auditor.settings.configuration import SegmentMatch, SegmentRule


def contradictions(rules: list[tuple[str, SegmentRule]]) -> Iterator[str]:
    """Name the values that no cluster and no namespace can get, with what stands before them.

    The first rule that matches decides (`docs/contract.md`, Files people write). A rule that names
    another value for what an earlier one covers whole was meant to do something, and does nothing.
    """
    for (before, earlier), (path, later) in combinations(rules, 2):
        for key in ("tenant", "risk_level"):
            first, second = getattr(earlier, key), getattr(later, key)
            if not (isinstance(first, str) and isinstance(second, str)):
                continue
            if first != second and _covers(earlier.match, later.match):
                yield (
                    f"{path}.{key}: {second!r} never holds, since {before} gives {first!r} to all "
                    "that this rule matches; put the narrower rule first, or remove one"
                )


def _covers(earlier: SegmentMatch, later: SegmentMatch) -> bool:
    """Whether one match takes all that another takes, as far as that can be told for sure."""
    if not _covers_glob(earlier.cluster, later.cluster):
        return False
    if earlier.namespace is None:
        return True
    return later.namespace is not None and _covers_glob(earlier.namespace, later.namespace)


def _covers_glob(earlier: str, later: str) -> bool:
    # A star takes the stars of the other too; other signs would take them for letters.
    return earlier == later or (not set("?[") & set(earlier) and fnmatchcase(later, earlier))
