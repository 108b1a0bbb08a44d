"""The selectors that a list may ask for, as far as the auditor and its tests need them."""

from collections.abc import Callable

from auditor.simulator.objects import Stored


class SelectorError(ValueError):
    """A selector that cannot be read, in the server's words."""


Keep = Callable[[Stored], bool]


def keep_by(label_selector: str, field_selector: str) -> Keep | None:
    """Give what tells the objects that both selectors keep; None where all are kept.

    Raises:
        SelectorError: one of them cannot be read.
    """
    tests = [_label_test(part) for part in _parts(label_selector)]
    tests += [_field_test(part) for part in _parts(field_selector)]
    return (lambda item: all(test(item) for test in tests)) if tests else None


def _parts(selector: str) -> list[str]:
    if "(" in selector:
        raise SelectorError(
            "unable to parse requirement: found '', expected: ',', ')' or identifier"
        )
    return [part.strip() for part in selector.split(",") if part.strip()]


def _label_test(part: str) -> Keep:
    if "!=" in part:
        name, _, value = part.partition("!=")
        return lambda item: item.labels.get(name) != value
    if "=" in part:
        name, _, value = part.replace("==", "=").partition("=")
        return lambda item: item.labels.get(name) == value
    if part.startswith("!"):
        return lambda item: part[1:] not in item.labels
    return lambda item: part in item.labels


def _field_test(part: str) -> Keep:
    name, _, value = part.replace("==", "=").partition("=")
    fields = {"metadata.name": 1, "metadata.namespace": 0}
    if name not in fields:
        raise SelectorError(f"field label not supported: {name}")
    return lambda item: item.key[fields[name]] == value
