"""Many patterns asked at once: literal ones by a dictionary, globs by letters that they need.

Globs know `*` only. They match in linear time whoever wrote them: the pieces between the stars are
looked for from left to right.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
        self._beginnings: dict[str, list[_Glob]] = defaultdict(list)
        self._sizes: set[int] = set()

    def add(self, pattern: str, told: Told) -> None:
        """Let a pattern tell something."""
        if "*" not in pattern:
            self._literal[pattern].append(told)
            return
        glob = _Glob(max(pattern.split("*"), key=len), pattern)
        if glob not in self._globs:
            beginning = glob.piece[:_BEGINNING]
            self._beginnings[beginning].append(glob)
            self._sizes.add(len(beginning))
        self._globs[glob].append(told)

    def exactly(self, text: str) -> Sequence[Told]:
        """Give what the literal patterns tell."""
        return self._literal.get(text, ())

    def by_glob(self, text: str) -> Iterator[tuple[str, Told]]:
        """Go through what the globs tell, each with its pattern."""
        for glob in self._candidates(text) if self._globs else ():
            if glob.piece in text and fits(glob.pattern, text):
                for item in self._globs[glob]:
                    yield glob.pattern, item

    def _candidates(self, text: str) -> dict[_Glob, None]:
        """Give the globs of whose longest piece at least the beginning stands in a text."""
        found: dict[_Glob, None] = {}
        for size in self._sizes:
            beginnings = {text[at : at + size] for at in range(len(text) - size + 1)}
            for beginning in sorted(beginnings & self._beginnings.keys()):
                found.update(dict.fromkeys(self._beginnings[beginning]))
        return found


_BEGINNING = 3
"""Letters by which globs are found."""
