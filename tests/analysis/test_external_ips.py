"""Doors of Services with externalIPs."""

from typing import Any

import pytest

from auditor.analysis.exposure.door import Door
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from tests.analysis.clusters import a_service, facts_of, the_door


def door(*addresses: str, **configured: Any) -> Door:
    service = a_service(externalIPs=list(addresses))
    return the_door(facts_of(service, **configured), Via.EXTERNAL_IPS)


@pytest.mark.parametrize(
    ("addresses", "audience"),
    [
        (["203.0.113.7"], Audience.INTERNET),
        (["2001:db8::7"], Audience.INTERNET),
        (["10.0.0.7", "203.0.113.7"], Audience.INTERNET),
        (["203.0.113.7", "nonsense"], Audience.INTERNET),
        (["10.0.0.7"], Audience.PRIVATE_NETWORK),
        (["fd00::7", "192.168.1.1"], Audience.PRIVATE_NETWORK),
        (["nonsense"], Audience.UNKNOWN),
        (["10.0.0.0/8"], Audience.UNKNOWN),
    ],
)
def test_the_addresses_are_the_audience(addresses: list[str], audience: Audience) -> None:
    told = door(*addresses)
    assert told.audience is audience
    assert (told.reason is not None) is (audience is Audience.UNKNOWN)


@pytest.mark.parametrize(
    ("addresses", "sources"),
    [
        (["203.0.113.7"], ("0.0.0.0/0",)),
        (["2001:db8::7"], ("::/0",)),
        (["203.0.113.7", "2001:db8::7"], ("0.0.0.0/0", "::/0")),
        (["10.0.0.7"], ()),
    ],
)
def test_everyone_is_of_the_families_of_the_public_addresses(
    addresses: list[str], sources: tuple[str, ...]
) -> None:
    assert door(*addresses).sources == sources


def test_addresses_are_sorted_and_in_one_spelling() -> None:
    told = door("203.0.113.7", "2001:DB8::7", "2001:db8:0::7", "10.0.0.1")
    assert told.entry.addresses == ("10.0.0.1", "2001:db8::7", "203.0.113.7")


def test_an_internal_range_of_the_operator_is_private() -> None:
    assert door("203.0.113.7", internal_cidrs=("203.0.113.0/24",)).audience is (
        Audience.PRIVATE_NETWORK
    )


def test_every_type_of_service_has_such_doors() -> None:
    for kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        service = a_service(
            type=kind, externalIPs=["203.0.113.7"], ports=[{"port": 1}, {"port": 2}]
        )
        doors = facts_of(service).doors_via(Via.EXTERNAL_IPS)
        assert [item.entry.port for item in doors] == [1, 2]


def test_no_external_ips_are_no_door() -> None:
    assert not facts_of(a_service(externalIPs=[])).doors
