"""Whose credentials are used, and that nothing of them is ever seen."""

import asyncio
import io
import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest
from google.auth import exceptions as auth
from google.auth import impersonated_credentials, pluggable
from google.oauth2 import service_account
from rich.console import Console

from auditor.model.cluster import Api, SourceError
from connectors.google import credentials
from connectors.google.credentials import SCOPES, find_identity
from connectors.google.options import GoogleOptions
from tests.connectors.google.clusters import CA, cluster
from tests.connectors.google.conftest import List, collect
from tests.connectors.google.fake import PLANTED, PLANTED_KEY, Refusing, Running

SECRET = PLANTED.partition(".")[2]


def refusal(options: GoogleOptions, base: Path, *, unattended: bool = True) -> str:
    with pytest.raises(SourceError) as caught:
        asyncio.run(collect(options, base, unattended=unattended))
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert PLANTED_KEY not in told
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand on a machine without gcloud's files and without a metadata service."""
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    (tmp_path / "gcloud").mkdir()
    return tmp_path


# Where they are looked for


def test_there_are_none(fake: Running, nobody: Path) -> None:
    message = refusal(GoogleOptions(projects=("shop-prod",)), nobody)
    assert message.startswith("no Google credentials: gcloud auth application-default login")


def test_a_file_that_the_environment_names(
    fake: Running, nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = fake.write_key(nobody / "elsewhere.json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    fake.google.clusters["own-project"] = [cluster()]
    assert len(asyncio.run(collect(GoogleOptions(), Path("/"))).clusters) == 1


def test_the_file_of_gcloud(fake: Running, nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.write_key(nobody / "gcloud/application_default_credentials.json")
    # Were it on the path, gcloud could be asked for a project: nothing is run.
    monkeypatch.setattr("subprocess.check_output", lambda *_, **__: pytest.fail("ran a program"))
    fake.google.clusters["own-project"] = [cluster()]
    assert len(asyncio.run(collect(GoogleOptions(), nobody)).clusters) == 1


def test_a_file_that_is_not_there(fake: Running, nobody: Path) -> None:
    message = refusal(GoogleOptions(credentials_file="missing.json"), nobody)
    assert message.endswith("missing.json: cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{"private_key": "{PLANTED}', "is no JSON file of Google credentials"),
        (f'["{PLANTED}"]', "is no JSON file of Google credentials"),
        ('{"type": "gdch_service_account"}', "its type is none of authorized_user, external"),
        (f'{{"private_key": "{PLANTED}"}}', "its type is none of"),
        (
            f'{{"type": "service_account", "private_key": "{PLANTED}"}}',
            "the credentials in it are not complete or not valid",
        ),
        (f'{{"type": "authorized_user", "refresh_token": "{PLANTED}"}}', "are not complete"),
        ('{"type": "external_account"}', "are not complete"),
        ('{"type": "impersonated_service_account"}', "are not complete"),
    ],
)
def test_a_file_that_is_none(fake: Running, nobody: Path, text: str, said: str) -> None:
    (nobody / "key.json").write_text(text)
    assert said in refusal(GoogleOptions(credentials_file="key.json"), nobody)


def test_a_users_credentials(nobody: Path) -> None:
    info = {
        "type": "authorized_user",
        "client_id": "id",
        "client_secret": PLANTED,
        "refresh_token": PLANTED,
        "quota_project_id": "quota-project",
    }
    (nobody / "user.json").write_text(json.dumps(info))
    found = find_identity(GoogleOptions(credentials_file="user.json"), nobody, unattended=True)
    assert found.project == "quota-project"
    found.credentials.token = "t"
    headers: dict[str, str] = {}
    found.credentials.apply(headers)
    assert headers["x-goog-user-project"] == "quota-project"
    assert SECRET not in repr(found)


def test_the_scopes_hold_the_e_mail(fake: Running, nobody: Path) -> None:
    fake.write_key(nobody / "key.json")
    options = GoogleOptions(credentials_file="key.json")
    found = find_identity(options, nobody, unattended=True)
    assert isinstance(found.credentials, service_account.Credentials)
    assert tuple(found.credentials.scopes) == SCOPES
    assert "https://www.googleapis.com/auth/userinfo.email" in SCOPES


# Programs


EXTERNAL: dict[str, Any] = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"executable": {"command": "/bin/false", "timeout_millis": 5000}},
}  # fmt: skip
NESTED = {"type": "impersonated_service_account", "source_credentials": EXTERNAL}


@pytest.mark.parametrize("info", [EXTERNAL, NESTED])
def test_a_program_is_not_run_by_the_daemon(
    fake: Running, nobody: Path, info: dict[str, Any]
) -> None:
    (nobody / "wif.json").write_text(json.dumps(info))
    message = refusal(GoogleOptions(credentials_file="wif.json"), nobody)
    assert "runs it only with credentials_executable: true" in message


