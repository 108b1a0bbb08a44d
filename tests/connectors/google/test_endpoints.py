"""Who may dial an API server, and how it is reached, by both generations of fields."""

from typing import Any

import pytest

from auditor.model.cloud import ApiEndpoint
from connectors.google.endpoints import EVERYONE, endpoint_of, endpoints_of, way_to
from connectors.google.options import Way
from tests.connectors.google.clusters import (
    DNS,
    PRIVATE,
    PUBLIC,
    cluster,
    new_endpoints,
    old_endpoints,
)

OFFICE = {"cidrBlock": "198.51.100.0/24", "displayName": "office"}
LISTED = {"enabled": True, "cidrBlocks": [OFFICE], "gcpPublicCidrsAccessEnabled": False}
CLOSED: dict[str, Any] = {"enablePublicEndpoint": False, "publicEndpoint": None}
OUTSIDE = {"allowExternalTraffic": True}
MUTE_DNS = {"allowExternalTraffic": None}


def new(
    dns: dict[str, Any] | None = None, networks: dict[str, Any] | None = None, **ip: Any
) -> dict[str, Any]:
    return {"controlPlaneEndpointsConfig": new_endpoints(dns, networks, **ip)}


def without_lists(**fields: Any) -> dict[str, Any]:
    return new(**fields, authorizedNetworksConfig=None)


def old(networks: dict[str, Any] | None, **private: Any) -> dict[str, Any]:
    return old_endpoints(
        masterAuthorizedNetworksConfig=networks, privateClusterConfig=private or None
    )


BOTH_ADDRESSES = {"publicEndpoint": PUBLIC, "privateEndpoint": PRIVATE}

