"""Whom an Ingress admits: by the lists that its controller reads."""

from collections.abc import Mapping

from auditor.analysis.exposure.admission import (
    Admitted,
    as_the_front,
    left_open,
    listed,
    unsure,
)
from auditor.analysis.exposure.fronts import Front
from auditor.catalogue.ingress_controllers import Front as Stands
from auditor.catalogue.ingress_controllers import IngressController
from auditor.model.audience import AddressSpace
from auditor.model.exposure import Hop


def admitted_by(
    annotations: Mapping[str, str],
    controller: IngressController | None,
    front: Front,
    space: AddressSpace,
    where: str,
) -> Admitted:
    """Narrow a front that is open to public sources by what an Ingress itself says."""
    for rule in controller.decided_by if controller else ():
        if (value := rule.match(annotations)) is not None:
            field = f"metadata.annotations[{rule.annotation}]"
            return left_open(front, Hop(where, field, value, rule.because))
    for known in controller.allow_lists if controller else ():
        text = annotations.get(known.annotation, "")
        if not text.strip():
            continue
        hop = Hop(where, f"metadata.annotations[{known.annotation}]", text)
        if not known.confirmed:
            return unsure(front, hop)
        texts = [part.strip() for part in text.split(",") if part.strip()]
        by_its_pods = controller is not None and controller.front is Stands.SERVICE
        return listed(front, texts, hop, space, may_see_nodes=by_its_pods)
    return as_the_front(front)
