"""Markdown as the pages write it."""

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~]")


def remark(source: str) -> str:
    """Say at a page's head where it comes from."""
    return f"<!-- Written by `make docs`: edit {source} instead. -->"


def plain(text: str) -> str:
    """Write text of a data file so that it reads as it stands there, in a table too."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """Write a word as code; within a table its bars are escaped."""
    return f"`{text.replace('|', chr(92) + '|')}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of cells that are Markdown already."""
    first, *others = (
        f"|{''.join(f' {cell} |' if cell else ' |' for cell in line)}" for line in (head, *rows)
    )
    return "\n".join((first, f"|{'---|' * len(head)}", *others))
