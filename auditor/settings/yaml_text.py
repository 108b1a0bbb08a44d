"""Reading YAML that people or their tools wrote: safely, and with dates left as text."""

from typing import Any

import yaml

_DEEPEST = 50
"""Collections inside one another; a sensible file of settings has six."""


def load_yaml(text: bytes) -> Any:
    """Read one YAML document; dates stay text, as JSON has them.

    Raises:
        yaml.YAMLError: it is not YAML, or nested too deeply.
    """
    _refuse_depth(text)
    return yaml.load(text, Loader=_TextDatesLoader)  # noqa: S506 - a SafeLoader, see below


def _refuse_depth(text: bytes) -> None:
    """Refuse what would exhaust the stack: the C loader composes recursively, without a guard.

    Raises:
        yaml.YAMLError: it is nested too deeply, or is not YAML.
    """
    depth = 0
    for found in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(found, yaml.CollectionStartEvent)
        depth -= isinstance(found, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.YAMLError(f"nested over {_DEEPEST} levels deep")


class _TextDatesLoader(yaml.CSafeLoader):
    """A safe loader that leaves dates as text; the types convert them."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class declares it so
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
