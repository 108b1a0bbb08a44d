"""Drafting declarations: what is open beyond a cluster today, for people to answer for."""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from auditor.analysis.agreed import Agreed, declared_as, needs_agreement
from auditor.model.agreement import Declaration
from auditor.model.audience import Audience
from auditor.model.audit import Audit
from auditor.model.exposure import Exposure, ExposureVerdict
from auditor.model.globs import escaped
from auditor.model.ports import Protocol
from auditor.settings.configuration import Configuration


class Drafted(Struct, frozen=True):
    """One declaration, and the doors that it would cover."""

    declaration: Declaration
    doors: tuple[str, ...]
    """Each door's object and sort, in order; none where it was declared before."""
    doubt: str | None = None
    """Why it is not known whether the doors are open; None where they are."""


class Undeclarable(Struct, frozen=True):
    """A door of which too little is known to write a declaration."""

    door: str
    leads_to: str
    reason: str


class Draft(Struct, frozen=True):
    """What is open beyond some clusters, as declarations without anybody's name."""

    entries: tuple[Drafted, ...]
    doubtful: tuple[Drafted, ...]
    """What may be open: nobody has to agree to it until that is known."""
    undeclarable: tuple[Undeclarable, ...]


class Scope(Struct, frozen=True):
    """What a draft is to hold."""

    namespaces: frozenset[str] = frozenset()
    """An empty set asks for all."""
    with_declared: bool = False
    """Also the declarations in force that cover something, as they are."""

    def takes(self, exposure: Exposure) -> bool:
        """Whether a door is asked for: by its own namespace, or that of what it leads to."""
        named = {exposure.entry.object.namespace, declared_as(exposure).namespace}
        return not self.namespaces or bool(named & self.namespaces)


def draft_of(audits: tuple[Audit, ...], configuration: Configuration, scope: Scope) -> Draft:
    """Draft what no declaration in force covers of what leads in from beyond some clusters."""
    entries: dict[tuple[object, ...], Drafted] = {}
    undeclarable: dict[Undeclarable, None] = {}
    for audit in audits:
        agreed = Agreed(audit.cluster_id, audit.at.date(), configuration.declarations)
        for exposure in filter(needs_agreement, audit.exposures):
            if not scope.takes(exposure):
                continue
            covering = agreed.covering(exposure)
            if covering and scope.with_declared:
                known = configuration.declarations[covering[0]]
                entries.setdefault((known,), Drafted(known, ()))
            if covering:
                continue
            found = _drafted(audit.cluster_id, exposure)
            if isinstance(found, Undeclarable):
                undeclarable[found] = None
            else:
                _add(entries, found)
    ordered = sorted(_merged(entries.values()), key=_order)
    return Draft(
        tuple(item for item in ordered if item.doubt is None),
        tuple(item for item in ordered if item.doubt is not None),
        tuple(sorted(undeclarable, key=lambda item: (item.door, item.leads_to, item.reason))),
    )


def _drafted(cluster: str, exposure: Exposure) -> Drafted | Undeclarable:
    entry, ref = exposure.entry, declared_as(exposure)
    door = f"{entry.object}, {entry.via}"
    if entry.port is None or exposure.audience is Audience.UNKNOWN:
        lacks = (
            "its port is still to be allocated"
            if entry.port is None
            else "who can dial it cannot be told"
        )
        reason = "; ".join(filter(None, (lacks, exposure.reason)))
        return Undeclarable(f"{cluster}: {door}", str(ref), reason)
    is_known = exposure.verdict is ExposureVerdict.EXPOSED
    is_listed = exposure.audience is Audience.ALLOW_LISTED
    declaration = Declaration(
        cluster=escaped(cluster),
        namespace=escaped(ref.namespace) if ref.namespace else "*",
        workload=escaped(str(ref)),
        port=entry.port,
        protocol=Protocol(entry.protocol),
        audience=exposure.audience,
        sources=exposure.sources if is_listed else (),
        owner="",
        reason="",
    )
    doubt = None if is_known else exposure.reason or "whether the way is open cannot be told"
    return Drafted(declaration, (door,), doubt)


def _add(entries: dict[tuple[object, ...], Drafted], found: Drafted) -> None:
    """Add a draft, or its doors to the one that says the same."""
    key = (found.declaration, found.doubt is None)
    before = entries.get(key)
    doors = {*(before.doors if before else ()), *found.doors}
    kept = before or found
    entries[key] = Drafted(kept.declaration, tuple(sorted(doors)), kept.doubt)


def _merged(entries: Iterable[Drafted]) -> Iterator[Drafted]:
    """Leave out what is open for fewer where the same port is open for everybody."""
    listed = tuple(entries)
    for_all = {
        _place(item): item
        for item in listed
        if item.doubt is None and item.declaration.audience is Audience.INTERNET
    }
    doors: dict[tuple[object, ...], set[str]] = {}
    for item in listed:
        doors.setdefault(_place(item), set()).update(item.doors)
    for item in listed:
        wide = for_all.get(_place(item))
        if item is wide and not item.declaration.owner:
            yield Drafted(item.declaration, tuple(sorted(doors[_place(item)])))
        elif wide is None or item.declaration.owner:
            yield item


def _place(item: Drafted) -> tuple[object, ...]:
    known = item.declaration
    return known.cluster, known.namespace, known.workload, known.port, known.protocol


def _order(item: Drafted) -> tuple[object, ...]:
    known = item.declaration
    return (
        known.cluster,
        known.namespace,
        known.workload,
        known.port,
        known.protocol,
        known.width,
        known.sources,
        known.owner,
        known.reason,
    )


def declared_fields(declaration: Declaration) -> Iterator[tuple[str, object]]:
    """Give the fields of a declaration as a file holds them: what is left open is left out."""
    yield "cluster", declaration.cluster
    yield "namespace", declaration.namespace
    yield "workload", declaration.workload
    yield "port", declaration.port
    yield "protocol", declaration.protocol.value
    yield "audience", declaration.audience.value
    if declaration.sources:
        yield "sources", list(declaration.sources)
    yield "owner", declaration.owner
    yield "reason", declaration.reason
    expires: date | None = declaration.expires
    if expires is not None:
        yield "expires", expires
