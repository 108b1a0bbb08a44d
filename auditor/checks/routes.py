"""What the checks of routes share: the routes of one object and port, judged together."""

from collections.abc import Callable, Iterator
from itertools import groupby

from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.checks.check import Judgement
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


def judge_routes(
    facts: Facts, routes: Routes, verdict: Verdict, summary: str, reason: str | None
) -> Judgement:
    """Judge the routes of one object and port, with each route and what it leads to."""
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
            said = "nothing answers" if door.backends.is_dangling else door.backends.reason or ""
            yield Hop(where, f"spec.rules[{route_text(door)}]", "none", said)
    if len(routes) > _ROUTES_SHOWN:
        rest = f"{len(routes) - _ROUTES_SHOWN} more routes"
        yield Hop(str(routes[0].subject), "spec.rules", rest)


def reaches(routes: Routes) -> bool | None:
    """Whether some route leads to something; None where that is not known."""
    if any(door.backends.found for door in routes):
        return True
    return None if any(not door.backends.is_dangling for door in routes) else False


def why_not_known(routes: Routes) -> str | None:
    """Say why nothing can be said of the routes."""
    reasons: list[Callable[[Door], str | None]] = [
        lambda door: door.reason,
        lambda door: door.backends.reason,
    ]
    found = (reason(door) for reason in reasons for door in routes)
    return next((text for text in found if text), None)
