"""A Google of our own on loopback: GKE over gRPC with TLS, the rest over HTTP.

GKE speaks with Google's own messages. The HTTP side gives tokens, searches assets, lists forwarding
rules and gives networks, in the shapes of their REST references. It takes only tokens that it gave
and that it has not withdrawn.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import grpc
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.cloud.container_v1.types import Cluster, ListClustersRequest, ListClustersResponse
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from connectors.google.calling import Places

PLANTED = "ya29.pLanted_token_that_must_not_be_seen_anywhere_at_all"
PLANTED_KEY = "PLANTED-private-key-id"

Handler = Callable[[dict[str, str]], tuple[int, Any]]


class Refusing:
    """One refusal of an API, by gRPC or HTTP."""

    def __init__(
        self,
        code: str,
        message: str = "refused\nsecond line",
        *,
        reason: str | None = None,
        metadata: dict[str, str] | None = None,
        wait: float | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.reason = reason
        self.metadata = metadata or {}
        self.wait = wait

    def as_status(self) -> Any:
        details: list[Message] = []
        if self.reason:
            details.append(ErrorInfo(reason=self.reason, metadata=self.metadata))
        if self.wait is not None:
            delay = Duration(nanos=int(self.wait * 1e9) % 10**9, seconds=int(self.wait))
            details.append(RetryInfo(retry_delay=delay))
        packed = []
        for detail in details:
            item = AnyMessage()
            item.Pack(detail)
            packed.append(item)
        code = grpc.StatusCode[self.code].value[0]
        return rpc_status.to_status(Status(code=code, message=self.message, details=packed))

    def as_json(self, status: int) -> dict[str, Any]:
        details: list[dict[str, Any]] = []
        prefix = "type.googleapis.com/google.rpc"
        if self.reason:
            info = {"@type": f"{prefix}.ErrorInfo", "reason": self.reason}
            details.append(info | {"metadata": self.metadata})
        if self.wait is not None:
            details.append({"@type": f"{prefix}.RetryInfo", "retryDelay": f"{self.wait}s"})
        error = {"code": status, "message": self.message, "status": self.code, "details": details}
        return {"error": error}


class FakeGoogle:
    """What Google holds, and what it was asked."""

    def __init__(self) -> None:
        self.clusters: dict[str, list[Cluster]] = {}
        self.missing_zones: dict[str, list[str]] = {}
        self.refusals: dict[str, list[Refusing]] = defaultdict(list)
        """By project: what the next lists of clusters are refused with; the last stays."""
        self.answers: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        """By path: what the next GETs are answered; the last stays."""
        self.asked: list[str] = []
        """Paths and parents, in the order of the calls."""
        self.parameters: dict[str, list[dict[str, str]]] = defaultdict(list)
        self.given: list[str] = []
        """Tokens that were given out."""
        self.withdrawn: set[str] = set()
        self.withdraw_after: int | None = None
        """How many calls the first token is good for."""
        self.lifetime = 3600
        self.token_answers: list[tuple[int, Any]] = []
        self.agents: set[str] = set()
        self.speaks = threading.Event()
        self.speaks.set()
        self.lock = threading.Lock()

    # What tests set up

    def refuse(self, project: str, *refusals: Refusing) -> None:
        self.clusters.setdefault(project, [])
        self.refusals[project] = list(refusals)

    def answer(self, path: str, *bodies: Any, status: int = 200) -> None:
        self.answers[path] = [(status, body) for body in bodies]

    def forwarding_rules(self, project: str, *rules: dict[str, Any], scope: str = "global") -> None:
        page = {"items": {scope: {"forwardingRules": list(rules)}}}
        self.answer(f"/compute/v1/projects/{project}/aggregated/forwardingRules", page)

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Take calls and answer none, until the end."""
        self.speaks.clear()
        try:
            yield
        finally:
            self.speaks.set()

    # What it answers

    def takes(self, authorization: str) -> bool:
        token = authorization.removeprefix("Bearer ")
        with self.lock:
            if self.withdraw_after is not None and len(self.asked) >= self.withdraw_after:
                self.withdrawn.add(self.given[0])
            return token in self.given and token not in self.withdrawn

    def list_clusters(self, request: ListClustersRequest, context: Any) -> ListClustersResponse:
        self.asked.append(request.parent)
        self.speaks.wait()
        metadata = dict(context.invocation_metadata())
        if not self.takes(str(metadata.get("authorization", ""))):
            unknown = Refusing("UNAUTHENTICATED", "Request had invalid authentication credentials.")
            context.abort_with_status(unknown.as_status())
        _, project, *_ = request.parent.split("/")
        if (refusal := self._next(self.refusals[project])) is not None and refusal.code != "OK":
            context.abort_with_status(refusal.as_status())
        if project not in self.clusters:
            denied = "Permission denied on resource project, or it does not exist."
            context.abort_with_status(Refusing("PERMISSION_DENIED", denied).as_status())
        return ListClustersResponse(
            clusters=self.clusters[project], missing_zones=self.missing_zones.get(project, [])
        )

    def get(self, path: str, parameters: dict[str, str], authorization: str) -> tuple[int, Any]:
        with self.lock:
            self.asked.append(path)
            self.parameters[path].append(parameters)
        if not self.takes(authorization):
            return 401, Refusing("UNAUTHENTICATED", "Invalid Credentials").as_json(401)
        if (prepared := self._next(self.answers[path])) is not None:
            return cast("tuple[int, Any]", prepared)
        if path.endswith("/aggregated/forwardingRules"):
            return 200, {"items": {"global": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}}}
        if "/global/networks/" in path:
            return 200, {}
        return 404, Refusing("NOT_FOUND", "there is no such thing").as_json(404)

    def token(self) -> tuple[int, Any]:
        with self.lock:
            if self.token_answers:
                return self.token_answers.pop(0)
            self.given.append(f"{PLANTED}.{len(self.given) + 1}")
            return 200, {"access_token": self.given[-1], "expires_in": self.lifetime}

    def _next(self, prepared: list[Any]) -> Any:
        with self.lock:
            return prepared.pop(0) if len(prepared) > 1 else (prepared[0] if prepared else None)


