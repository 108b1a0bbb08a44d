"""Software that should not face the internet: how it is recognised, and what its exposure means."""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache

import msgspec
from msgspec import Struct

from auditor.catalogue.loading import CatalogueError, load_data
from auditor.model.ports import Protocol
from auditor.model.verdict import Severity


class SoftwareKind(StrEnum):
    """Which of the two files an entry stands in."""

    MANAGEMENT = "management"
    """An interface from which people run things."""
    LEGACY = "legacy"
    """A service of older trust; it counts as exposed together with a published port only."""


class Category(StrEnum):
    """What sort of software it is."""

    CACHE = "cache"
    CI_AGENT = "ci_agent"
    CI_CD = "ci_cd"
    CONTAINER_RUNTIME = "container_runtime"
    DATABASE = "database"
    DATA_ADMIN = "data_admin"
    DEBUG = "debug"
    DEV_ENV = "dev_env"
    DIRECTORY = "directory"
    FILE_SHARING = "file_sharing"
    GITOPS = "gitops"
    MAIL = "mail"
    MANAGEMENT = "management"
    MESH = "mesh"
    ML = "ml"
    """Machine learning, data processing, workflows and business intelligence."""
    NETWORK = "network"
    OBSERVABILITY = "observability"
    ORCHESTRATION = "orchestration"
    OT = "ot"
    OTHER = "other"
    QUEUE = "queue"
    REGISTRY = "registry"
    REMOTE_ACCESS = "remote_access"
    SECRETS = "secrets"
    STORAGE = "storage"


class Expectation(StrEnum):
    """Who may reach it in a sound setup."""

    NEVER = "never"
    RESTRICT = "restrict"
    """Some networks, or behind a login."""
    PUBLIC_BY_DESIGN_POSSIBLE = "public_by_design_possible"


class AuthDefault(StrEnum):
    """Whether a plain install asks a visitor who he is."""

    YES = "yes"
    NO = "no"
    OPTIONAL = "optional"


class Sureness(StrEnum):
    """How sure the facts of an entry are as a whole."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Verification(StrEnum):
    """How much of an entry was read in its sources."""

    CHECKED = "checked"
    PARTLY = "partly"
    RECALL = "recall"
    """Nothing: it stands as remembered."""


class Where(StrEnum):
    """On which object a port number stands."""

    CONTAINER = "container"
    SERVICE = "service"
    NODE = "node"
    """A NodePort or a host port."""


class SoftwarePort(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A port that it is known by."""

    port: int
    protocol: Protocol = Protocol.TCP
    where: Where | None = None
    """None where the number is the same on every object."""
    purpose: str
    tls: bool = False
    distinctive: bool = False
    """Whether nothing else in the catalogue uses it."""


class Software(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One piece of software, by what of it shows in a cluster's objects."""

    id: str
    kind: SoftwareKind = SoftwareKind.MANAGEMENT
    name: str
    category: Category
    orchestration_management: bool = False
    """Whether it exists to view or change cluster objects, or to run and place workloads."""
    severity_if_exposed: Severity
    exposure_expectation: Expectation = Expectation.NEVER
    auth_default: AuthDefault | None = None
    auth_note: str | None = None
    impact: str | None = None
    confidence: Sureness
    verification: Verification
    same_software_as: tuple[str, ...] = ()
    """Entries for other faces of the same program."""
    images: tuple[str, ...] = ()
    proxied_by: tuple[str, ...] = ()
    """Entries of what a release of it puts in front: whoever reaches the proxy reaches it."""
    image_tag_contains: tuple[str, ...] = ()
    """The images count only under a tag that holds one of these."""
    requires_port: bool = False
    """Whether the image alone says too little: one of its ports or names must show too."""
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    helm_charts: tuple[str, ...] = ()
    crds: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    risky_env: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    port_names: tuple[str, ...] = ()
    ports: tuple[SoftwarePort, ...] = ()
    encrypted_ports: tuple[int, ...] = ()

    @property
    def is_unconfirmed(self) -> bool:
        """Whether its facts are too weak to carry a verdict by themselves."""
        return self.confidence is Sureness.LOW or self.verification is Verification.RECALL

    @property
    def image_names(self) -> frozenset[str]:
        """The last components of its images."""
        return frozenset(pattern.rpartition("/")[2] for pattern in self.images)

    def flags_with_value(self) -> Iterator[str]:
        """Name the flags that must be named to enter an inventory, where they bring their value.

        Others enter by name alone, because a value may be a credential; but of words with one
        dash none does, since a short flag may run on into its value.
        """
        for flag in self.flags:
            name, equals, _ = flag.partition("=")
            if equals or not name.startswith("--"):
                yield name


class SoftwareEntries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data file."""

    version: int
    kind: SoftwareKind
    entries: tuple[Software, ...]


FILES = ("management_interfaces.yaml", "legacy_services.yaml")


@cache
def software() -> dict[str, Software]:
    """Give all known software by id.

    Raises:
        CatalogueError: an id stands twice or names nothing, or a pattern could never match.
    """
    found: dict[str, Software] = {}
    for file in FILES:
        loaded = load_data(file, SoftwareEntries)
        for entry in loaded.entries:
            if entry.id in found:
                raise CatalogueError(f"{file}: {entry.id}: the id stands twice")
            for reason in broken_facts(entry):
                raise CatalogueError(f"{file}: {entry.id}: {reason}")
            found[entry.id] = msgspec.structs.replace(entry, kind=loaded.kind)
    for reason in broken_references(found, found.values()):
        raise CatalogueError(reason)
    return found


def broken_references(known: Mapping[str, Software], entries: Iterable[Software]) -> Iterator[str]:
    """Say which of some entries name others that are not known."""
    for entry in entries:
        for field in ("same_software_as", "proxied_by"):
            for other in getattr(entry, field):
                if other not in known:
                    yield f"{entry.id}: {field} names {other}, no such entry"


_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_IMAGE_PATTERN = re.compile(r"[a-z0-9*._-]+(/[a-z0-9*._-]+)*")
_FLAG = re.compile(r"--?[A-Za-z][A-Za-z0-9._:-]+(=\S+)?")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*(=\S*)?")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_LARGEST_PORT = 65535


def broken_facts(entry: Software) -> Iterator[str]:
    """Say what of an entry could never match, or would match too much."""
    if not _ID.fullmatch(entry.id):
        yield "an id is lower-case words joined by dashes"
    for what, texts, is_sound in (
        ("a lower-case path", entry.images, _is_image_pattern),
        ("lower case and of some letters", entry.names, _is_name_pattern),
        ("lower case and of some letters", entry.port_names, _is_name_pattern),
        ("lower case and of some letters", entry.helm_charts, _is_name_pattern),
        ("KEY or KEY=VALUE", entry.labels, _LABEL.fullmatch),
        ("a flag's full name", entry.flags, _FLAG.fullmatch),
        ("the name of a variable", (*entry.env, *entry.risky_env), _ENV_NAME.fullmatch),
    ):
        yield from (f"{text!r} is not {what}" for text in texts if not is_sound(text))
    for item in entry.ports:
        if not 0 < item.port <= _LARGEST_PORT:
            yield f"{item.port} is not a port"


def _is_image_pattern(text: str) -> bool:
    return bool(_IMAGE_PATTERN.fullmatch(text)) and bool(text.strip("*/"))


def _is_name_pattern(text: str) -> bool:
    return bool(text.strip("*")) and text == text.lower()
