"""Names and uids as a running cluster gives them, drawn from digests and never by chance."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from auditor.model.canonical import canonical_json

Manifest = dict[str, Any]
"""An object as its manifest has it."""

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names are written in: without vowels no words come out (apimachinery, rand)."""
_DIGIT_LETTERS = "456789bcdf"
"""What the digits of a template's hash come out as in those letters."""

CORE = "v1"
APPS = "apps/v1"
BATCH = "batch/v1"
DISCOVERY = "discovery.k8s.io/v1"


def of_kind(items: Iterable[Manifest], api_version: str, kind: str) -> list[Manifest]:
    """Give the objects of one kind, in their order."""
    return [item for item in items if (item["apiVersion"], item["kind"]) == (api_version, kind)]


def key_of(item: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Give what tells an object from all others of its cluster."""
    metadata = item["metadata"]
    return item["apiVersion"], item["kind"], metadata.get("namespace", ""), metadata["name"]


def suffix(*parts: str, length: int = 5) -> str:
    """Give the end of a generated name; the same parts give the same one."""
    digest = sha256("/".join(parts).encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])


def number(*parts: str, below: int) -> int:
    """Give a number from 0 on; the same parts give the same one."""
    return int.from_bytes(sha256("/".join(parts).encode()).digest()[:8], "big") % below


def template_hash(template: Mapping[str, Any]) -> str:
    """Give what a controller tells two versions of a pod template apart by."""
    digest = sha256(canonical_json(dict(template))).digest()
    digits = str(int.from_bytes(digest[:4], "big"))
    return "".join(_DIGIT_LETTERS[int(digit)] for digit in digits)


class Uids:
    """Gives the uids of one cluster's objects."""

    def __init__(self, nodes: Iterable[Manifest]) -> None:
        """Tell the cluster from others by its nodes."""
        self._cluster = ",".join(sorted(node["metadata"]["name"] for node in nodes))

    def give(self, item: Manifest) -> None:
        """Give an object its uid, unless it has one."""
        metadata = item["metadata"]
        if "uid" not in metadata:
            path = "/".join((self._cluster, *key_of(item)))
            metadata["uid"] = str(uuid5(NAMESPACE_URL, path))


def owned_by(owner: Manifest) -> list[Manifest]:
    """Give the `ownerReferences` of what a controller makes for an object."""
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
