"""One simulated API server: from a request to its answer, faults included."""

import asyncio
import re
import time
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import hdrs, web
from msgspec import Struct

from auditor.simulator import statuses
from auditor.simulator.faults import Asked, Context, Fault
from auditor.simulator.groups import Groups, Kind
from auditor.simulator.identities import Access, Identity
from auditor.simulator.objects import Objects, Page, TokenExpiredError, TokenMalformedError
from auditor.simulator.recorder import RecordedRequest
from auditor.simulator.reviews import review_answer
from auditor.simulator.selectors import SelectorError, keep_by

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
GZIP_FROM_BYTES = 128 * 1024
"""A real server compresses only larger bodies (its `gzip` response writer's threshold)."""

_RESOURCE = re.compile(
    r"/(?:api/(?P<core>v[^/]+)|apis/(?P<group>[^/]+)/(?P<version>v[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?"
)
_PLAIN = {"/healthz": "ok", "/livez": "ok", "/readyz": "ok"}


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


class ApiServer:
    """Answers the requests of one cluster."""

    def __init__(  # noqa: PLR0913 - what makes a server
        self,
        objects: Objects,
        groups: Groups,
        tokens: Mapping[str, Identity],
        *,
        version: str,
        page_limit: int | None,
        latency: float,
    ) -> None:
        """Serve objects to whoever shows one of the tokens, or a client certificate."""
        self.faults: list[Fault] = []
        self.requests: list[RecordedRequest] = []
        self.stopped = asyncio.Event()
        self._objects = objects
        self._groups = groups
        self._tokens = tokens
        self._version = version
        self._page_limit = page_limit
        self._latency = latency
        self._pages: dict[str, int] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request, by the first fault that strikes it or else rightly; records it."""
        at = time.monotonic()
        identity = self._identity(request)
        body = await request.read()
        target = _target(request.path)
        asked = self._asked(request, target)
        status = 0
        try:
            if self._latency:
                await asyncio.sleep(self._latency)
            response = await self._answer(request, identity, target, asked, body)
            status = response.status
        finally:
            self.requests.append(
                RecordedRequest(
                    method=request.method,
                    path=request.path,
                    query=dict(request.query),
                    headers={k: v for k, v in request.headers.items() if k != hdrs.AUTHORIZATION},
                    body=body,
                    at=at,
                    identity=identity.name if identity else None,
                    status=status,
                )
            )
        return response

    async def _answer(
        self,
        request: web.Request,
        identity: Identity | None,
        target: Target | None,
        asked: Asked,
        body: bytes,
    ) -> web.StreamResponse:
        async def respond() -> web.Response:
            return self._rightly(request, identity, target, asked, body)

        for fault in self.faults:
            if fault.strikes(asked):
                context = Context(request, asked, respond, self.stopped)
                return await fault.action.act(context)
        return await respond()

    def _asked(self, request: web.Request, target: Target | None) -> Asked:
        if target is None:
            return Asked(request.path, request.method.lower(), None, 0)
        verb = "get" if target.name else "list"
        if request.method != hdrs.METH_GET:
            verb = "create"
        kind = self._groups.find(target.group, target.version, target.plural)
        return Asked(
            request.path,
            verb,
            target.full_name,
            self._page_number(request) if verb == "list" else 0,
            f"{kind.name}List" if kind else "List",
        )

    def _page_number(self, request: web.Request) -> int:
        """Tell which page of its list a request is for; a token knows what comes after it."""
        return self._pages.get(request.query.get("continue", ""), 1)

    def _identity(self, request: web.Request) -> Identity | None:
        header = request.headers.get(hdrs.AUTHORIZATION, "")
        if header:
            scheme, _, token = header.partition(" ")
            return self._tokens.get(token) if scheme == "Bearer" else None
        transport = request.transport
        certificate: Any = transport.get_extra_info("peercert") if transport else None
        if certificate:
            parts = [pair for part in certificate["subject"] for pair in part]
            name = next((value for key, value in parts if key == "commonName"), "")
            groups = tuple(value for key, value in parts if key == "organizationName")
            known = next((who for who in self._tokens.values() if who.name == name), None)
            return known or Identity(name, groups)
        return Identity.anonymous()

    def _rightly(
        self,
        request: web.Request,
        identity: Identity | None,
        target: Target | None,
        asked: Asked,
        body: bytes,
    ) -> web.Response:
        if identity is None:
            return statuses.unauthorized()
        if target is None:
            return self._path(request, identity)
        verb = _verb(request, target)
        access = Access(verb, target.group, target.plural, target.subresource, target.name)
        if not identity.may(access):
            return statuses.forbidden(
                identity.name, verb, target.group, target.plural, target.namespace, target.name
            )
        return self._resource(request, identity, target, asked, body)

    def _path(self, request: web.Request, identity: Identity) -> web.Response:
        path, verb = request.path, request.method.lower()
        if not identity.may_path(verb, path):
            return statuses.forbidden_path(identity.name, verb, path)
        if path in _PLAIN:
            headers = {"X-Content-Type-Options": "nosniff"} | statuses.NO_CACHE
            return web.Response(text=_PLAIN[path], headers=headers)
        if path.rstrip("/") == "/version":
            major, minor = self._version.lstrip("v").split(".")[:2]
            said = {"major": major, "minor": minor, "gitVersion": self._version}
            return statuses.json_answer(said | {"platform": "linux/amd64"})
        return self._discovery(request)

    def _discovery(self, request: web.Request) -> web.Response:
        path = request.path.rstrip("/")
        wants_aggregated = "as=APIGroupDiscoveryList" in request.headers.get(hdrs.ACCEPT, "")
        if path in ("/api", "/apis") and wants_aggregated:
            document = self._groups.aggregated(core=path == "/api")
            answer = statuses.json_answer(document)
            answer.headers.update(
                {"Content-Type": AGGREGATED, "Cache-Control": "public", "Vary": "Accept"}
            )
            return _packed(request, answer)
        if path == "/api":
            address = [{"clientCIDR": "0.0.0.0/0", "serverAddress": str(request.host)}]
            core = {"kind": "APIVersions", "versions": ["v1"]}
            return statuses.json_answer(core | {"serverAddressByClientCIDRs": address})
        if path == "/apis":
            return statuses.json_answer(self._groups.plain_groups())
        parts = path.strip("/").split("/")
        group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[-1])
        if not self._groups.has_version(group, version):
            return statuses.no_such_group()
        return _packed(request, statuses.json_answer(self._groups.plain_resources(group, version)))

    def _resource(  # noqa: PLR0911 - each refusal is one
        self,
        request: web.Request,
        identity: Identity,
        target: Target,
        asked: Asked,
        body: bytes,
    ) -> web.Response:
        if not self._groups.has_version(target.group, target.version):
            return statuses.no_such_group()
        kind = self._groups.find(target.group, target.version, target.plural)
        if kind is None:
            return statuses.no_such_resource()
        if request.method == hdrs.METH_POST:
            review = review_answer(identity, kind.name, body)
            return review or statuses.no_such_method()
        if request.method != hdrs.METH_GET or "watch" in request.query or target.subresource:
            return statuses.no_such_method()
        if not _accepts_json(request):
            return statuses.not_acceptable()
        if target.name is None:
            return self._list(request, kind, target.namespace, asked)
        found = self._objects.get(kind, target.namespace, target.name)
        if found is None:
            return statuses.no_such_object(kind.group, kind.plural, target.name)
        head = b'{"kind":"%s","apiVersion":"%s",' % (kind.name.encode(), kind.api_version.encode())
        return statuses.json_answer(head + found.raw[1:])

    def _list(
        self, request: web.Request, kind: Kind, namespace: str | None, asked: Asked
    ) -> web.Response:
        query = request.query
        refusal = self._refused_version(query.get("resourceVersion", ""), query)
        if refusal is not None:
            return refusal
        limit = int(query.get("limit") or 0)
        # From the watch cache a real server gives the whole list at once.
        limit = 0 if query.get("resourceVersion") == "0" else limit
        if self._page_limit is not None and limit:
            limit = min(limit, self._page_limit)
        token = query.get("continue", "")
        try:
            keep = keep_by(query.get("labelSelector", ""), query.get("fieldSelector", ""))
            page = self._objects.page(kind, namespace, limit, token, keep)
        except SelectorError as error:
            return statuses.bad_request(str(error))
        except TokenMalformedError as error:
            return statuses.bad_request(f"{error}: continue key is not valid")
        except TokenExpiredError as error:
            return statuses.status_answer(
                410, "Expired", statuses.EXPIRED_CONTINUE, token=error.fresh_token
            )
        if page.token:
            self._pages[page.token] = asked.page + 1
        return _packed(request, _list_answer(request, kind, page))

    def _refused_version(self, asked: str, query: Mapping[str, str]) -> web.Response | None:
        if not asked.isdigit() or asked == "0":
            return None
        if int(asked) > self._objects.version:
            return statuses.version_too_large(int(asked), self._objects.version)
        is_exact = query.get("resourceVersionMatch") == "Exact"
        if is_exact and int(asked) < self._objects.version:
            return statuses.version_too_old()
        return None


def _target(path: str) -> Target | None:
    found = _RESOURCE.fullmatch(path.rstrip("/"))
    if found is None:
        return None
    return Target(
        found["group"] or "",
        found["core"] or found["version"],
        found["plural"],
        found["namespace"],
        found["name"],
        found["subresource"] or "",
    )


def _verb(request: web.Request, target: Target) -> str:
    if request.method == hdrs.METH_GET:
        if "watch" in request.query:
            return "watch"
        return "get" if target.name else "list"
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch"}
    deletes = "delete" if target.name else "deletecollection"
    return verbs.get(request.method, deletes)


def _accepts_json(request: web.Request) -> bool:
    accept = request.headers.get(hdrs.ACCEPT, "*/*")
    return any(part in accept for part in ("json", "*/*", "application/*"))


def _list_answer(request: web.Request, kind: Kind, page: Page) -> web.Response:
    metadata: dict[str, Any] = {"resourceVersion": str(page.version)}
    if page.token:
        metadata |= {"continue": page.token, "remainingItemCount": page.remaining}
    if "as=PartialObjectMetadataList" in request.headers.get(hdrs.ACCEPT, ""):
        head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        about = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        items = [
            about | {"metadata": msgspec.json.decode(item.raw)["metadata"]} for item in page.items
        ]
        return statuses.json_answer(head | {"metadata": metadata, "items": items})
    joined = b",".join(item.raw for item in page.items)
    own = {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": metadata}
    return statuses.json_answer(msgspec.json.encode(own)[:-1] + b',"items":[' + joined + b"]}")


def _packed(request: web.Request, answer: web.Response) -> web.Response:
    """Compress a large body for a client that accepts it."""
    body = answer.body
    accepts = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
    if accepts and isinstance(body, bytes) and len(body) > GZIP_FROM_BYTES:
        packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
        answer.body = packer.compress(body) + packer.flush()
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Vary"] = hdrs.ACCEPT_ENCODING
    return answer
