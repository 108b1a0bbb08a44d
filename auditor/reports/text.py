"""Making cluster content safe for a terminal: names and labels are hostile input."""

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""C0 and C1 controls, zero-width and bidirectional controls, line separators, tags."""

LONGEST = 300
"""Characters of one value that a line shows; Kubernetes names end at 253."""


def safe(text: str, longest: int = LONGEST) -> str:
    """Replace what a terminal would act on, and cut what would flood it."""
    clean = _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)
    return clean if len(clean) <= longest else f"{clean[:longest]}…"


def is_harmless(text: str) -> bool:
    """Whether there is nothing in it that a terminal would act on."""
    return _UNSAFE.search(text) is None


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""


def cell(text: str) -> str:
    """Make a text safe for a spreadsheet: what it would take for a formula is quoted."""
    clean = safe(text)
    return f"'{clean}" if clean.startswith(_FORMULA) else clean
