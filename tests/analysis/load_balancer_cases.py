"""Services of type LoadBalancer and what is to be said of each: rows of the tables of schemes."""

from typing import Any

from msgspec import Struct, structs

from auditor.analysis.exposure.schemes import SchemeAnswer, tell_scheme
from auditor.catalogue.load_balancers import Scheme, load_balancer_providers
from auditor.model.verdict import Confidence
from tests.analysis.clusters import a_service, facts_of
from tests.kube.manifests import Object

LOW, MEDIUM, HIGH = Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH
INTERNET, PRIVATE, UNKNOWN = Scheme.INTERNET, Scheme.INTERNAL, None

LIVE = "5f1c"
"""The uid of a Service that an API server holds."""
PUBLIC_IP, PRIVATE_IP = "203.0.113.10", "10.1.2.3"


class Case(Struct, frozen=True, kw_only=True):
    """A Service of type LoadBalancer, and what is to be said of it."""

    name: str
    cluster: str = "kubeconfig"
    uid: str | None = LIVE
    annotations: dict[str, str] = {}
    spec: dict[str, Any] = {}
    ingress: tuple[dict[str, str], ...] = ()
    others: tuple[Object, ...] = ()
    scheme: Scheme | None
    confidence: Confidence = MEDIUM
    provider: str | None


def named(prefix: str, *cases: Case) -> tuple[Case, ...]:
    """Write a prefix before the names of some cases."""
    return tuple(structs.replace(case, name=f"{prefix}: {case.name}") for case in cases)


def nobody(name: str, **rest: Any) -> Case:
    """Write a Service of which nothing tells the scheme."""
    return Case(**{"name": name, "scheme": INTERNET, "confidence": LOW, "provider": None, **rest})


def answer(case: Case, **configured: Any) -> SchemeAnswer:
    """Tell the scheme of a case's Service."""
    service = a_service(
        type="LoadBalancer",
        uid=case.uid,
        annotations=case.annotations,
        status={"loadBalancer": {"ingress": list(case.ingress)}},
        **case.spec,
    )
    facts = facts_of(service, *case.others, provider=case.cluster, **configured)
    return tell_scheme(facts.inventory.services[0], facts.site, load_balancer_providers())
