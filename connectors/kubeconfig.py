"""Clusters of a kubeconfig: one for each context, or the cluster that the auditor runs in."""

import base64
import glob
import os
from collections.abc import AsyncIterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from auditor.model.cluster import (
    Api,
    Cluster,
    Credential,
    CredentialProvider,
    NoAccess,
    SourceError,
)
from connectors.exec_plugin import ExecCredentials, ExecPolicy
from connectors.kubeconfig_file import (
    ClusterEntry,
    Kubeconfig,
    UserEntry,
    content_of,
    place_of,
    read_file,
    read_kubeconfig,
)

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its own token and its cluster's authority."""

_IN_CLUSTER = "in-cluster"


class KubeconfigOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a configuration entry of kind `kubeconfig` says."""

    path: str | None = None
    """The file; several are joined by `:` and merged as kubectl does. By default `$KUBECONFIG`,
    else `~/.kube/config`."""
    contexts: tuple[str, ...] = ("*",)
    """Globs of context names."""
    in_cluster: bool = False
    """Read the cluster that the auditor itself runs in, with its service account."""
    exec_commands: tuple[str, ...] = ()
    """Absolute paths of the exec plugins that the daemon may run; on the command line plugins run
    as kubectl runs them."""
    exec_environment: tuple[str, ...] = ()
    """Names of variables that the daemon's exec plugins see beyond PATH, HOME, USER, LANG, TZ."""
    tags: dict[str, str] = {}
    """Cluster tags of every cluster, as a cloud would have them."""


class KubeconfigConnector:
    """Yields one cluster for each context."""

    kind = "kubeconfig"
    options = KubeconfigOptions

    @staticmethod
    def from_source(text: str) -> KubeconfigOptions:
        """Read a command line's `kubeconfig:PATH[#CONTEXT]`, the part behind the colon.

        An empty path is the default kubeconfig; `in-cluster` is the cluster we run in.
        """
        if text == _IN_CLUSTER:
            return KubeconfigOptions(in_cluster=True)
        path, hash_sign, context = text.partition("#")
        contexts = (glob.escape(context),) if hash_sign and context else ("*",)
        return KubeconfigOptions(path=path or None, contexts=contexts)

    @staticmethod
    async def clusters(
        options: KubeconfigOptions, base: Path, *, unattended: bool
    ) -> AsyncIterator[Cluster]:
        """Yield the clusters; a context that cannot be used is yielded without access.

        Raises:
            SourceNotFoundError: the file is not there.
            SourceError: it is no kubeconfig, or no context matches.
        """
        if options.in_cluster:
            yield _own_cluster(options)
            return
        kubeconfig = read_kubeconfig(_paths(options, base))
        policy = ExecPolicy(unattended, options.exec_commands, options.exec_environment)
        names = [
            name
            for name in kubeconfig.contexts
            if any(fnmatchcase(name, pattern) for pattern in options.contexts)
        ]
        if not names:
            known = ", ".join(sorted(kubeconfig.contexts)) or "none"
            wanted = ", ".join(options.contexts)
            raise SourceError(f"no context matches {wanted}; the file has: {known}")
        for name in names:
            yield Cluster(
                id=f"kubeconfig/{name}",
                name=name,
                provider="kubeconfig",
                tags=options.tags,
                access=_access(kubeconfig, name, policy),
            )


