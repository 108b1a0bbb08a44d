"""Writes the generated pages below docs/: `python -m tools.docs`, or `--check` to only compare.

What a page says stands once, beside the code or in a data file. The page is made from it, so that
it cannot say anything else. A page whose source is gone is removed.
"""
