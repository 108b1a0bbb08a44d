"""The catalogue: every check of this package, and the slugs that later versions will give.

Built-in checks are found by walking the package, so that a new one is a new folder and no list
has to be kept by hand.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import msgspec

from auditor import checks
from auditor.catalogue.loading import load_data
from auditor.checks.check import Check


@cache
def catalog() -> Mapping[str, Check]:
    """Give every check by its slug, ordered by family and slug."""
    found = [
        import_module(f"{checks.__name__}.{module.name}.check").CHECK
        for module in iter_modules(checks.__path__)
        if module.ispkg
    ]
    return {check.slug: check for check in sorted(found, key=lambda c: (c.family, c.slug))}


class ReservedChecks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    slugs: tuple[str, ...]


@cache
def reserved_slugs() -> frozenset[str]:
    """Give the slugs of the published catalogue that this version does not judge yet.

    A configuration may name them already; they have no effect.
    """
    return frozenset(load_data("reserved_checks.yaml", ReservedChecks).slugs) - set(catalog())


def parameter_types() -> dict[str, type[msgspec.Struct] | None]:
    """Give what a configuration may set by slug; None for a reserved one."""
    known: dict[str, type[msgspec.Struct] | None] = dict.fromkeys(sorted(reserved_slugs()))
    return known | {slug: check.parameters for slug, check in catalog().items()}
