"""Options that no listing could use are refused, with what to write instead; the SDK stays out."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.model.cluster import SourceError
from connectors.aws.connector import AwsConnector
from connectors.aws.options import AwsOptions
from tests.connectors.aws.conftest import Play, list_clusters
from tests.connectors.aws.fake import FakeAws

SSO_PROFILE = """
[profile ops]
sso_session = corp
sso_account_id = 210987654321
sso_role_name = auditor
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.example
"""
ROLE = "arn:aws:iam::*:role/exposure-auditor"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"role": "exposure-auditor"}, "is no arn:aws:iam::ACCOUNT:role/NAME"),
        ({"organization": True}, "several accounts need a role in each"),
        ({"accounts": ["210987654321"]}, "several accounts need a role in each"),
        ({"role": ROLE}, "name accounts, or organization: true"),
        ({"role": ROLE.replace("*", "210987654321"), "organization": True}, "several accounts"),
        ({"role": ROLE, "accounts": ["12345"]}, "no account number of 12 digits"),
        ({"organization_role": ROLE.replace("*", "210987654321")}, "needs organization: true"),
        ({"external_id": "a b"}, "external_id: 2 to 1224"),
        ({"requests_per_second": 0}, "requests_per_second: more than 0"),
        ({"regions": []}, "regions: names none"),
        ({"clusters": []}, "clusters: names none"),
        ({"region": "eu-west-1"}, "unknown field `region`"),
    ],
)
def test_what_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(options, AwsOptions)


def test_the_contracts_example_is_understood() -> None:
    options = msgspec.convert({"role": ROLE, "organization": True, "regions": ["*"]}, AwsOptions)
    assert options.role_in("210987654321") == "arn:aws:iam::210987654321:role/exposure-auditor"
    assert options.fixed_account is None


@pytest.mark.parametrize(
    ("text", "profile", "regions"),
    [
        ("", None, ("*",)),
        ("ops", "ops", ("*",)),
        ("ops#eu-west-1", "ops", ("eu-west-1",)),
        ("#eu-*", None, ("eu-*",)),
    ],
)
def test_a_source_of_the_command_line(
    text: str, profile: str | None, regions: tuple[str, ...]
) -> None:
    options = AwsConnector.from_source(text)
    assert (options.profile, options.regions) == (profile, regions)


def test_the_sdk_is_imported_only_when_clusters_are_listed() -> None:
    program = (
        "import sys; from auditor.daemon.sources import load_connector;"
        "load_connector('aws').from_source('ops');"
        "assert not {'boto3', 'botocore'} & sys.modules.keys(), 'too early'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_missing_sdk_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    for name in [name for name in sys.modules if name.startswith("connectors.aws.")]:
        if name not in {"connectors.aws.connector", "connectors.aws.options"}:
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SourceError, match=r"boto3 is not installed: pip install .*\[aws\]"):
        asyncio.run(list_clusters(AwsOptions()))


def profile_file(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            "[profile other]\nregion = eu-west-1\n",
            r"see ~/.aws/config: .*\(ops\) could not be found",
        ),
        (
            (SSO_PROFILE),
            "the SSO session has ended, run aws sso login --profile ops",
        ),
        ("[profile ops]\nregion = eu-west-1\n", "no usable AWS credentials, name a profile"),
    ],
)
def test_profiles_that_give_no_credentials(
    play: Play, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str, said: str
) -> None:
    async def scenario(_: FakeAws) -> None:
        profile_file(tmp_path / "config", config, monkeypatch)
        monkeypatch.setenv("HOME", str(tmp_path))
        with pytest.raises(SourceError, match=said):
            await list_clusters(AwsOptions(profile="ops"))

    play(scenario)


@pytest.mark.parametrize("chained", [False, True])
def test_the_daemon_runs_no_program_for_credentials(
    play: Play, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chained: bool
) -> None:
    async def scenario(aws: FakeAws) -> None:
        ran = tmp_path / "ran"
        script = tmp_path / "give"
        script.write_text(
            f"#!/bin/sh\ntouch {ran}\n"
            'echo \'{"Version": 1, "AccessKeyId": "AKIAPLANTEDKEY000001", '
            '"SecretAccessKey": "x"}\'\n'
        )
        script.chmod(0o700)
        text = f"[profile ops]\ncredential_process = {script}\n"
        if chained:
            role = ROLE.replace("*", "210987654321")
            text = text.replace("profile ops", "profile base")
            text += f"[profile ops]\nrole_arn = {role}\nsource_profile = base\n"
        profile_file(tmp_path / "config", text, monkeypatch)
        options = AwsOptions(profile="ops", regions=("eu-west-1",))
        with pytest.raises(SourceError, match="the daemon runs it only with credential_process"):
            await list_clusters(options)
        assert not ran.exists()
        # It was asked for, by the configuration or by a person.
        allowed = msgspec.structs.replace(options, credential_process=True)
        for chosen, unattended in ((allowed, True), (options, False)):
            ran.unlink(missing_ok=True)
            await list_clusters(chosen, unattended=unattended)
            assert ran.exists()

    play(scenario)
