"""What an audit describes beside its verdicts, as values to remember: exposures and platform."""

from auditor.kube.resources import (
    ENDPOINT_SLICES,
    INGRESS_CLASSES,
    INGRESSES,
    NODES,
    PODS,
    SERVICES,
)
from auditor.model.audit import Audit, Platform
from auditor.model.canonical import CanonicalValue, canonical_json
from auditor.model.exposure import Exposure
from auditor.model.history import FactValue
from auditor.model.identity import ObjectRef

DOOR_RESOURCES = (ENDPOINT_SLICES, INGRESS_CLASSES, INGRESSES, NODES, PODS, SERVICES)
"""What doors and their targets are read from: an exposure is gone only when all were read."""

MESH_RESOURCES = (PODS,)
"""What meshes are seen by: one is gone only when all was read."""


def described_exposures(audit: Audit) -> dict[str, FactValue]:
    """Give the value of every exposure by its id."""
    return {exposure.id: _exposure(exposure) for exposure in audit.exposures}


def described_platform(platform: Platform) -> dict[str, FactValue]:
    """Give what the cluster runs on, by the keys that `FactKind.PLATFORM` names."""
    cni = platform.cni
    values = {
        "kubernetes": FactValue(platform.kubernetes or "", canonical_json({}).decode()),
        "cni": FactValue(
            cni.enforces.value,
            canonical_json(
                {
                    "name": cni.name,
                    "version": cni.version,
                    "policy_engine": cni.policy_engine,
                    "assumed": cni.assumed,
                    "evidence": list(cni.evidence),
                }
            ).decode(),
        ),
    }
    for mesh in platform.meshes:
        detail = canonical_json({"evidence": list(mesh.evidence)}).decode()
        values[f"mesh/{mesh.name}"] = FactValue(mesh.mtls, detail)
    return values


def _exposure(exposure: Exposure) -> FactValue:
    entry, target = exposure.entry, exposure.target
    detail: dict[str, CanonicalValue] = {
        "sources": list(exposure.sources),
        "entry": {
            "object": _reference(entry.object),
            "via": entry.via.value,
            "port": entry.port,
            "protocol": entry.protocol.value,
            "addresses": list(entry.addresses),
            "host": entry.host,
            "path": entry.path,
        },
        "target": {
            "workload": _reference(target.workload) if target.workload else None,
            "port": target.port,
        },
        "confidence": exposure.confidence.value,
        "reason": exposure.reason,
        "recognised": list(exposure.recognised),
        "path": [[hop.hop, hop.field, hop.value, hop.note] for hop in exposure.path],
    }
    text = canonical_json(detail).decode()
    return FactValue(exposure.verdict.value, text, exposure.audience.value)


def _reference(item: ObjectRef) -> dict[str, CanonicalValue]:
    return {"kind": item.kind, "namespace": item.namespace, "name": item.name}
