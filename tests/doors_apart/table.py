"""Reads the table of doors: manifests in short, and the exposures that must come of them.

A file is a mapping: `shared` (what all its rows have) and `rows`. A row has

- `name`, unique in the whole table, and `source`: the document and section it is written from;
- `with`: building blocks of `blocks.yaml`; their doors are compared only where `expect` names them;
- `objects`: by `Kind/namespace/name`, each an object without its first three keys; `annotations`,
  `labels`, `uid`, `generation` and `ownerReferences` go to its metadata. Four words are no kinds:
  `LoadBalancer` is a Service of that type, its spec with `addresses` (of its status), admitted by
  an API server unless `uid` is null; `App` is a Deployment (or `kind`), told by `labels`, `ports`,
  `image` and `spec` of its pod; `Policy` is a NetworkPolicy for ingress, told by what its rules are
  `from`, or by its whole `spec`; `IstioGateway` is the Gateway of networking.istio.io;
- `nodes`: by name, `Type=address` or `providerID=…`;
- `manifests`: documents as kubectl takes them;
- `provider`, `states` (by resource), `assume_cni`, `configured`, `server` (of a live cluster);
- `expect`: every exposure, `[]` where there is none. `protocol` is TCP, `host` and `path` are null
  unless told; `"?"` is what no document settles. `sources`, `addresses`, `recognised` and
  `not_recognised` (some of them) and `reason` (a part of it) are compared where they are told.

Exposures with the audience `cluster` are left out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct, convert, field

from auditor.kube.resources import RESOURCES
from tests.analysis.clusters import a_node
from tests.kube.manifests import Object

FOLDER = Path(__file__).parent
BLOCKS = "blocks.yaml"

_VERSIONS = {
    **{item.kind: f"{item.group}/{item.versions[0]}".strip("/") for item in RESOURCES},
    "GatewayClass": "gateway.networking.k8s.io/v1",
    "Gateway": "gateway.networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "GRPCRoute": "gateway.networking.k8s.io/v1",
    "TLSRoute": "gateway.networking.k8s.io/v1alpha3",
    "TCPRoute": "gateway.networking.k8s.io/v1alpha2",
    "UDPRoute": "gateway.networking.k8s.io/v1alpha2",
    "ReferenceGrant": "gateway.networking.k8s.io/v1beta1",
    "VirtualService": "networking.istio.io/v1",
    "Route": "route.openshift.io/v1",
    "IngressRoute": "traefik.io/v1alpha1",
    "IngressRouteTCP": "traefik.io/v1alpha1",
    "IngressRouteUDP": "traefik.io/v1alpha1",
    "HTTPProxy": "projectcontour.io/v1",
}
_METADATA = ("annotations", "labels", "uid", "generation", "ownerReferences")
_FRONT = {"app": "front"}


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the table, as it is written."""

    name: str
    source: str
    brings: tuple[str, ...] = field(default=(), name="with")
    objects: dict[str, Any] = {}
    nodes: dict[str, tuple[str, ...]] = {}
    manifests: str = ""
    provider: str = "kubeconfig"
    states: dict[str, str] = {}
    assume_cni: str | None = None
    configured: dict[str, Any] = {}
    server: str | None = None
    expect: tuple[dict[str, Any], ...]

    def written(self, blocks: Mapping[str, Any]) -> list[Object]:
        """Write its objects; one of its own replaces that of a block."""
        given = {**dict(_brought(self.brings, blocks)), **self.objects}
        nodes = [_node(name, texts) for name, texts in self.nodes.items()]
        whole = [item for item in yaml.load_all(self.manifests, _Loader) if item]
        return [an_object(key, body) for key, body in given.items()] + nodes + whole

    def left_out(self, blocks: Mapping[str, Any]) -> set[str]:
        """Name the objects of blocks, whose doors are not compared unless a row names them."""
        brought = {_written_as(key) for key, _ in _brought(self.brings, blocks)}
        return brought - {_written_as(key) for key in self.objects}


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice, of which the first would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping of which every key is told once."""
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def load(name: str) -> Any:
    """Read a file of the table."""
    return yaml.load((FOLDER / name).read_text(encoding="utf-8"), _Loader)  # noqa: S506 - safe


def rows() -> Iterator[tuple[str, Row]]:
    """Give every row with the topic that its file is named after."""
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name != BLOCKS:
            table = load(path.name)
            for row in table["rows"]:
                yield path.stem, convert(_joined(table.get("shared", {}), row), Row)


def _joined(shared: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**shared, **row}
    for key in ("objects", "nodes"):
        joined[key] = {**shared.get(key, {}), **row.get(key, {})}
    if "expect" in row:
        joined["expect"] = [{**shared.get("expect", {}), **item} for item in row["expect"]]
    else:
        joined.pop("expect", None)
    return joined


def _brought(names: tuple[str, ...], blocks: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in names:
        block = dict(blocks[name])
        yield from _brought(tuple(block.pop("with", ())), blocks)
        yield from block.items()


def an_object(key: str, body: Mapping[str, Any]) -> Object:
    """Write an object of what the table tells of it."""
    kind, *place, name = key.split("/")
    namespace = place[0] if place else None
    body = dict(body)
    if kind == "LoadBalancer":
        kind, body = "Service", _load_balancer(body)
    elif kind == "App":
        kind, body = body.pop("kind", "Deployment"), _app(body)
    elif kind == "Policy":
        kind, body = "NetworkPolicy", _policy(body)
    version = _VERSIONS.get(kind, "")
    if kind == "IstioGateway":
        kind, version = "Gateway", "networking.istio.io/v1"
    metadata = {key: body.pop(key) for key in _METADATA if key in body}
    metadata |= {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def _written_as(key: str) -> str:
    kind, slash, rest = key.partition("/")
    words = {"LoadBalancer": "Service", "IstioGateway": "Gateway", "App": "Deployment"}
    return words.get(kind, kind) + slash + rest


def _load_balancer(body: dict[str, Any]) -> dict[str, Any]:
    written = {key: body.pop(key) for key in _METADATA if key in body}
    addresses = body.pop("addresses", [])
    points = [{"ip" if _is_address(text) else "hostname": text} for text in addresses]
    spec = {"selector": _FRONT, "ports": [{"port": 80, "targetPort": 8080}], **body}
    uid = written.pop("uid", "5f1c")
    return {
        **written,
        **({"uid": uid} if uid else {}),
        "spec": {"type": "LoadBalancer", **spec},
        "status": {"loadBalancer": {"ingress": points}},
    }


def _is_address(text: str) -> bool:
    return ":" in text or text.replace(".", "").isdigit()


def _app(body: dict[str, Any]) -> dict[str, Any]:
    labels = body.get("labels", _FRONT)
    container = {"name": "c", "image": body.get("image", "registry.example/app:1")}
    container["ports"] = body.get("ports", [{"name": "http", "containerPort": 8080}])
    container |= body.get("container", {})
    spec = {"containers": [container], **body.get("spec", {})}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {"labels": labels, "spec": {"selector": {"matchLabels": labels}, "template": template}}


def _policy(body: dict[str, Any]) -> dict[str, Any]:
    if "spec" in body:
        return body
    rules = [{"from": body["from"]}] if "from" in body else []
    return {"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": rules}}


def _node(name: str, texts: tuple[str, ...]) -> Object:
    told = [text for text in texts if not text.startswith("providerID=")]
    ids = [text.partition("=")[2] for text in texts if text.startswith("providerID=")]
    return a_node(name, *told, spec={"providerID": ids[0]} if ids else {})
