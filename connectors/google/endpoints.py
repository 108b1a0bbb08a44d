"""Where GKE lets an API server be dialled, and by whom: both generations of fields.

`controlPlaneEndpointsConfig` wins where it is there; `privateClusterConfig` and
`masterAuthorizedNetworksConfig` are the older ones (GKE API reference, Cluster). What neither
tells is not known, and nothing is taken to be closed for that.
"""

from ipaddress import ip_address
from typing import Any

from google.cloud.container_v1.types import Cluster
from msgspec import Struct

from auditor.model.addresses import AddressSet
from auditor.model.audience import AddressSpace, Audience
from auditor.model.cloud import ApiEndpoint, CloudFact
from connectors.google.options import Way
from connectors.google.presence import facts, shown, told

EVERYONE = ("0.0.0.0/0",)

_NEW = "controlPlaneEndpointsConfig.ipEndpointsConfig"
_DNS = "controlPlaneEndpointsConfig.dnsEndpointConfig"
_OLD = "privateClusterConfig"
_LISTS = (f"{_NEW}.authorizedNetworksConfig", "masterAuthorizedNetworksConfig")
_GATED = "IAM decides (container.clusters.connect), authorised networks do not apply"
_GOOGLE = "all of Google Cloud's public addresses, which no list here names"


class Endpoints(Struct, frozen=True, kw_only=True):
    """The ways to one API server; None is what GKE does not tell."""

    is_public: bool | None
    """Whether there is a public address."""
    is_settled: bool
    """Whether what GKE tells of it fits together."""
    public: str
    private: str
    takes_addresses: bool
    """Whether it can be dialled by an address at all, as far as is known."""
    dns: str
    takes_outside: bool | None
    """Whether the DNS name takes traffic from outside Google; False where there is no such name."""
    allowed: tuple[str, ...] | None
    """Whom the public address admits."""
    also: str | None
    """Whom it admits beside those."""
    evidence: tuple[CloudFact, ...]


def endpoints_of(cluster: Cluster) -> Endpoints:
    """Read every field that speaks of the endpoints."""
    switch, evidence = _public_switch(cluster)
    has_new = told(cluster, _NEW) is not None
    public = told(cluster, f"{_NEW if has_new else _OLD}.publicEndpoint") or ""
    if not public and switch is not False and _is_public(cluster.endpoint) is True:
        public = cluster.endpoint
        evidence += facts(cluster, ("endpoint",))
    private = told(cluster, f"{_NEW}.privateEndpoint") or told(cluster, f"{_OLD}.privateEndpoint")
    if not private and _is_public(cluster.endpoint) is False:
        private = cluster.endpoint
    dns = told(cluster, f"{_DNS}.endpoint") or ""
    outside = told(cluster, f"{_DNS}.allowExternalTraffic")
    if outside:
        evidence += (CloudFact(f"{_DNS}.allowExternalTraffic", f"true: {_GATED}"),)
    elif outside is False:
        evidence += (CloudFact(f"{_DNS}.allowExternalTraffic", "false"),)
    allowed, also, lists = _allowed(cluster)
    return Endpoints(
        # An address that is given is there, whatever the switch says.
        is_public=True if public else switch,
        is_settled=not (public and switch is False),
        public=public,
        private=private or "",
        takes_addresses=told(cluster, f"{_NEW}.enabled") is not False,
        dns=dns,
        takes_outside=outside if dns or outside else False,
        allowed=allowed,
        also=also,
        evidence=(*evidence, *lists),
    )


def endpoint_of(ways: Endpoints) -> ApiEndpoint | None:
    """Tell who may dial; None where it is not known whether the public can.

    A DNS name that takes traffic from outside is public, and no list of addresses applies to it.
    """
    if not (ways.takes_outside or ways.is_public):
        is_known = ways.is_public is False and ways.takes_outside is False
        if not is_known:
            return None
    allowed = ways.allowed if ways.is_settled else None
    if ways.takes_outside:
        allowed = EVERYONE
    elif ways.takes_outside is None and allowed != EVERYONE:
        # The name may take everyone.
        allowed = None
    return ApiEndpoint(
        is_public=bool(ways.takes_outside or ways.is_public),
        is_private=True if ways.private else None if ways.takes_addresses else False,
        allowed=allowed if ways.takes_outside or ways.is_public else None,
        also_admits=ways.also if ways.is_public and allowed not in {None, EVERYONE} else None,
        evidence=ways.evidence,
    )


