"""An internet route serves plain HTTP.

## What it reports
A host of an Ingress, Gateway route, VirtualService, OpenShift Route, IngressRoute or HTTPProxy that
leads to something, whose front takes requests from the internet or from named public ranges, and
whose controller serves plain HTTP there: the host has no TLS, or it has and the redirect is
switched off or was never switched on.

## Why it matters
Whoever sits on the way reads and changes what passes: logins, cookies, tokens. A page that is also
served in plain HTTP gives them away to a single mistyped link (OWASP Docker D03: guard what you
expose).

## How to fix
Name the host under `spec.tls` and let the controller redirect: most have an annotation for it, and
GKE's can refuse plain HTTP with `kubernetes.io/ingress.allow-http: "false"`.

## Subject and identity
The Ingress or route. One finding for each host; the discriminator is the host, `*` where none is
named.

## Known gaps
A Service of type LoadBalancer with plain HTTP behind it is not judged. Settings that hold for all
of a controller are read for ingress-nginx under its usual name alone; Traefik's entry points are
not read. Certificates themselves are never read. A proxy of a content network in front is not seen.

## References
Kubernetes documentation, Ingress, TLS; the sources of `plain_http` in the catalogue's
`ingress_controllers.yaml`.
"""

from collections.abc import Iterator
from itertools import groupby

from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.ingress_controllers import Plain
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.routes import Routes, leads, reaches, route_text, why_not_known
from auditor.kube.resources import (
    ADDED_ROUTES,
    CONFIG_MAPS,
    GATEWAYS_OF_ROUTES,
    INGRESS_CLASSES,
    INGRESSES,
    NODES,
    PODS,
    SERVICES,
)
from auditor.model.audience import WIDEST_FIRST, Audience
from auditor.model.exposure import ROUTED, Hop
from auditor.model.verdict import Severity, Verdict

_OVER_PUBLIC_NETWORKS = (Audience.INTERNET, Audience.ALLOW_LISTED)
_SAFE = (Plain.REDIRECTED, Plain.REFUSED)


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    doors = sorted((door for door in facts.doors_via(*ROUTED) if door.plain is not None), key=_host)
    for group in groupby(doors, key=_host):
        routes = tuple(group[1])
        verdict, text, reason = _verdict(routes)
        worst = _worst(routes)
        host = worst.entry.host
        yield Judgement(
            subject=worst.subject,
            verdict=verdict,
            summary=f"{worst.subject} {text} for {host or 'every host'}",
            evidence=(*worst.hops, *_plain_hops(worst), *_target_hops(worst)),
            discriminator=host or "*",
            reason=reason if verdict is Verdict.UNKNOWN else None,
            workloads=tuple(dict.fromkeys(one for item in routes for one in item.workloads())),
        )


def _host(door: Door) -> tuple[tuple[str, str, str], str]:
    return door.subject.sort_key(), door.entry.host or ""


def _verdict(routes: Routes) -> tuple[Verdict, str, str | None]:
    """Judge the routes of one host: its front, then what becomes of plain HTTP, then a target."""
    worst = _worst(routes)
    answer = worst.plain
    if reaches(routes) is False:
        return Verdict.PASS, "leads to nothing", None
    if not _is_public(worst):
        return Verdict.PASS, f"is open to {worst.audience.value} only", None
    if answer is not None and answer.plain in _SAFE:
        return Verdict.PASS, _WORDS[answer.plain], None
    if answer is None or answer.plain is Plain.UNKNOWN:
        why = answer.reason if answer else None
        return Verdict.UNKNOWN, "may serve plain HTTP", why or "its controller is not known"
    if worst.audience is Audience.UNKNOWN or reaches(routes) is None:
        reason = why_not_known(routes) or "who can dial it cannot be told"
        return Verdict.UNKNOWN, "may serve plain HTTP to the internet", reason
    return Verdict.FAIL, "serves plain HTTP to the internet", None


def _worst(routes: Routes) -> Door:
    """Give the route of which plain HTTP is served, or may be, before those that are safe.

    What leads nowhere comes last, and before it what no public network reaches.
    """
    order = (Plain.SERVED, Plain.UNKNOWN, Plain.REDIRECTED, Plain.REFUSED)

    def rank(door: Door) -> tuple[bool, bool, int, int]:
        plain = door.plain.plain if door.plain else Plain.UNKNOWN
        nearness = WIDEST_FIRST.index(door.audience)
        return leads(door) is False, not _is_public(door), order.index(plain), nearness

    return min(routes, key=rank)


def _is_public(door: Door) -> bool:
    return door.audience in (*_OVER_PUBLIC_NETWORKS, Audience.UNKNOWN)


def _plain_hops(door: Door) -> Iterator[Hop]:
    if door.plain is not None:
        yield door.plain.hop


def _target_hops(door: Door) -> Iterator[Hop]:
    found = ", ".join(
        f"{item.workload or 'an address'}:{item.port}" for item in door.backends.found
    )
    field = f"spec.rules[{route_text(door)}]"
    yield Hop(str(door.subject), field, found or "nothing answers")
    for backend in door.backends.found[:1]:
        yield from backend.hops


_WORDS = {
    Plain.REDIRECTED: "sends plain HTTP on to HTTPS",
    Plain.REFUSED: "takes no plain HTTP",
}


CHECK = Check(
    slug="public-route-without-tls",
    family=Family.EXPOSURE,
    severity=Severity.MEDIUM,
    title="Internet route serves plain HTTP",
    remediation=(
        "Name the host under `spec.tls` and have the controller redirect plain HTTP, or refuse it."
    ),
    needs=frozenset({INGRESSES, INGRESS_CLASSES, SERVICES, PODS}),
    subjects_from=frozenset({INGRESSES}),
    may_come_from=ADDED_ROUTES,
    reads=frozenset({CONFIG_MAPS, NODES}) | ADDED_ROUTES | GATEWAYS_OF_ROUTES,
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no Ingress and no route",
)
