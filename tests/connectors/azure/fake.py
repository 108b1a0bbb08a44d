"""A fake Azure over TLS: Entra ID, Resource Manager and Resource Graph, as far as they are asked.

The shapes of its answers are those of the public references: OAuth 2.0 client credentials, ARM's
lists with `nextLink` and its error format, Resource Graph's `$skipToken` and quota headers.
"""

import base64
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trustme
import yaml
from aiohttp import web

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
SECRET = "planted-client-secret"
CLIENT_KEY = b"planted-client-key"
CA = b"-----BEGIN CERTIFICATE-----\nof the fake cluster\n-----END CERTIFICATE-----\n"
AKS = "Microsoft.ContainerService/managedClusters"
_MANAGED = "microsoft.containerservice/managedclusters"

Answer = Callable[[], web.Response] | None
"""None is the true one."""


def subscription_id(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


def cluster_id(subscription: str, name: str, group: str = "Shop") -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{AKS}/{name}"


def managed_cluster(subscription: str, name: str, **properties: Any) -> dict[str, Any]:
    """A cluster with Entra ID as `GET` gives it."""
    told: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "kubernetesVersion": "1.33",
        "currentKubernetesVersion": "1.33.1",
        "fqdn": f"{name}-abc.hcp.westeurope.azmk8s.io",
        "nodeResourceGroup": f"MC_Shop_{name}_westeurope",
        "disableLocalAccounts": True,
        "aadProfile": {"managed": True, "enableAzureRBAC": True, "tenantID": TENANT},
        "agentPoolProfiles": [{"name": "system", "enableNodePublicIP": False}],
        "networkProfile": {
            "networkPlugin": "azure",
            "networkPolicy": "cilium",
            "networkDataplane": "cilium",
            "outboundType": "loadBalancer",
        },
    }
    told |= properties
    return {
        "id": cluster_id(subscription, name),
        "name": name,
        "type": AKS,
        "location": "westeurope",
        "tags": {"tenant": "shop"},
        "sku": {"name": "Base", "tier": "Standard"},
        "properties": {key: value for key, value in told.items() if value is not None},
    }


def kubeconfig(cluster: dict[str, Any]) -> bytes:
    """What `listClusterUserCredential` gives: something to run, or else a certificate."""
    name = cluster["name"]
    user: dict[str, Any] = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "kubelogin"}
    }
    if "aadProfile" not in cluster["properties"]:
        user = {
            "client-certificate-data": base64.b64encode(b"certificate").decode(),
            "client-key-data": base64.b64encode(CLIENT_KEY).decode(),
        }
    server = f"https://{cluster['properties'].get('fqdn', 'private')}:443"
    ca = base64.b64encode(CA).decode()
    held = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": server, "certificate-authority-data": ca}}
        ],
        "users": [{"name": f"clusterUser_{name}", "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": f"clusterUser_{name}"}}],
    }
    return yaml.safe_dump(held).encode()


def failure(status: int, code: str, message: str, **headers: str) -> web.Response:
    held = {"error": {"code": code, "message": message}}
    spelled = {key.replace("_", "-"): value for key, value in headers.items()}
    return web.json_response(held, status=status, headers=spelled)


def denied(action: str, scope: str) -> web.Response:
    return failure(
        403,
        "AuthorizationFailed",
        f"The client '{CLIENT}' with object id '{CLIENT}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid.",
    )


