"""From a row's short writing to manifests: `[Kind, namespace/name, spec]`, blocks and macros."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.kube.manifests import Object

_API = {
    **dict.fromkeys(("Service", "Pod", "Node", "Namespace"), "v1"),
    **dict.fromkeys(("Deployment", "DaemonSet", "StatefulSet"), "apps/v1"),
    **dict.fromkeys(("Ingress", "IngressClass", "NetworkPolicy"), "networking.k8s.io/v1"),
    **dict.fromkeys(
        ("Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute"), "gateway.networking.k8s.io/v1"
    ),
    **dict.fromkeys(("TLSRoute", "TCPRoute", "UDPRoute"), "gateway.networking.k8s.io/v1alpha2"),
    "ReferenceGrant": "gateway.networking.k8s.io/v1beta1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "IstioGateway": "networking.istio.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "Route": "route.openshift.io/v1",
    **dict.fromkeys(("IngressRoute", "IngressRouteTCP", "IngressRouteUDP"), "traefik.io/v1alpha1"),
    "HTTPProxy": "projectcontour.io/v1",
}


def written(item: Any) -> Iterator[Object]:
    """Write the objects that one entry of a row stands for."""
    if isinstance(item, str):
        for inner in BLOCKS[item]:
            yield from written(inner)
    elif isinstance(item, dict):
        ((name, parts),) = item.items()
        yield from MACROS[name](**(parts or {}))
    else:
        yield an_object(*item)


def an_object(
    kind: str,
    full_name: str,
    spec: Object,
    meta: Object | None = None,
    status: Object | None = None,
) -> Object:
    """Write one object."""
    namespace, _, name = full_name.rpartition("/")
    metadata: Object = {"name": name, **(meta or {})}
    if namespace:
        metadata["namespace"] = namespace
    made: Object = {
        "apiVersion": _API[kind],
        "kind": "Gateway" if kind == "IstioGateway" else kind,
        "metadata": metadata,
    }
    if kind == "EndpointSlice":
        return {**made, **spec}
    made["spec"] = spec
    if status:
        made["status"] = status
    return made


def app(
    name: str,
    *,
    namespace: str = "web",
    image: str = "registry.example/app:1",
    port: int | None = 8080,
    kind: str = "Deployment",
    labels: Object | None = None,
    **pod: Any,
) -> Iterator[Object]:
    """Write a workload labelled `app: NAME` that documents one port, named http."""
    ports = pod.pop("ports", [{"containerPort": port, "name": "http"}] if port else [])
    container = {"name": "c", "image": image, "ports": ports}
    template = {
        "metadata": {"labels": {"app": name, **(labels or {})}},
        "spec": {"containers": [container], **pod},
    }
    yield an_object(kind, f"{namespace}/{name}", {"template": template})


def service(
    name: str, *, namespace: str = "web", app: str | None = None, **parts: Any
) -> Iterator[Object]:
    """Write a Service of pods labelled `app`, from port 80 to 8080 unless told otherwise."""
    meta = {"uid": "5f1c", "annotations": parts.pop("annotations", {})}
    meta["labels"] = parts.pop("labels", {})
    addresses = [{"ip": ip} for ip in parts.pop("ip", [])]
    addresses += [{"hostname": host} for host in parts.pop("hostname", [])]
    port = {"port": parts.pop("port", 80), "targetPort": parts.pop("target", 8080)}
    spec = {"selector": {"app": app or name}, "ports": [port], **parts}
    status = {"loadBalancer": {"ingress": addresses}} if addresses else {}
    yield an_object("Service", f"{namespace}/{name}", spec, meta, status)


def lb(
    name: str = "pub", *, app: str = "front", local: bool = False, **parts: Any
) -> Iterator[Object]:
    """Write a Service of type LoadBalancer without node ports, as an API server holds it."""
    allocates = parts.pop("allocateLoadBalancerNodePorts", False)
    spec: Object = {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": allocates}
    if local:
        spec["externalTrafficPolicy"] = "Local"
    if ranges := parts.pop("ranges", None):
        spec["loadBalancerSourceRanges"] = ranges
    if name_of_class := parts.pop("class_name", None):
        spec["loadBalancerClass"] = name_of_class
    if families := parts.pop("families", None):
        spec["ipFamilies"] = families
    yield from service(name, app=app, **spec, **parts)


def nodes(*, cloud: str = "", **addresses: list[str]) -> Iterator[Object]:
    """Write nodes, each with its addresses as `Type=address`; hyphens of names are underscores."""
    for name, texts in addresses.items():
        listed = [dict(zip(("type", "address"), text.split("="), strict=True)) for text in texts]
        node = name.replace("_", "-")
        spec: Object = {"providerID": f"{cloud}{node}"} if cloud else {}
        yield an_object("Node", node, spec, None, {"addresses": listed})


def nginx(**parts: Any) -> Iterator[Object]:
    """Write ingress-nginx with its class and a load balancer before it."""
    image = "registry.k8s.io/ingress-nginx/controller:v1.12.1"
    yield an_object("IngressClass", "nginx", {"controller": "k8s.io/ingress-nginx"})
    yield from app("nginx", namespace="ingress", image=image, ports=[{"containerPort": 80}])
    yield from lb("nginx", namespace="ingress", app="nginx", target=80, **parts)


def proxy(
    name: str,
    *,
    namespace: str,
    image: str = "registry.example/proxy:1",
    port: int = 80,
    pod_labels: Object | None = None,
    **parts: Any,
) -> Iterator[Object]:
    """Write something that passes requests on, and a load balancer before it."""
    yield from app(name, namespace=namespace, image=image, port=None, labels=pod_labels)
    yield from lb(name, namespace=namespace, app=name, port=port, target=port, **parts)


def ingress(
    name: str = "i", *, namespace: str = "web", to: str = "front:80", **parts: Any
) -> Iterator[Object]:
    """Write an Ingress with one host and path; `to` is the Service and its port."""
    meta = {"annotations": parts.pop("annotations", {})}
    target, _, port = to.partition(":")
    wanted = {"number": int(port)} if port.isdecimal() else {"name": port}
    backend = {"service": {"name": target, "port": wanted}}
    path = {"path": parts.pop("path", "/"), "pathType": "Prefix", "backend": backend}
    rule: Object = {"http": {"paths": [path]}}
    if host := parts.pop("host", "a.example"):
        rule["host"] = host
    spec: Object = {"rules": [rule]}
    if name_of_class := parts.pop("class_name", None):
        spec["ingressClassName"] = name_of_class
    if tls := parts.pop("tls", None):
        spec["tls"] = [{"hosts": tls}]
    addresses = [{"ip": ip} for ip in parts.pop("ip", [])]
    addresses += [{"hostname": name} for name in parts.pop("hostname", [])]
    assert not parts, f"unknown parts: {parts}"
    status = {"loadBalancer": {"ingress": addresses}} if addresses else {}
    yield an_object("Ingress", f"{namespace}/{name}", spec, meta, status)


def gateway(
    name: str = "edge", *, namespace: str = "web", class_name: str = "eg", **parts: Any
) -> Iterator[Object]:
    """Write a Gateway with one listener (http on 80), or with the listeners that are given."""
    listener: Object = {"name": "http", "port": 80, "protocol": "HTTP"}
    if allowed := parts.pop("allowed", None):
        listener["allowedRoutes"] = {"namespaces": allowed}
    listener |= parts.pop("listener", {})
    listeners = parts.pop("listeners", [listener])
    spec: Object = {"gatewayClassName": class_name, "listeners": listeners}
    spec |= {key: parts.pop(key) for key in ("addresses", "infrastructure") if key in parts}
    values = [{"type": "IPAddress", "value": ip} for ip in parts.pop("ip", [])]
    values += [{"type": "Hostname", "value": name} for name in parts.pop("hostname", [])]
    assert not parts, f"unknown parts: {parts}"
    status = {"addresses": values} if values else {}
    yield an_object("Gateway", f"{namespace}/{name}", spec, None, status)


def route(
    name: str = "r", *, namespace: str = "web", kind: str = "HTTPRoute", **parts: Any
) -> Iterator[Object]:
    """Write a route of the Gateway API to the Service front of its namespace, or to `refs`."""
    refs = parts.pop("refs", [{"name": "front", "port": 80}])
    rule: Object = {"backendRefs": refs} if refs else {}
    for field in ("matches", "filters"):
        if found := parts.pop(field, None):
            rule[field] = found
    spec: Object = {
        "parentRefs": parts.pop("parents", [{"name": "edge"}]),
        "rules": parts.pop("rules", [rule]),
    }
    if hosts := parts.pop("hosts", None):
        spec["hostnames"] = hosts
    meta = parts.pop("meta", None)
    status = parts.pop("status", None)
    assert not parts, f"unknown parts: {parts}"
    yield an_object(kind, f"{namespace}/{name}", spec, meta, status)


def gateway_class(name: str, controller: str, **parts: Any) -> Iterator[Object]:
    """Write a class of Gateways."""
    yield an_object("GatewayClass", name, {"controllerName": controller, **parts})


def policy(
    name: str = "p",
    *,
    namespace: str = "web",
    app: str | None = "front",
    peers: list[Object] | None = None,
    **parts: Any,
) -> Iterator[Object]:
    """Write a NetworkPolicy for ingress; without `peers` it admits nobody."""
    spec: Object = {
        "podSelector": {"matchLabels": {"app": app}} if app else {},
        "policyTypes": ["Ingress"],
    }
    if peers is not None:
        ports = parts.pop("ports", None)
        rule: Object = {"from": peers} if peers else {}
        spec["ingress"] = [rule | ({"ports": ports} if ports else {})]
    assert not parts, f"unknown parts: {parts}"
    yield an_object("NetworkPolicy", f"{namespace}/{name}", spec)


MACROS: dict[str, Callable[..., Iterator[Object]]] = {
    "app": app,
    "gateway": gateway,
    "gatewayclass": gateway_class,
    "ingress": ingress,
    "lb": lb,
    "nginx": nginx,
    "nodes": nodes,
    "policy": policy,
    "proxy": proxy,
    "route": route,
    "service": service,
}

BLOCKS: dict[str, list[Any]] = {
    # A workload that answers on 8080, and a Service of it on 80.
    "web": [{"app": {"name": "front"}}, {"service": {"name": "front"}}],
    "envoy-gateway": [
        {
            "gatewayclass": {
                "name": "eg",
                "controller": "gateway.envoyproxy.io/gatewayclass-controller",
            }
        }
    ],
    # What Istio's installation makes: proxies and a public load balancer before them.
    "istio": [
        {
            "proxy": {
                "name": "istio-ingressgateway",
                "namespace": "istio-system",
                "image": "istio/proxyv2:1.26.0",
                "pod_labels": {"istio": "ingressgateway"},
                "ip": ["203.0.113.30"],
            }
        },
    ],
    "private-nodes": [{"nodes": {"n1": ["InternalIP=10.0.0.11"]}}],
    "public-nodes": [{"nodes": {"n1": ["InternalIP=10.0.0.11", "ExternalIP=203.0.113.5"]}}],
}
