"""Who we are to Azure: tokens for Azure Resource Manager and for the clusters, kept in memory.

One token for AKS serves every cluster of a tenant, since all of them know one server application.
Each token is asked of credentials that are made for it and closed after it: nothing stays open
between a listing and the renewal an hour later. Nothing here ever opens a browser or asks a person.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.identity.aio import (
    AzureCliCredential,
    CertificateCredential,
    ChainedTokenCredential,
    ClientSecretCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from auditor.model.cluster import Credential, SourceError
from connectors.azure.clouds import CLOUDS
from connectors.azure.options import AzureOptions
from connectors.azure.refusals import login_refused
from connectors.azure.transport import new_transport
from connectors.shortfalls import CallError

RENEW_BEFORE_SECONDS = 600.0
"""How long before its end a token is no more given out."""

RENEW_AT_MOST_EVERY_SECONDS = 60.0
"""A token that was refused this soon after it was made would be refused anew: many clusters share
one, and a single one that refuses all must not have it made over and over."""

_TOKEN_SECONDS = 90.0
"""For all that may be tried for one token."""
_CLI_SECONDS = 40
"""`az` is slow when it starts first."""

_APPLICATION_VARIABLES = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH")
_WORKLOAD_VARIABLES = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE")


class Identity:
    """Gives tokens by scope; the SDK's clients take it for a credential."""

    def __init__(self, options: AzureOptions, base: Path, *, unattended: bool) -> None:
        """Keep how to log in; nothing is asked yet. `base` is where file names are seen from.

        Raises:
            SourceError: a file or variable that the configuration names is not there.
        """
        self._options = options
        self._base = base
        self._may_run_az = options.azure_cli or not unattended
        self._kept: dict[str, tuple[AccessToken, float]] = {}
        self._asking: dict[str, asyncio.Lock] = {}
        self._check()

    def _check(self) -> None:
        options = self._options
        for variable in (options.client_secret_env, options.certificate_password_env):
            if variable and not os.environ.get(variable):
                raise SourceError(f"the environment variable {variable} is not set")
        for path in (options.certificate_file, options.federated_token_file):
            if path and not self._place(path).is_file():
                raise SourceError(f"{path} is not there, or is no file")

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,  # noqa: ARG002 - the tenant is the configuration's to say
        **_: Any,
    ) -> AccessToken:
        """Give a token as the SDK's clients ask for it.

        Raises:
            CallError: none can be had.
        """
        return await self.token(scopes[0], claims=claims)

    async def token(
        self, scope: str, *, renew: bool = False, claims: str | None = None
    ) -> AccessToken:
        """Give the kept token, or a new one where it ends soon or was refused.

        Raises:
            CallError: none can be had.
        """
        async with self._asking.setdefault(scope, asyncio.Lock()):
            kept = self._kept.get(scope)
            if kept is not None and not claims:
                token, made_at = kept
                is_late = token.expires_on - time.time() < RENEW_BEFORE_SECONDS
                is_young = time.time() - made_at < RENEW_AT_MOST_EVERY_SECONDS
                if is_young or not (renew or is_late):
                    return token
            token = await self._ask(scope, claims)
            self._kept[scope] = (token, time.time())
            return token

    async def _ask(self, scope: str, claims: str | None) -> AccessToken:
        extra: dict[str, Any] = {"claims": claims} if claims else {}
        try:
            async with (
                asyncio.timeout(_TOKEN_SECONDS),
                ChainedTokenCredential(*self._credentials()) as chain,
            ):
                return await chain.get_token(scope, **extra)
        except TimeoutError as error:
            raise CallError("no token", f"nobody answered in {_TOKEN_SECONDS:.0f} s") from error
        except (AzureError, ValueError, OSError) as error:
            raise login_refused(error, may_run_az=self._may_run_az) from error

    def _credentials(self) -> Iterator[AsyncTokenCredential]:
        """Give what the configuration names, or what the place offers that we run in."""
        options = self._options
        named = {"authority": CLOUDS[options.cloud].authority, "transport": new_transport()}
        tenant, client = options.tenant or "", options.client_id or ""
        if options.client_secret_env:
            secret = os.environ.get(options.client_secret_env, "")
            yield ClientSecretCredential(tenant, client, secret, **named)
        elif options.certificate_file:
            password = os.environ.get(options.certificate_password_env or "")
            place = str(self._place(options.certificate_file))
            yield CertificateCredential(tenant, client, place, password=password, **named)
        elif options.federated_token_file:
            place = str(self._place(options.federated_token_file))
            yield WorkloadIdentityCredential(
                tenant_id=tenant, client_id=client, token_file_path=place, **named
            )
        elif options.managed_identity:
            yield ManagedIdentityCredential(client_id=options.client_id, transport=new_transport())
        else:
            yield from self._found()

    def _found(self) -> Iterator[AsyncTokenCredential]:
        options = self._options
        authority = CLOUDS[options.cloud].authority
        if any(os.environ.get(name) for name in _APPLICATION_VARIABLES):
            yield EnvironmentCredential(authority=authority, transport=new_transport())
        if all(os.environ.get(name) for name in _WORKLOAD_VARIABLES):
            yield WorkloadIdentityCredential(authority=authority, transport=new_transport())
        if self._may_run_az:
            yield AzureCliCredential(tenant_id=options.tenant or "", process_timeout=_CLI_SECONDS)
        yield ManagedIdentityCredential(client_id=options.client_id, transport=new_transport())

    def _place(self, path: str) -> Path:
        return self._base / Path(path).expanduser()

    async def close(self) -> None:
        """Close nothing: nothing is open."""

    async def __aenter__(self) -> "Identity":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class AksTokens:
    """Gives tokens for the API servers of every cluster of the tenant."""

    SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
    """Of every cluster with managed Entra ID (kubelogin, AKS concepts)."""

    def __init__(self, identity: Identity, application: str = SERVER_APPLICATION) -> None:
        """Ask as an identity for tokens to an application."""
        self._identity = identity
        self._scope = f"{application}/.default"

    async def credential(self, *, renew: bool) -> Credential:
        """Give the kept token, or make one.

        Raises:
            SourceError: the identity cannot log in any more.
        """
        try:
            token = await self._identity.token(self._scope, renew=renew)
        except CallError as error:
            raise SourceError(f"no token for the cluster: {error}") from error
        return Credential(token=token.token)
