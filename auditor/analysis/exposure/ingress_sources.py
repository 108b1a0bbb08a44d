"""Whom an Ingress that faces the internet admits: by the lists that its controller reads."""

from collections.abc import Mapping

from msgspec import Struct

from auditor.catalogue.ingress_controllers import Front, IngressController
from auditor.model.addresses import AddressSet
from auditor.model.audience import AddressSpace, Audience
from auditor.model.exposure import Hop
from auditor.model.verdict import Confidence


class Admitted(Struct, frozen=True):
    """Who is admitted, and why that is known."""

    audience: Audience
    sources: tuple[str, ...]
    hops: tuple[Hop, ...]
    confidence: Confidence = Confidence.HIGH
    reason: str | None = None


def admitted_by(
    annotations: Mapping[str, str],
    controller: IngressController,
    space: AddressSpace,
    where: str,
    everyone: tuple[str, ...],
) -> Admitted:
    """Narrow an audience of the whole internet by what an Ingress itself says."""
    for rule in controller.decided_by:
        if (value := rule.match(annotations)) is not None:
            hop = Hop(where, f"metadata.annotations[{rule.annotation}]", value, rule.because)
            return Admitted(Audience.UNKNOWN, (), (hop,), reason=rule.because)
    for known in controller.allow_lists:
        text = annotations.get(known.annotation, "")
        if not text.strip():
            continue
        hop = Hop(where, f"metadata.annotations[{known.annotation}]", text)
        if not known.confirmed:
            # It may admit fewer; nothing that is not confirmed makes a door narrower.
            return Admitted(Audience.INTERNET, everyone, (hop,), Confidence.LOW)
        return _listed(text, hop, controller, space)
    return Admitted(Audience.INTERNET, everyone, ())


def _listed(text: str, hop: Hop, controller: IngressController, space: AddressSpace) -> Admitted:
    try:
        sources = AddressSet.of([part.strip() for part in text.split(",") if part.strip()])
    except ValueError as error:
        return Admitted(Audience.UNKNOWN, (), (hop,), Confidence.LOW, str(error))
    audience = space.audience_of(sources)
    reason = None
    by_its_pods = controller.front is Front.SERVICE and audience is not Audience.INTERNET
    if by_its_pods and sources & space.private:
        # Where the front does not keep clients' addresses, the controller sees its nodes instead:
        # a list with private ranges then admits everyone.
        reason = "the list holds private ranges, and the controller may see its nodes' addresses"
    return Admitted(audience, sources.cidrs(), (hop,), Confidence.MEDIUM, reason)
