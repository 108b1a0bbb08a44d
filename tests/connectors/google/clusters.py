"""Clusters as GKE gives them, written with the names of its REST reference."""

import base64
import json
from typing import Any, cast

from google.cloud.container_v1.types import Cluster

CA = b"-----BEGIN CERTIFICATE-----\nnot looked at here\n-----END CERTIFICATE-----\n"
NETWORK = "projects/net-host/global/networks/shared"
SUBNETWORK = "projects/net-host/regions/europe-west1/subnetworks/gke"
DNS = "gke-0a1b2c-1234567890.europe-west1.gke.goog"
PUBLIC, PRIVATE = "34.90.1.2", "10.132.0.2"


def cluster(name: str = "prod", location: str = "europe-west1", **fields: Any) -> Cluster:
    """Make one; a field given as None is left out."""
    whole = {
        "name": name,
        "location": location,
        "status": "RUNNING",
        "endpoint": PUBLIC,
        "masterAuth": {"clusterCaCertificate": base64.b64encode(CA).decode()},
        "networkConfig": {"network": NETWORK, "subnetwork": SUBNETWORK},
        "controlPlaneEndpointsConfig": new_endpoints(),
    } | fields
    told = {key: it for key, it in whole.items() if it is not None}
    return cast("Cluster", Cluster.from_json(json.dumps(told)))


def new_endpoints(
    dns: dict[str, Any] | None = None, networks: dict[str, Any] | None = None, **ip: Any
) -> dict[str, Any]:
    """Write `controlPlaneEndpointsConfig` of a cluster that is open to everyone, with changes."""
    addresses = {
        "enabled": True,
        "enablePublicEndpoint": True,
        "publicEndpoint": PUBLIC,
        "privateEndpoint": PRIVATE,
        "authorizedNetworksConfig": {} if networks is None else networks,
    } | ip
    return {
        "dnsEndpointConfig": {"endpoint": DNS, "allowExternalTraffic": False} | (dns or {}),
        "ipEndpointsConfig": {key: it for key, it in addresses.items() if it is not None},
    }


def old_endpoints(**fields: Any) -> dict[str, Any]:
    """Write the fields of a cluster that knows only the older generation."""
    return {"controlPlaneEndpointsConfig": None} | fields
