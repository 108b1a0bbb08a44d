"""A kubeconfig file as values, and the merging of several as kubectl does it."""

import base64
import binascii
from collections.abc import Iterable
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

    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class UserEntry(Struct, frozen=True, rename="kebab"):
    """How to prove who one is."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    impersonate: str = field(default="", name="as")
    exec: ExecConfig | None = None
    auth_provider: dict[str, object] | None = None


class ContextEntry(Struct, frozen=True):
    """A cluster and a user, by name."""

    cluster: str = ""
    user: str = ""


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
    present = [path for path in named if path.exists()]
    if not present:
        listed = ", ".join(map(str, named))
        raise SourceNotFoundError(f"{listed} is not there; name a kubeconfig file")
    for path in present:
        file = _read(path)
        folder = path.resolve().parent
        for cluster in file.clusters or ():
            merged.clusters.setdefault(cluster.name, (cluster.cluster or ClusterEntry(), folder))
        for user in file.users or ():
            merged.users.setdefault(user.name, (user.user or UserEntry(), folder))
        for context in file.contexts or ():
            merged.contexts.setdefault(context.name, context.context or ContextEntry())
    return merged


def content_of(data: str, path: str, folder: Path, what: str) -> bytes | None:
    """Give what an entry holds itself as base64, or names as a file; None if neither.

    Raises:
        SourceError: it is no base64, or the file cannot be read.
    """
    if data:
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise SourceError(f"{what}-data is no base64") from error
    if not path:
        return None
    place = folder / Path(path).expanduser()
    try:
        return place.read_bytes()
    except OSError as error:
        raise SourceError(f"{what}: {place} cannot be read: {error.strerror}") from error


def _read(path: Path) -> _File:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"{path} holds over {MAX_BYTES:,} bytes; name a kubeconfig file")
        return msgspec.convert(load_yaml(path.read_bytes()) or {}, _File)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        # Its message may quote the file, and the file holds credentials.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise SourceError(f"{path} is no YAML{where}") from error
    except msgspec.ValidationError as error:
        raise SourceError(f"{path} is no kubeconfig: {error}") from error
