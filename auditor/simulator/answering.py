"""From a request to the answer of a healthy server: no I/O, no faults."""

import re
from collections.abc import Mapping
from hashlib import sha512

import msgspec
from msgspec import Struct

from auditor.simulator import statuses
from auditor.simulator.groups import Groups
from auditor.simulator.identities import Access, Identity
from auditor.simulator.kinds import Kind
from auditor.simulator.lists import answer_list, metadata_only
from auditor.simulator.negotiation import Form, aggregated_type, discovery_form, object_form
from auditor.simulator.objects import Objects
from auditor.simulator.reviews import review_answer
from auditor.simulator.selectors import selected_name
from auditor.simulator.statuses import Answer
from auditor.simulator.version import Version

_RESOURCE = re.compile(
    r"/(?:api/(?P<core>[^/]+)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?"
)
_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
_DEPRECATED = {
    ("", "endpoints"): (
        33,
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ),
    ("", "componentstatuses"): (19, "v1 ComponentStatus is deprecated in v1.19+"),
}
"""Since which minor version a server warns of a resource, and how."""
_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch"}


class Request(Struct, frozen=True):
    """What of a request decides its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    body: bytes
    host: str


class Target(Struct, frozen=True):
    """The resource that a path is of."""

    group: str
    version: str
    plural: str
    namespace: str | None
    name: str | None
    subresource: str

    @property
    def full_name(self) -> str:
        """Give the plural, with the group outside the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def target_of(path: str) -> Target | None:
    """Tell the resource that a path is of; None where it is of none."""
    found = _RESOURCE.fullmatch(path.rstrip("/"))
    if found is None:
        return None
    group, version = found["group"] or "", found["core"] or found["version"]
    namespace, plural, name = found["namespace"], found["plural"], found["name"]
    if not group and namespace and name is None and plural in ("status", "finalize"):
        return Target(group, version, "namespaces", None, namespace, plural)
    return Target(group, version, plural, namespace, name, found["subresource"] or "")


def verb_of(request: Request, target: Target | None) -> str:
    """Give the verb by which RBAC judges; of a path that is no resource the method."""
    if target is None:
        return request.method.lower()
    if request.method in ("GET", "HEAD") and target.name is None:
        return "watch" if _is_watch(request) else "list"
    if request.method == "DELETE":
        return "delete" if target.name else "deletecollection"
    return _VERBS.get(request.method, request.method.lower())


def _is_watch(request: Request) -> bool:
    return request.query.get("watch", "false").lower() not in ("false", "0")


