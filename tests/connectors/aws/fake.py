"""A fake AWS behind HTTP: moto answers what it can, and a front of our own what it cannot.

moto (Apache-2.0) plays STS, Organizations, EC2 and both load balancing APIs. It has no add-ons, no
full cluster descriptions, no denial and no throttling: the front plays EKS whole, and may refuse,
slow down or break off any call before it is passed on.
"""

import base64
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import boto3
from aiohttp import web
from moto.server import ThreadedMotoServer
from msgspec import Struct

OWN_ACCOUNT = "123456789012"
"""Of the credentials that a listing starts with, as moto has it."""
OWN_KEY, OWN_SECRET = "AKIAPLANTEDKEY000001", "planted/secret+of+the+auditor"
REGION = "eu-west-1"

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_ELEMENT = re.compile(r"<(\w+)>([^<]+)</")
_XML_SERVICES = ("ec2", "sts", "elasticloadbalancing")


class Fault(Struct, kw_only=True):
    """What is wrong with some calls."""

    action: str
    """`eks:ListClusters`, or `*` for every one."""
    account: str | None = None
    region: str | None = None
    code: str = "AccessDeniedException"
    status: int = 403
    message: str = ""
    after: int = 0
    """How many calls go well before the first that it strikes."""
    times: int = 1_000_000
    hangs_up: bool = False
    retry_after: str | None = None

    def strikes(self, action: str, account: str, region: str) -> bool:
        if self.action not in {"*", action} or self.times < 1:
            return False
        return self.account in {None, account} and self.region in {None, region}


