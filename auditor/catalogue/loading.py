"""From a data file of the package to typed values; a broken file is refused with its path."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TypeVar

import msgspec
import yaml

Loaded = TypeVar("Loaded")


class CatalogueError(ValueError):
    """A catalogue file does not fit its schema; the message names the file and the place."""


def load_data(name: str, shape: type[Loaded]) -> Loaded:
    """Read `data/NAME` of this package.

    Raises:
        CatalogueError: it is not YAML or does not fit the shape.
    """
    text = files("auditor.catalogue").joinpath("data", name).read_bytes()
    try:
        return msgspec.convert(yaml.load(text, Loader=yaml.CSafeLoader), shape)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise CatalogueError(f"{name}: {error}") from error


@cache
def catalogue_version() -> str:
    """Give what tells this catalogue from another: 16 hex digits of its files' digest."""
    folder = files("auditor.catalogue").joinpath("data")
    total = sha256()
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        total.update(sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]
