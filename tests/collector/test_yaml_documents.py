"""Sloppy and hostile YAML becomes JSON, or a reason that a person can act on; never an error."""

import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auditor.collector.yaml_documents import (
    BrokenDocument,
    YamlDocument,
    YamlLimits,
    read_yaml_documents,
)

MEBIBYTE = 1024 * 1024


def read(
    text: str | bytes, limits: YamlLimits | None = None
) -> list[YamlDocument | BrokenDocument]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_yaml_documents(data, limits or YamlLimits()))


def values(text: str | bytes, limits: YamlLimits | None = None) -> list[object]:
    found = []
    for document in read(text, limits):
        assert isinstance(document, YamlDocument), document
        found.append(msgspec.json.decode(document.content))
    return found


def value(text: str | bytes, limits: YamlLimits | None = None) -> object:
    (only,) = values(text, limits)
    return only


def problem(text: str | bytes, limits: YamlLimits | None = None) -> BrokenDocument:
    (only,) = read(text, limits)
    assert isinstance(only, BrokenDocument), only
    assert only.reason.isprintable()
    return only


# PyYAML writes the last three as they are, where its own reader then takes them for line ends.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.sampled_from(["yes", "8080", "2001-01-01", "=", "<<", "~", "", "1:30", "a\n b\n", "---"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20
)
STYLES = st.fixed_dictionaries(
    {
        "default_style": st.sampled_from([None, '"', "'", "|", ">"]),
        "default_flow_style": st.sampled_from([None, True, False]),
        "allow_unicode": st.booleans(),
        "explicit_start": st.booleans(),
        "explicit_end": st.booleans(),
        "width": st.sampled_from([10, 80, 10_000]),
        "line_break": st.sampled_from(["\n", "\r\n", "\r"]),
    }
)


@given(documents=st.lists(VALUES, min_size=1, max_size=4), style=STYLES)
@settings(deadline=None)
def test_what_a_yaml_writer_writes_is_read_back(
    documents: list[object], style: dict[str, Any]
) -> None:
    written = yaml.safe_dump_all(documents, encoding="utf-8", **style)
    # A long quoted text that ends a line in an escape is written so that no reader gets it back.
    assume(list(yaml.safe_load_all(written)) == documents)
    assert values(written) == documents


FRAGMENTS = [
    *(
        "a: 1",
        "- x",
        "---",
        "--- ",
        "...",
        " # c",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "? ",
        "&a ",
        "*a",
    ),
    *(
        "<<: ",
        '"',
        "'",
        "|",
        ">-",
        "!!int ",
        "!!map ",
        "!x ",
        "! ",
        "%YAML 1.2",
        "%TAG ! x",
        ".nan",
    ),
    *("0x_", "kind: Pod", "{{ x }}", "!%ED%A0%80 ", "@", "e: [*a, *a]", '"\\ud800"', "\n", "  "),
    *("\t", "\r", "\x85", "\u2028", "\ufeff", "\x00", "\n", "\n", "\n"),
]


@given(parts=st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=15))
@settings(deadline=None, max_examples=300)
def test_no_text_raises_and_each_document_is_numbered_and_lies_in_the_file(
    parts: list[str],
) -> None:
    text = "".join(parts)
    lines = len(text.splitlines()) + 1
    for number, document in enumerate(read(text), 1):
        assert document.number == number
        assert 1 <= document.line <= lines
        if isinstance(document, BrokenDocument):
            assert document.reason.isprintable()


@given(data=st.binary())
@settings(deadline=None)
def test_no_bytes_raise(data: bytes) -> None:
    read(data)


def test_documents_are_numbered_and_placed_by_their_marker_or_their_first_text() -> None:
    text = "# licence\n\na: 1\n---\n# source\nb: 2\n---\n---\n# nothing\n--- # Source: x\nc: 3\n"
    assert read(text) == [
        YamlDocument(1, 3, b'{"a":1}'),
        YamlDocument(2, 4, b'{"b":2}'),
        YamlDocument(3, 10, b'{"c":3}'),
    ]


def test_text_on_the_marker_line_belongs_to_the_document() -> None:
    text = "--- {a: 1}\n--- # note\nb: 2\n--- |\n c\n--- !!str 4\n---\tfive\n"
    assert values(text) == [{"a": 1}, {"b": 2}, "c\n", "4", "five"]


