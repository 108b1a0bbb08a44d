"""Where in a file each part of it is written, so that an error can name its line."""

from collections.abc import Iterator, Mapping

import yaml

from auditor.settings.shape import path_text

_Path = tuple[str | int, ...]


class Places:
    """The line of each part of a file, counted from 1."""

    def __init__(self, lines: Mapping[str, int]) -> None:
        """Take the lines by path, as `auditor.settings.shape.path_text` writes it."""
        self._lines = lines

    @classmethod
    def in_text(cls, text: bytes) -> "Places":
        """Find the lines in a YAML document that was read already, so it is one and no bomb."""
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        return cls(dict(_lines(node, (), set())) if node else {})

    def line_of(self, path: str) -> int | None:
        """Give the line of a part, or of the nearest one around it; None where none is known."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return None


def _lines(node: yaml.Node, path: _Path, seen: set[int]) -> Iterator[tuple[str, int]]:
    # An alias is written once and may stand in many places: it is followed at the first alone, or
    # a few lines of them would fill any memory.
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                here = (*path, str(key.value))
                yield path_text(here), key.start_mark.line + 1
                yield from _lines(value, here, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            here = (*path, index)
            yield path_text(here), item.start_mark.line + 1
            yield from _lines(item, here, seen)
