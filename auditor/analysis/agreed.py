"""What people agreed to: which declaration covers an exposure, and what the nearest one lacks.

This is the one place that decides it: acceptance, counting and checks ask here.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

from msgspec import Struct

from auditor.model.addresses import AddressSet
from auditor.model.agreement import Declaration
from auditor.model.audience import Audience
from auditor.model.exposure import Exposure, ExposureVerdict
from auditor.model.identity import ObjectRef

BEYOND_THE_CLUSTER = frozenset(
    {Audience.INTERNET, Audience.ALLOW_LISTED, Audience.PRIVATE_NETWORK, Audience.UNKNOWN}
)
"""Audiences of which somebody has to have agreed; one that is not known may be any of them."""


class NearMiss(Struct, frozen=True):
    """A declaration that speaks of what an exposure leads to, and does not cover it."""

    index: int
    declaration: Declaration
    lacks: tuple[str, ...]
    """Why it does not cover the exposure; never empty."""


class Agreed:
    """The declarations of a configuration, held against the exposures of one cluster."""

    def __init__(self, cluster: str, today: date, declarations: Sequence[Declaration]) -> None:
        """Take the declarations that speak of a cluster, in the order of the configuration."""
        self._cluster = cluster
        self._today = today
        self.declarations = tuple(
            (index, item) for index, item in enumerate(declarations) if item.speaks_of(cluster)
        )

    def in_force(self, declaration: Declaration) -> bool:
        """Whether its last day is not over."""
        return not declaration.is_expired(self._today)

    def covering(self, exposure: Exposure) -> tuple[int, ...]:
        """Give the declarations in force that cover an exposure, the narrowest first."""
        found = [
            (index, item)
            for index, item in self.declarations
            if _speaks_of(item, exposure) and not self._lacks(item, exposure)
        ]
        return tuple(index for index, _ in sorted(found, key=lambda pair: pair[1].breadth))

    def would_cover(self, declaration: Declaration, exposure: Exposure) -> bool:
        """Whether a declaration covers an exposure, or would if it had not expired."""
        return _speaks_of(declaration, exposure) and not tuple(_differences(declaration, exposure))

    def may_cover(self, declaration: Declaration, exposure: Exposure) -> bool:
        """Whether it would cover an exposure if what is not known of that turns out so."""
        return _speaks_of(declaration, exposure) and not any(
            found.is_known for found in _differences(declaration, exposure)
        )

    def nearest(self, exposure: Exposure) -> NearMiss | None:
        """Give the declaration that lacks least; None where none speaks of the target."""
        misses = [
            NearMiss(index, item, lacks)
            for index, item in self.declarations
            if _speaks_of(item, exposure) and (lacks := self._lacks(item, exposure))
        ]
        return min(misses, key=lambda miss: (len(miss.lacks), miss.index), default=None)

    def _lacks(self, declaration: Declaration, exposure: Exposure) -> tuple[str, ...]:
        expired = declaration.is_expired(self._today)
        late = (f"it expired on {declaration.expires}",) if expired else ()
        return (*late, *(found.text for found in _differences(declaration, exposure)))


class _Difference(Struct, frozen=True):
    """Something that a declaration says and an exposure is not."""

    text: str
    is_known: bool = True
    """Whether that of the exposure is known, so that it is another for sure."""


def _differences(declaration: Declaration, exposure: Exposure) -> Iterator[_Difference]:
    entry = exposure.entry
    if declaration.port != entry.port:
        other = f"not {entry.port or 'one to be allocated'}"
        yield _Difference(f"it declares port {declaration.port}, {other}", entry.port is not None)
    if declaration.protocol is not entry.protocol:
        yield _Difference(f"it declares {declaration.protocol}, not {entry.protocol}")
    if not declaration.admits(exposure.audience):
        text = f"it declares {declaration.audience.value}, not {exposure.audience.value}"
        yield _Difference(text, exposure.audience is not Audience.UNKNOWN)
    elif declaration.sources and not _within(exposure, declaration.sources):
        admitted = ", ".join(exposure.sources) or "sources that are not known"
        text = f"it declares {', '.join(declaration.sources)}, and admitted are {admitted}"
        yield _Difference(text, bool(exposure.sources))


def needs_agreement(exposure: Exposure) -> bool:
    """Whether an exposure leads in from beyond the cluster, or may do so."""
    return (
        exposure.audience in BEYOND_THE_CLUSTER and exposure.verdict is not ExposureVerdict.BLOCKED
    )


def declared_as(exposure: Exposure) -> ObjectRef:
    """Name what a declaration speaks of: the workload, or the door where none is behind it."""
    return exposure.target.workload or exposure.entry.object


def _speaks_of(declaration: Declaration, exposure: Exposure) -> bool:
    ref = declared_as(exposure)
    return fnmatchcase(ref.namespace or "", declaration.namespace) and fnmatchcase(
        str(ref), declaration.workload
    )


def _within(exposure: Exposure, sources: tuple[str, ...]) -> bool:
    """Whether all that an exposure admits was declared; what is not known may be more."""
    return bool(exposure.sources) and AddressSet.of(exposure.sources) <= AddressSet.of(sources)