def test_dashes_that_are_no_marker_do_not_split() -> None:
    assert values("a: |\n  ---\n  b\n---c: 1\n") == [{"a": "---\nb\n", "---c": 1}]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "\t\n",
        "# a # b\n# c",
        "---\n---\n",
        "--- # c\n",
        "...\n...\n",
        "%YAML 1.2\n",
        "%YAML 1.2\n---\n# c\n",
        "\ufeff",
        "\u2028\ufeff",
    ],
)
def test_a_file_of_nothing_but_blanks_comments_and_directives_has_no_documents(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize("line_break", ["\x85", "\u2028", "\u2029", "\r"])
def test_text_behind_an_unusual_line_break_of_a_comment_is_not_lost(line_break: str) -> None:
    assert value(f"# harmless{line_break}kind: Pod\n") == {"kind": "Pod"}


@pytest.mark.parametrize("line_break", ["\x85", "\u2028", "\u2029"])
def test_a_document_behind_an_unusual_line_break_is_not_lost(line_break: str) -> None:
    assert "another document" in problem(f"kind: Pod{line_break}---\nkind: Node\n").reason


def test_directives_belong_to_the_document_that_follows() -> None:
    text = "%YAML 1.2\n%TAG ! tag:yaml.org,2002:\n---\na: !str 1\n...\n%YAML 1.1\n---\nb: 2\n"
    assert read(text) == [YamlDocument(1, 1, b'{"a":"1"}'), YamlDocument(2, 6, b'{"b":2}')]


def test_a_directive_of_another_yaml_breaks_its_document_only() -> None:
    broken, read_next = read("%YAML 9.0\n---\na: 1\n---\nb: 2\n")
    assert isinstance(broken, BrokenDocument)
    assert read_next == YamlDocument(2, 4, b'{"b":2}')


def test_end_lines_separate_documents() -> None:
    assert values("a: 1\n...\n# c\nb: 2\n...\n---\nc: 3\n... # end\n") == [
        {"a": 1},
        {"b": 2},
        {"c": 3},
    ]


def test_a_broken_document_takes_no_other_with_it_and_is_placed_in_the_file() -> None:
    first, broken, last = read("a: 1\n---\nkind: Pod\nb: 'open\nc: 2\n---\nd: [1, 2]\n")
    assert first == YamlDocument(1, 1, b'{"a":1}')
    assert last == YamlDocument(3, 6, b'{"d":[1,2]}')
    assert broken == BrokenDocument(
        2,
        5,
        "not YAML: found unexpected end of stream while scanning a quoted scalar "
        "that starts at line 4: correct it",
        "Pod",
    )


def test_a_tab_as_indentation_is_named_with_its_line() -> None:
    broken = problem("---\nkind: Pod\nspec:\n\thostNetwork: true\n")
    assert broken.line == 4
    assert broken.reason.startswith("not YAML: found character that cannot start any token")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("kind: Pod\n", "Pod"),
        ("a: 1\nkind:   Pod  # a note\n", "Pod"),
        ("kind: Pod\nitem:\n  kind: Node\n", "Pod"),
        ("kind: Pod\nkind: Node\n", None),
        ("kind: Pod\nkind: {{ .Values.kind }}\n", None),
        ("kind: {{ .Values.kind }}\n", None),
        ("kind: 'Pod'\n", None),
        ("kind: Pod or so\n", None),
        ("kind:\n", None),
        ("  kind: Pod\n", None),
        ("a: 1\n", None),
    ],
)
def test_the_kind_of_a_broken_document_is_guessed_only_from_one_plain_line(
    text: str, kind: str | None
) -> None:
    assert problem(f"{text}broken: ]\n").kind == kind


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ("a: 1\nimage: {{ .Values.image }}\n", 2, "{{ .Values.image }}"),
        ("{{- if .Values.on }}\nkind: Pod\n{{- end }}\n", 1, "{{- if .Values.on }}"),
        ("a: 1\n{% for x in y %}\nb: 2\n{% endfor %}\n", 2, "{% for x in y %}"),
        ("a: {{ b }}-{{ c }}\n", 1, "{{ b }}"),
        ("a: {{ open\nb: 1\n", 1, "{{ open"),
        ("{{\x07" + "x" * 90 + " }}: ]", 1, "{{" + "x" * 58),
    ],
)
def test_template_text_that_was_not_rendered_is_named(text: str, line: int, shown: str) -> None:
    broken = problem(f"# a comment\n---\n{text}")
    assert broken.line == line + 2
    assert broken.reason == (
        f"unrendered template text `{shown}` (line {line + 2}): "
        "render it first, for example with `helm template`"
    )