# What GKE gives; whether public, whether private, whom it admits. None: no word on the endpoint.
CASES: dict[str, tuple[dict[str, Any], tuple[bool, bool | None, tuple[str, ...] | None] | None]] = {
    "new, everyone": (new(), (True, True, EVERYONE)),
    "new, lists off though written": (
        new(networks={"enabled": False, "cidrBlocks": [OFFICE]}),
        (True, True, EVERYONE),
    ),
    "new, lists off and Google on, as new clusters are": (
        new(networks={"gcpPublicCidrsAccessEnabled": True}),
        (True, True, EVERYONE),
    ),
    "new, a list": (new(networks=LISTED), (True, True, ("198.51.100.0/24",))),
    "new, an empty list": (
        new(networks={"enabled": True, "gcpPublicCidrsAccessEnabled": False}),
        (True, True, ()),
    ),
    "new, a list and all of Google Cloud": (
        new(networks=LISTED | {"gcpPublicCidrsAccessEnabled": True}),
        (True, True, ("198.51.100.0/24",)),
    ),
    "new, a list and no word on Google Cloud": (
        new(networks={"enabled": True, "cidrBlocks": [OFFICE]}),
        (True, True, None),
    ),
    "new, a list that holds the internet, and Google Cloud": (
        new(networks={
            "enabled": True, "gcpPublicCidrsAccessEnabled": True,
            "cidrBlocks": [{"cidrBlock": "0.0.0.0/1"}, {"cidrBlock": "128.0.0.0/1"}],
        }),
        (True, True, ("0.0.0.0/1", "128.0.0.0/1")),
    ),
    "new, a list that is no CIDR, and Google Cloud": (
        new(networks={
            "enabled": True, "gcpPublicCidrsAccessEnabled": True,
            "cidrBlocks": [{"cidrBlock": "everywhere"}],
        }),
        (True, True, ("everywhere",)),
    ),
    "new, no word on the lists": (without_lists(), (True, True, None)),
    "new, its lists in the old place": (
        without_lists() | {"masterAuthorizedNetworksConfig": LISTED},
        (True, True, ("198.51.100.0/24",)),
    ),
    "new wins over an old list": (
        new() | {"masterAuthorizedNetworksConfig": LISTED},
        (True, True, EVERYONE),
    ),
    "new, public off": (new(networks=LISTED, **CLOSED), (False, True, None)),
    "new wins over an old switch": (
        new(**CLOSED) | {"privateClusterConfig": {"privateEndpoint": PRIVATE}},
        (False, True, None),
    ),
    "new, public off and yet an address": (
        new(networks=LISTED, enablePublicEndpoint=False),
        (True, True, None),
    ),
    "new, addresses off": (
        new(enabled=False, publicEndpoint=None, privateEndpoint=None),
        (False, False, None),
    ),
    "new, no switch, and an address": (
        new(networks=LISTED, enablePublicEndpoint=None),
        (True, True, ("198.51.100.0/24",)),
    ),
    "new, no switch, no address, an old switch": (
        new(enablePublicEndpoint=None, publicEndpoint=None)
        | {"privateClusterConfig": {"enablePrivateEndpoint": True}, "endpoint": PRIVATE},
        (False, True, None),
    ),
    "new, no switch and no address": (
        new(enablePublicEndpoint=None, publicEndpoint=None) | {"endpoint": PRIVATE},
        None,
    ),
    "DNS for everyone beside a list": (
        new(dns=OUTSIDE, networks=LISTED),
        (True, True, EVERYONE),
    ),
    "DNS for everyone, public off": (new(dns=OUTSIDE, **CLOSED), (True, True, EVERYONE)),
    "DNS for everyone, addresses off": (
        new(dns=OUTSIDE, enabled=False, publicEndpoint=None, privateEndpoint=None),
        (True, False, EVERYONE),
    ),
    "DNS without a word, public off": (new(dns=MUTE_DNS, **CLOSED), None),
    "DNS without a word, a list": (new(dns=MUTE_DNS, networks=LISTED), (True, True, None)),
    "DNS without a word, everyone": (new(dns=MUTE_DNS), (True, True, EVERYONE)),
    "no DNS name": (
        new(dns={"endpoint": None, "allowExternalTraffic": None}, **CLOSED),
        (False, True, None),
    ),
    "old, public": (old({}, **BOTH_ADDRESSES), (True, True, EVERYONE)),
    "old, a list": (old(LISTED, **BOTH_ADDRESSES), (True, True, ("198.51.100.0/24",))),
    "old, a list without a word on Google Cloud": (
        old({"enabled": True, "cidrBlocks": [OFFICE]}, **BOTH_ADDRESSES),
        (True, True, None),
    ),
    "old, private": (
        old(LISTED, enablePrivateEndpoint=True, privateEndpoint=PRIVATE) | {"endpoint": PRIVATE},
        (False, True, None),
    ),
    "old, private and yet a public address": (
        old(LISTED, enablePrivateEndpoint=True, **BOTH_ADDRESSES) | {"endpoint": PRIVATE},
        (True, True, None),
    ),
    "oldest, an address alone": (old({}), (True, None, EVERYONE)),
    "oldest, an address and a list": (old(LISTED), (True, None, ("198.51.100.0/24",))),
    "oldest, without a word on lists": (old(None), (True, None, None)),
    "oldest, a private address": (old(None) | {"endpoint": PRIVATE}, None),
    "nothing at all": (old(None) | {"endpoint": None}, None),
}  # fmt: skip


def read(fields: dict[str, Any]) -> ApiEndpoint | None:
    return endpoint_of(endpoints_of(cluster(**fields)))


@pytest.mark.parametrize(("fields", "expected"), CASES.values(), ids=CASES.keys())
def test_who_may_dial(
    fields: dict[str, Any], expected: tuple[bool, bool | None, tuple[str, ...] | None] | None
) -> None:
    found = read(fields)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert (found.is_public, found.is_private, found.allowed) == expected
    assert found.evidence


@pytest.mark.parametrize(
    ("fields", "is_more"),
    [
        (new(networks=LISTED), False),
        (new(networks=LISTED | {"gcpPublicCidrsAccessEnabled": True}), True),
        (new(networks={"gcpPublicCidrsAccessEnabled": True}), False),
        (new(dns=OUTSIDE, networks=LISTED | {"gcpPublicCidrsAccessEnabled": True}), False),
        (new(networks={"enabled": True, "cidrBlocks": [OFFICE]}), False),
    ],
)
def test_google_clouds_own_addresses_are_no_part_of_the_list(
    fields: dict[str, Any], is_more: bool
) -> None:
    found = read(fields)
    assert found is not None
    assert (found.also_admits is not None) is is_more


