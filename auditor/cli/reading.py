"""Reading the clusters of all sources, one after the other; one that fails costs only itself."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from auditor.cli.failures import ExitCode, complain, remark, show_progress, worst
from auditor.cli.sources import Source, clusters_of, configured_source, parse_source
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.collector.reading import Reading
from auditor.collector.unread import unread
from auditor.model.cluster import Cluster, SourceError, SourceNotFoundError
from auditor.reports.document import SourceProblem
from auditor.reports.text import safe
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits


class ReadFleet(Struct, frozen=True):
    """What came of reading all sources."""

    readings: tuple[Reading, ...]
    errors: tuple[SourceProblem, ...]
    exit_code: ExitCode


class FleetReader:
    """Reads sources and keeps what went wrong with each."""

    def __init__(self, configuration: Configuration, config_base: Path) -> None:
        """Read under a configuration whose relative paths start at `config_base`."""
        self._configuration = configuration
        self._config_base = config_base
        self._projection = projection_for(configuration)
        self._readings: dict[str, Reading] = {}
        self._errors: list[SourceProblem] = []
        self._codes = [ExitCode.DONE]

    def read(self, texts: Iterable[str]) -> ReadFleet:
        """Read the named sources, or every connector of the configuration if none is named."""
        for cluster, text in self._clusters(tuple(texts)):
            remark(f"reading {safe(cluster.id)} from {safe(cluster.access.path)}")
            self._read_cluster(cluster, text)
        return ReadFleet(
            tuple(self._readings.values()),
            tuple(self._errors),
            worst(*self._codes),
        )

    def _clusters(self, texts: tuple[str, ...]) -> Iterable[tuple[Cluster, str]]:
        for source in self._sources(texts):
            try:
                found = asyncio.run(clusters_of(source))
            except SourceError as error:
                self._note(source.text, str(error), ExitCode.INCOMPLETE)
                continue
            yield from ((cluster, source.text) for cluster in found)

    def _sources(self, texts: tuple[str, ...]) -> Iterable[Source]:
        entries = () if texts else self._configuration.connectors
        for text in texts:
            try:
                yield parse_source(text, self._configuration, self._config_base)
            except SourceError as error:
                self._note(text, str(error), ExitCode.USAGE)
        for entry in entries:
            try:
                yield configured_source(entry, self._config_base)
            except SourceError as error:
                self._note(f"connector:{entry.name}", str(error), ExitCode.USAGE)

    def _read_cluster(self, cluster: Cluster, text: str) -> None:
        try:
            reading = read_files(cluster, self._projection, ReadLimits(), show_progress)
        except SourceNotFoundError as error:
            self._note(text, str(error), ExitCode.USAGE)
            return
        except SourceError as error:
            self._note(text, str(error), ExitCode.INCOMPLETE)
            reading = unread(cluster, str(error))
        known = reading.cluster.id
        if known in self._readings:
            apart = f"{text.partition('#')[0]}#other"
            message = (
                f"{known} was read already; name this one apart, for example {apart} "
                "(a capture keeps its id: audit it by itself)"
            )
            self._note(text, message, ExitCode.USAGE)
            return
        self._readings[known] = reading
        if any(coverage.state.is_shortfall for coverage in reading.inventory.coverage.values()):
            self._codes.append(ExitCode.INCOMPLETE)
        for problem in reading.inventory.problems:
            if problem.is_shortfall:
                self._codes.append(ExitCode.INCOMPLETE)
                if not any(known_error.source == text for known_error in self._errors):
                    complain(f"{safe(text)}: {safe(problem.where)}: {safe(problem.message)}")

    def _note(self, source: str, message: str, code: ExitCode) -> None:
        complain(f"{safe(source)}: {safe(message)}")
        self._errors.append(SourceProblem(source, message))
        self._codes.append(code)
