"""From credentials to projects, to clusters: all at once, each costing only itself."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from pathlib import Path

from auditor.model.cluster import Cluster, Gap, Progress, SourceError
from connectors.google.calling import Caller, Places
from connectors.google.credentials import Identity, find_identity
from connectors.google.options import GoogleOptions
from connectors.google.project import ProjectReader
from connectors.google.shapes import FoundResource, FoundResources
from connectors.google.tokens import Tokens
from connectors.shortfalls import CallError, Shortfalls

Item = Cluster | Gap | Progress

PLACES = Places()

_AT_ONCE = 16
"""Projects that are read at the same time."""
_CLUSTERS = "container.googleapis.com/Cluster"
_SEARCH = "cloudasset.assets.searchAllResources"
_PROJECT = re.compile(r"//container\.googleapis\.com/projects/([^/]+)/")


async def discovered(
    options: GoogleOptions, base: Path, *, unattended: bool
) -> AsyncGenerator[Item, None]:
    """Yield the clusters, the gaps and how far it has come, as they become known.

    Raises:
        SourceError: there are no usable credentials, nobody says which projects there are, or none
            of them can be read.
    """
    # In a thread: the machine's metadata service may have to be asked.
    finding = partial(find_identity, options, base, unattended=unattended)
    identity = await asyncio.to_thread(finding)
    items: asyncio.Queue[Item | None] = asyncio.Queue()
    working = asyncio.create_task(_listing(options, identity, items), name="list GKE clusters")
    working.add_done_callback(lambda _: items.put_nowait(None))
    try:
        while (item := await items.get()) is not None:
            yield item
        await working
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError, SourceError):
            await working


async def _listing(
    options: GoogleOptions, identity: Identity, items: asyncio.Queue[Item | None]
) -> None:
    tokens = Tokens(identity.credentials)
    async with Caller(tokens, PLACES, options.requests_per_second) as caller:
        await _Discovery(options, identity.project, caller, items).run()


class _Discovery:
    """One listing."""

    def __init__(
        self,
        options: GoogleOptions,
        own_project: str | None,
        caller: Caller,
        items: asyncio.Queue[Item | None],
    ) -> None:
        self._options = options
        self._own_project = own_project
        self._caller = caller
        self._items = items
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._done = 0
        self._refusals: list[str] = []

    async def run(self) -> None:
        """List everything.

        Raises:
            SourceError: no project is known, or none can be read.
        """
        try:
            await self._caller.tokens.token()
        except CallError as error:
            raise SourceError(str(error)) from None
        projects = await self._projects()
        self._say(f"{len(projects)} projects")
        async with asyncio.TaskGroup() as group:
            for project in projects:
                group.create_task(self._project(project, len(projects)), name=f"list {project}")
        if projects and len(self._refusals) == len(projects):
            which = f"none of {len(projects)} projects" if len(projects) > 1 else "no project"
            raise SourceError(f"{which} can be read: {self._refusals[0]}")

    async def _projects(self) -> list[str]:
        """Name the projects to read.

        Raises:
            SourceError: nobody says which there are.
        """
        options = self._options
        found = set(options.projects)
        if not (options.projects or options.scopes):
            if self._own_project is None:
                raise SourceError(
                    "the credentials name no project: write projects: [PROJECT-ID], or "
                    'organization: "NUMBER"'
                )
            found.add(self._own_project)
        searches = (self._search(scope) for scope in options.scopes)
        answers = await asyncio.gather(*searches, return_exceptions=True)
        failed: list[tuple[str, CallError]] = []
        for scope, answer in zip(options.scopes, answers, strict=True):
            if isinstance(answer, CallError):
                failed.append((scope, answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found |= answer
        if failed and len(failed) == len(options.scopes) and not options.projects:
            scope, error = failed[0]
            raise SourceError(f"the projects of {scope}: {error}")
        for scope, error in failed:
            self._items.put_nowait(Gap(scope, str(error)))
        return sorted(found - set(options.skip_projects))

    async def _search(self, scope: str) -> set[str]:
        pages = await self._caller.pages(
            f"{self._caller.places.assets}/{scope}:searchAllResources",
            FoundResources,
            _SEARCH,
            scope,
            assetTypes=_CLUSTERS,
            pageSize="500",
            readMask="name,project",
        )
        return {_project_of(found) for page in pages for found in page.results}

    async def _project(self, project: str, total: int) -> None:
        gaps = Shortfalls(f"project {project}")
        clusters: list[Cluster] = []
        async with self._room:
            try:
                clusters = await ProjectReader(
                    self._caller, project, self._options, gaps
                ).clusters()
            except CallError as error:
                gaps.hidden("", error)
                self._refusals.append(str(error))
        for cluster in clusters:
            self._items.put_nowait(cluster)
        for gap in gaps.told():
            self._items.put_nowait(gap)
        self._done += 1
        self._say(f"project {project}: {len(clusters)} clusters ({self._done} of {total} projects)")

    def _say(self, text: str) -> None:
        self._items.put_nowait(Progress(text))


def _project_of(found: FoundResource) -> str:
    """Give the project of a cluster: its id, or at least its number, which the API takes too.

    Raises:
        CallError: the answer names neither.
    """
    named = _PROJECT.match(found.name)
    project = named[1] if named else found.project.rpartition("/")[2]
    if not project:
        raise CallError(f"{_SEARCH}: the answer names a cluster without its project")
    return project