def evidence(fields: dict[str, Any]) -> dict[str, str]:
    found = read(fields)
    assert found is not None
    return {fact.field: fact.value for fact in found.evidence}


def test_the_evidence_names_what_decided() -> None:
    told = evidence(new(dns=OUTSIDE, networks=LISTED | {"gcpPublicCidrsAccessEnabled": True}))
    lists = "controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig"
    assert told[f"{lists}.enabled"] == "true"
    assert told[f"{lists}.cidrBlocks"] == "198.51.100.0/24"
    assert "all of Google Cloud's public addresses" in told[f"{lists}.gcpPublicCidrsAccessEnabled"]
    dns = told["controlPlaneEndpointsConfig.dnsEndpointConfig.allowExternalTraffic"]
    assert dns.startswith("true: IAM decides (container.clusters.connect)")
    assert "authorised networks do not apply" in dns


def test_what_is_not_told_is_said_not_to_be() -> None:
    assert evidence(old(None))["masterAuthorizedNetworksConfig"] == "not told"


NO_ADDRESSES: dict[str, Any] = {"enabled": False, "publicEndpoint": None, "privateEndpoint": None}
WAYS: dict[str, tuple[dict[str, Any], Way, tuple[str, bool] | str]] = {
    "open to everyone": (new(dns=OUTSIDE), "auto", (PUBLIC, False)),
    "a list, and DNS that is open": (new(dns=OUTSIDE, networks=LISTED), "auto", (DNS, True)),
    "a list, and DNS that is not": (new(networks=LISTED), "auto", (PUBLIC, False)),
    "Google Cloud, and DNS that is open": (
        new(dns=OUTSIDE, networks=LISTED | {"gcpPublicCidrsAccessEnabled": True}),
        "auto",
        (DNS, True),
    ),
    "public off": (new(**CLOSED), "auto", (PRIVATE, False)),
    "public off, DNS open": (new(dns=OUTSIDE, **CLOSED), "auto", (DNS, True)),
    "addresses off, DNS open": (new(dns=OUTSIDE, **NO_ADDRESSES), "auto", (DNS, True)),
    "addresses off, DNS closed": (new(**NO_ADDRESSES), "auto", "no traffic from outside"),
    "old and public": (old(LISTED, **BOTH_ADDRESSES), "auto", (PUBLIC, False)),
    "old and private": (
        old(LISTED, enablePrivateEndpoint=True, privateEndpoint=PRIVATE) | {"endpoint": PRIVATE},
        "auto",
        (PRIVATE, False),
    ),
    "oldest": (old({}), "auto", (PUBLIC, False)),
    "oldest and private": (old(None) | {"endpoint": PRIVATE}, "auto", (PRIVATE, False)),
    "a name in place of an address": (old(None) | {"endpoint": DNS}, "auto", "no address"),
    "DNS is wanted": (new(), "dns", (DNS, True)),
    "DNS is wanted and not there": (old({}), "dns", "no DNS name"),
    "an address is wanted": (new(dns=OUTSIDE, networks=LISTED), "ip", (PUBLIC, False)),
    "an address is wanted, public off": (new(dns=OUTSIDE, **CLOSED), "ip", (PRIVATE, False)),
    "an address is wanted and not there": (new(**NO_ADDRESSES), "ip", "no address"),
    "a private one is wanted": (new(), "private-ip", (PRIVATE, False)),
    "a private one is wanted and not there": (old({}), "private-ip", "no private address"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "wanted", "expected"), WAYS.values(), ids=WAYS.keys())
def test_the_way_to_it(
    fields: dict[str, Any], wanted: Way, expected: tuple[str, bool] | str
) -> None:
    found = way_to(endpoints_of(cluster(**fields)), wanted)
    if isinstance(expected, str):
        assert isinstance(found, str)
        assert expected in found
    else:
        assert found == expected