def test_braces_in_a_string_of_a_good_document_are_just_text() -> None:
    assert value("message: 'on {{ $labels.pod }}'\n") == {"message": "on {{ $labels.pod }}"}


def test_a_limit_is_not_blamed_on_template_text() -> None:
    assert "2 nodes" in problem("a: '{{ x }}'\n", YamlLimits(max_nodes=2)).reason


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_reads_the_same(line_end: str) -> None:
    lines = ["a: |", "  one", "  two", "---", "b: 'x", "", "  y'", "---", "c: ]"]
    first, second, broken = read(line_end.join(lines))
    assert first == YamlDocument(1, 1, b'{"a":"one\\ntwo\\n"}')
    assert second == YamlDocument(2, 4, b'{"b":"x\\ny"}')
    assert broken.line == 9


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_with_its_byte_order_mark(encoding: str) -> None:
    assert value("---\na: é😀\n".encode(encoding)) == {"a": "é😀"}


def test_big_endian_utf_16_is_read_with_its_byte_order_mark() -> None:
    assert value(b"\xfe\xff" + "a: é".encode("utf-16-be")) == {"a": "é"}


def test_byte_order_marks_of_joined_files_are_no_text() -> None:
    assert values("\ufeffa: 1\n\ufeff---\nb: 2\n---\n\ufeffc: 3\n") == [
        {"a": 1},
        {"b": 2},
        {"c": 3},
    ]


def test_bytes_that_are_not_utf_8_make_the_whole_file_one_broken_document() -> None:
    assert read(b"a: 1\n---\nb: \xff\n---\nc: 3\n") == [
        BrokenDocument(1, 3, "not UTF-8 at byte offset 12: save as UTF-8", None)
    ]


def test_half_a_character_of_utf_16_makes_the_whole_file_one_broken_document() -> None:
    assert problem("a: 1\nb: 2".encode("utf-16") + b"x").reason.startswith("not UTF-16 at byte")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("yes", True),
        ("Off", False),
        ("y", "y"),
        ("8080", 8080),
        ("-1_000", -1000),
        ("0x1F", 31),
        ("017", 15),
        ("08", "08"),
        ("0b11", 3),
        ("1:30", 90),
        ("1.50", 1.5),
        ("1.0e+3", 1000.0),
        ("1e3", "1e3"),
        ("18446744073709551616", 2**64),
        ("2001-01-01", "2001-01-01"),
        ("2001-12-14T21:59:43Z", "2001-12-14T21:59:43Z"),
        ("=", "="),
        ("<<", "<<"),
        ("'8080'", "8080"),
        ('"true"', "true"),
        ('"\\0\\x41"', "\x00A"),
        ("|\n  1\n", "1\n"),
        (">-\n  true\n", "true"),
        ("!!str 1", "1"),
        ("!!str", ""),
        ('!!int "8080"', 8080),
        ("!!float 1", 1.0),
        ("!!bool 'no'", False),
        ("!!null ''", None),
        ("!!binary aGk=", "aGk="),
        ("!!map {b: 1}", {"b": 1}),
        ("!!seq [1]", [1]),
        ("!<tag:yaml.org,2002:str> 1", "1"),
    ],
)
def test_scalars_are_read_as_kubernetes_tools_read_them(text: str, expected: object) -> None:
    read_value = value(f"a: {text}")
    assert read_value == {"a": expected}
    assert isinstance(read_value, dict)
    assert type(read_value["a"]) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        ".nan",
        ".inf",
        "-.INF",
        "1.0e+999",
        "!!float inf",
        "!!int x",
        "!!int ''",
        "!!bool maybe",
        "0x_",
        "9" * 4301,
        "0x" + "f" * 4000,
        "0" * 20_000,
        "1" + ":59" * 5_000,
        "1" + ":1" * 2_000 + ".5",
    ],
)
def test_numbers_that_json_cannot_hold_break_the_document(text: str) -> None:
    broken = problem(f"---\nb: 1\na: {text}\n")
    assert broken.line == 3
    assert "quote or correct it" in broken.reason


def test_integers_of_4300_digits_are_read() -> None:
    assert read(f"a: -{'9' * 4300}") == [YamlDocument(1, 1, f'{{"a":-{"9" * 4300}}}'.encode())]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("!!python/object/apply:os.system [ls]", "!!python/object/apply:os.system"),
        ("!Ref name", "!Ref"),
        ("!!timestamp 2001-01-01", "!!timestamp"),
        ("!!str [a]", "!!str"),
        ("!!map [a]", "!!map"),
        ("!!seq a", "!!seq"),
        ("!!set {a}", "!!set"),
        ("!<%1B%5B31m> a", "[31m"),
    ],
)
def test_other_tags_break_the_document_and_are_named(text: str, tag: str) -> None:
    broken = problem(f"b: 1\na: {text}\n")
    assert broken.line == 2
    assert f"tag `{tag}`" in broken.reason


