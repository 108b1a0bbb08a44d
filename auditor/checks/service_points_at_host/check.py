"""A Service without a selector leads to a node, a loopback address or a metadata service.

## What it reports
A Service without a selector, or of type ExternalName, whose EndpointSlices, Endpoints or external
name lead to an address of a node, loopback, link-local or a cloud's metadata service.

## Why it matters
Such a Service gives every pod a stable name for a service of the host, and an Ingress or load
balancer before it publishes that service (OWASP Docker D03: microservices reach host services).

## How to fix
Point the Service at pods by a selector, or delete it. What must live on the node belongs behind
a network policy that names who may reach it.

## Subject and identity
The Service. One finding for each; no discriminator.

## Known gaps
External names are compared with known metadata names, never resolved. `default/kubernetes`, which
the API server itself keeps pointed at its own addresses, is not judged.

## References
Kubernetes Service documentation, "Services without selectors"; CVE-2021-25740.
"""

from collections.abc import Iterator

from auditor.analysis.exposure.backends import service_ref
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.host_services import host_services
from auditor.checks.check import Check, Control, Family, Judgement, NoParameters
from auditor.kube.network import Service
from auditor.kube.resources import ENDPOINT_SLICES, NODES, SERVICES
from auditor.model.addresses import (
    LINK_LOCAL_ADDRESSES,
    LOOPBACK_ADDRESSES,
    AddressSet,
    normal_address,
)
from auditor.model.exposure import Hop
from auditor.model.verdict import Severity, Verdict

_API_SERVER = ("default", "kubernetes")


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for service in facts.inventory.services:
        is_alias = service.spec.type == "ExternalName"
        named = (service.metadata.namespace, service.metadata.name)
        if named == _API_SERVER or (service.spec.selector and not is_alias):
            continue
        hops = tuple(_host_hops(facts, service))
        missing = [] if hops else _missing(facts, is_alias=is_alias)
        verdict = Verdict.FAIL if hops else Verdict.UNKNOWN if missing else Verdict.PASS
        yield Judgement(
            subject=service_ref(service),
            verdict=verdict,
            summary=f"{service_ref(service)} {_SUMMARY[verdict]}",
            evidence=hops or (Hop(str(service_ref(service)), "spec.selector", "none"),),
            reason=", ".join(missing) or None,
        )


_SUMMARY = {
    Verdict.FAIL: "leads to a service of the host",
    Verdict.UNKNOWN: "has no selector and leads nobody knows where",
    Verdict.PASS: "has no selector and leads to no host",
}


def _missing(facts: Facts, *, is_alias: bool) -> list[str]:
    """Name the inputs without which a Service cannot be cleared."""
    inputs = (NODES,) if is_alias else (ENDPOINT_SLICES, NODES)
    states = ((resource, facts.inventory.state(resource)) for resource in inputs)
    return [f"{resource} is {state.value}" for resource, state in states if not state.is_complete]


def _host_hops(facts: Facts, service: Service) -> Iterator[Hop]:
    ref = str(service_ref(service))
    if service.spec.type == "ExternalName":
        name = (service.spec.external_name or "").rstrip(".").lower()
        if note := _host_note(facts, name):
            yield Hop(ref, "spec.externalName", name, note)
        return
    for item in facts.backends.slices_of(service):
        where = f"EndpointSlice/{item.metadata.namespace}/{item.metadata.name}"
        for endpoint in item.endpoints:
            for address in endpoint.addresses:
                note = _host_note(facts, address.lower())
                if note is None:
                    continue
                yield Hop(where, "endpoints[].addresses", address, note)
                if node := facts.nodes.addresses.get(normal_address(address) or ""):
                    yield Hop(f"Node/{node}", "status.addresses[]", address)


def _host_note(facts: Facts, text: str) -> str | None:
    """Say what of a host an address or name is; None where it is nothing of a host."""
    for endpoint in host_services().metadata_endpoints:
        if (normal_address(text) or text) == endpoint.address:
            return endpoint.name
    if text == "localhost" or text.endswith(".localhost"):
        return "loopback"
    address = normal_address(text)
    node = facts.nodes.addresses.get(address or "")
    if node is not None:
        return f"an address of node {node}"
    return next((note for note, held in _OF_HOSTS if address and address in held), None)


_OF_HOSTS = (
    ("loopback", LOOPBACK_ADDRESSES),
    ("link-local", LINK_LOCAL_ADDRESSES),
    # Linux sends packets for the unspecified address to itself.
    ("the unspecified address", AddressSet.of(["0.0.0.0", "::"])),  # noqa: S104
)


CHECK = Check(
    slug="service-points-at-host",
    family=Family.HOST,
    severity=Severity.HIGH,
    title="Service leads to a service of the host",
    remediation="Select pods instead of listing host addresses, or delete the Service.",
    needs=frozenset({SERVICES}),
    subjects_from=frozenset({SERVICES}),
    reads=frozenset({ENDPOINT_SLICES, NODES}),
    judge=_judge,
    controls=(Control.DOCKER_D03,),
    topics=(Topic.NODE_EXPOSURE, Topic.METADATA),
    nothing_to_judge="no Service without a selector",
)
