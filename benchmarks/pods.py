"""A large cluster as `kubectl get -A -o json` would print it, its pods shaped like real ones.

The templates are the recorded pods of the test corpus; names, namespaces, nodes, labels and
addresses vary, so that nothing is shared that a real cluster would not share. The generator is
seeded: the same arguments give the same bytes.
"""

import json
from pathlib import Path
from random import Random
from typing import Any

CORPUS = Path(__file__).parent.parent / "tests" / "corpus" / "live-cluster"

NAMESPACES = 200
NODES = 300
SERVICES = 800
SEED = 20261122


def _recorded(name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads((CORPUS / f"{name}.json").read_bytes())["items"]
    return items


def large_cluster(pods: int) -> bytes:
    """Write a cluster of so many pods, with nodes, namespaces and services, as one `v1/List`."""
    random = Random(SEED)
    templates = [pod for pod in _recorded("pods") if pod["status"].get("podIP")]
    items = [_pod(random.choice(templates), number, random) for number in range(pods)]
    items += [_namespace(number) for number in range(NAMESPACES)]
    items += [_node(number) for number in range(NODES)]
    items += [_service(number, random) for number in range(SERVICES)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()


def _pod(template: dict[str, Any], number: int, random: Random) -> dict[str, Any]:
    pod: dict[str, Any] = json.loads(json.dumps(template))
    app = f"app-{number // 5}"
    revision = f"{random.getrandbits(40):010x}"
    metadata = pod["metadata"]
    metadata["name"] = f"{app}-{revision}-{number % 5:05d}"
    metadata["namespace"] = f"team-{number // 5 % NAMESPACES}"
    metadata["uid"] = f"{random.getrandbits(128):032x}"
    metadata["labels"] = {
        "app": app,
        "pod-template-hash": revision,
        "app.kubernetes.io/part-of": f"product-{number % 40}",
        "app.kubernetes.io/version": f"1.{number % 17}.{number % 9}",
    }
    metadata["ownerReferences"] = [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": f"{app}-{revision}",
            "controller": True,
            "uid": f"{random.getrandbits(128):032x}",
        }
    ]
    metadata["managedFields"] = _managed_fields(random)
    pod["spec"]["nodeName"] = f"node-{random.randrange(NODES)}"
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    pod["status"]["podIP"] = address
    pod["status"]["podIPs"] = [{"ip": address}]
    return pod


def _managed_fields(random: Random) -> list[dict[str, Any]]:
    """Make field ownership of the length that real pods carry, some 1.5 KB."""
    fields: dict[str, Any] = {
        f"f:field-{random.getrandbits(32):08x}": {"f:type": {}, ".": {}} for _ in range(30)
    }
    return [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": fields}}]


def _namespace(number: int) -> dict[str, Any]:
    labels = {"tenant": f"tenant-{number % 20}", "risk-level": "low"}
    metadata = {"name": f"team-{number}", "uid": f"ns-{number}", "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _node(number: int) -> dict[str, Any]:
    addresses = [{"type": "InternalIP", "address": f"10.250.{number >> 8}.{number & 255}"}]
    if number % 10 == 0:
        addresses.append({"type": "ExternalIP", "address": f"203.0.113.{number % 250}"})
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"node-{number}", "uid": f"node-{number}"},
        "spec": {"providerID": f"aws:///eu-west-1a/i-{number:017x}"},
        "status": {"addresses": addresses},
    }


def _service(number: int, random: Random) -> dict[str, Any]:
    kind = random.choice(["ClusterIP"] * 6 + ["NodePort", "LoadBalancer"])
    port: dict[str, Any] = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
    if kind != "ClusterIP":
        port["nodePort"] = 30000 + number
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": f"svc-{number}",
            "namespace": f"team-{number % NAMESPACES}",
            "uid": f"svc-{number}",
        },
        "spec": {"type": kind, "selector": {"app": f"app-{number}"}, "ports": [port]},
    }
