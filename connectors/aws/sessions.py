"""Sessions of the SDK: the credentials that we start with, and those of each account's role.

Assumed credentials are kept in memory alone and renewed before they end: botocore does so from 15
minutes before, and waits for it from 10 minutes before. An hour is asked for, which is what role
chaining allows at most (IAM user guide, Roles terms and concepts).
"""

import os
import threading
from collections.abc import Iterator
from functools import cache

import boto3
from botocore import exceptions as boto
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
)
from botocore.loaders import Loader, create_loader
from botocore.session import Session as Core

from auditor.model.cluster import SourceError
from connectors.aws.options import AwsOptions
from connectors.aws.refusals import refused

_WHOLE_WORLD = "us-east-1"
"""Where services without regions are asked, and STS where nothing names a region."""


@cache
def _loader() -> Loader:
    """Read the descriptions of the services once for all accounts: they are what costs."""
    return create_loader(os.environ.get("AWS_DATA_PATH"))


class Session:
    """The credentials of one principal."""

    def __init__(self, core: Core, credentials: Credentials | None, needs: str) -> None:
        """Keep a session of the SDK, whose credentials come by the permission `needs`."""
        self._core = core
        self.sdk = boto3.Session(botocore_session=core)
        self.making = threading.Lock()
        """Held while a client is made: clients may be shared by threads, sessions may not."""
        self._credentials = credentials
        self._needs = needs

    @property
    def region(self) -> str:
        """Give the region that it was set up with."""
        return self.sdk.region_name or _WHOLE_WORLD

    def frozen(self) -> ReadOnlyCredentials:
        """Give credentials that are valid now; this may ask STS, so it belongs into a thread.

        Raises:
            CallError: none can be had.
        """
        try:
            if self._credentials is None:
                raise boto.NoCredentialsError
            return self._credentials.get_frozen_credentials()
        except (boto.BotoCoreError, boto.ClientError) as error:
            raise refused(error, self._needs, self.sdk.profile_name) from None

    def sts_host(self, region: str) -> str:
        """Give the name of the regional STS, by the SDK's own list of partitions.

        Raises:
            CallError: it knows no such region.
        """
        try:
            partition = self._core.get_partition_for_region(region)
        except boto.UnknownRegionError as error:
            raise refused(error, "sts:GetCallerIdentity") from None
        partitions = self._core.get_data("endpoints")["partitions"]
        suffixes = {item["partition"]: item["dnsSuffix"] for item in partitions}
        return f"sts.{region}.{suffixes[partition]}"


class _Given:
    """Hands out the credentials that it was given."""

    METHOD = CANONICAL_NAME = "exposure-auditor"

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


class Sessions:
    """Makes the sessions of one listing."""

    def __init__(self, options: AwsOptions, *, unattended: bool) -> None:
        """Find the credentials to start with, as the AWS CLI does.

        Raises:
            SourceError: the profile is not there, or would run a program that may not run.
        """
        self._options = options
        core = Core(profile=options.profile)
        core.register_component("data_loader", _loader())
        try:
            if unattended and not options.credential_process:
                _refuse_programs(core)
            self.own = Session(core, core.get_credentials(), "the credentials")
        except (boto.BotoCoreError, boto.ClientError) as error:
            raise SourceError(str(refused(error, "AWS", options.profile))) from None

    def assuming(self, role: str) -> Session:
        """Give a session of a role; it is assumed when it is first used."""
        extra = {"RoleSessionName": self._options.session_name}
        if self._options.external_id is not None:
            extra["ExternalId"] = self._options.external_id
        fetcher = AssumeRoleCredentialFetcher(self._sts, _Source(self.own), role, extra)
        credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        core = Core(profile=self._options.profile)
        core.register_component("data_loader", _loader())
        core.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
        return Session(core, credentials, f"sts:AssumeRole on {role}")

    def _sts(self, service: str, **arguments: object) -> object:
        with self.own.making:
            return self.own.sdk.client(service, region_name=self.own.region, **arguments)


class _Source:
    """Credentials to assume a role with; the SDK freezes them at each renewal."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return self._session.frozen()


def _refuse_programs(core: Core) -> None:
    """Refuse a profile that names a program, itself or one that it builds on.

    Raises:
        SourceError: it does.
    """
    for name, profile in _chain(core):
        if "credential_process" in profile:
            raise SourceError(
                f"the profile {name} runs a program (credential_process); the daemon runs it only "
                "with credential_process: true"
            )


def _chain(core: Core) -> Iterator[tuple[str, dict[str, str]]]:
    profiles = core.full_config.get("profiles", {})
    name, seen = core.get_config_variable("profile") or "default", set[str]()
    while name in profiles and name not in seen:
        seen.add(name)
        yield name, profiles[name]
        name = profiles[name].get("source_profile", "")