class Answering:
    """What one cluster answers."""

    def __init__(
        self, objects: Objects, groups: Groups, version: Version, page_limit: int | None
    ) -> None:
        """Answer from objects and groups as a server of a version does."""
        self._objects = objects
        self._groups = groups
        self._version = version
        self._page_limit = page_limit

    def answer(self, request: Request, identity: Identity | None, target: Target | None) -> Answer:
        """Answer somebody; None is who showed wrong credentials."""
        if identity is None:
            return statuses.unauthorized()
        if target is None:
            return self._path(request, identity)
        verb = verb_of(request, target)
        name = target.name
        if name is None and verb in ("list", "watch"):
            name = selected_name(request.query.get("fieldSelector", ""))
        access = Access(verb, target.group, target.plural, target.subresource, name)
        if not identity.may(access):
            return _forbidden(identity, access, target)
        return self._resource(request, identity, target)

    def _path(self, request: Request, identity: Identity) -> Answer:
        path, verb = request.path, request.method.lower()
        if not identity.may_path(verb, path):
            return statuses.forbidden_path(identity.name, verb, path)
        if path in _HEALTH:
            return statuses.text_answer("ok")
        if path.rstrip("/") == "/version":
            return statuses.json_answer(self._version.described())
        form = discovery_form(request.headers.get("Accept", ""), self._version.discovery_forms())
        if path.rstrip("/") in ("/api", "/apis") and form is not None:
            return self._aggregated(request, form)
        return self._discovery(request)

    def _aggregated(self, request: Request, form: str) -> Answer:
        document = self._groups.aggregated(form, core=request.path.rstrip("/") == "/api")
        body = msgspec.json.encode(document)
        tag = f'"{sha512(body).hexdigest().upper()}"'
        headers = {"Cache-Control": "public", "Etag": tag, "Vary": "Accept"}
        if request.headers.get("If-None-Match") == tag:
            return Answer(304, headers, b"")
        return Answer(200, headers | {"Content-Type": aggregated_type(form)}, body)

    def _discovery(self, request: Request) -> Answer:
        match request.path.strip("/").split("/"):
            case ["api"]:
                address = {"clientCIDR": "0.0.0.0/0", "serverAddress": request.host}
                core = {"kind": "APIVersions", "versions": ["v1"]}
                return statuses.json_answer(core | {"serverAddressByClientCIDRs": [address]})
            case ["apis"]:
                return statuses.json_answer(self._groups.plain_groups())
            case ["apis", group] if group in self._groups.versions():
                head = {"kind": "APIGroup", "apiVersion": "v1"}
                return statuses.json_answer(head | self._groups.plain_group(group))
            case ["api", version]:
                return self._versioned("", version)
            case ["apis", group, version]:
                return self._versioned(group, version)
            case _:
                return statuses.no_such_path()

    def _versioned(self, group: str, version: str) -> Answer:
        if self._groups.is_unavailable(group):
            return statuses.group_unavailable()
        if not self._groups.has_version(group, version):
            return statuses.no_such_path()
        return statuses.json_answer(self._groups.plain_resources(group, version))

    def _resource(self, request: Request, identity: Identity, target: Target) -> Answer:
        kind = self._groups.find(target.group, target.version, target.plural)
        if kind is None:
            return self._absent(target)
        if (target.namespace is not None) > kind.namespaced:
            return statuses.no_such_resource()
        if target.subresource:
            known = {each.subresource for each in kind.described.subresources}
            is_known = target.subresource in known
            return statuses.no_such_method() if is_known else statuses.no_such_resource()
        if request.method == "POST" and target.name is None:
            review = review_answer(identity, kind.name, request.body)
            return review or statuses.no_such_method()
        if request.method != "GET" or _is_watch(request) or "list" not in kind.described.verbs:
            return statuses.no_such_method()
        return self._warned(kind, self._read(request, target, kind))

    def _read(self, request: Request, target: Target, kind: Kind) -> Answer:
        accept = request.headers.get("Accept", "")
        if target.name is not None:
            form = object_form(accept, "PartialObjectMetadata")
            return self._get(target, target.name, kind, form) if form else statuses.not_acceptable()
        form = object_form(accept, "PartialObjectMetadataList")
        if form is None:
            return statuses.not_acceptable()
        limit = self._page_limit
        objects, namespace = self._objects, target.namespace
        return answer_list(objects, kind, namespace, request.query, form, page_limit=limit)

    def _absent(self, target: Target) -> Answer:
        if self._groups.is_unavailable(target.group):
            return statuses.group_unavailable()
        if not self._groups.has_version(target.group, target.version):
            return statuses.no_such_path()
        if self._groups.is_custom(target.group):
            return statuses.no_such_path()
        return statuses.no_such_resource()

    def _get(self, target: Target, name: str, kind: Kind, form: Form) -> Answer:
        if kind.namespaced and target.namespace is None:
            return statuses.no_such_resource()
        found = self._objects.get(kind, target.namespace, name)
        if found is None:
            return statuses.no_such_object(kind.group, kind.plural, name)
        if form is Form.METADATA:
            return statuses.json_answer(metadata_only(found))
        head = msgspec.json.encode({"kind": kind.name, "apiVersion": kind.api_version})
        return statuses.json_answer(head[:-1] + b"," + found.rest)

    def _warned(self, kind: Kind, answer: Answer) -> Answer:
        since, text = _DEPRECATED.get((kind.group, kind.plural), (None, ""))
        if since is None or answer.status != 200 or self._version.minor < since:
            return answer
        warning = {"Warning": f'299 - "{text}"'}
        return msgspec.structs.replace(answer, headers=dict(answer.headers) | warning)


def _forbidden(identity: Identity, access: Access, target: Target) -> Answer:
    is_namespace = (target.group, target.plural) == ("", "namespaces")
    return statuses.forbidden(
        identity.name,
        access.verb,
        access.group,
        access.resource,
        access.subresource,
        target.name if is_namespace else target.namespace,
        access.name,
    )
