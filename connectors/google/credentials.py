"""Whose credentials are used: a file's, the application default ones, or those of an impersonation.

The application default credentials are looked for where Google's clients look (Authentication
documentation, How Application Default Credentials works). Files are read here and not by
`google.auth.default`, which may run gcloud to learn of a project.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import google.auth
import msgspec
from google.auth import aws, identity_pool, impersonated_credentials, pluggable
from google.auth import exceptions as auth
from google.auth.credentials import Credentials, CredentialsWithQuotaProject
from google.oauth2 import credentials as user
from google.oauth2 import service_account
from msgspec import Struct

from auditor.model.cluster import SourceError
from connectors.google.options import GoogleOptions
from connectors.google.refusals import LOGIN, no_token

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    # Without it clusters know a service account by its number, and not by its e-mail.
    "https://www.googleapis.com/auth/userinfo.email",
)

_FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_FOLDER_VARIABLE = "CLOUDSDK_CONFIG"
_PROJECT_VARIABLE = "GOOGLE_CLOUD_PROJECT"
_DEFAULT_FILE = "application_default_credentials.json"
_AWS_TOKENS = "urn:ietf:params:aws:token-type:aws4_request"
_LIFETIME_SECONDS = 3600

Info = Mapping[str, Any]


class Identity(Struct, frozen=True):
    """Who asks."""

    credentials: Credentials
    project: str | None
    """The project that the credentials belong to, where they say so."""

    def __repr__(self) -> str:
        """Say which project, and nothing of the credentials."""
        return f"Identity({self.project})"


def find_identity(options: GoogleOptions, base: Path, *, unattended: bool) -> Identity:
    """Find the credentials; a file that is named by a relative path lies below `base`.

    This may ask the metadata service of the machine, so it belongs into a thread.

    Raises:
        SourceError: there are none, or they would run a program that may not run.
    """
    path = _file(options, base)
    if path is None:
        found = _of_machine()
    else:
        info = _read(path)
        may_run = options.credentials_executable or not unattended
        if _runs_program(info) and not may_run:
            raise SourceError(
                f"{path}: the credentials run a program; the daemon runs it only with "
                "credentials_executable: true"
            )
        found = _of_file(path, info)
    project = os.environ.get(_PROJECT_VARIABLE) or found.project
    if options.impersonate is None:
        return Identity(found.credentials, project)
    acting = impersonated_credentials.Credentials(
        source_credentials=found.credentials,
        target_principal=options.impersonate,
        target_scopes=list(SCOPES),
        lifetime=_LIFETIME_SECONDS,
    )
    return Identity(acting, project)


def _file(options: GoogleOptions, base: Path) -> Path | None:
    """Name the file of credentials; None where there is none."""
    if options.credentials_file is not None:
        return base / Path(options.credentials_file).expanduser()
    if named := os.environ.get(_FILE_VARIABLE):
        return Path(named)
    folder = os.environ.get(_FOLDER_VARIABLE)
    if folder is None and sys.platform == "win32":
        folder = str(Path(os.environ.get("APPDATA", "~")) / "gcloud")
    path = Path(folder or "~/.config/gcloud").expanduser() / _DEFAULT_FILE
    return path if path.is_file() else None


def _read(path: Path) -> Info:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        # What is wrong with it may quote it.
        raise SourceError(f"{path}: is no JSON file of Google credentials") from None


def _runs_program(info: Info) -> bool:
    source = info.get("credential_source")
    nested = info.get("source_credentials")
    is_named = isinstance(source, dict) and "executable" in source
    return is_named or (isinstance(nested, dict) and _runs_program(nested))


def _of_machine() -> Identity:
    """Take the service account that the machine or the pod runs as."""
    try:
        credentials, project = google.auth.default(scopes=SCOPES)
    except auth.DefaultCredentialsError as error:
        raise SourceError(
            f"no Google credentials: {LOGIN}, name a credentials_file, set {_FILE_VARIABLE}, or "
            "run where a service account is attached"
        ) from error
    except (auth.GoogleAuthError, OSError) as error:
        raise SourceError(str(no_token(error))) from None
    return Identity(credentials, project)


def _external(info: Info, scopes: tuple[str, ...]) -> Credentials:
    kind: Any = identity_pool.Credentials
    if info.get("subject_token_type") == _AWS_TOKENS:
        kind = aws.Credentials
    elif _runs_program(info):
        kind = pluggable.Credentials
    credentials: Credentials = kind.from_info(info, scopes=scopes)
    return credentials


def _of_user(info: Info, scopes: tuple[str, ...]) -> Credentials:  # noqa: ARG001
    # What a user consented to at login cannot be asked for anew.
    credentials: Credentials = user.Credentials.from_authorized_user_info(info)
    return credentials


_KINDS: Mapping[str, Callable[[Info, tuple[str, ...]], Credentials]] = {
    "authorized_user": _of_user,
    "external_account": _external,
    "impersonated_service_account": lambda info, scopes: (
        impersonated_credentials.Credentials.from_impersonated_service_account_info(
            info, scopes=list(scopes)
        )
    ),
    "service_account": lambda info, scopes: service_account.Credentials.from_service_account_info(
        info, scopes=scopes
    ),
}
"""Of `type` in a file of credentials."""


def _of_file(path: Path, info: Info) -> Identity:
    make = _KINDS.get(str(info.get("type")))
    if make is None:
        raise SourceError(f"{path}: its type is none of {', '.join(_KINDS)}")
    try:
        credentials = make(info, SCOPES)
        if isinstance(credentials, CredentialsWithQuotaProject):
            credentials = credentials.with_quota_project_from_environment()
    except (auth.GoogleAuthError, ValueError, TypeError, AttributeError, KeyError):
        # What is wrong with them may quote them.
        raise SourceError(f"{path}: the credentials in it are not complete or not valid") from None
    project = info.get("project_id") or info.get("quota_project_id")
    return Identity(credentials, str(project) if project else None)
