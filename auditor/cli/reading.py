"""Reading the clusters of all sources, many at once; one that fails costs only itself."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

from auditor.cli.failures import ExitCode, UsageFailure, complain, remark, show_progress, worst
from auditor.collector.collecting import Limits, read_cluster
from auditor.collector.projection import projection_for
from auditor.collector.reading import Reading
from auditor.collector.unread import unread
from auditor.daemon.sources import (
    Listing,
    Source,
    clusters_of,
    configured_source,
    default_sources,
    parse_source,
)
from auditor.model.cluster import Cluster, Files, SourceError, SourceNotFoundError
from auditor.model.preparing import prepare_types
from auditor.model.reading import Coverage, ReadProblem
from auditor.reports.document import SourceProblem
from auditor.reports.text import safe
from auditor.settings.configuration import Configuration

CLUSTERS_AT_ONCE = 20
"""Clusters that are read at once. Each waits for its server most of the time, and holds at most a
page in flight; what is read of one is judged and dropped before the next begins."""

Used = TypeVar("Used")


class ReadFleet(Struct, Generic[Used], frozen=True):
    """What came of reading all sources."""

    used: tuple[Used, ...]
    """What became of each cluster, in the order of the sources."""
    live_ids: frozenset[str]
    """Ids of the clusters that were read from their API server, or should have been."""
    errors: tuple[SourceProblem, ...]
    exit_code: ExitCode


class _Outcome(Struct, Generic[Used], frozen=True):
    """What came of one cluster."""

    cluster_id: str
    is_live: bool
    used: Used
    shortfalls: tuple[Coverage, ...]
    problems: tuple[ReadProblem, ...]
    error: tuple[str, ExitCode] | None = None


class FleetReader(Generic[Used]):
    """Reads sources and keeps what went wrong with each."""

    def __init__(
        self,
        configuration: Configuration,
        config_base: Path,
        use: Callable[[Reading], Used],
        *,
        with_host_references: bool = False,
    ) -> None:
        """Read under a configuration whose relative paths start at `config_base`.

        `use` gets each reading as soon as it is there, and what it gives is kept in its place. It
        runs in a thread of its own. Hosts that settings name are kept only where they are asked
        for.
        """
        self._configuration = configuration
        self._config_base = config_base
        self._use = use
        self._projection = projection_for(configuration, with_host_references=with_host_references)
        self._used: dict[str, Used] = {}
        self._live: set[str] = set()
        self._errors: list[SourceProblem] = []
        self._codes = [ExitCode.DONE]

    def read(self, texts: Iterable[str]) -> ReadFleet[Used]:
        """Read the named sources; none: every connector of the configuration, or the default."""
        kept: list[ReadFleet[Used]] = []

        async def keep() -> None:
            # Not as the result of the task: when the loop ends, the standard library writes out
            # the task with its result to name it, and that may be every finding of a fleet.
            kept.append(await self.read_beside(texts))

        asyncio.run(keep())
        return kept[0]

    def read_one(self, source: str) -> tuple[Used, ExitCode]:
        """Read the one cluster of a source; one that could not be read at all ends the command.

        Raises:
            UsageFailure: the source holds several clusters.
        """
        read = self.read([source])
        if len(read.used) > 1:
            count = len(read.used)
            raise UsageFailure(f"{source} holds {count} clusters; name one: {source}#CONTEXT")
        if not read.used:
            sys.exit(int(read.exit_code))
        return read.used[0], read.exit_code

    async def read_beside(self, texts: Iterable[str]) -> ReadFleet[Used]:
        """Do the same in a loop that runs already."""
        await self._read_all(tuple(texts))
        return ReadFleet(
            tuple(self._used.values()),
            frozenset(self._live),
            tuple(self._errors),
            worst(*self._codes),
        )

    async def _read_all(self, texts: tuple[str, ...]) -> None:
        places = asyncio.Semaphore(CLUSTERS_AT_ONCE)
        sources = list(self._sources(texts))
        # All at once: clouds take their time, and one that fails costs only itself.
        answers = await asyncio.gather(*map(_listed, sources))
        listed: list[tuple[Cluster, str]] = []
        for source, answer in zip(sources, answers, strict=True):
            listed += [(cluster, source.text) for cluster in self._clusters_in(source, answer)]
        prepare_types()
        done = _Counter(len(listed))
        async with asyncio.TaskGroup() as group:
            tasks = [
                (text, group.create_task(self._read_cluster(cluster, places, done)))
                for cluster, text in listed
            ]
        for text, task in tasks:
            self._take(task.result(), text)

    def _clusters_in(self, source: Source, answer: Listing | SourceError) -> tuple[Cluster, ...]:
        """Give the clusters of a listing, and note what went wrong with it."""
        if isinstance(answer, SourceError):
            is_usage = isinstance(answer, SourceNotFoundError)
            code = ExitCode.USAGE if is_usage else ExitCode.INCOMPLETE
            self._note(source.text, str(answer), code)
            return ()
        for gap in answer.gaps:
            self._note(source.text, f"{gap.place}: {gap.reason}", ExitCode.INCOMPLETE)
        return answer.clusters

    def _sources(self, texts: tuple[str, ...]) -> Iterable[Source]:
        for text in texts:
            try:
                yield parse_source(text, self._configuration, self._config_base)
            except SourceError as error:
                self._note(text, str(error), ExitCode.USAGE)
        if texts:
            return
        for entry in self._configuration.connectors:
            try:
                yield configured_source(entry, self._config_base)
            except SourceError as error:
                self._note(f"connector:{entry.name}", str(error), ExitCode.USAGE)
        if not self._configuration.connectors:
            yield from default_sources()

    async def _read_cluster(
        self, cluster: Cluster, places: asyncio.Semaphore, done: "_Counter"
    ) -> _Outcome[Used]:
        async with places:
            remark(f"reading {safe(cluster.id)} from {safe(cluster.place)}")
            error = None
            try:
                reading = await read_cluster(
                    cluster, self._projection, Limits(), _progress_of(cluster)
                )
            except SourceError as caught:
                is_usage = isinstance(caught, SourceNotFoundError)
                error = (str(caught), ExitCode.USAGE if is_usage else ExitCode.INCOMPLETE)
                reading = unread(cluster, str(caught))
            used = await asyncio.to_thread(self._use, reading)
            done.count(reading.cluster)
        coverage = reading.inventory.coverage.values()
        return _Outcome(
            cluster_id=reading.cluster.id,
            is_live=not isinstance(cluster.access, Files),
            used=used,
            shortfalls=tuple(item for item in coverage if item.state.is_shortfall),
            problems=reading.inventory.problems,
            error=error,
        )

    def _take(self, outcome: _Outcome[Used], text: str) -> None:
        """Take what came of a cluster, in the order of the sources."""
        if outcome.error is not None:
            self._note(text, *outcome.error)
            if outcome.error[1] is ExitCode.USAGE:
                return
        known = outcome.cluster_id
        if known in self._used:
            apart = f"{text.partition('#')[0]}#other"
            message = (
                f"{known} was read already; name this one apart, for example {apart} "
                "(a capture keeps its id: audit it by itself)"
            )
            self._note(text, message, ExitCode.USAGE)
            return
        self._used[known] = outcome.used
        if outcome.is_live:
            self._live.add(known)
        problems = [problem for problem in outcome.problems if problem.is_shortfall]
        if outcome.shortfalls or problems:
            self._codes.append(ExitCode.INCOMPLETE)
        if any(known_error.source == text for known_error in self._errors):
            return
        for problem in problems:
            complain(f"{safe(text)}: {safe(problem.where)}: {safe(problem.message)}")
        if not problems:
            _complain_of(outcome.shortfalls, f"{safe(text)}: {safe(known)}")

    def _note(self, source: str, message: str, code: ExitCode) -> None:
        complain(f"{safe(source)}: {safe(message)}")
        # What is no UTF-8 could not be written as JSON.
        shown = source.encode(errors="replace").decode()
        self._errors.append(SourceProblem(shown, message))
        self._codes.append(code)


_NAMED_SHORTFALLS = 3
"""Resources of one cluster whose shortfall is named; the rest are counted."""


def _complain_of(shortfalls: tuple[Coverage, ...], place: str) -> None:
    for item in shortfalls[:_NAMED_SHORTFALLS]:
        complain(f"{place}: {item.resource} is {item.state}: {safe(item.detail or '')}")
    rest = len(shortfalls) - _NAMED_SHORTFALLS
    if rest > 0:
        complain(f"{place}: and {rest} more resources")


class _Counter:
    """Says how many clusters are done, once there are several."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0

    def count(self, cluster: Cluster) -> None:
        self._done += 1
        if self._total > 1:
            remark(f"read {safe(cluster.id)} ({self._done} of {self._total})")


async def _listed(source: Source) -> Listing | SourceError:
    try:
        return await clusters_of(source, unattended=False, progress=_listing_of(source.text))
    except SourceError as error:
        return error


def _listing_of(text: str) -> Callable[[str], None]:
    return lambda step: show_progress(f"{safe(text)}: {safe(step)}")


def _progress_of(cluster: Cluster) -> Callable[[str], None]:
    return lambda step: show_progress(f"{cluster.id}: {step}")
