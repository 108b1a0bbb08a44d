"""How much each sort of evidence weighs, and what a score is called.

Weights are probabilities that do not know of each other: a score is one minus the product of what
each sort leaves open, with at most one piece of each sort. Then come the caps: thin evidence stays
thin however much there is of it. The weights were chosen by judgement and tuned on
`tests/analysis`, not fitted to data.
"""

from collections.abc import Mapping, Set
from enum import StrEnum

from auditor.catalogue.software import Software, SoftwareKind
from auditor.model.exposure import Hop


class EvidenceKind(StrEnum):
    """Sorts of evidence."""

    CRD_OWNER = "crd_owner"
    IMAGE_SPECIFIC = "image_specific"
    """Project and name fit, or the name does under a project that copies others' images."""
    IMAGE_BARE = "image_bare"
    """Only the last component fits: `acme/redis` may be anything."""
    IMAGE_WILDCARD = "image_wildcard"
    """A pattern with few literal letters fits."""
    IMAGE_FLATTENED = "image_flattened"
    """Fits when the name is taken for a whole path that a mirror folded."""
    OPERATOR_LABEL = "operator_label"
    RECOMMENDED_LABEL = "recommended_label"
    FLAG = "flag"
    RISKY_ENV = "risky_env"
    CHART_LABEL = "chart_label"
    RELEASE_PROXY = "release_proxy"
    """It is what a release of the software puts in front of it."""
    SIBLING_IMAGE = "sibling_image"
    """Another workload of the same release runs its image."""
    PORT_DISTINCTIVE = "port_distinctive"
    ENV = "env"
    PLAIN_LABEL = "plain_label"
    NAME_EXACT = "name_exact"
    PORT_NAME = "port_name"
    PORT_COMMON = "port_common"
    NAME_GLOB = "name_glob"


WEIGHTS = {
    EvidenceKind.CRD_OWNER: 0.6,
    EvidenceKind.IMAGE_SPECIFIC: 0.6,
    EvidenceKind.IMAGE_BARE: 0.45,
    EvidenceKind.IMAGE_WILDCARD: 0.3,
    EvidenceKind.IMAGE_FLATTENED: 0.3,
    EvidenceKind.OPERATOR_LABEL: 0.45,
    EvidenceKind.RECOMMENDED_LABEL: 0.35,
    EvidenceKind.FLAG: 0.35,
    EvidenceKind.RISKY_ENV: 0.35,
    EvidenceKind.CHART_LABEL: 0.3,
    EvidenceKind.RELEASE_PROXY: 0.6,
    EvidenceKind.SIBLING_IMAGE: 0.3,
    EvidenceKind.PORT_DISTINCTIVE: 0.3,
    EvidenceKind.ENV: 0.25,
    EvidenceKind.PLAIN_LABEL: 0.2,
    EvidenceKind.NAME_EXACT: 0.2,
    EvidenceKind.PORT_NAME: 0.15,
    EvidenceKind.PORT_COMMON: 0.12,
    EvidenceKind.NAME_GLOB: 0.1,
}

IMAGES = frozenset(
    {
        EvidenceKind.IMAGE_SPECIFIC,
        EvidenceKind.IMAGE_BARE,
        EvidenceKind.IMAGE_WILDCARD,
        EvidenceKind.IMAGE_FLATTENED,
    }
)
PORTS = frozenset({EvidenceKind.PORT_DISTINCTIVE, EvidenceKind.PORT_COMMON, EvidenceKind.PORT_NAME})
NAMES = frozenset({EvidenceKind.NAME_EXACT, EvidenceKind.NAME_GLOB})
_TELLING = IMAGES | {
    EvidenceKind.CRD_OWNER,
    EvidenceKind.OPERATOR_LABEL,
    EvidenceKind.RELEASE_PROXY,
}
_LABELS = frozenset(
    {
        EvidenceKind.OPERATOR_LABEL,
        EvidenceKind.RECOMMENDED_LABEL,
        EvidenceKind.CHART_LABEL,
        EvidenceKind.PLAIN_LABEL,
    }
)
_STRONG = (
    frozenset({EvidenceKind.IMAGE_SPECIFIC, EvidenceKind.IMAGE_BARE}),
    frozenset({EvidenceKind.CRD_OWNER}),
    frozenset({EvidenceKind.OPERATOR_LABEL, EvidenceKind.RECOMMENDED_LABEL}),
    frozenset({EvidenceKind.CHART_LABEL}),
    frozenset({EvidenceKind.PORT_DISTINCTIVE}),
)
"""Sources that can err on their own; two of them do not err the same way by accident."""


class Grade(StrEnum):
    """What a score is called."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"


_LOWEST = ((0.85, Grade.CONFIRMED), (0.6, Grade.LIKELY), (0.4, Grade.POSSIBLE))
_ONLY_POSSIBLE = 0.59
_ONLY_LIKELY = 0.84


def grade_of(score: float) -> Grade | None:
    """Call a score by its grade; None where it is too low to report."""
    return next((grade for lowest, grade in _LOWEST if score >= lowest), None)


Signs = Mapping[EvidenceKind, Hop]
"""What speaks for one piece of software: at most one piece of each sort."""


def score(entry: Software, signs: Signs, *, image_is_another: bool) -> float:
    """Give how sure it is that what shows some signs is some software, from 0 to 1.

    `image_is_another` tells that the image was recognised as different software, so that names
    and labels may speak of the release around it.
    """
    left_open = 1.0
    for kind in signs:
        left_open *= 1 - WEIGHTS[kind]
    limits = _limits(entry, signs, image_is_another=image_is_another)
    return round(min(1 - left_open, *limits), 4)


def _limits(entry: Software, signs: Signs, *, image_is_another: bool) -> list[float]:
    limits = [_most_of(signs.keys()), _ONLY_POSSIBLE if image_is_another else 1.0]
    if not _shows_its_face(entry, signs):
        # A service of the legacy file counts together with a port; the image alone is inventory.
        limits.append(_ONLY_POSSIBLE if entry.kind is SoftwareKind.LEGACY else 1.0)
        limits.append(0.4 if entry.requires_port else 1.0)
    if entry.is_unconfirmed:
        agreeing = sum(1 for source in _STRONG if signs.keys() & source)
        limits.append(_ONLY_LIKELY if agreeing > 1 else _ONLY_POSSIBLE)
    return limits


def _most_of(present: Set[EvidenceKind]) -> float:
    """Give how far some sorts of evidence go at most, whatever the software."""
    if present <= NAMES:
        return 0.25
    if present == {EvidenceKind.PORT_COMMON}:
        return 0.15
    if present <= PORTS:
        return 0.35
    if present & _TELLING:
        return 1.0
    # Without a label either, it is a renamed private image: there are environment, ports, names.
    return 0.7 if present & _LABELS else _ONLY_POSSIBLE


def _shows_its_face(entry: Software, signs: Signs) -> bool:
    """Tell whether more shows than the program: its port, a flag, a name that is not the image's.

    A workload called `nginx` says as little of a status page as the image does.
    """
    if signs.keys() & PORTS or EvidenceKind.FLAG in signs:
        return True
    name = signs.get(EvidenceKind.NAME_EXACT)
    return name is not None and name.value not in entry.image_names
