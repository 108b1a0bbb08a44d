"""What `--assume-cni NAME` assumes."""

import pytest

from auditor.catalogue.cni import cni_profiles
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
]
WITHOUT_POLICIES = ["flannel", "gke-dataplane-v1"]


def test_the_reference_enforces_everything() -> None:
    assert cni_profiles()["reference"].enforces is Enforces.FULL


@pytest.mark.parametrize("name", WITHOUT_POLICIES)
def test_a_plugin_without_policies_enforces_nothing(name: str) -> None:
    assert cni_profiles()[name].enforces is Enforces.NONE


@pytest.mark.parametrize("name", UNCONFIRMED)
def test_what_is_not_confirmed_is_unknown(name: str) -> None:
    assert cni_profiles()[name].enforces is Enforces.UNKNOWN


def test_every_other_profile_enforces_both_directions_and_says_where_that_was_seen() -> None:
    for name, profile in cni_profiles().items():
        assert profile.id == name
        assert profile.source
        if name not in (*UNCONFIRMED, *WITHOUT_POLICIES):
            assert profile.enforces is Enforces.FULL
