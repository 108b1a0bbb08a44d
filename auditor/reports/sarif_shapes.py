"""The part of SARIF 2.1.0 that we write, in the words of the standard."""

from msgspec import Struct


class Message(Struct, frozen=True):
    """A text."""

    text: str


class Markdown(Struct, frozen=True):
    """A text that viewers may show laid out."""

    text: str
    markdown: str


class ArtifactLocation(Struct, frozen=True):
    """A file; here a path that is made up."""

    uri: str


class Region(Struct, frozen=True, rename="camel"):
    """A place in a file."""

    start_line: int = 1


class PhysicalLocation(Struct, frozen=True, rename="camel"):
    """A file and a place in it."""

    artifact_location: ArtifactLocation
    region: Region = Region()


class LogicalLocation(Struct, frozen=True, rename="camel"):
    """A Kubernetes object."""

    name: str
    fully_qualified_name: str
    kind: str = "resource"


class Location(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where something is."""

    physical_location: PhysicalLocation
    logical_locations: tuple[LogicalLocation, ...]
    message: Message | None = None


class Step(Struct, frozen=True):
    """A hop of evidence (`threadFlowLocation`)."""

    location: Location


class ThreadFlow(Struct, frozen=True):
    """Hops in order."""

    locations: tuple[Step, ...]


class CodeFlow(Struct, frozen=True, rename="camel"):
    """A way."""

    thread_flows: tuple[ThreadFlow, ...]


class Suppression(Struct, frozen=True):
    """That somebody accepted a result."""

    kind: str
    status: str
    justification: str


class Result(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What one check says of one object."""

    rule_id: str
    rule_index: int
    kind: str
    level: str
    message: Message
    locations: tuple[Location, ...]
    code_flows: tuple[CodeFlow, ...] = ()
    partial_fingerprints: dict[str, str]
    suppressions: tuple[Suppression, ...]
    """Given for every result, where there is none too: all of a run or none (SARIF 3.27.23)."""
    baseline_state: str | None = None
    properties: dict[str, str | int | tuple[str, ...] | None] = {}


class Configuration(Struct, frozen=True):
    """How a rule's results are shown by default."""

    level: str


class Rule(Struct, frozen=True, rename="camel"):
    """A check."""

    id: str
    name: str
    short_description: Message
    full_description: Message
    help: Markdown
    default_configuration: Configuration
    properties: dict[str, str | tuple[str, ...]]


class Driver(Struct, frozen=True, rename="camel"):
    """The auditor."""

    name: str
    version: str
    semantic_version: str
    rules: tuple[Rule, ...]


class Tool(Struct, frozen=True):
    """What made the results."""

    driver: Driver


class Notification(Struct, frozen=True):
    """Something that could not be audited."""

    level: str
    message: Message


class Invocation(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One run of the command."""

    execution_successful: bool
    start_time_utc: str | None = None
    end_time_utc: str | None = None
    tool_execution_notifications: tuple[Notification, ...] = ()


class Run(Struct, frozen=True, rename="camel", omit_defaults=True):
    """All results of a run."""

    tool: Tool
    invocations: tuple[Invocation, ...]
    results: tuple[Result, ...]
    column_kind: str = "unicodeCodePoints"
    properties: dict[str, tuple[str, ...]] = {}


class SarifLog(Struct, frozen=True, rename={"schema": "$schema"}):
    """The whole file."""

    schema: str
    version: str
    runs: tuple[Run, ...]