class FakeAws:
    """The front; use it with `async with`."""

    def __init__(self, moto: str, page: int = 100) -> None:
        """Stand before a moto server; `page` is how much EKS puts on a page at most."""
        self.page = page
        self.faults: list[Fault] = []
        self.asked: Counter[tuple[str, str, str]] = Counter()
        """How often an account and region was asked for an action."""
        self.refused: Counter[str] = Counter()
        self.clusters: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
        self.groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """Node groups by the ARN of their cluster."""
        self.addons: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.secrets: dict[str, tuple[str, str]] = {OWN_KEY: (OWN_SECRET, OWN_ACCOUNT)}
        """Secret and account of each access key."""
        self.url = ""
        self._moto = moto
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "FakeAws":
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()
        assert self._runner is not None
        await self._runner.cleanup()

    async def forget(self) -> None:
        """Empty moto, which remembers what other tests left there."""
        assert self._session is not None
        async with self._session.post(f"{self._moto}/moto-api/reset") as answer:
            assert answer.status == 200

    def environment(self) -> dict[str, str]:
        """Give the variables by which the SDK finds this fake and its first credentials."""
        return {
            "AWS_ACCESS_KEY_ID": OWN_KEY,
            "AWS_CONFIG_FILE": "/nonexistent/config",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_SECRET_ACCESS_KEY": OWN_SECRET,
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
        }

    def add_cluster(
        self, name: str, *, account: str = OWN_ACCOUNT, region: str = REGION, **changes: Any
    ) -> dict[str, Any]:
        """Add a cluster as DescribeCluster gives it; `vpc` changes a part of its network."""
        network = {
            "vpcId": "vpc-0",
            "subnetIds": ["subnet-a", "subnet-b"],
            "securityGroupIds": [],
            "clusterSecurityGroupId": "sg-cluster",
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
            **changes.pop("vpc", {}),
        }
        cluster = {
            "name": name,
            "arn": f"arn:aws:eks:{region}:{account}:cluster/{name}",
            "createdAt": 1_700_000_000.0,
            "version": "1.33",
            "platformVersion": "eks.9",
            "endpoint": f"https://{name}.gr7.{region}.eks.amazonaws.com",
            "certificateAuthority": {"data": base64.b64encode(b"-----CA-----").decode()},
            "resourcesVpcConfig": {
                key: value for key, value in network.items() if value is not None
            },
            "accessConfig": {"authenticationMode": "API"},
            "status": "ACTIVE",
            "tags": {},
            **changes,
        }
        self.clusters[account, region][name] = {k: v for k, v in cluster.items() if v is not None}
        return cluster

    def client(self, service: str, account: str = OWN_ACCOUNT, region: str = REGION) -> Any:
        """Give a client that speaks to moto itself, with the rights of an account."""
        own = {
            "region_name": region,
            "endpoint_url": self._moto,
            "aws_access_key_id": OWN_KEY,
            "aws_secret_access_key": OWN_SECRET,
        }
        if account != OWN_ACCOUNT:
            role = boto3.client("sts", **own).assume_role(
                RoleArn=f"arn:aws:iam::{account}:role/setup", RoleSessionName="setup"
            )["Credentials"]
            own |= {
                "aws_access_key_id": role["AccessKeyId"],
                "aws_secret_access_key": role["SecretAccessKey"],
                "aws_session_token": role["SessionToken"],
            }
        return boto3.client(service, **own)

    # --- answering

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        if scope is None:
            return _failed("sts", 403, "MissingAuthenticationToken", "not signed")
        key, region, service = scope.groups()
        _, account = self.secrets.get(key, ("", OWN_ACCOUNT))
        action = _action(service, request, body)
        if fault := self._fault(action, account, region):
            self.refused[action] += 1
            if fault.hangs_up:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            failed = _failed(service, fault.status, fault.code, fault.message)
            if fault.retry_after:
                failed.headers["Retry-After"] = fault.retry_after
            return failed
        self.asked[action, account, region] += 1
        if service == "eks":
            return self._eks(request, account, region)
        return await self._pass_on(request, body, action)

    def _fault(self, action: str, account: str, region: str) -> Fault | None:
        for fault in self.faults:
            if not fault.strikes(action, account, region):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            return fault
        return None

    async def _pass_on(self, request: web.Request, body: bytes, action: str) -> web.Response:
        assert self._session is not None
        kept = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in {"content-length", "transfer-encoding", "expect"}
        }
        async with self._session.request(
            request.method, f"{self._moto}{request.path_qs}", data=body, headers=kept
        ) as answer:
            content = await answer.read()
            if action == "sts:AssumeRole" and answer.status == 200:
                self._remember(content, body)
            return web.Response(
                body=content, status=answer.status, content_type=answer.content_type
            )

    def _remember(self, content: bytes, body: bytes) -> None:
        """Keep the secret of a role's credentials, to check what is signed with it."""
        found = dict(_ELEMENT.findall(content.decode()))
        account = parse_qs(body.decode())["RoleArn"][0].split(":")[4]
        self.secrets[found["AccessKeyId"]] = (found["SecretAccessKey"], account)

    def _eks(self, request: web.Request, account: str, region: str) -> web.Response:
        here = self.clusters[account, region]
        parts = [part for part in request.path.split("/") if part][1:]
        if not parts:
            return self._paged(request, "clusters", sorted(here))
        cluster = here.get(parts[0])
        if cluster is None:
            return _failed("eks", 404, "ResourceNotFoundException", f"No cluster: {parts[0]}.")
        if len(parts) == 1:
            return web.json_response({"cluster": cluster})
        listed, key, field = {
            "node-groups": (self.groups, "nodegroup", "nodegroupName"),
            "addons": (self.addons, "addon", "addonName"),
        }[parts[1]]
        items = {item[field]: item for item in listed[cluster["arn"]]}
        if len(parts) == 2:
            return self._paged(request, f"{key}s", sorted(items))
        if parts[2] not in items:
            return _failed("eks", 404, "ResourceNotFoundException", f"No {key}: {parts[2]}.")
        return web.json_response({key: items[parts[2]]})

    def _paged(self, request: web.Request, key: str, names: list[str]) -> web.Response:
        start = int(request.query.get("nextToken", "0"))
        end = start + min(self.page, int(request.query.get("maxResults", "100")))
        answer: dict[str, Any] = {key: names[start:end]}
        if end < len(names):
            answer["nextToken"] = str(end)
        return web.json_response(answer)


def _action(service: str, request: web.Request, body: bytes) -> str:
    if service == "eks":
        parts = [part for part in request.path.split("/") if part]
        kinds = {"clusters": "Cluster", "node-groups": "Nodegroup", "addons": "Addon"}
        kind = kinds[parts[0] if len(parts) < 3 else parts[2]]
        return f"eks:List{kind}s" if len(parts) % 2 else f"eks:Describe{kind}"
    if service in _XML_SERVICES:
        return f"{service}:{parse_qs(body.decode())['Action'][0]}"
    return f"{service}:{request.headers['X-Amz-Target'].rpartition('.')[2]}"


def _failed(service: str, status: int, code: str, message: str) -> web.Response:
    if service == "ec2":
        text = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return web.Response(
            text=f"{text}</Errors><RequestID>r</RequestID></Response>",
            status=status,
            content_type="text/xml",
        )
    if service in _XML_SERVICES:
        text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        return web.Response(
            text=f"{text}<Message>{message}</Message></Error></ErrorResponse>",
            status=status,
            content_type="text/xml",
        )
    return web.json_response(
        {"message": message, "__type": code}, status=status, headers={"x-amzn-ErrorType": code}
    )


@contextmanager
def moto_server() -> Iterator[str]:
    """Run moto in a thread and give its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