def test_a_tag_that_is_not_unicode_breaks_the_document() -> None:
    assert "tag" in problem("a: !%ED%A0%80 x\n").reason


def test_more_tag_directives_than_anyone_writes_break_the_document() -> None:
    text = "".join(f"%TAG !a{number}! tag:x\n" for number in range(1_001)) + "---\na: 1\n"
    assert "over 1,000 `%TAG`" in problem(text).reason


def test_keys_are_the_text_they_were_written_as() -> None:
    text = "8080: a\n0x1F: b\nyes: c\n~: d\n1.50: e\n.nan: f\n'g': g\n!!int 0_7: h\n?\n: i\n"
    assert value(text) == {
        "8080": "a",
        "0x1F": "b",
        "yes": "c",
        "~": "d",
        "1.50": "e",
        ".nan": "f",
        "g": "g",
        "0_7": "h",
        "": "i",
    }


def test_an_alias_as_a_key_is_the_text_of_its_anchor() -> None:
    assert value("a: &port 0x50\n*port : web\n&on yes: *on\n") == {
        "a": 80,
        "0x50": "web",
        "yes": True,
    }


@pytest.mark.parametrize("key", ["[a, b]", "{a: b}", "? [a]\n", "*list "])
def test_a_collection_as_a_key_breaks_the_document(key: str) -> None:
    assert "used as a key" in problem(f"list: &list [a]\n{key}: c\n").reason


def test_the_last_of_duplicate_keys_wins() -> None:
    assert value("a: 1\nb: 2\na: 3\n1: x\n'1': y\n") == {"a": 3, "b": 2, "1": "y"}


def test_merge_keys_bring_in_what_is_not_written_out() -> None:
    text = """
base: &base {a: 1, b: 1}
more: &more {<<: *base, b: 2, c: 2}
one: {b: 9, <<: *base}
list: {<<: [*base, *more], d: 9}
inline: {<<: {a: 5}, b: 6}
twice: {<<: *base, <<: *more}
"""
    merged = value(text)
    assert isinstance(merged, dict)
    assert merged["more"] == {"a": 1, "b": 2, "c": 2}
    assert merged["one"] == {"a": 1, "b": 9}
    assert merged["list"] == {"a": 1, "b": 1, "c": 2, "d": 9}
    assert merged["inline"] == {"a": 5, "b": 6}
    assert merged["twice"] == {"a": 1, "b": 2, "c": 2}
    assert merged == yaml.safe_load(text)


def test_a_quoted_merge_key_is_a_plain_key() -> None:
    assert value("'<<': {a: 1}\n") == {"<<": {"a": 1}}


@pytest.mark.parametrize("merged", ["1", "[1]", "~", "[{a: 1}, [b]]"])
def test_merging_what_is_no_mapping_breaks_the_document(merged: str) -> None:
    assert "`<<` needs a mapping" in problem(f"<<: {merged}\n").reason


def test_aliases_repeat_the_value_of_the_latest_anchor() -> None:
    assert value("[&a 1, *a, &a [2], *a, &b [&b 3], *b]") == [1, 1, [2], [2], [3], 3]


def test_an_alias_without_an_anchor_breaks_the_document() -> None:
    assert "alias `*a` has no anchor `&a`" in problem("x: *a\na: &a 1\n").reason


def test_anchors_do_not_reach_into_the_next_document() -> None:
    assert isinstance(read("a: &a 1\n---\nb: *a\n")[1], BrokenDocument)


@pytest.mark.parametrize("text", ["&a [*a]", "&a {b: [1, *a]}", "&a {<<: *a}", "&a {*a : 1}"])
def test_an_anchor_that_holds_itself_is_named(text: str) -> None:
    assert "anchor `&a` holds itself" in problem(text).reason


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00x", "\\U0000D800", "\\ud83d\\ude00"])
def test_surrogate_escapes_break_the_document(escape: str) -> None:
    assert "Unicode character escape" in problem(f'a: "{escape}"\n').reason