def _front(google: FakeGoogle) -> type[BaseHTTPRequestHandler]:
    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            parameters = {name: values[0] for name, values in parse_qs(url.query).items()}
            google.agents.add(self.headers.get("User-Agent", ""))
            self._answer(*google.get(url.path, parameters, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(*google.token())

        def _answer(self, status: int, body: Any) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if status == 302:
                self.send_header("Location", "/canary")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    return Front


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that go away: some tests do just that."""


class Running:
    """A Google that runs, and how to come to it."""

    def __init__(self, google: FakeGoogle, places: Places, token_uri: str) -> None:
        self.google = google
        self.places = places
        self.token_uri = token_uri

    def write_key(self, path: Path, **changes: str) -> Path:
        """Write a service account's key whose tokens this Google gives."""
        info = {
            "type": "service_account",
            "project_id": "own-project",
            "private_key_id": PLANTED_KEY,
            "private_key": _PRIVATE_KEY,
            "client_email": "auditor@own-project.iam.gserviceaccount.com",
            "token_uri": self.token_uri,
        }
        path.write_text(json.dumps(info | changes))
        return path


def _make_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


_PRIVATE_KEY = _make_key()
_AUTHORITY = trustme.CA()
_CERTIFICATE = _AUTHORITY.issue_cert("localhost")


@contextmanager
def running() -> Iterator[Running]:
    """Start it on free ports, and stop it."""
    google = FakeGoogle()
    front = _Server(("127.0.0.1", 0), _front(google))
    serving = threading.Thread(target=front.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    server = grpc.server(ThreadPoolExecutor(8))
    methods = {
        "ListClusters": grpc.unary_unary_rpc_method_handler(
            google.list_clusters, ListClustersRequest.deserialize, ListClustersResponse.serialize
        )
    }
    name = "google.container.v1.ClusterManager"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
    pair = (
        _CERTIFICATE.private_key_pem.bytes(),
        b"".join(part.bytes() for part in _CERTIFICATE.cert_chain_pems),
    )
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials((pair,)))
    server.start()
    base = f"http://127.0.0.1:{front.server_address[1]}"
    places = Places(
        container=f"localhost:{port}",
        compute=f"{base}/compute/v1",
        assets=f"{base}/assets/v1",
        roots=_AUTHORITY.cert_pem.bytes(),
    )
    try:
        yield Running(google, places, f"{base}/token")
    finally:
        server.stop(None).wait()
        front.shutdown()
        front.server_close()
        serving.join()
