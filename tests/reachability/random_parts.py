"""Random parts of policies: selectors, blocks of addresses, lists; and what they are drawn from.

Labels, ports and blocks are few, so that policies meet.
"""

from collections.abc import Callable, Sequence
from ipaddress import ip_network
from random import Random
from typing import TypeVar

from tests.reachability.pieces import PROTOCOLS, Object

NAMESPACES = ("web", "db", "ops", "lab")
NAME_LABEL = "kubernetes.io/metadata.name"
POD_KEYS = ("app", "tier")
NAMESPACE_KEYS = ("team", "env")
NODE_KEYS = ("zone",)
VALUES = ("", "a", "b")
PORT_NAMES = ("http", "dns", "admin")
NUMBERS = (1, 53, 80, 81, 443, 8080, 9090, 65535)
RANGES = ((53, 81), (80, 90), (8000, 9090), (1, 65535), (443, 444))
BLOCKS = (
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/29",
    "10.0.0.5/28",
    "10.0.0.3/32",
    "172.16.0.0/12",
    "203.0.113.0/24",
    "203.0.113.128/25",
    "192.0.2.7/32",
    "::/0",
    "fd00::/64",
    "fd00::2/127",
    "2001:db8::/32",
    "2001:db8:0:1::/64",
)
BAD_BLOCKS = ("10.0.0.0/33", "10.0.0.0", "300.0.0.0/8", "fd00::/129", "everywhere", "")

_T = TypeVar("_T")


class PartWriter:
    """Writes parts of policies by chance."""

    def __init__(self, random: Random, *, broken: bool) -> None:
        """Write with this chance; `broken` lets refused parts in."""
        self._random = random
        self._broken = broken

    def selector(self, keys: Sequence[str]) -> Object:
        """Write a label selector on some of the keys."""
        selector: Object = {}
        if self.chance(0.4):
            chosen = self._random.sample(keys, self._random.choice((1, 1, 1, min(2, len(keys)))))
            selector["matchLabels"] = {key: self._value(key) for key in chosen}
        elif self.chance(0.1):
            selector["matchLabels"] = self._random.choice(({}, None))
        if self.chance(0.3):
            selector["matchExpressions"] = self.several(lambda: self._requirement(keys), 2)
        return selector

    def ip_block(self) -> Object:
        cidr = self._random.choice(BLOCKS)
        block: Object = {"cidr": cidr}
        whole = ip_network(cidr, strict=False)
        if self.chance(0.5) and whole.prefixlen < whole.max_prefixlen:
            block["except"] = self.several(lambda: self._inside(cidr), 3)
        elif self.chance(0.1):
            block["except"] = self._random.choice((None, []))
        if self.bad(0.25):
            block["cidr"] = self._random.choice(BAD_BLOCKS)
        if self.bad(0.25):
            block.setdefault("except", None)
            outside = ("198.51.100.0/24", "2001:db9::/32", *BAD_BLOCKS)
            block["except"] = [*(block["except"] or []), self._random.choice(outside)]
        return block

    def _inside(self, cidr: str) -> str:
        """Write a smaller block, one of those of other policies where one fits."""
        whole = ip_network(cidr, strict=False)
        others = [ip_network(block, strict=False) for block in BLOCKS]
        fitting = [
            str(other)
            for other in others
            if other.version == whole.version
            and other.prefixlen > whole.prefixlen
            and other.network_address in whole
        ]
        if fitting and self.chance(0.6):
            return self._random.choice(fitting)
        longer = min(whole.max_prefixlen, whole.prefixlen + self._random.randint(1, 6))
        base = self._random.choice(fitting).split("/")[0] if fitting else whole.network_address
        return str(ip_network(f"{base}/{longer}", strict=False))

    def _requirement(self, keys: Sequence[str]) -> Object:
        key = self._random.choice(keys)
        operator = self._random.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        requirement: Object = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            requirement["values"] = self.several(lambda: self._value(key), 2)
        if self.bad(0.35):
            requirement |= self._random.choice(
                (
                    {"operator": "Equals"},
                    {"operator": "In", "values": []},
                    {"operator": "NotIn", "values": None},
                    {"operator": "Exists", "values": ["a"]},
                )
            )
        return requirement

    def _value(self, key: str) -> str:
        return self._random.choice(NAMESPACES if key == NAME_LABEL else VALUES)

    def protocol(self) -> str:
        return self._random.choice(("TCP", *PROTOCOLS))

    def put(self, rule: Object, field: str, write: Callable[[], Object], share: float) -> None:
        """Fill a list field, or leave it out in one of the three ways."""
        if self.chance(share):
            rule[field] = self.several(write, 3)
        elif self.chance(0.5):
            rule[field] = self._random.choice((None, []))

    def several(self, write: Callable[[], _T], most: int) -> list[_T]:
        return [write() for _ in range(self._random.randint(1, most))]

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def bad(self, share: float) -> bool:
        return self._broken and self.chance(share)
