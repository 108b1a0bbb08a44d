"""What an image's name says: which software it may be, and which it only sounds like."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import Struct

from auditor.analysis.recognition.globs import GlobIndex, fits
from auditor.analysis.recognition.references import Path, flattened, image_reference, spellings
from auditor.analysis.recognition.scoring import WEIGHTS, EvidenceKind
from auditor.catalogue.contents import Catalogue
from auditor.catalogue.recognition import ImageTrap, recognition_rules
from auditor.catalogue.software import Software

Told = TypeVar("Told")


class ImageMatch(Struct, frozen=True):
    """The pattern by which an image was taken for some software."""

    kind: EvidenceKind
    pattern: str
    tags: tuple[str, ...] = ()
    """It counts only under a tag that holds one of these, if there are any."""


class ImageAnswer(Struct, frozen=True):
    """What an image may be, by id, and what it is not although it sounds like it."""

    matches: Mapping[str, ImageMatch]
    traps: Mapping[str, ImageTrap]


class _Pattern(Struct, frozen=True):
    text: str
    components: Path

    @property
    def above(self) -> Path:
        """The components before the last."""
        return self.components[:-1]

    def fits_above(self, path: Path) -> bool:
        """Tell whether the components before the last match those of a path."""
        size = len(self.components)
        return size <= len(path) and all(
            fits(pattern, component)
            for pattern, component in zip(self.above, path[-size:-1], strict=True)
        )


class _Patterns(Generic[Told]):
    """Path patterns, found by their last component; those that end in `/*` by the one above."""

    def __init__(self, told: Iterable[tuple[str, Told]]) -> None:
        self._by_name: GlobIndex[tuple[_Pattern, Told]] = GlobIndex()
        self._by_parent: GlobIndex[tuple[_Pattern, Told]] = GlobIndex()
        for text, item in told:
            pattern = _Pattern(text, tuple(text.split("/")))
            if pattern.components[-1] == "*":
                self._by_parent.add(pattern.components[-2], (pattern, item))
            else:
                self._by_name.add(pattern.components[-1], (pattern, item))

    def matching(self, path: Path) -> Iterator[tuple[_Pattern, Told]]:
        """Go through the patterns that match the end of a path."""
        candidates = list(self._by_name.exactly(path[-1]))
        candidates += (found for _, found in self._by_name.by_glob(path[-1]))
        if len(path) > 1:
            candidates += self._by_parent.exactly(path[-2])
            candidates += (found for _, found in self._by_parent.by_glob(path[-2]))
        for pattern, told in candidates:
            if pattern.fits_above(path):
                yield pattern, told


class ImageIndex:
    """Answers for image references; what it worked out for a path it keeps."""

    def __init__(
        self,
        entries: Iterable[Software],
        traps: Iterable[ImageTrap],
        vendors: Collection[str],
    ) -> None:
        """Index the patterns of some software and traps."""
        self._patterns = _Patterns(
            (pattern, entry) for entry in entries for pattern in entry.images
        )
        self._traps = _Patterns((pattern, trap) for trap in traps for pattern in trap.images)
        self._vendors = vendors
        self._known: dict[Path, _PathAnswer] = {}

    def answer(self, image: str, labels: Collection[str] = ()) -> ImageAnswer:
        """Say what an image may be; `labels` are the `KEY=VALUE` of the pod that runs it."""
        reference = image_reference(image)
        if not reference.path:
            return NOTHING
        known = self._known.get(reference.path)
        if known is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            known = self._known[reference.path] = self._ask(reference.path)
        return known.under(reference.tag, labels)

    def _ask(self, path: Path) -> "_PathAnswer":
        spelled = spellings(path)
        traps = {id(trap): trap for one in spelled for _, trap in self._traps.matching(one)}
        matches = self._matches(spelled)
        if not matches and not traps:
            matches = {
                software_id: [
                    ImageMatch(EvidenceKind.IMAGE_FLATTENED, match.pattern, match.tags)
                    for match in found
                ]
                for software_id, found in self._matches(flattened(path)).items()
            }
        return _PathAnswer(matches, tuple(traps.values()))

    def _matches(self, spelled: Iterable[Path]) -> dict[str, list[ImageMatch]]:
        found: dict[str, list[ImageMatch]] = defaultdict(list)
        for path in spelled:
            for pattern, entry in self._patterns.matching(path):
                kind = self._kind(pattern, path)
                found[entry.id].append(ImageMatch(kind, pattern.text, entry.image_tag_contains))
        return found

    def _kind(self, pattern: _Pattern, path: Path) -> EvidenceKind:
        name = pattern.components[-1]
        if "*" in name and len(name.replace("*", "")) < _FEWEST_LETTERS:
            return EvidenceKind.IMAGE_WILDCARD
        if len(pattern.components) > 1:
            return EvidenceKind.IMAGE_SPECIFIC
        # `redis` is what it says if nobody in particular, or one who copies images, publishes it.
        copied = len(path) == 1 or path[-2] in self._vendors
        return EvidenceKind.IMAGE_SPECIFIC if copied else EvidenceKind.IMAGE_BARE


class _PathAnswer(Struct, frozen=True):
    matches: Mapping[str, list[ImageMatch]]
    traps: tuple[ImageTrap, ...]

    def under(self, tag: str, labels: Collection[str]) -> ImageAnswer:
        """Give the answer under a tag."""
        if not self.matches and not self.traps:
            return NOTHING
        caught = {
            software_id: trap
            for trap in self.traps
            if not _is_lifted(trap, tag, labels)
            for software_id in trap.not_a
        }
        matches = {}
        for software_id, found in self.matches.items():
            open_ones = [item for item in found if _holds_one(tag, item.tags)]
            if open_ones and software_id not in caught:
                matches[software_id] = max(open_ones, key=lambda item: WEIGHTS[item.kind])
        return ImageAnswer(matches, caught)


def _is_lifted(trap: ImageTrap, tag: str, labels: Collection[str]) -> bool:
    by_tag = bool(trap.unless_tag_contains) and _holds_one(tag, trap.unless_tag_contains)
    return by_tag or any(label in labels for label in trap.unless_labels)


def _holds_one(tag: str, texts: Collection[str]) -> bool:
    return not texts or any(text in tag for text in texts)


NOTHING = ImageAnswer({}, {})
_MOST_KEPT = 20_000
"""Paths whose answer is kept; a cluster runs some hundreds."""
_FEWEST_LETTERS = 6
"""A glob with fewer literal characters in its last component says little."""


@lru_cache(maxsize=8)
def image_index(catalogue: Catalogue) -> ImageIndex:
    """Give the index of a whole catalogue."""
    rules = recognition_rules()
    return ImageIndex(catalogue.software.values(), rules.traps, rules.vendors)
