"""What a configuration may say, and what is said of one that is wrong."""

from typing import Any

import msgspec
import pytest

from auditor.daemon.sources import load_connector
from auditor.model.cluster import SourceError
from connectors.azure.connector import AzureConnector
from connectors.azure.options import AzureOptions
from tests.connectors.azure.fake import CLIENT, TENANT, subscription_id

APPLICATION = {"tenant": TENANT, "client_id": CLIENT}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"subscriptions": ["shop"]}, "az account list"),
        ({"skip_subscriptions": ["shop"]}, "az account list"),
        ({"management_group": "My Group/1"}, "not its display name"),
        ({"cloud": "moon"}, "AzureUSGovernment"),
        ({"client_id": "auditor"}, "a GUID"),
        ({"tenant": "our tenant"}, "contoso.onmicrosoft.com"),
        ({"client_secret_env": "SECRET"}, "needs tenant and client_id"),
        ({**APPLICATION, "client_secret_env": "a~secret"}, "the name of an environment variable"),
        ({**APPLICATION, "client_secret_env": "A", "certificate_file": "b"}, "keep one of them"),
        ({"managed_identity": True, "federated_token_file": "b"}, "keep one of them"),
        ({"certificate_password_env": "A"}, "needs certificate_file"),
        ({"requests_per_second": 0}, "more than 0"),
        ({"locations": []}, "leave it out"),
        ({"clusters": []}, "leave it out"),
        ({"subscription": "a"}, "unknown field"),
    ],
)
def test_what_is_wrong_is_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said) as refused:
        msgspec.convert(options, AzureOptions)
    assert "a~secret" not in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"managed_identity": True},
        {"managed_identity": True, "client_id": CLIENT},
        {**APPLICATION, "certificate_file": "a.pem", "certificate_password_env": "A"},
        {**APPLICATION, "federated_token_file": "/var/run/secrets/tokens/azure"},
        {"management_group": "shops-eu", "skip_subscriptions": [subscription_id(1)]},
    ],
)
def test_what_is_right_is_taken(options: dict[str, Any]) -> None:
    assert msgspec.convert(options, AzureOptions) is not None


def test_a_source_of_the_command_line() -> None:
    named = AzureConnector.from_source(f"{subscription_id(1)}#west*")
    assert (named.subscriptions, named.locations) == ((subscription_id(1),), ("west*",))
    assert AzureConnector.from_source("").subscriptions == ()
    with pytest.raises(SourceError, match="az account list"):
        AzureConnector.from_source("shop")


def test_it_comes_by_the_door_that_is_open_to_all() -> None:
    found: object = load_connector("azure")
    assert found is AzureConnector