class FakeAzure:
    """What the cloud holds and how it behaves; tests change both."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, str] = {}
        """State by id."""
        self.denied: set[str] = set()
        """Subscriptions in which the identity has no role."""
        self.clusters: dict[str, dict[str, Any]] = {}
        """By id, in small letters."""
        self.resources: list[dict[str, Any]] = []
        """Rows of Resource Graph beside the clusters, with `type`."""
        self.list_page = 100
        self.graph_page = 100
        self.token_seconds = 3600
        self.asked: Counter[str] = Counter()
        """Requests by method and path; of Resource Graph also by what it was asked for."""
        self.planned: dict[str, list[Answer]] = {}
        """Answers to give before the true ones, by a part of `METHOD path`."""
        self.truncated: set[str] = set()
        """Types whose rows end after a page, without a token for the others."""
        self.quota = 1000
        """Queries in a second; who asks for more is told to come again in an hour."""
        self._queries: list[float] = []
        self.scopes: list[str] = []
        self.tokens: dict[str, str] = {}
        """Scope by token."""
        self.assertions: list[str] = []
        """What applications proved themselves with in place of a secret."""
        self.login_error = ""
        self.kubeconfigs: Callable[[web.Request], web.Response] | None = None
        """Answers in place of the fake's own kubeconfigs."""
        self.url = ""

    def add(self, subscription: str, name: str, **properties: Any) -> dict[str, Any]:
        self.subscriptions.setdefault(subscription, "Enabled")
        cluster = managed_cluster(subscription, name, **properties)
        self.clusters[cluster["id"].lower()] = cluster
        return cluster

    def plan(self, where: str, *answers: Answer) -> None:
        self.planned.setdefault(where, []).extend(answers)

    # --- HTTP

    @asynccontextmanager
    async def serving(self, authority: trustme.CA) -> AsyncIterator["FakeAzure"]:
        app = web.Application(middlewares=[self._planned_first])
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._login)
        app.router.add_get("/msi/token", self._managed_identity)
        app.router.add_post("/providers/Microsoft.ResourceGraph/resources", self._graph)
        own = f"/subscriptions/{{subscription}}/providers/{AKS}"
        app.router.add_get(own, self._list)
        one = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{AKS}/{{name}}"
        app.router.add_get(one, self._get)
        app.router.add_post(f"{one}/listClusterUserCredential", self._credentials)
        runner = web.AppRunner(app)
        await runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"https://localhost:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _planned_first(self, request: web.Request, handler: Any) -> web.StreamResponse:
        named = f"{request.method} {request.path}"
        self.asked[named] += 1
        for where, answers in self.planned.items():
            answer = answers.pop(0) if where in named and answers else None
            if answer is not None:
                return answer()
        if not request.path.endswith("/token"):
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if self.tokens.get(token) != f"{self.url}/.default":
                return failure(401, "InvalidAuthenticationToken", "The access token is invalid.")
        true: web.StreamResponse = await handler(request)
        return true

    async def _login(self, request: web.Request) -> web.Response:
        form = await request.post()
        if self.login_error:
            held = {"error": "invalid_client", "error_description": self.login_error}
            return web.json_response(held, status=401)
        if "client_assertion" in form:
            self.assertions.append(str(form["client_assertion"]))
            return self._token(str(form["scope"]))
        if (form["client_id"], form["client_secret"]) != (CLIENT, SECRET):
            held = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid."}
            return web.json_response(held, status=401)
        return self._token(str(form["scope"]))

    async def _managed_identity(self, request: web.Request) -> web.Response:
        return self._token(f"{request.query['resource']}/.default")

    def _token(self, scope: str) -> web.Response:
        self.scopes.append(scope)
        token = f"planted-token-{len(self.tokens)}"
        self.tokens[token] = scope
        ends = {"expires_in": self.token_seconds, "expires_on": time.time() + self.token_seconds}
        held = {"access_token": token, "token_type": "Bearer", "resource": scope, **ends}
        return web.json_response(held)

    async def _list(self, request: web.Request) -> web.Response:
        subscription = request.match_info["subscription"]
        refusal = self._refusal(subscription, f"{AKS}/read")
        if refusal is not None:
            return refusal
        found = [item for key, item in self.clusters.items() if f"/{subscription}/" in key]
        start = int(request.query.get("$skiptoken", "0"))
        held: dict[str, Any] = {"value": found[start : start + self.list_page]}
        if start + self.list_page < len(found):
            version = request.query["api-version"]
            rest = f"?api-version={version}&$skiptoken={start + self.list_page}"
            held["nextLink"] = f"{self.url}{request.path}{rest}"
        return web.json_response(held)

    def _refusal(self, subscription: str, action: str) -> web.Response | None:
        if subscription in self.denied:
            return denied(action, f"/subscriptions/{subscription}")
        if subscription not in self.subscriptions:
            said = f"The subscription '{subscription}' could not be found."
            return failure(404, "SubscriptionNotFound", said)
        return None

    def _found(self, request: web.Request) -> dict[str, Any] | None:
        held = request.match_info
        key = cluster_id(held["subscription"], held["name"], held["group"]).lower()
        return self.clusters.get(key)

    async def _get(self, request: web.Request) -> web.Response:
        cluster = self._found(request)
        if cluster is None:
            return failure(404, "ResourceNotFound", "The Resource was not found.")
        return web.json_response(cluster)

    async def _credentials(self, request: web.Request) -> web.Response:
        if self.kubeconfigs is not None:
            return self.kubeconfigs(request)
        cluster = self._found(request)
        if cluster is None:
            return failure(404, "ResourceNotFound", "The Resource was not found.")
        if self.subscriptions[request.match_info["subscription"]] == "Disabled":
            said = "The subscription is disabled and therefore marked as read only."
            return failure(409, "ReadOnlyDisabledSubscription", said)
        value = base64.b64encode(kubeconfig(cluster)).decode()
        return web.json_response({"kubeconfigs": [{"name": "clusterUser", "value": value}]})

    # --- Resource Graph

    async def _graph(self, request: web.Request) -> web.Response:
        asked = await request.json()
        query, options = asked["query"], asked["options"]
        kind = query.split("=~ '")[1].split("'")[0]
        now = time.monotonic()
        self._queries = [*(past for past in self._queries if past > now - 1), now]
        if len(self._queries) > self.quota:
            return failure(429, "RateLimiting", "Please throttle.", Retry_After="3600")
        self.asked[f"graph {kind}"] += 1
        if not query.endswith("| order by id asc"):
            return failure(400, "BadRequest", "Pages of a query that is not sorted are not stable.")
        visible = set(self.subscriptions) - self.denied
        wanted = set(asked.get("subscriptions") or self.subscriptions)
        if asked.get("subscriptions") and not wanted & visible:
            return failure(
                403, "AccessDenied", "Provided credentials do not have sufficient access."
            )
        rows = sorted(self._rows(kind, wanted & visible), key=lambda row: str(row["id"]))
        token = options.get("$skipToken")
        start = 0
        if token:
            place, _, same = token.partition(" ")
            if same != query:
                return failure(400, "BadRequest", "The token is of another query.")
            start = int(place)
        page = rows[start : start + min(options["$top"], self.graph_page)]
        held = {
            "totalRecords": len(rows),
            "count": len(page),
            "resultTruncated": "false",
            "data": page,
            "facets": [],
        }
        if start + len(page) < len(rows):
            if kind in self.truncated:
                held["resultTruncated"] = "true"
            else:
                held["$skipToken"] = f"{start + len(page)} {query}"
        quota = {
            "x-ms-user-quota-remaining": str(self.quota - len(self._queries)),
            "x-ms-user-quota-resets-after": "00:00:01",
        }
        return web.json_response(held, headers=quota)

    def _rows(self, kind: str, wanted: set[str]) -> list[dict[str, Any]]:
        if kind == "microsoft.resources/subscriptions":
            return [
                {"id": f"/subscriptions/{key}", "subscriptionId": key, "state": state}
                for key, state in self.subscriptions.items()
                if key in wanted
            ]
        if kind == _MANAGED:
            return [
                {
                    "id": item["id"],
                    "name": item["name"],
                    "subscriptionId": item["id"].split("/")[2],
                    "resourceGroup": item["id"].split("/")[4].lower(),
                }
                for item in self.clusters.values()
                if item["id"].split("/")[2] in wanted
            ]
        return [
            row
            for row in self.resources
            if row["type"] == kind and row["id"].split("/")[2] in wanted
        ]
