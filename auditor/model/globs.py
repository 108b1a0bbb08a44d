"""Globs as `fnmatch` takes them: `*`, `?` and `[…]`, matched whole and case-sensitively."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache

_TOKEN = re.compile(r"\*+|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)

_SIGNS = re.compile(r"[*?[]")


def may_meet(first: str, second: str) -> bool:
    """Whether some text may match both globs.

    Exact but for two bracket expressions against each other, which are taken to meet.
    """
    plain = [text for text in (first, second) if not _SIGNS.search(text)]
    if plain:
        return fnmatchcase(plain[0], second if plain[0] is first else first)
    return _meet(tuple(_TOKEN.findall(first)), tuple(_TOKEN.findall(second)))


def escaped(text: str) -> str:
    """Give the glob that matches this text and no other."""
    return _SIGNS.sub(r"[\g<0>]", text)


def _meet(first: Sequence[str], second: Sequence[str]) -> bool:
    @cache
    def from_here(left: int, right: int) -> bool:
        if left < len(first) and first[left][0] == "*":
            return from_here(left + 1, right) or (
                right < len(second) and from_here(left, right + 1)
            )
        if right < len(second) and second[right][0] == "*":
            return from_here(left, right + 1) or (left < len(first) and from_here(left + 1, right))
        if left == len(first) or right == len(second):
            return left == len(first) and right == len(second)
        return _share_a_sign(first[left], second[right]) and from_here(left + 1, right + 1)

    # Filled from the end, so that no call goes deeper than a step.
    for left in range(len(first), -1, -1):
        for right in range(len(second), -1, -1):
            from_here(left, right)
    return from_here(0, 0)


def _share_a_sign(first: str, second: str) -> bool:
    if len(first) == 1 and first != "?":
        return fnmatchcase(first, second)
    if len(second) == 1 and second != "?":
        return fnmatchcase(second, first)
    return True
