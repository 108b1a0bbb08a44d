"""One simulated API server: who asks, what goes wrong, and a record of both."""

import asyncio
import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from aiohttp import web

from auditor.simulator.answering import Answering, Request, Target, target_of, verb_of
from auditor.simulator.faults import Asked, Context, Fault
from auditor.simulator.groups import Groups
from auditor.simulator.identities import Identity
from auditor.simulator.packing import packed
from auditor.simulator.recorder import RecordedRequest
from auditor.simulator.sending import send, sleep_unless
from auditor.simulator.statuses import Answer, status_answer

_AUTHORIZATION = "Authorization"
_MAX_BODY_BYTES = 1024 * 1024
_MAX_TOKENS = 10_000
"""Tokens whose page is remembered, so that faults can name a page; the oldest go first."""


class ApiServer:
    """Answers the requests of one cluster."""

    def __init__(
        self,
        answering: Answering,
        groups: Groups,
        tokens: Mapping[str, Identity],
        *,
        anonymous: Identity | None,
        latency: float,
    ) -> None:
        """Serve whoever shows one of the tokens, or a client certificate.

        `anonymous` is who shows nothing; None refuses them. `latency` is in seconds.
        """
        self.faults: list[Fault] = []
        self.requests: list[RecordedRequest] = []
        self.stopped = asyncio.Event()
        self._answering = answering
        self._groups = groups
        self._tokens = tokens
        self._anonymous = anonymous
        self._latency = latency
        self._pages: dict[str, int] = {}

    def application(self) -> web.Application:
        """Make the application that serves every path."""
        application = web.Application(client_max_size=_MAX_BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        application.on_response_prepare.append(_hide_server)
        return application

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request, by the first fault that strikes it or else rightly; records it."""
        at = time.monotonic()
        identity = self._identity(request)
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return await send(request, status_answer(413, "Request entity too large"))
        asked = Request(
            request.method, request.path, request.query, request.headers, body, request.host
        )
        record = _record(asked, identity, at)
        self.requests.append(record)
        if self._latency:
            await sleep_unless(self.stopped, self._latency)
        return await self._answer(request, asked, identity, record)

    async def _answer(
        self,
        request: web.Request,
        asked: Request,
        identity: Identity | None,
        record: RecordedRequest,
    ) -> web.StreamResponse:
        target = target_of(asked.path)
        matched = self._asked(asked, target)

        def respond() -> Answer:
            answer = self._answering.answer(asked, identity, target)
            if answer.next_token:
                self._note_page(answer.next_token, matched.page + 1)
            headers = dict(answer.headers) | _flow_headers(identity)
            answer = msgspec.structs.replace(answer, headers=headers)
            record.status = answer.status
            return packed(answer, asked.headers.get("Accept-Encoding", ""))

        for fault in self.faults:
            if fault.strikes(matched):
                context = Context(request, matched, respond, self.stopped)
                response = await fault.action.act(context)
                break
        else:
            response = await send(request, respond())
        record.status = response.status
        return response

    def _asked(self, request: Request, target: Target | None) -> Asked:
        verb = verb_of(request, target)
        if target is None:
            return Asked(request.path, verb, None, 0)
        page = self._pages.get(request.query.get("continue", ""), 1) if verb == "list" else 0
        kind = self._groups.find(target.group, target.version, target.plural)
        list_kind = f"{kind.name}List" if kind else "List"
        return Asked(request.path, verb, target.full_name, page, list_kind)

    def _note_page(self, token: str, page: int) -> None:
        while len(self._pages) >= _MAX_TOKENS:
            del self._pages[next(iter(self._pages))]
        self._pages[token] = page

    def _identity(self, request: web.Request) -> Identity | None:
        """Tell who asks as a server does: by certificate, else by token, else nobody known."""
        transport = request.transport
        certificate: Any = transport.get_extra_info("peercert") if transport else None
        if certificate:
            return self._certified(certificate)
        scheme, _, token = request.headers.get(_AUTHORIZATION, "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return self._tokens.get(token.strip())
        return self._anonymous

    def _certified(self, certificate: Mapping[str, Any]) -> Identity:
        parts = [pair for part in certificate["subject"] for pair in part]
        name = next((value for key, value in parts if key == "commonName"), "")
        groups = tuple(value for key, value in parts if key == "organizationName")
        known = next((who for who in self._tokens.values() if who.name == name), None)
        return known or Identity(name, groups)


async def _hide_server(_: web.Request, response: web.StreamResponse) -> None:
    """Leave out the header that a real server does not send."""
    response.headers.pop("Server", None)


def _record(request: Request, identity: Identity | None, at: float) -> RecordedRequest:
    headers = dict(request.headers)
    if _AUTHORIZATION in request.headers:
        headers = {k: v for k, v in headers.items() if k.lower() != _AUTHORIZATION.lower()}
        headers[_AUTHORIZATION] = identity.name if identity else ""
    return RecordedRequest(
        method=request.method,
        path=request.path,
        query={name: request.query[name] for name in request.query},
        headers=headers,
        body=request.body,
        at=at,
        identity=identity.name if identity else None,
    )


@cache
def _flow_headers_of(name: str) -> dict[str, str]:
    return {
        f"X-Kubernetes-Pf-{what}-Uid": str(uuid5(NAMESPACE_URL, f"{what}/{name}"))
        for what in ("Flowschema", "Prioritylevel")
    }


def _flow_headers(identity: Identity | None) -> dict[str, str]:
    """Name the queue in which a request waited; wrong credentials never came so far."""
    return _flow_headers_of(identity.name) if identity else {}
