"""What a configuration entry of kind `google` says. Nothing here imports the SDK."""

import re
from typing import Literal

from msgspec import Struct

Way = Literal["auto", "dns", "ip", "private-ip"]
"""By which of its endpoints a cluster is read."""

_PROJECT = re.compile(r"([a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
"""Resource Manager API reference, Project.projectId; the prefix is that of old domain projects."""
_NUMBER = re.compile(r"\d{1,20}")
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+\.gserviceaccount\.com")


class GoogleOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which projects and locations are read, and as whom."""

    credentials_file: str | None = None
    """A file of credentials: a service account's key, or a configuration of workload identity
    federation. By default the application default credentials: `GOOGLE_APPLICATION_CREDENTIALS`,
    what `gcloud auth application-default login` wrote, the machine's service account."""
    credentials_executable: bool = False
    """Whether the daemon may run the program that the credentials name (executable-sourced
    credentials); on the command line it runs as in Google's own tools."""
    impersonate: str | None = None
    """E-mail of a service account to act as; the credentials need
    `iam.serviceAccounts.getAccessToken` on it."""
    projects: tuple[str, ...] = ()
    """Ids of projects to read, also beside those found. Where neither these nor an organisation nor
    folders are named, the credentials' own project is read."""
    organization: str | None = None
    """Number of an organisation: every project of it that has clusters is read
    (`cloudasset.assets.searchAllResources`)."""
    folders: tuple[str, ...] = ()
    """Numbers of folders, likewise."""
    skip_projects: tuple[str, ...] = ()
    """Ids of projects that are left out."""
    locations: tuple[str, ...] = ("*",)
    """Globs of locations, regions and zones: `europe-*`."""
    clusters: tuple[str, ...] = ("*",)
    """Globs of cluster names."""
    endpoint: Way = "auto"
    """How the API servers are reached. `auto`: at a public address that anyone may dial; else by
    the DNS name where it takes traffic from outside; else at the public address, or the private
    one where there is no public one. `dns`, `ip` (public before private) and `private-ip` take no
    other way."""
    requests_per_second: float = 10.0
    """What Google is asked at most, for all projects together. Quotas are counted per project and
    minute, and other tools share them."""

    def __post_init__(self) -> None:
        """Refuse what no listing could use.

        Raises:
            ValueError: some option is not usable; msgspec reports it with its path.
        """
        self._check_places()
        if self.impersonate is not None and not _ACCOUNT.fullmatch(self.impersonate):
            raise ValueError(
                f"impersonate: {self.impersonate!r} is no service account's e-mail, such as "
                "auditor@PROJECT.iam.gserviceaccount.com"
            )
        if not 0 < self.requests_per_second <= 100:
            raise ValueError("requests_per_second: more than 0, at most 100")
        for named, globs in (("locations", self.locations), ("clusters", self.clusters)):
            if not globs:
                raise ValueError(f'{named}: names none; leave it out, or write ["*"], for all')
        if self.credentials_file == "":
            raise ValueError("credentials_file: is empty; leave it out for the default credentials")

    def _check_places(self) -> None:
        for project in (*self.projects, *self.skip_projects):
            if not _PROJECT.fullmatch(project):
                raise ValueError(
                    f"{project!r} is no project's id, such as shop-prod-123456: not its number, "
                    "not its display name"
                )
        own = () if self.organization is None else (self.organization,)
        for number in (*own, *self.folders):
            if not _NUMBER.fullmatch(number):
                raise ValueError(
                    f"{number!r} is no number of an organisation or folder; quote it in YAML: "
                    "gcloud organizations list, gcloud resource-manager folders list"
                )

    @property
    def scopes(self) -> tuple[str, ...]:
        """Give where clusters are searched for, as Cloud Asset Inventory names it."""
        own = (f"organizations/{self.organization}",) if self.organization else ()
        return (*own, *(f"folders/{number}" for number in self.folders))
