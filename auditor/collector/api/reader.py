"""The API reader: one live cluster, every resource that an audit reads, under one deadline."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from auditor.collector.api.client import ApiClient
from auditor.collector.api.discovery import Absent, Located, discover
from auditor.collector.api.errors import ApiError, NotBeforeError
from auditor.collector.api.listing import Listed, ResourceLister
from auditor.collector.api.named import NamedReader
from auditor.collector.api.rights import Rights, ask_rights
from auditor.collector.reading import Reading, failed_coverage
from auditor.kube.decoding import ObjectDecoder
from auditor.kube.inventory import assemble
from auditor.kube.meta import Projection
from auditor.kube.resources import RESOURCES, Resource
from auditor.model.cluster import Api, Cluster
from auditor.model.connection import Connection
from auditor.model.reading import Coverage, ReadProblem, ReadState
from auditor.settings.limits import ApiLimits

_EXPIRES_SOON = timedelta(days=7)
_NO_RIGHTS = Rights(None, (), "the cluster could not be read")

Progress = Callable[[str], None]


class _ServerVersion(Struct, frozen=True, rename="camel"):
    git_version: str | None = None


async def read_api(
    cluster: Cluster, access: Api, projection: Projection, limits: ApiLimits, progress: Progress
) -> Reading:
    """Read a live cluster. Whatever goes wrong is in the coverage; nothing is raised."""
    async with ApiClient(access, limits) as client:
        reader = _Reader(client, projection, limits, progress)
        failure = await reader.run()
        connection = _connection(access, client, reader.rights, failure)
    if failure is not None:
        problem = ReadProblem(cluster.id, failure)
        inventory = assemble({}, failed_coverage(failure), (problem,), None, connection)
        return Reading(cluster, inventory, reader.not_before)
    problems = [*reader.problems(), *_expiring(cluster, client.certificate_expires_at)]
    inventory = assemble(
        {name: listed.objects for name, listed in reader.listed.items()},
        {name: listed.coverage for name, listed in reader.listed.items()},
        problems,
        reader.version,
        connection,
    )
    return Reading(cluster, inventory, reader.not_before)


class _Reader:
    """One run over all resources; what is done when the deadline passes is kept."""

    def __init__(
        self, client: ApiClient, projection: Projection, limits: ApiLimits, progress: Progress
    ) -> None:
        self.listed: dict[str, Listed] = {}
        self.version: str | None = None
        self.rights = _NO_RIGHTS
        self.not_before: float | None = None
        self._client = client
        self._limits = limits
        decoder = ObjectDecoder(projection, limits.max_object_bytes)
        self._lister = ResourceLister(client, decoder, limits, progress)
        self._named = NamedReader(client, decoder)
        self._names = tuple(projection.config_maps)

    async def run(self) -> str | None:
        """Read everything; give why nothing could be read, or None."""
        try:
            async with asyncio.timeout(self._limits.cluster_seconds):
                return await self._read()
        except TimeoutError:
            message = f"not read within the deadline of {self._limits.cluster_seconds:g} s"
            for resource in RESOURCES:
                failed = Listed((), Coverage(resource.name, ReadState.FAILED, 0, message))
                self.listed.setdefault(resource.name, failed)
            return None if any(item.objects for item in self.listed.values()) else message

    async def _read(self) -> str | None:
        try:
            discovery = await discover(self._client)
        except ApiError as error:
            if isinstance(error, NotBeforeError):
                self.not_before = error.seconds
            return str(error)
        self.version = await self._server_version()
        async with asyncio.TaskGroup() as group:
            for resource in RESOURCES:
                group.create_task(self._read_resource(resource, discovery.find(resource)))
        self.rights = await ask_rights(self._client)
        return None

    async def _read_resource(self, resource: Resource, where: object) -> None:
        if isinstance(where, Located):
            listed = await self._listed(resource, where.path)
            if where.doubt and not listed.coverage.state.is_complete:
                said = f"{listed.coverage.detail}; {where.doubt}"
                coverage = msgspec.structs.replace(listed.coverage, detail=said)
                listed = msgspec.structs.replace(listed, coverage=coverage)
        elif isinstance(where, Absent):
            absent = Coverage(resource.name, ReadState.ABSENT, 0, where.detail)
            listed = Listed((), absent)
        else:
            detail = getattr(where, "detail", "")
            listed = Listed((), Coverage(resource.name, ReadState.FAILED, 0, detail))
        if listed.not_before is not None:
            self.not_before = max(self.not_before or 0.0, listed.not_before)
        self.listed[resource.name] = listed

    async def _listed(self, resource: Resource, path: str) -> Listed:
        if resource.is_named:
            return await self._named.read(resource, path, self._names)
        return await self._lister.list(resource, path)

    async def _server_version(self) -> str | None:
        try:
            answer = await self._client.get("/version")
            return msgspec.json.decode(answer.body, type=_ServerVersion).git_version
        except (ApiError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def problems(self) -> list[ReadProblem]:
        """Give what could not be read of single objects, in the order of the resources."""
        return [
            problem for resource in RESOURCES for problem in self.listed[resource.name].problems
        ]


def _connection(access: Api, client: ApiClient, rights: Rights, failure: str | None) -> Connection:
    is_tls = access.server.lower().startswith("https://")
    why = None
    if not is_tls:
        why = "the server is spoken to in plain HTTP"
    elif not access.verify:
        why = "insecure-skip-tls-verify is set"
    expires = client.certificate_expires_at
    return Connection(
        server=access.server,
        is_verified=why is None,
        why_unverified=why,
        identity=rights.identity,
        rights=rights.held,
        rights_problem=rights.problem,
        certificate_expires_at=expires.isoformat().replace("+00:00", "Z") if expires else None,
        failure=failure,
    )


def _expiring(cluster: Cluster, expires: datetime | None) -> list[ReadProblem]:
    """Remark on a server certificate whose last week has begun."""
    if expires is None or expires - datetime.now(UTC) > _EXPIRES_SOON:
        return []
    message = (
        f"the server's certificate expires on {expires.date()}: after that the cluster cannot be "
        "read; renew it"
    )
    return [ReadProblem(cluster.id, message, is_shortfall=False)]
