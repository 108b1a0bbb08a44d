"""What becomes of a request in plain HTTP at an Ingress: served, sent on to HTTPS, or refused.

Each controller has rules of its own; the first that matches decides. A ConfigMap that may take a
redirect back for all Ingresses, and was not read, leaves it open.
"""

from collections.abc import Collection

from msgspec import Struct

from auditor.analysis.exposure.ingress_classes import Served
from auditor.catalogue.ingress_controllers import Plain, PlainHttp
from auditor.kube.ingress import Ingress
from auditor.kube.inventory import Inventory
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef

_TLS_PORTS = frozenset({443, 8443})
"""Ports that clients dial for HTTPS alone."""


class PlainAnswer(Struct, frozen=True):
    """What becomes of plain HTTP on one route."""

    plain: Plain
    hop: Hop
    reason: str | None = None
    """Why it is not known."""


def plain_answer(
    ingress: Ingress,
    served: Served,
    ports: Collection[int],
    inventory: Inventory,
    *,
    has_tls: bool,
) -> PlainAnswer:
    """Tell what becomes of plain HTTP on a route; `ports` are those of its front, where known."""
    where = str(ObjectRef("Ingress", ingress.metadata.namespace, ingress.metadata.name))
    if ports and _TLS_PORTS.issuperset(ports):
        shown = ", ".join(map(str, sorted(ports)))
        return PlainAnswer(Plain.REFUSED, Hop(where, "front", shown, "no port for plain HTTP"))
    controller = served.controller
    if controller is None:
        hop = Hop(where, "spec.ingressClassName", ingress.spec.ingress_class_name or "not set")
        return PlainAnswer(Plain.UNKNOWN, hop, "which controller serves it cannot be told")
    if controller.class_parameters_decide and served.has_parameters:
        reason = "the parameters of its class may decide, and were not read"
        hop = Hop(where, "spec.ingressClassName", ingress.spec.ingress_class_name or "not set")
        return PlainAnswer(Plain.UNKNOWN, hop, reason)
    rules = controller.plain_http
    for rule in rules.rules:
        value = rule.match(ingress.metadata.annotations)
        if value is not None and rule.with_tls in (None, has_tls):
            field = f"metadata.annotations[{rule.annotation}]"
            hop = Hop(where, field, value, f"{controller.id}: plain HTTP is {rule.says}")
            return PlainAnswer(rule.says, hop, rule.because or None)
    return _by_default(where, controller.id, rules, inventory, has_tls=has_tls)


def _by_default(
    where: str, controller: str, rules: PlainHttp, inventory: Inventory, *, has_tls: bool
) -> PlainAnswer:
    plain = rules.with_tls if has_tls else rules.without_tls
    said = "names the host" if has_tls else "does not name the host"
    note = f"{controller}: plain HTTP is {plain} by default"
    hop = Hop(where, "spec.tls", said, note)
    entry = rules.switched_off_by
    if plain is not Plain.REDIRECTED or entry is None:
        return PlainAnswer(plain, hop, rules.because if plain is Plain.UNKNOWN else None)
    settings = next(
        (item for item in inventory.config_maps if item.full_name == entry.config_map), None
    )
    there = f"ConfigMap/{entry.config_map}"
    if settings is None:
        # It may have another name, or may not be read: that it is not there says nothing.
        reason = f"{there}, which may take the redirect back, was not found"
        return PlainAnswer(Plain.UNKNOWN, hop, reason)
    value = settings.data.get(entry.key, "true").strip().lower()
    if value == "false":
        return PlainAnswer(Plain.SERVED, Hop(there, f"data[{entry.key}]", value))
    return PlainAnswer(plain, hop)
