"""A kubeconfig file as values, and the merging of several as kubectl does it.

A key without a value (`token:`) is as good as none, as kubectl has it.
"""

import base64
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct, field

from auditor.model.cluster import SourceError, SourceNotFoundError
from auditor.settings.yaml_text import load_yaml
from connectors.exec_plugin import ExecConfig

MAX_BYTES = 8 * 1024 * 1024
"""Of one file: a thousand contexts with their certificates are some five megabytes."""


class ClusterEntry(Struct, frozen=True, rename="kebab"):
    """How to reach a server."""

    server: str | None = None
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None


class UserEntry(Struct, frozen=True, rename="kebab"):
    """How to prove who one is."""

    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    token: str | None = None
    token_file: str | None = field(default=None, name="tokenFile")
    username: str | None = None
    password: str | None = None
    impersonate: str | None = field(default=None, name="as")
    exec: ExecConfig | None = None
    auth_provider: dict[str, object] | None = None


class ContextEntry(Struct, frozen=True):
    """A cluster and a user, by name."""

    cluster: str | None = None
    user: str | None = None


class _NamedCluster(Struct, frozen=True):
    name: str
    cluster: ClusterEntry | None = None


class _NamedUser(Struct, frozen=True):
    name: str
    user: UserEntry | None = None


class _NamedContext(Struct, frozen=True):
    name: str
    context: ContextEntry | None = None


class _File(Struct, frozen=True):
    clusters: tuple[_NamedCluster, ...] | None = None
    users: tuple[_NamedUser, ...] | None = None
    contexts: tuple[_NamedContext, ...] | None = None


class Kubeconfig(Struct, frozen=True):
    """Clusters, users and contexts by name; of two with one name the first counts."""

    clusters: dict[str, tuple[ClusterEntry, Path]]
    users: dict[str, tuple[UserEntry, Path]]
    contexts: dict[str, ContextEntry]


def read_kubeconfig(paths: Iterable[Path]) -> Kubeconfig:
    """Read and merge files; one that is not there is passed over if another is.

    Raises:
        SourceNotFoundError: none of them is there.
        SourceError: one cannot be read or is no kubeconfig.
    """
    merged = Kubeconfig({}, {}, {})
    named = tuple(paths)
    present: dict[Path, _File] = {}
    for path in named:
        with suppress(SourceNotFoundError):
            present[path] = _read(path)
    if not present:
        listed = ", ".join(map(str, named)) or "a kubeconfig file"
        raise SourceNotFoundError(f"{listed} is not there; name a kubeconfig file")
    for path, file in present.items():
        # Not resolved: kubectl takes a link's own folder.
        folder = path.absolute().parent
        for cluster in file.clusters or ():
            merged.clusters.setdefault(cluster.name, (cluster.cluster or ClusterEntry(), folder))
        for user in file.users or ():
            merged.users.setdefault(user.name, (user.user or UserEntry(), folder))
        for context in file.contexts or ():
            merged.contexts.setdefault(context.name, context.context or ContextEntry())
    return merged


def place_of(path: str, folder: Path) -> Path:
    """Give a path that a file or a person wrote: relative ones are taken from `folder`.

    Raises:
        SourceError: it begins with a `~name` that has no home folder.
    """
    try:
        return folder / Path(path).expanduser()
    except RuntimeError as error:
        raise SourceError(f"{path}: there is no such home folder") from error


def read_file(path: Path) -> bytes:
    """Read a file, which is small, as all are that a kubeconfig names.

    Raises:
        SourceNotFoundError: it is not there.
        SourceError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFoundError(f"{path} is not there") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(f"{str(path)!r} is no path: {error}") from error
    if len(content) > MAX_BYTES:
        raise SourceError(f"{path} holds over {MAX_BYTES:,} bytes")
    return content


def content_of(data: str | None, path: str | None, folder: Path, what: str) -> bytes | None:
    """Give what an entry holds itself as base64, or names as a file; None if neither.

    Raises:
        SourceError: it is no base64, or the file cannot be read.
    """
    if data:
        try:
            # Line breaks are fine, as in any folded text.
            return base64.b64decode("".join(data.split()), validate=True)
        except ValueError as error:
            raise SourceError(f"{what}-data is no base64") from error
    if not path:
        return None
    try:
        return read_file(place_of(path, folder))
    except SourceError as error:
        raise SourceError(f"{what}: {error}") from error


def _read(path: Path) -> _File:
    content = read_file(path)
    try:
        return msgspec.convert(load_yaml(content) or {}, _File)
    except yaml.YAMLError as error:
        # Its message may quote the file, and the file holds credentials.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise SourceError(f"{path} is no YAML{where}") from error
    except msgspec.ValidationError as error:
        raise SourceError(f"{path} is no kubeconfig: {error}") from error