def test_a_program_that_may_run(nobody: Path) -> None:
    (nobody / "wif.json").write_text(json.dumps(EXTERNAL))
    allowed = GoogleOptions(credentials_file="wif.json", credentials_executable=True)
    for options, unattended in (
        (allowed, True),
        (GoogleOptions(credentials_file="wif.json"), False),
    ):
        found = find_identity(options, nobody, unattended=unattended)
        assert isinstance(found.credentials, pluggable.Credentials)


def test_a_federated_file_runs_none(nobody: Path) -> None:
    source = {"credential_source": {"file": "/var/run/token"}}
    (nobody / "wif.json").write_text(json.dumps(EXTERNAL | source))
    options = GoogleOptions(credentials_file="wif.json")
    assert find_identity(options, nobody, unattended=True).project is None


# Acting as another


def test_impersonation(fake: Running, nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.write_key(nobody / "key.json")
    target = "auditor@shop-prod.iam.gserviceaccount.com"
    options = GoogleOptions(credentials_file="key.json", impersonate=target)
    found = find_identity(options, nobody, unattended=True)
    assert isinstance(found.credentials, impersonated_credentials.Credentials)
    assert found.credentials.service_account_email == target

    def deny(*_: object) -> None:
        raise auth.RefreshError("Unable to acquire impersonated credentials", PLANTED)

    monkeypatch.setattr(impersonated_credentials.Credentials, "refresh", deny)
    message = refusal(options, nobody)
    assert "iam.serviceAccounts.getAccessToken" in message


# Refused tokens


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"error": "invalid_grant", "error_description": f"{PLANTED} is revoked."},
            "have expired or were revoked: gcloud auth application-default login",
        ),
        ({"error": "invalid_grant"}, "have expired or were revoked"),
        ({"error": "unauthorized_client"}, "no usable Google credentials"),
        ({"unknown": PLANTED, "hint": "hunter2"}, "no usable Google credentials"),
    ],
)  # fmt: skip
def test_credentials_that_are_refused(
    fake: Running, nobody: Path, body: dict[str, str], said: str
) -> None:
    fake.write_key(nobody / "key.json")
    fake.google.token_answers = [(400, body)]
    message = refusal(GoogleOptions(credentials_file="key.json"), nobody)
    assert said in message
    assert "hunter2" not in message
    assert fake.google.asked == []


def test_a_token_endpoint_that_gives_no_token(fake: Running, nobody: Path) -> None:
    fake.write_key(nobody / "key.json")
    fake.google.token_answers = [(200, {"id_token": PLANTED})]
    refusal(GoogleOptions(credentials_file="key.json"), nobody)


def test_a_token_endpoint_that_is_not_there(fake: Running, nobody: Path) -> None:
    fake.write_key(nobody / "key.json", token_uri="http://127.0.0.1:1/token")
    message = refusal(GoogleOptions(credentials_file="key.json"), nobody)
    assert message.startswith("the endpoint that gives tokens cannot be reached")


def test_the_metadata_service_that_fails(nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise auth.TransportError("Failed to retrieve metadata")

    monkeypatch.setattr(credentials.google.auth, "default", fail)  # type: ignore[attr-defined]
    assert "cannot be reached" in refusal(GoogleOptions(), nobody)


# Nothing is seen


def test_nothing_of_the_credentials_is_seen(
    fake: Running, listed: List, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"username": "admin", "password": f"{PLANTED}-password", "clientKey": PLANTED}
    ca = {"clusterCaCertificate": "AAAA"}
    fake.google.clusters["shop-prod"] = [cluster(masterAuth=secrets | ca)]
    fake.google.refuse("other-1", Refusing("PERMISSION_DENIED", f"Bearer {PLANTED}"))
    answer = listed(projects=("shop-prod", "other-1"))
    (it,) = answer.clusters
    assert isinstance(it.access, Api)
    token = asyncio.run(it.access.credentials.credential(renew=False))
    assert token.token == fake.google.given[0]
    assert (token.token or "").startswith(PLANTED)
    pretty = io.StringIO()
    Console(file=pretty).print(it, token, answer)
    options = GoogleOptions(credentials_file="key.json")
    identity = find_identity(options, tmp_path, unattended=True)
    Console(file=pretty).print(identity)
    seen = f"{answer!r} {token!r} {it.access.credentials!r} {identity!r} {pretty.getvalue()}"
    for text in (seen, caplog.text):
        assert SECRET not in text
        assert PLANTED_KEY not in text
        assert "PRIVATE KEY" not in text
    assert CA not in seen.encode()
