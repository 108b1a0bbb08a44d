"""Image references: cut into path and tag, and spelled in the ways under which vendors republish.

Nothing is looked up: a mirror keeps the tail of the path, so what a name says is said by its last
components. Text of any shape gives an answer, if only an empty one.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

Path = tuple[str, ...]

_RUNTIMES = re.compile(r"(?:docker-pullable://|docker://|containerd://)+")
_LONGEST = 512
"""Characters; registries admit 255 for a path and 128 for a tag: what is longer is no reference."""


class ImageReference(Struct, frozen=True):
    """An image without registry and digest, in lower case."""

    path: Path
    """The components after the registry; empty where the text is no reference."""
    tag: str = ""

    def __str__(self) -> str:
        """Write it as `a/b:tag`."""
        return "/".join(self.path) + (f":{self.tag}" if self.tag else "")


def image_reference(text: str) -> ImageReference:
    """Read an image reference as a pod's container spells it.

    Registries are dropped, nested ones too: a pull-through cache puts the origin's behind its own.
    """
    if len(text) > _LONGEST:
        return ImageReference(())
    spelled = "".join(text.lower().split())
    if spelled.startswith(("docker", "containerd")):
        spelled = spelled[runtime.end() :] if (runtime := _RUNTIMES.match(spelled)) else spelled
    components = [part for part in spelled.partition("@")[0].split("/") if part]
    while len(components) > 1 and _is_registry(components[0]):
        del components[0]
    if not components:
        return ImageReference(())
    name, _, tag = components.pop().partition(":")
    return ImageReference((*components, name), tag) if name else ImageReference(())


def _is_registry(component: str) -> bool:
    return "." in component or ":" in component or component == "localhost"


_KO_HASH = re.compile(r"-[0-9a-f]{32}$")
_SUFFIXES = (
    *("-linux-amd64", "-linux-arm64", "-amd64", "-arm64", "-arm"),
    *("-fips", "-hardened", "-iamguarded", "-distroless", "-slim", "-rootless", "-bootstrap"),
)
_MOST_SUFFIXES = 4
"""More than any vendor appends."""


def spellings(path: Path) -> tuple[Path, ...]:
    """Give a path and every other one that it may stand for, its own first."""
    found: dict[Path, None] = {}
    if path:
        for spelled in (path, *_of_rancher(path)):
            for stripped in _without_suffixes(spelled):
                found[stripped] = None
                if len(stripped) > 1 and stripped[-2].startswith("bitnami"):
                    found[(*stripped[:-2], "bitnami", stripped[-1])] = None
    return tuple(found)


def _of_rancher(path: Path) -> Iterator[Path]:
    """Resolve `mirrored-ORG-APP`, whose dashes leave open where ORG ends, and `hardened-APP`."""
    name = path[-1]
    if name.startswith("hardened-") and name != "hardened-":
        yield (name.removeprefix("hardened-"),)
    if name.startswith("mirrored-"):
        words = name.removeprefix("mirrored-").split("-")
        for split in (1, 2):
            if all(words) and len(words) > split:
                yield ("-".join(words[:split]), "-".join(words[split:]))
        if all(words):
            yield ("-".join(words),)


def _without_suffixes(path: Path) -> Iterator[Path]:
    *above, name = path
    name = _KO_HASH.sub("", name) or name
    yield path
    yield (*above, name)
    for _ in range(_MOST_SUFFIXES):
        shorter = next((name.removesuffix(end) for end in _SUFFIXES if name.endswith(end)), "")
        if not shorter:
            return
        name = shorter
        yield (*above, name)


_MOST_PARTS = 8


def flattened(path: Path) -> tuple[Path, ...]:
    """Split names such as `docker.io_grafana_grafana`, into which a mirror folded a whole path."""
    name = path[-1] if path else ""
    found: dict[Path, None] = {}
    for separator in ("__", "_"):
        parts = tuple(part for part in name.split(separator) if part)
        if 1 < len(parts) <= _MOST_PARTS:
            found[parts] = None
    return tuple(found)
