"""What the checks of declarations share: naming one, and what it covers here."""

from collections.abc import Iterator

from auditor.analysis.agreed import needs_agreement
from auditor.analysis.facts import Facts
from auditor.checks.ways import WAYS_NEED
from auditor.kube.resources import NETWORK_POLICIES
from auditor.model.agreement import Declaration
from auditor.model.exposure import Exposure, Hop
from auditor.model.identity import ObjectRef

_DOORS_NEED = WAYS_NEED - {NETWORK_POLICIES}
"""What doors and their targets are read from."""
_SHOWN = 3
"""Exposures that evidence names before it only counts."""


def declaration_ref(declaration: Declaration) -> ObjectRef:
    """Name a declaration as a subject: by what it is about, whatever else is written in it."""
    about = f"{declaration.workload}:{declaration.port}/{declaration.protocol}"
    return ObjectRef("Declaration", None, about)


def discriminator_of(declaration: Declaration) -> str:
    """Tell declarations of one workload glob and port apart."""
    return f"{declaration.cluster}|{declaration.namespace}|{declaration.audience.value}"


def covered_by(facts: Facts, declaration: Declaration) -> tuple[Exposure, ...]:
    """Give the exposures that a declaration covers here, or would if it had not expired."""
    return tuple(
        exposure
        for exposure in filter(needs_agreement, facts.exposures)
        if facts.agreed.would_cover(declaration, exposure)
    )


def declaration_hops(
    index: int, declaration: Declaration, covered: tuple[Exposure, ...]
) -> Iterator[Hop]:
    """Name the declaration and what it covers."""
    until = str(declaration.expires) if declaration.expires else "no end"
    where = f"declarations[{index}]"
    yield Hop("configuration", f"{where}.expires", until, f"declared by {declaration.owner}")
    for exposure in covered[:_SHOWN]:
        entry = exposure.entry
        port = f"{entry.port}/{entry.protocol}"
        leads_to = exposure.target.workload or "no workload"
        yield Hop(str(entry.object), entry.via, port, f"leads to {leads_to}")
    if len(covered) != min(len(covered), _SHOWN):
        yield Hop("configuration", f"{where}: exposures", str(len(covered)), "in all")
    if not covered:
        yield Hop("configuration", f"{where}: exposures", "0", "it covers nothing here")


def unseen_cover(facts: Facts, declaration: Declaration) -> str | None:
    """Say why a declaration may cover a port although none was seen; None where it cannot."""
    states = ((name, facts.inventory.state(name)) for name in sorted(_DOORS_NEED))
    missing = [f"{name} is {state.value}" for name, state in states if not state.is_complete]
    if missing or facts.unfollowed:
        reasons = "; ".join((*missing, *facts.unfollowed))
        return f"a port may be open that was not seen: {reasons}"
    for exposure in filter(needs_agreement, facts.exposures):
        if facts.agreed.may_cover(declaration, exposure):
            return f"too little is known of {exposure.entry.object}, which it may cover"
    return None
