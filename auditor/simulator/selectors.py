"""The selectors that a list may ask for, with a real server's refusals of bad ones."""

import re
from collections.abc import Callable, Iterator

from auditor.kube.selectors import LabelSelector, Operator, Requirement
from auditor.simulator.objects import Keep
from auditor.simulator.shelf import Stored


class SelectorError(ValueError):
    """A selector that cannot be read, in the server's words."""


_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)")
_END = ""
_SYMBOLS = frozenset({"==", "!=", "=", "!", "(", ")", ",", "<", ">", _END})
_OPERATORS = "in, notin, =, ==, !=, gt, lt"


def keep_by(label_selector: str, field_selector: str) -> Keep | None:
    """Give what tells the objects that both selectors keep; None where all are kept.

    Raises:
        SelectorError: one of them cannot be read.
    """
    requirements = _Parser(label_selector).requirements()
    tests = [_field_test(*term) for term in _field_terms(field_selector)]
    if requirements:
        selector = LabelSelector(match_expressions=requirements)
        tests.append(lambda item: selector.matches(item.labels))
    return (lambda item: all(test(item) for test in tests)) if tests else None


def selected_name(field_selector: str) -> str | None:
    """Give the one name that a field selector asks for: RBAC judges a list by it, as a get."""
    try:
        terms = _field_terms(field_selector)
    except SelectorError:
        return None
    names = [value for name, operator, value in terms if (name, operator) == ("metadata.name", "=")]
    return names[0] if names else None


class _Parser:
    """Reads a label selector as apimachinery's does, refusals included.

    `<` and `>` are refused: nothing that an audit asks for needs them.
    """

    def __init__(self, text: str) -> None:
        self._tokens = self._split(text)
        self._next = next(self._tokens)

    @staticmethod
    def _split(text: str) -> Iterator[str]:
        yield from _TOKEN.findall(text)
        while True:
            yield _END

    def _take(self) -> str:
        taken, self._next = self._next, next(self._tokens)
        return taken

    def requirements(self) -> tuple[Requirement, ...]:
        """Read them all.

        Raises:
            SelectorError: the text is no selector.
        """
        found: list[Requirement] = []
        if self._next == _END:
            return ()
        while True:
            found.append(self._requirement())
            separator = self._take()
            if separator == _END:
                return tuple(found)
            if separator != ",":
                raise SelectorError(f"found '{separator}', expected: ',' or 'end of string'")
            if self._next in _SYMBOLS - {"!"}:
                raise SelectorError(f"found '{self._next}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        is_absent = self._next == "!"
        if is_absent:
            self._take()
        key = self._take()
        if key in _SYMBOLS:
            raise _unreadable(f"found '{key}', expected: identifier")
        if is_absent:
            return Requirement(key, Operator.DOES_NOT_EXIST)
        if self._next in (",", _END):
            return Requirement(key, Operator.EXISTS)
        operator = self._take()
        if operator in ("=", "=="):
            return Requirement(key, Operator.IN, (self._value(),))
        if operator == "!=":
            return Requirement(key, Operator.NOT_IN, (self._value(),))
        if operator in ("in", "notin"):
            kind = Operator.IN if operator == "in" else Operator.NOT_IN
            return Requirement(key, kind, self._values())
        raise _unreadable(f"found '{operator}', expected: {_OPERATORS}")

    def _value(self) -> str:
        if self._next in (",", _END):
            return ""
        value = self._take()
        if value in _SYMBOLS:
            raise _unreadable(f"found '{value}', expected: identifier")
        return value

    def _values(self) -> tuple[str, ...]:
        opening = self._take()
        if opening != "(":
            raise _unreadable(f"found '{opening}' expected: '('")
        values: list[str] = []
        is_after_value = False
        while (found := self._take()) != ")":
            if found == ",":
                values += [] if is_after_value else [""]
            elif found in _SYMBOLS or is_after_value:
                raise _unreadable(f"found '{found}', expected: ',', ')' or identifier")
            else:
                values.append(found)
            is_after_value = found != ","
        return tuple(values) if is_after_value else (*values, "")


def _unreadable(why: str) -> SelectorError:
    return SelectorError(f"unable to parse requirement: {why}")


def _field_terms(selector: str) -> list[tuple[str, str, str]]:
    """Split a field selector into names, `=` or `!=`, and values.

    Raises:
        SelectorError: a term holds no operator.
    """
    terms: list[tuple[str, str, str]] = []
    for term in selector.split(","):
        if not term:
            continue
        found = re.fullmatch(r"(.*?)(!=|==|=)(.*)", term)
        if found is None:
            raise SelectorError(f"invalid selector: '{selector}'; can't understand '{term}'")
        name, operator, value = found.groups()
        terms.append((name, "!=" if operator == "!=" else "=", value))
    return terms


def _field_test(name: str, operator: str, value: str) -> Callable[[Stored], bool]:
    """Give the test of one term; only the two fields that every kind has are known.

    Raises:
        SelectorError: it is another field.
    """
    if name not in ("metadata.name", "metadata.namespace"):
        raise SelectorError(f"field label not supported: {name}")
    is_name = name == "metadata.name"
    return lambda item: ((item.name if is_name else item.namespace) == value) is (operator == "=")
