"""What `--assume-cni NAME` assumes."""

import pytest

from auditor.catalogue.cni_plugins import assumable, cni_plugins
from auditor.model.audit import Enforces

UNCONFIRMED = [
    # Not seen in a source of its own, or decided by settings that a name does not tell.
    "openshift-sdn",
    "azure-cni",
    "romana",
    "contiv",
    "nuage",
    "tungsten-fabric",
    "spiderpool",
    "bridge-host-local",
    "kubenet",
    "macvlan-ipvlan-sriov",
    "multus",
]
WITHOUT_POLICIES = ["flannel", "gke-dataplane-v1"]
ASSUMED = assumable(cni_plugins())


def test_the_reference_enforces_everything() -> None:
    assert ASSUMED["reference"] is Enforces.FULL


@pytest.mark.parametrize("name", WITHOUT_POLICIES)
def test_a_plugin_without_policies_enforces_nothing(name: str) -> None:
    assert ASSUMED[name] is Enforces.NONE


@pytest.mark.parametrize("name", UNCONFIRMED)
def test_what_is_not_confirmed_is_unknown(name: str) -> None:
    assert ASSUMED[name] is Enforces.UNKNOWN


def test_every_other_plugin_enforces_both_directions_and_says_where_that_was_seen() -> None:
    for name, enforces in ASSUMED.items():
        if name not in (*UNCONFIRMED, *WITHOUT_POLICIES):
            assert enforces is Enforces.FULL
    assert all(plugin.source for plugin in cni_plugins().values())
