"""What the checks of routes share: the routes of one object and port, judged together."""

from collections.abc import Callable, Iterator
from itertools import groupby

from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.checks.check import Judgement
from auditor.model.audience import Audience
from auditor.model.exposure import Hop, Via
from auditor.model.verdict import Verdict

Routes = tuple[Door, ...]
"""The routes of one object on one port: hosts and paths that share a front."""

_ROUTES_SHOWN = 20


def routes_of(facts: Facts, via: Via) -> Iterator[Routes]:
    """Give the doors of one sort, together where they are of one object and port."""
    doors = sorted(facts.doors_via(via), key=_place)
    for _, group in groupby(doors, key=_place):
        yield tuple(group)


def _place(door: Door) -> tuple[tuple[str, str, str], int]:
    return door.subject.sort_key(), door.entry.port or 0


def leads(door: Door) -> bool | None:
    """Whether a route leads to something; None where that is not known."""
    refusals = [item for item in (door.refusal, door.backends.refusal) if item is not None]
    if any(item.is_sure for item in refusals) or door.backends.is_dangling:
        return False
    return None if refusals or not door.backends.found else True


def reaches(routes: Routes) -> bool | None:
    """Whether some route leads to something; None where that is not known."""
    found = {leads(door) for door in routes}
    return True if True in found else None if None in found else False


def openness(routes: Routes) -> tuple[Verdict, str, Door]:
    """Tell whether the internet reaches something by routes, and by which of them that is so."""
    for door in sorted(routes, key=lambda door: leads(door) is not True):
        # What it leads to may not have been read: the door is open all the same.
        is_refused = door.refusal is not None or door.backends.refusal is not None
        if leads(door) is not False and not is_refused and door.audience is Audience.INTERNET:
            return Verdict.FAIL, "is open to the internet", door
    for door in routes:
        is_told = door.audience not in _MAY_BE_OPEN and not door.reason
        if leads(door) is not False and not is_told:
            return Verdict.UNKNOWN, "may be open to the internet", door
    for door in routes:
        if leads(door) is not False:
            return Verdict.PASS, f"is open to {door.audience.value} only", door
    return Verdict.PASS, "leads to nothing", routes[0]


_MAY_BE_OPEN = (Audience.INTERNET, Audience.UNKNOWN)


def judge_internet_routes(facts: Facts, via: Via) -> Iterator[Judgement]:
    """Judge whether the internet reaches something by the routes of one sort."""
    for routes in routes_of(facts, via):
        verdict, text, door = openness(routes)
        reason = why_not_known((door,)) if verdict is Verdict.UNKNOWN else None
        summary = f"{door.subject} {text} on {door.label()}"
        others = (one for one in routes if one is not door)
        yield judge_routes(facts, (door, *others), verdict, summary, reason)


def judge_routes(
    facts: Facts, routes: Routes, verdict: Verdict, summary: str, reason: str | None
) -> Judgement:
    """Judge the routes of one object and port, with each route and what it leads to.

    The first is the one that decides.
    """
    door = routes[0]
    workloads = tuple(dict.fromkeys(one for route in routes for one in route.workloads()))
    return Judgement(
        subject=door.subject,
        verdict=verdict,
        summary=summary,
        evidence=(*door.hops, *_route_hops(facts, routes)),
        port=door.entry.port,
        protocol=door.entry.protocol,
        reason=reason,
        workloads=workloads,
    )


def route_text(door: Door) -> str:
    """Write a route as host and path."""
    return f"{door.entry.host or '*'}{door.entry.path or ''}"


def _route_hops(facts: Facts, routes: Routes) -> Iterator[Hop]:
    for door in routes[:_ROUTES_SHOWN]:
        where = str(door.subject)
        for backend in door.backends.found:
            target = f"{backend.workload or 'an address'}:{backend.port}"
            yield Hop(where, f"spec.rules[{route_text(door)}]", target, "answers there")
            for policy in facts.isolation.selecting(backend.pods):
                note = "stands behind the door, which this check judges by itself"
                yield Hop(str(policy), "spec.podSelector", f"selects {backend.workload}", note)
        if not door.backends.found:
            refused = door.backends.refusal.reason if door.backends.refusal else ""
            said = "nothing answers" if door.backends.is_dangling else door.backends.reason
            yield Hop(where, f"spec.rules[{route_text(door)}]", "none", said or refused)
        if door.refusal is not None:
            yield Hop(where, "refused", "by its front", door.refusal.reason)
    if len(routes) > _ROUTES_SHOWN:
        rest = f"{len(routes) - _ROUTES_SHOWN} more routes"
        yield Hop(str(routes[0].subject), "spec.rules", rest)


def why_not_known(routes: Routes) -> str | None:
    """Say why nothing can be said of the routes."""
    reasons: list[Callable[[Door], str | None]] = [
        lambda door: door.reason,
        lambda door: door.refusal.reason if door.refusal else None,
        lambda door: door.backends.refusal.reason if door.backends.refusal else None,
        lambda door: door.backends.reason,
    ]
    found = (reason(door) for reason in reasons for door in routes)
    return next((text for text in found if text), None)
