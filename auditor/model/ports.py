"""Port sets: per protocol, which ports."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from auditor.model.intervals import Interval, Intervals

PORT_MAX = 65535


class Protocol(StrEnum):
    """Transport protocols that a Kubernetes port can name (core/v1 ContainerPort.protocol)."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


ALL_PORT_NUMBERS = Intervals(((1, PORT_MAX),))
"""Port 0 is reserved: nobody connects to it (RFC 6335 §6)."""


class PortSet(Struct, frozen=True):
    """An immutable set of (protocol, port) pairs."""

    tcp: Intervals = Intervals()
    udp: Intervals = Intervals()
    sctp: Intervals = Intervals()

    @classmethod
    def of(cls, ranges: Iterable[tuple[Protocol, int, int]]) -> "PortSet":
        """Build a set from (protocol, first port, last port) ranges.

        Raises:
            ValueError: a port is outside 0-65535 or a range ends before it starts.
        """
        parts: dict[Protocol, list[Interval]] = {protocol: [] for protocol in Protocol}
        for protocol, first, last in ranges:
            if first < 0 or last > PORT_MAX:
                raise ValueError(f"port range {first}-{last} is outside 0-{PORT_MAX}")
            parts[protocol].append((first, last))
        tcp, udp, sctp = (Intervals.of(parts[protocol]) for protocol in Protocol)
        return cls(tcp, udp, sctp)

    def numbers(self, protocol: Protocol) -> Intervals:
        """Give the port numbers of one protocol."""
        return {Protocol.TCP: self.tcp, Protocol.UDP: self.udp, Protocol.SCTP: self.sctp}[protocol]

    def __bool__(self) -> bool:
        """Whether the set has a port."""
        return bool(self.tcp) or bool(self.udp) or bool(self.sctp)

    def __contains__(self, port: tuple[Protocol, int]) -> bool:
        """Whether the (protocol, port) pair is a member."""
        return port[1] in self.numbers(port[0])

    def __or__(self, other: "PortSet") -> "PortSet":
        """Ports of either set."""
        return PortSet(self.tcp | other.tcp, self.udp | other.udp, self.sctp | other.sctp)

    def __and__(self, other: "PortSet") -> "PortSet":
        """Ports of both sets."""
        return PortSet(self.tcp & other.tcp, self.udp & other.udp, self.sctp & other.sctp)

    def __sub__(self, other: "PortSet") -> "PortSet":
        """Ports of this set that the other lacks."""
        return PortSet(self.tcp - other.tcp, self.udp - other.udp, self.sctp - other.sctp)

    def __le__(self, other: "PortSet") -> bool:
        """Whether every port is in the other set."""
        return self.tcp <= other.tcp and self.udp <= other.udp and self.sctp <= other.sctp

    def ranges(self) -> tuple[tuple[Protocol, str], ...]:
        """Write the set per protocol as `80,443-444`, protocols without a port left out."""
        texts = []
        for protocol in Protocol:
            parts = self.numbers(protocol).parts
            if parts:
                spans = (str(low) if low == high else f"{low}-{high}" for low, high in parts)
                texts.append((protocol, ",".join(spans)))
        return tuple(texts)


ALL_PORTS = PortSet(ALL_PORT_NUMBERS, ALL_PORT_NUMBERS, ALL_PORT_NUMBERS)
