"""Hosts that settings name: what is taken for one, and that nothing else of a value is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.kube.decoding import ObjectDecoder
from auditor.kube.meta import Projection
from auditor.kube.references import HostReference, references_in
from auditor.kube.resources import RESOURCE_BY_KIND

POD = RESOURCE_BY_KIND[("", "Pod")]
CANARY = "c4n4ry"


def named(name: str, value: object) -> list[str]:
    return [str(reference) for reference in references_in([(name, value)])]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        # A URL is an address under whatever name, and only its host and port are taken.
        ("ANY", "http://orders", ["orders"]),
        ("ANY", "http://orders:8080/v1/secret?token=t0k", ["orders:8080"]),
        ("ANY", "postgres://app:pa55@db.prod.svc.cluster.local:5432/app", [
            "db.prod.svc.cluster.local:5432"
        ]),
        ("DATABASE_URL", "postgres://app:pa55@db/app", ["db"]),
        # Without a scheme it takes a port, `.svc`, or a name that says so.
        ("ANY", "orders:8080", ["orders:8080"]),
        ("ANY", "orders.shop.svc", ["orders.shop.svc"]),
        ("ANY", "orders", []),
        ("ORDERS_ADDR", "orders", ["orders"]),
        ("--redis-host", "redis", ["redis"]),
        ("KAFKA_BROKERS", "a:9092,b:9092; c:9092", ["a:9092", "b:9092", "c:9092"]),
        # What looks like one and is not.
        ("ANY", "orders:latest", []),
        ("ANY", "shop/orders:8080", []),
        ("ANY", "app:pa55@db", []),
        ("ADDR", "app:pa55@db:5432", []),
        ("ADDR", "10.0.0.1:80", []),
        ("ADDR", "[::1]:80", []),
        ("ADDR", "http://[::1", []),
        ("ADDR", "Orders", []),
        ("ADDR", "-orders", []),
        ("ADDR", "orders:99999", []),
        ("ADDR", ":8080", []),
        ("ADDR", "", []),
        ("ADDR", None, []),
        ("ADDR", "x" * 2_001, []),
        # A name that speaks of a credential is not looked at, but for an address at its end.
        ("API_KEY", "orders:8080", []),
        ("DB_PASSWORD", "http://orders", []),
        ("AUTH_SERVICE_URL", "http://auth:80", ["auth:80"]),
    ],
)  # fmt: skip
def test_only_a_host_and_its_port_are_taken(name: str, value: object, found: list[str]) -> None:
    assert named(name, value) == found


def test_a_port_of_nought_is_no_port() -> None:
    assert references_in([("URL", "http://orders:0")]) == (HostReference("orders"),)


@given(st.text(max_size=40), st.text(max_size=60))
def test_what_is_found_is_a_name_and_stands_in_the_value(name: str, value: str) -> None:
    for reference in references_in([(name, value)]):
        assert reference.host in value.lower()
        assert set(reference.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")


PASSWORDS = st.text("abcXYZ0189%!$&'()*+=_~-", min_size=1)


@given(PASSWORDS, st.sampled_from(["URL", "DSN", "X"]))
def test_no_password_of_a_url_is_taken(password: str, name: str) -> None:
    value = f"amqp://user:{password}@queue.shop:5672/vhost?heartbeat={password}#{password}"
    assert named(name, value) == ["queue.shop:5672"]


def container(projection: Projection, **parts: Any) -> Any:
    content = json.dumps({"metadata": {"name": "x"}, "spec": {"containers": [parts]}})
    return ObjectDecoder(projection, 2**20).decode(POD, content.encode()).spec.containers[0]


SETTINGS = {
    "args": ["--upstream=http://orders:80", "--store", "redis:6379", "x:1"],
    "command": ["/bin/serve", "--peer=http://cart"],
    "env": [
        {"name": "DB_URL", "value": f"postgres://u:{CANARY}@db:5432"},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"value": "http://nameless"},
    ],
}


def test_arguments_and_environment_give_their_hosts_where_these_are_asked_for() -> None:
    found = container(Projection(host_references=True), **SETTINGS)
    assert [str(item) for item in found.args.references] == ["orders:80", "redis:6379"]
    assert [str(item) for item in found.command.references] == ["cart"]
    assert [str(item) for item in found.env.references] == ["db:5432", "nameless"]
    assert CANARY not in repr((found, found.env.references))


def test_no_host_enters_where_none_is_asked_for() -> None:
    found = container(Projection(), **SETTINGS)
    assert (found.args.references, found.command.references, found.env.references) == ((), (), ())