def test_a_control_character_is_named_with_its_line() -> None:
    broken = problem("---\n# ééééé\né: 1\nb: \x07\nc: 1\nd: 1\n")
    assert (broken.line, broken.reason[:16]) == (4, "character U+0007")


def test_a_file_over_the_limit_is_not_parsed() -> None:
    broken = problem(b"a: 1\n---\n" + b"#" * (64 * MEBIBYTE))
    assert broken.reason == (
        "the file has 67,108,873 bytes, over the limit of 67,108,864: split it or save it as JSON"
    )


def test_a_file_at_the_limit_is_parsed() -> None:
    assert value(b"a: 1\n", YamlLimits(max_bytes=5)) == {"a": 1}


def test_nesting_stops_at_the_limit() -> None:
    limits = YamlLimits(max_depth=3)
    assert value("[[[1]]]", limits) == [[[1]]]
    assert "3 levels" in problem("[[[[]]]]", limits).reason


def test_nesting_by_aliases_stops_at_the_limit() -> None:
    limits = YamlLimits(max_depth=4)
    assert value("[&a [[1]], [*a]]", limits) == [[[1]], [[[1]]]]
    assert "4 levels" in problem("[&a [[1]], [[*a]]]", limits).reason


def test_alias_uses_stop_at_the_limit_of_one_document() -> None:
    limits = YamlLimits(max_aliases=2)
    assert values("[&a 1, *a, *a]\n---\n[&a 1, *a]", limits) == [[1, 1, 1], [1, 1]]
    assert "2 alias uses" in problem("[&a 1, *a, *a, *a]", limits).reason


def test_nodes_stop_at_the_limit_with_aliases_and_merges_written_out() -> None:
    assert value("{a: &a {b: 1}, c: *a}", YamlLimits(max_nodes=9)) == {"a": {"b": 1}, "c": {"b": 1}}
    assert "8 nodes" in problem("{a: &a {b: 1}, c: *a}", YamlLimits(max_nodes=8)).reason
    assert "8 nodes" in problem("{a: &a {b: 1}, <<: *a}", YamlLimits(max_nodes=8)).reason
    assert "2 nodes" in problem("[1, 2]", YamlLimits(max_nodes=2)).reason


def test_text_repeated_by_aliases_stops_at_the_limit_of_bytes() -> None:
    text = "a: &a [" + "é" * 20 + "]\nb: [*a, *a]\n"
    assert value(text, YamlLimits(max_bytes=122))
    broken = problem(text, YamlLimits(max_bytes=121))
    assert (broken.line, "121 bytes of text" in broken.reason) == (2, True)


def test_a_billion_laughs_cost_neither_time_nor_memory() -> None:
    text = "a0: &a0 [" + ", ".join(["ha"] * 10) + "]\n"
    for level in range(1, 11):
        text += f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 10) + "]\n"
    tracemalloc.start()
    started = time.perf_counter()
    broken = problem(text)
    seconds = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "2,000,000 nodes" in broken.reason
    assert seconds < 0.5
    assert peak < MEBIBYTE


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{a: "])
def test_nesting_without_end_is_a_broken_document_and_no_crash(opening: str) -> None:
    assert "100 levels" in problem(opening * 100_000).reason


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"%TAG !a{number}! tag:x\n" for number in range(60_000)) + "---\na: 1\n",
        "a: 1" + ":1" * 1_000_000,
        "<<: {"
        + "".join(f"k{number}, " for number in range(20_000))
        + "}\n"
        + "<<: {}\n" * 150_000,
        "---\n" * 200_000,
        "# a # b " * 200_000 + "\na: 1\n---\n",
        "# c\n" * 200_000 + "%x\n" * 200_000,
        "a: ]" + "{{" * 200_000,
    ],
    ids=["directives", "sexagesimal", "merges", "empty", "comments", "preamble", "braces"],
)
def test_what_looks_quadratic_is_read_in_linear_time(text: str) -> None:
    # In CPU seconds, which other work on the machine does not lengthen. Quadratic work on these
    # texts takes many minutes, linear work a second or two.
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 30


def test_documents_are_read_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = yaml.parse

    def parse_and_note(text: str, Loader: Any) -> Iterator[yaml.Event]:  # noqa: N803 - PyYAML's
        parsed.append(text)
        return parse(text, Loader=Loader)

    monkeypatch.setattr(yaml, "parse", parse_and_note)
    documents = read_yaml_documents(b"a: 1\n---\nb: 2\n")
    assert next(documents) == YamlDocument(1, 1, b'{"a":1}')
    assert parsed == ["a: 1\n"]
