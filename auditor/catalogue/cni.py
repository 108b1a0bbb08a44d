"""Which direction each network plugin enforces NetworkPolicy in."""

from functools import cache

from msgspec import Struct

from auditor.catalogue.loading import load_data
from auditor.model.audit import Enforces


class CniProfile(Struct, frozen=True, forbid_unknown_fields=True):
    """One plugin's enforcement, as far as it was seen in its source."""

    id: str
    enforces: Enforces
    source: str


class CniProfiles(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    profiles: tuple[CniProfile, ...]


@cache
def cni_profiles() -> dict[str, CniProfile]:
    """Give the profiles by name."""
    return {profile.id: profile for profile in load_data("cni.yaml", CniProfiles).profiles}
