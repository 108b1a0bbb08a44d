"""Many patterns asked at once: literal ones by a dictionary, globs by letters that they need.

Globs know `*` only. They match in linear time whoever wrote them: the pieces between the stars are
looked for from left to right.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import Struct

Told = TypeVar("Told")


def fits(pattern: str, text: str) -> bool:
    """Tell whether a glob matches the whole of a text."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    *middle, last = rest
    end = len(text) - len(last)
    if end < len(first) or not text.startswith(first) or not text.endswith(last):
        return False
    position = len(first)
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


class _Glob(Struct, frozen=True, gc=False):
    piece: str
    """Its longest run of letters: what does not hold that does not match."""
    pattern: str


class GlobIndex(Generic[Told]):
    """Says what all patterns that match a text tell."""

    def __init__(self) -> None:
        """Start without patterns."""
        self._literal: dict[str, list[Told]] = defaultdict(list)
        self._globs: dict[_Glob, list[Told]] = defaultdict(list)
        self._beginnings: dict[int, dict[str, list[_Glob]]] = {}

    def add(self, pattern: str, told: Told) -> None:
        """Let a pattern tell something."""
        if "*" not in pattern:
            self._literal[pattern].append(told)
            return
        glob = _Glob(max(pattern.split("*"), key=len), pattern)
        if glob not in self._globs:
            beginning = glob.piece[:_BEGINNING]
            alike = self._beginnings.setdefault(len(beginning), {})
            alike.setdefault(beginning, []).append(glob)
        self._globs[glob].append(told)

    def exactly(self, text: str) -> Sequence[Told]:
        """Give what the literal patterns tell."""
        return self._literal.get(text, ())

    def by_glob(self, text: str) -> Sequence[tuple[str, Told]]:
        """Give what the globs tell, each with its pattern."""
        found: list[tuple[str, Told]] = []
        for size, beginnings in self._beginnings.items():
            shared = _pieces(text, size) & beginnings.keys()
            # In order, so that the same text gives the same evidence in every process.
            for beginning in sorted(shared) if shared else ():
                for glob in beginnings[beginning]:
                    if glob.piece in text and fits(glob.pattern, text):
                        found += [(glob.pattern, item) for item in self._globs[glob]]
        return found


_BEGINNING = 3
"""Letters by which globs are found."""


@lru_cache(maxsize=4_096)
def _pieces(text: str, size: int) -> frozenset[str]:
    """Give all runs of so many letters; labels, names and images of a pod are often one word."""
    return frozenset([text[at : at + size] for at in range(len(text) - size + 1)])