def _public_switch(cluster: Cluster) -> tuple[bool | None, tuple[CloudFact, ...]]:
    """Read the switch of the public address, the newer one first; the older says the contrary."""
    new = (f"{_NEW}.enabled", f"{_NEW}.enablePublicEndpoint", f"{_NEW}.publicEndpoint")
    evidence = facts(cluster, new)
    if told(cluster, new[0]) is False:
        return False, evidence
    switch = told(cluster, new[1])
    if switch is not None:
        return bool(switch), evidence
    old = (f"{_OLD}.enablePrivateEndpoint", f"{_OLD}.publicEndpoint")
    is_private_only = told(cluster, old[0])
    evidence += facts(cluster, old)
    return None if is_private_only is None else not is_private_only, evidence


_Allowed = tuple[tuple[str, ...] | None, str | None, tuple[CloudFact, ...]]


def _allowed(cluster: Cluster) -> _Allowed:
    """Read the authorised networks, whom they admit beside those named, and what tells it.

    Where they are on, addresses of Compute Engine are admitted too unless that is switched off
    (GKE API reference, MasterAuthorizedNetworksConfig). Where that is not told the list is None: it
    may admit others than those named.
    """
    path = next((path for path in _LISTS if told(cluster, path) is not None), None)
    if path is None:
        return None, None, (CloudFact(_LISTS[1], "not told"),)
    config: Any = told(cluster, path)
    google = told(config, "gcpPublicCidrsAccessEnabled")
    evidence = [CloudFact(f"{path}.enabled", shown(config.enabled))]
    if not config.enabled:
        return EVERYONE, None, tuple(evidence)
    cidrs = tuple(block.cidr_block for block in config.cidr_blocks)
    evidence.append(CloudFact(f"{path}.cidrBlocks", ", ".join(cidrs) or "none"))
    admits = {None: "not told", True: f"true: {_GOOGLE}", False: "false"}[google]
    evidence.append(CloudFact(f"{path}.gcpPublicCidrsAccessEnabled", admits))
    evidence += facts(cluster, (f"{path}.privateEndpointEnforcementEnabled",))
    if google is None and not _is_internet(cidrs):
        return None, None, tuple(evidence)
    return cidrs, _GOOGLE if google else None, tuple(evidence)


def _is_internet(cidrs: tuple[str, ...]) -> bool:
    try:
        return AddressSpace().audience_of(AddressSet.of(cidrs)) is Audience.INTERNET
    except ValueError:
        return False


def _is_public(address: str) -> bool | None:
    """Whether an address is public; None where it is none."""
    try:
        return AddressSpace().is_public(str(ip_address(address)))
    except ValueError:
        return None


def way_to(ways: Endpoints, wanted: Way) -> tuple[str, bool] | str:
    """Choose the host to dial, and whether it is the DNS name; else say why there is none."""
    public = ways.public if ways.is_public else ""
    by_address = public or ways.private
    if wanted == "auto":
        host, is_dns = _best(ways, public)
        lack = "no address, and its DNS name takes no traffic from outside (allowExternalTraffic)"
    else:
        is_dns = wanted == "dns"
        host, lack = {
            "dns": (ways.dns, "no DNS name"),
            "ip": (by_address, "no address"),
            "private-ip": (ways.private, "no private address"),
        }[wanted]
    return (host, is_dns) if host else f"GKE gives {lack}"


def _best(ways: Endpoints, public: str) -> tuple[str, bool]:
    if public and ways.allowed == EVERYONE:
        return public, False
    if ways.dns and ways.takes_outside:
        return ways.dns, True
    return (public or ways.private) if ways.takes_addresses else "", False
