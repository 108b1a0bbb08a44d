"""What a configuration entry of kind `azure` says. Nothing here imports the SDK."""

import re

from msgspec import Struct

from connectors.azure.clouds import CLOUDS

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TENANT = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z.-]{0,252}")
_GROUP = re.compile(r"[\w().-]{1,90}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class AzureOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which subscriptions are read, and as whom."""

    cloud: str = "AzureCloud"
    """`AzureCloud`, `AzureChinaCloud` or `AzureUSGovernment`."""
    tenant: str | None = None
    """Id or domain of the tenant to log in to; needed by an application of one's own."""
    client_id: str | None = None
    """The application, or the managed identity that a user assigned."""
    client_secret_env: str | None = None
    """The environment variable that holds the application's secret."""
    certificate_file: str | None = None
    """PEM or PKCS12 with the application's certificate and key, seen from the configuration."""
    certificate_password_env: str | None = None
    """The environment variable that holds the password of that file."""
    federated_token_file: str | None = None
    """A token of another issuer that the application trusts: of Kubernetes, of a pipeline."""
    managed_identity: bool = False
    """Use the machine's identity and look for no other. Without any of these four: what the
    environment's AZURE_ variables name, the pod's workload identity, the Azure CLI's login where it
    may be used, the machine's identity, in this order."""
    azure_cli: bool = False
    """Whether the daemon may run `az` for its login; on the command line it may."""
    subscriptions: tuple[str, ...] = ()
    """Ids of subscriptions to read; without these and a management group every one that the
    identity sees."""
    management_group: str | None = None
    """Id of a management group: every subscription below it is read, as far down as it goes."""
    skip_subscriptions: tuple[str, ...] = ()
    """Ids of subscriptions that are left out."""
    locations: tuple[str, ...] = ("*",)
    """Globs of locations, as `westeurope`."""
    clusters: tuple[str, ...] = ("*",)
    """Globs of cluster names; capitals do not count, as Azure has it."""
    public_fqdn: bool = False
    """Dial private clusters by their public name where they have one: it leads to the private
    address without the private DNS zone."""
    requests_per_second: float = 5.0
    """What one subscription is asked at most. Azure throttles each subscription by itself."""

    def __post_init__(self) -> None:
        """Refuse what no listing could use.

        Raises:
            ValueError: some option is not usable; msgspec reports it with its path.
        """
        if self.cloud not in CLOUDS:
            raise ValueError(f"cloud: {self.cloud!r} is none of {', '.join(CLOUDS)}")
        for subscription in (*self.subscriptions, *self.skip_subscriptions):
            if not _GUID.fullmatch(subscription):
                raise ValueError(
                    f"{subscription!r} is no id of a subscription: az account list -o table"
                    " prints them"
                )
        if self.management_group is not None and not _GROUP.fullmatch(self.management_group):
            raise ValueError(
                "management_group: write its id, as az account management-group list prints it,"
                " not its display name"
            )
        if not 0 < self.requests_per_second <= 100:
            raise ValueError("requests_per_second: more than 0, at most 100")
        for named, globs in (("locations", self.locations), ("clusters", self.clusters)):
            if not globs:
                raise ValueError(f'{named}: names none; leave it out, or write ["*"], for all')
        self._check_identity()

    def _check_identity(self) -> None:
        if self.client_id is not None and not _GUID.fullmatch(self.client_id):
            raise ValueError("client_id: write the application (client) id, a GUID")
        if self.tenant is not None and not _TENANT.fullmatch(self.tenant):
            raise ValueError("tenant: write its id or its domain, as contoso.onmicrosoft.com")
        proofs = {
            "client_secret_env": self.client_secret_env,
            "certificate_file": self.certificate_file,
            "federated_token_file": self.federated_token_file,
            "managed_identity": self.managed_identity,
        }
        given = [name for name, value in proofs.items() if value]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)}: keep one of them")
        if given and given != ["managed_identity"] and not (self.tenant and self.client_id):
            raise ValueError(f"{given[0]}: needs tenant and client_id of the application")
        if self.certificate_password_env and not self.certificate_file:
            raise ValueError("certificate_password_env: needs certificate_file")
        for variable in (self.client_secret_env, self.certificate_password_env):
            # A secret that was written in place of the name must not come up in the message.
            if variable is not None and not _VARIABLE.fullmatch(variable):
                raise ValueError("write the name of an environment variable, not a secret")
