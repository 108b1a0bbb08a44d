"""From the kubeconfig that AKS gives its users to the way to the API server.

Only the server and who signs its certificate are taken from it, and where no Entra ID is in use the
user's certificate or token. What it says to run is never run: the token for Entra ID is asked for
here. The administrators' kubeconfig is never asked for.
"""

import base64
from collections.abc import Mapping

import msgspec
import yaml
from msgspec import Struct

from auditor.model.cluster import Api, Credential, CredentialProvider, NoAccess
from auditor.settings.yaml_text import load_yaml
from connectors.azure.shapes import AksCluster

PERMISSION = "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"
_STOPPED = "Stopped"
_WITHOUT_API = frozenset({"Creating", "Deleting"})
"""States in which nothing is promised of the API server; a failed update leaves it as it was."""


class _Server(Struct, frozen=True, rename="kebab"):
    server: str | None = None
    certificate_authority_data: str | None = None


class _User(Struct, frozen=True, rename="kebab"):
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    token: str | None = None


class _NamedServer(Struct, frozen=True):
    cluster: _Server | None = None


class _NamedUser(Struct, frozen=True):
    user: _User | None = None


class _Kubeconfig(Struct, frozen=True):
    clusters: tuple[_NamedServer, ...] = ()
    users: tuple[_NamedUser, ...] = ()


class _Given:
    """Hands out what the kubeconfig holds; there is no other to be had."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def credential(self, *, renew: bool) -> Credential:  # noqa: ARG002 - see above
        return self._credential


def unreadable(cluster: AksCluster) -> NoAccess | None:
    """Say why a cluster has no API server to ask; None where it should have one."""
    told = cluster.told
    if told.power_state and told.power_state.code == _STOPPED:
        return NoAccess("the cluster is stopped: az aks start, or delete it")
    if told.provisioning_state in _WITHOUT_API:
        return NoAccess(f"AKS says {told.provisioning_state}: no API to read")
    return None


def access_of(
    cluster: AksCluster, kubeconfig: bytes, tokens: Mapping[str, CredentialProvider]
) -> Api | NoAccess:
    """Give the way to the API server.

    `tokens` holds who gives tokens of Entra ID, by application; `""` is AKS's own.
    """
    try:
        found = _read(kubeconfig)
        server = next((item.cluster for item in found.clusters if item.cluster), None)
        ca = _decoded(server.certificate_authority_data if server else None)
        own = _own_credential(next((item.user for item in found.users if item.user), None))
    except ValueError:
        # The error would quote it.
        return NoAccess("AKS gives a kubeconfig that cannot be read")
    address = (server and server.server) or ""
    if not address.startswith("https://"):
        return NoAccess("AKS gives a kubeconfig without an https server")
    if ca is None:
        return NoAccess("AKS gives no certificate authority: the connection could not be checked")
    return Api(server=address, credentials=_provider(cluster, own, tokens), ca=ca)


def _read(kubeconfig: bytes) -> _Kubeconfig:
    """Read a kubeconfig.

    Raises:
        ValueError: it is none.
    """
    try:
        return msgspec.convert(load_yaml(kubeconfig), _Kubeconfig)
    except yaml.YAMLError as error:
        raise ValueError("no YAML") from error


def _provider(
    cluster: AksCluster, own: Credential | None, tokens: Mapping[str, CredentialProvider]
) -> CredentialProvider:
    entra = cluster.told.aad_profile
    if entra is None and own is not None:
        return _Given(own)
    # A cluster of the retired integration has an application of its own.
    application = entra.server_app_id if entra and entra.managed is False else None
    return tokens.get(application or "") or tokens[""]


def _own_credential(user: _User | None) -> Credential | None:
    if user is None:
        return None
    certificate, key = _decoded(user.client_certificate_data), _decoded(user.client_key_data)
    if certificate and key:
        return Credential(certificate=certificate, key=key)
    return Credential(token=user.token) if user.token else None


def _decoded(data: str | None) -> bytes | None:
    return base64.b64decode("".join(data.split()), validate=True) if data else None