class _Static:
    """A credential that stands in the file."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def credential(self, *, renew: bool) -> Credential:  # noqa: ARG002 - there is no other
        return self._credential


class _TokenFile:
    """A token in a file that somebody else renews: read anew whenever it is asked for."""

    def __init__(
        self, path: Path, certificate: bytes | None = None, key: bytes | None = None
    ) -> None:
        self._path = path
        self._certificate = certificate
        self._key = key

    async def credential(self, *, renew: bool) -> Credential:  # noqa: ARG002 - always anew
        try:
            token = read_file(self._path).decode().strip()
        except SourceError as error:
            raise SourceError(f"the token file {error}") from error
        except UnicodeDecodeError as error:
            raise SourceError(f"the token file {self._path} holds no text") from error
        if not token:
            raise SourceError(f"the token file {self._path} is empty")
        return Credential(token=token, certificate=self._certificate, key=self._key)


def _paths(options: KubeconfigOptions, base: Path) -> list[Path]:
    if not options.path:
        # What the environment names is seen from where we run.
        base = Path()
    named = options.path or os.environ.get("KUBECONFIG") or "~/.kube/config"
    return [place_of(part, base) for part in named.split(os.pathsep) if part]


def _own_cluster(options: KubeconfigOptions) -> Cluster:
    return Cluster(
        id=f"kubeconfig/{_IN_CLUSTER}",
        name=_IN_CLUSTER,
        provider="kubeconfig",
        tags=options.tags,
        access=_own_access(),
    )


def _own_access() -> Api | NoAccess:
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{part}") for part in ("HOST", "PORT"))
    if not host or not port:
        return NoAccess("not inside a cluster: KUBERNETES_SERVICE_HOST is not set")
    try:
        ca = (_SERVICE_ACCOUNT / "ca.crt").read_bytes()
    except OSError as error:
        return NoAccess(f"{_SERVICE_ACCOUNT}/ca.crt cannot be read: {error.strerror}")
    bracketed = f"[{host}]" if ":" in host else host
    try:
        server = _checked_server(f"https://{bracketed}:{port}")
    except SourceError as error:
        return NoAccess(f"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: {error}")
    return Api(
        server=server,
        credentials=_TokenFile(_SERVICE_ACCOUNT / "token"),
        ca=ca,
    )


def _access(kubeconfig: Kubeconfig, name: str, policy: ExecPolicy) -> Api | NoAccess:
    context = kubeconfig.contexts[name]
    if not context.cluster or context.cluster not in kubeconfig.clusters:
        wanted = context.cluster or ""
        return NoAccess(f"the context names the cluster {wanted!r}, which is not there")
    if context.user and context.user not in kubeconfig.users:
        return NoAccess(f"the context names the user {context.user!r}, which is not there")
    cluster, folder = kubeconfig.clusters[context.cluster]
    user, user_folder = kubeconfig.users.get(context.user or "", (UserEntry(), folder))
    try:
        ca = content_of(
            cluster.certificate_authority_data,
            cluster.certificate_authority,
            folder,
            "certificate-authority",
        )
        info = _cluster_info(cluster, ca)
        return _api(cluster, ca, _credentials(user, user_folder, info, policy))
    except SourceError as error:
        return NoAccess(str(error))


def _api(cluster: ClusterEntry, ca: bytes | None, credentials: CredentialProvider) -> Api:
    if cluster.proxy_url and not _is_http_url(cluster.proxy_url):
        raise SourceError(f"proxy-url {_shown(cluster.proxy_url)} is no http or https URL")
    return Api(
        server=_checked_server(cluster.server or ""),
        credentials=credentials,
        ca=ca,
        verify=not cluster.insecure_skip_tls_verify,
        server_name=cluster.tls_server_name or None,
        proxy=cluster.proxy_url or None,
    )


def _checked_server(server: str) -> str:
    """Give a server that is the URL of an API.

    Raises:
        SourceError: it is not.
    """
    if not server:
        raise SourceError("the cluster names no server")
    if not _is_http_url(server):
        raise SourceError(f"the server {_shown(server)} is no http or https URL")
    if "@" in urlsplit(server).netloc:
        raise SourceError("the server's URL holds a user name; write it under users")
    return server


def _is_http_url(url: str) -> bool:
    if not url.isprintable() or " " in url or "\\" in url:
        # urlsplit overlooks them, and what sends the request does not.
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna").decode("idna")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and port != 0


def _shown(url: str) -> str:
    """Give a URL for an error's text without what may be a password."""
    return repr(url.rpartition("@")[2])


def _credentials(
    user: UserEntry, folder: Path, info: Mapping[str, object], policy: ExecPolicy
) -> CredentialProvider:
    """Give the way a user proves who it is; as kubectl, a plugin is asked only for lack of others.

    Raises:
        SourceError: it cannot be used here.
    """
    if user.impersonate:
        raise SourceError("the user impersonates somebody (`as`): an audit never does")
    if user.auth_provider is not None:
        raise SourceError("auth-provider was removed from Kubernetes in 1.26; use exec")
    certificate = content_of(
        user.client_certificate_data, user.client_certificate, folder, "client-certificate"
    )
    key = content_of(user.client_key_data, user.client_key, folder, "client-key")
    if (certificate is None) != (key is None):
        raise SourceError("client-certificate and client-key come together; one is missing")
    if user.token_file:
        return _TokenFile(place_of(user.token_file, folder), certificate, key)
    if user.exec is not None and not (user.token or user.username or certificate):
        return ExecCredentials(user.exec, folder, policy, info)
    basic = (user.username, user.password or "") if user.username else None
    return _Static(
        Credential(token=user.token or None, basic=basic, certificate=certificate, key=key)
    )


def _cluster_info(cluster: ClusterEntry, ca: bytes | None) -> dict[str, object]:
    """Give what a plugin with provideClusterInfo is told (ExecCredential spec.cluster)."""
    info: dict[str, object] = {
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(ca or b"").decode(),
        "proxy-url": cluster.proxy_url,
    }
    return {key: value for key, value in info.items() if value}
