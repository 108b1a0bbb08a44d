"""Exposure analysis with policies: every door of a large cluster, followed hop by hop to its pods.

A public ingress controller serves 300 Ingresses; 30 load balancers and 20 node ports stand beside
it, half of them with policies that admit named ranges; 100 routes attach to a Gateway.
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from statistics import median
from typing import Any

from auditor.settings.memory import NEW_OBJECTS_PER_COLLECTION

RUNS = 5
WORKLOADS, REPLICAS, SERVICES, INGRESSES, ROUTES, POLICIES, NODES = 1000, 5, 800, 300, 100, 500, 100
SECONDS_WANTED = 1.0
SEED = 20261123
_AT = datetime(2026, 11, 23, tzinfo=UTC)

Document = dict[str, Any]


def main() -> None:
    """Measure and print."""
    runs = [_measure() for _ in range(RUNS)]
    figures = {key: median(run[key] for run in runs) for key in runs[0]}
    print(
        f"exposure of {WORKLOADS * REPLICAS:,} pods, {SERVICES} Services, {INGRESSES} Ingresses, "
        f"{ROUTES} routes, {POLICIES} policies, median of {RUNS} runs, each its own process"
    )
    print(f"  workloads and recognition    {figures['recognition']:8.2f} s CPU")
    print(f"  policies compiled            {figures['policies']:8.2f} s CPU")
    print(f"  doors                        {figures['doors']:8.2f} s CPU")
    print(f"  followed to the pods         {figures['followed']:8.2f} s CPU")
    total = sum(figures[key] for key in ("recognition", "policies", "doors", "followed"))
    print(
        f"  together                     {total:8.2f} s CPU  (wanted: under {SECONDS_WANTED:.0f}); "
        f"{figures['exposures']:.0f} exposures, {figures['exposed']:.0f} of them open"
    )


def _measure() -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def documents() -> Iterator[Document]:
    """Write the cluster; the same numbers give the same cluster."""
    random = Random(SEED)
    yield from _ground()
    for number in range(WORKLOADS):
        for replica in range(REPLICAS):
            yield _pod(number, replica, random)
    for number in range(SERVICES):
        yield _service(number)
    for number in range(INGRESSES):
        yield _ingress(number)
    for number in range(ROUTES):
        yield _route(number)
    for number in range(POLICIES):
        yield _policy(number, random)


def _made(kind: str, api: str, name: str, namespace: str | None, **parts: Any) -> Document:
    meta: Document = {"name": name, "labels": parts.pop("labels", {})}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": api, "kind": kind, "metadata": meta, **parts}


def _ground() -> Iterator[Document]:
    for number in range(100):
        yield _made("Namespace", "v1", f"ns-{number}", None, labels={"team": f"t{number % 7}"})
    for number in range(NODES):
        addresses = [{"type": "InternalIP", "address": f"10.0.{number}.5"}]
        yield _made("Node", "v1", f"node-{number}", None, status={"addresses": addresses})
    agent = {"name": "cilium-agent", "image": "quay.io/cilium/cilium:v1.17.3"}
    for number in range(NODES):
        spec = {"nodeName": f"node-{number}", "hostNetwork": True, "containers": [agent]}
        labels = {"k8s-app": "cilium"}
        yield _made("Pod", "v1", f"cilium-{number}", "kube-system", labels=labels, spec=spec)
    spec = {"controller": "k8s.io/ingress-nginx"}
    yield _made("IngressClass", "networking.k8s.io/v1", "nginx", None, spec=spec)
    image = "registry.k8s.io/ingress-nginx/controller:v1.12.1"
    labels = {"app": "ingress-nginx"}
    for number in range(3):
        spec = {"containers": [{"name": "c", "image": image}], "nodeName": f"node-{number}"}
        yield _made("Pod", "v1", f"nginx-{number}", "ingress", labels=labels, spec=spec)
    yield _balanced("nginx", "ingress", labels, "203.0.113.10", [80, 443])
    spec = {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"}
    yield _made("GatewayClass", "gateway.networking.k8s.io/v1", "eg", None, spec=spec)
    allowed = {"namespaces": {"from": "All"}}
    listener = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": allowed}
    spec = {"gatewayClassName": "eg", "listeners": [listener]}
    status = {"addresses": [{"value": "203.0.113.11"}]}
    kind = "Gateway", "gateway.networking.k8s.io/v1"
    yield _made(*kind, "edge", "gateways", spec=spec, status=status)


def _pod(number: int, replica: int, random: Random) -> Document:
    container = {
        "name": "c",
        "image": f"registry.example/team-{number % 40}/app-{number}:1",
        "ports": [{"containerPort": 8080, "name": "http"}],
    }
    parts = {
        "labels": {"app": f"app-{number}", "tier": str(number % 4)},
        "spec": {"containers": [container], "nodeName": f"node-{random.randrange(NODES)}"},
        "status": {"phase": "Running", "podIP": f"10.{1 + number // 250}.{number % 250}.{replica}"},
    }
    made = _made("Pod", "v1", f"app-{number}-7d9c5b-{replica}", f"ns-{number % 100}", **parts)
    owner = {"kind": "ReplicaSet", "name": f"app-{number}-7d9c5b", "controller": True}
    made["metadata"]["ownerReferences"] = [owner]
    made["metadata"]["labels"]["pod-template-hash"] = "7d9c5b"
    return made


def _balanced(
    name: str, namespace: str, selector: Document, address: str, ports: list[int]
) -> Document:
    spec = {
        "type": "LoadBalancer",
        "selector": selector,
        "ports": [{"name": f"p{port}", "port": port, "targetPort": 8080} for port in ports],
        "externalTrafficPolicy": "Local",
    }
    status = {"loadBalancer": {"ingress": [{"ip": address}]}}
    return _made("Service", "v1", name, namespace, spec=spec, status=status)


def _service(number: int) -> Document:
    name, namespace, selector = f"app-{number}", f"ns-{number % 100}", {"app": f"app-{number}"}
    if number < 30:
        return _balanced(name, namespace, selector, f"203.0.113.{100 + number}", [80])
    spec: Document = {"selector": selector, "ports": [{"port": 80, "targetPort": "http"}]}
    if number < 50:
        spec["type"] = "NodePort"
        spec["ports"][0]["nodePort"] = 30000 + number
    return _made("Service", "v1", name, namespace, spec=spec)


def _ingress(number: int) -> Document:
    service = {"name": f"app-{number}", "port": {"number": 80}}
    paths = [
        {"path": path, "pathType": "Prefix", "backend": {"service": service}}
        for path in ("/", "/api")
    ]
    rules = [{"host": f"h{number}.example.com", "http": {"paths": paths}}]
    spec = {"ingressClassName": "nginx", "rules": rules}
    return _made("Ingress", "networking.k8s.io/v1", f"i-{number}", f"ns-{number % 100}", spec=spec)


def _route(number: int) -> Document:
    parent = {"name": "edge", "namespace": "gateways"}
    rules = [{"backendRefs": [{"name": f"app-{300 + number}", "port": 80}]}]
    spec = {"parentRefs": [parent], "hostnames": [f"r{number}.example.com"], "rules": rules}
    kind = "HTTPRoute", "gateway.networking.k8s.io/v1"
    return _made(*kind, f"r-{number}", f"ns-{(300 + number) % 100}", spec=spec)


def _policy(number: int, random: Random) -> Document:
    ports = [{"port": "http"}]
    peers: list[Document] = [
        {"namespaceSelector": {"matchLabels": {"team": f"t{random.randrange(7)}"}}},
        {"ipBlock": {"cidr": f"198.51.100.{random.randrange(8) * 32}/27"}},
    ]
    if number % 3 == 0:
        named = {"kubernetes.io/metadata.name": "ingress"}
        peers.append({"namespaceSelector": {"matchLabels": named}})
    spec = {
        "podSelector": {"matchLabels": {"app": f"app-{number}"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": ports}],
    }
    kind = "NetworkPolicy", "networking.k8s.io/v1"
    return _made(*kind, f"p-{number}", f"ns-{number % 100}", spec=spec)


def _run() -> dict[str, float]:
    from auditor.analysis.facts import Facts
    from auditor.collector.projection import projection_for
    from auditor.kube.decoding import ObjectDecoder
    from auditor.kube.inventory import assemble
    from auditor.kube.resources import RESOURCES, resource_of
    from auditor.model.cluster import Cluster, Files
    from auditor.model.exposure import ExposureVerdict
    from auditor.model.reading import Coverage, ReadState
    from auditor.settings.configuration import Configuration

    decoder = ObjectDecoder(projection_for(Configuration()), 2**20)
    objects: dict[str, list[Any]] = {}
    for item in documents():
        resource = resource_of(item["apiVersion"], item["kind"])
        assert resource is not None
        decoded = decoder.decode(resource, json.dumps(item).encode())
        objects.setdefault(resource.name, []).append(decoded)
    coverage = {item.name: Coverage(item.name, ReadState.COMPLETE, 0) for item in RESOURCES}
    inventory = assemble(objects, coverage)
    cluster = Cluster(id="c", name="c", provider="kubeconfig", access=Files(""))
    facts = Facts(cluster, inventory, Configuration(), _AT)
    marks = [time.process_time()]
    assert facts.recognised is not None
    marks.append(time.process_time())
    assert facts.reachability.entities.classes
    marks.append(time.process_time())
    doors = facts.doors
    marks.append(time.process_time())
    exposures = facts.exposures
    marks.append(time.process_time())
    assert len(doors) >= 2 * INGRESSES + ROUTES
    names = ("recognition", "policies", "doors", "followed")
    figures = {name: marks[n + 1] - marks[n] for n, name in enumerate(names)}
    is_open = [item for item in exposures if item.verdict is ExposureVerdict.EXPOSED]
    return {**figures, "exposures": len(exposures), "exposed": len(is_open)}


if __name__ == "__main__":
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    print(json.dumps(_run()))
