"""What a configuration entry of kind `aws` says. Nothing here imports the SDK."""

import re

from msgspec import Struct

EVERY_ACCOUNT = "*"
"""Stands for the account's number in a role's name."""

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|\*):role/[\w+=,.@/-]{1,576}")
_ACCOUNT = re.compile(r"\d{12}")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}")


class AwsOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which accounts and regions are read, and by which role."""

    profile: str | None = None
    """A profile of `~/.aws/config`; by default what the SDK finds: the environment, a web identity,
    the instance's role."""
    credential_process: bool = False
    """Whether the daemon may run the program that the profile names for credentials; on the command
    line it runs as the AWS CLI runs it."""
    role: str | None = None
    """ARN of the role to assume in each account; `*` stands for the account's number. Without a
    role the credentials' own account is read, with them."""
    external_id: str | None = None
    """What the role's trust policy asks for, where it does (`sts:ExternalId`)."""
    session_name: str = "exposure-auditor"
    """Names our sessions in CloudTrail."""
    organization: bool = False
    """Read every active account of the organisation (`organizations:ListAccounts`)."""
    organization_role: str | None = None
    """ARN of a role in the management account, or one that it delegates to, that may list the
    accounts; by default the credentials themselves may."""
    accounts: tuple[str, ...] = ()
    """Numbers of accounts to read, also beside the organisation's."""
    skip_accounts: tuple[str, ...] = ()
    """Numbers of accounts that are left out."""
    regions: tuple[str, ...] = ("*",)
    """Globs of region names. Where none has a wildcard, the account is not asked for its own."""
    clusters: tuple[str, ...] = ("*",)
    """Globs of cluster names."""
    requests_per_second: float = 5.0
    """What one account and region is asked at most. AWS throttles each account and region by
    itself, and other tools share that."""

    def __post_init__(self) -> None:
        """Refuse what no listing could use.

        Raises:
            ValueError: some option is not usable; msgspec reports it with its path.
        """
        for named, role in (("role", self.role), ("organization_role", self.organization_role)):
            if role is not None and not _ROLE.fullmatch(role):
                raise ValueError(f"{named}: {role!r} is no arn:aws:iam::ACCOUNT:role/NAME")
        for account in (*self.accounts, *self.skip_accounts):
            if not _ACCOUNT.fullmatch(account):
                raise ValueError(f"{account!r} is no account number of 12 digits; quote it in YAML")
        if self.external_id is not None and not _EXTERNAL_ID.fullmatch(self.external_id):
            raise ValueError("external_id: 2 to 1224 letters, digits and +=,.@:/-")
        if not 0 < self.requests_per_second <= 100:
            raise ValueError("requests_per_second: more than 0, at most 100")
        for named, globs in (("regions", self.regions), ("clusters", self.clusters)):
            if not globs:
                raise ValueError(f'{named}: names none; leave it out, or write ["*"], for all')
        self._check_accounts()

    def _check_accounts(self) -> None:
        has_accounts = self.organization or bool(self.accounts)
        if self.organization_role and not self.organization:
            raise ValueError("organization_role: needs organization: true")
        if has_accounts and (self.role is None or self.fixed_account is not None):
            raise ValueError("several accounts need a role in each: role: arn:aws:iam::*:role/NAME")
        if self.role is not None and self.fixed_account is None and not has_accounts:
            raise ValueError("role: has * for the account: name accounts, or organization: true")

    @property
    def fixed_account(self) -> str | None:
        """Give the account that the role's name fixes, where it does."""
        account = (self.role or ":::::").split(":")[4]
        return account if _ACCOUNT.fullmatch(account) else None

    def role_in(self, account: str) -> str | None:
        """Give the ARN of the role to assume in an account; None where none is assumed."""
        if self.role is None:
            return None
        parts = self.role.split(":", 5)
        return ":".join((*parts[:4], account, parts[5]))
