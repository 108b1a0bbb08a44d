"""Reading YAML that people or their tools wrote: safely, and with dates left as text."""

from typing import Any

import yaml

_DEEPEST = 50
"""Collections inside one another; a sensible file of settings has six."""


def load_yaml(text: bytes) -> Any:
    """Read one YAML document; dates stay text, as JSON has them.

    Raises:
        yaml.YAMLError: it is not YAML, nested too deeply, or uses merge keys.
    """
    _refuse_bombs(text)
    try:
        return yaml.load(text, Loader=_TextDatesLoader)  # noqa: S506 - a SafeLoader, see below
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        # What PyYAML lets through of a scalar that is not of its type. Its text quotes the file,
        # which may hold credentials.
        raise yaml.YAMLError("a value is not of the type that it claims") from error


def _refuse_bombs(text: bytes) -> None:
    """Refuse what is small here and large once it is composed.

    The C loader composes recursively, without a guard; and merge keys copy what they name, so that
    a few lines of them fill any memory. Plain aliases share.

    Raises:
        yaml.YAMLError: it is nested too deeply, merges, or is not YAML.
    """
    depth = 0
    for found in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(found, yaml.CollectionStartEvent)
        depth -= isinstance(found, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.YAMLError(f"nested over {_DEEPEST} levels deep")
        if isinstance(found, yaml.ScalarEvent) and found.value == "<<" and found.implicit[0]:
            raise yaml.YAMLError("merge keys (<<) are not taken here; write the entries out")


class _TextDatesLoader(yaml.CSafeLoader):
    """A safe loader that leaves dates as text; the types convert them."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class declares it so
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
