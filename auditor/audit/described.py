"""What an audit describes beside its verdicts, as values to remember: doors, borders, platform."""

from auditor.kube.resources import (
    ADMIN_POLICIES,
    ENDPOINT_SLICES,
    INGRESS_CLASSES,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    SERVICES,
)
from auditor.model.audit import Audit, Platform
from auditor.model.canonical import CanonicalValue, canonical_json
from auditor.model.exposure import Exposure
from auditor.model.history import FactValue
from auditor.model.identity import ObjectRef
from auditor.model.segmentation import Border

DOOR_RESOURCES = (ENDPOINT_SLICES, INGRESS_CLASSES, INGRESSES, NODES, PODS, SERVICES)
"""What doors and their targets are read from: an exposure is gone only when all were read."""

MESH_RESOURCES = (PODS,)
"""What meshes are seen by: one is gone only when all was read."""


BORDER_RESOURCES = (NAMESPACES, NETWORK_POLICIES, PODS)
"""What the segmentation matrix is made of: while one was not read, nothing of it is closed."""

BORDER_RESOURCES_IF_ANY = (*ADMIN_POLICIES, NODES)
"""What it rests on as well, where a source provides it at all."""


def described_segmentation(audit: Audit) -> dict[str, FactValue]:
    """Give the value of every border by its dimension and ends."""
    return {
        canonical_json(list(border.ends)).decode(): _border(border) for border in audit.segmentation
    }


def _border(border: Border) -> FactValue:
    example = border.example
    detail: dict[str, CanonicalValue] = {
        "allowed": border.allowed,
        "example": {
            "source": _reference(example.source),
            "destination": _reference(example.destination),
            "ports": example.ports,
        }
        if example
        else None,
        "reason": border.reason,
    }
    return FactValue(border.state.value, canonical_json(detail).decode(), border.dimension)


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
