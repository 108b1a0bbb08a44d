"""Which declaration covers an exposure: against a naive evaluation, address by address."""

from datetime import date, timedelta
from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.agreed import Agreed, declared_as
from auditor.model.agreement import Declaration
from auditor.model.audience import Audience
from auditor.model.exposure import Entry, Exposure, ExposureVerdict, Target, Via
from auditor.model.globs import escaped, may_meet
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

TODAY = date(2026, 11, 22)
CLUSTER = "kubeconfig/prod"
NARROWEST_FIRST = [
    Audience.NONE,
    Audience.CLUSTER,
    Audience.PRIVATE_NETWORK,
    Audience.ALLOW_LISTED,
    Audience.INTERNET,
]
RANGES = st.lists(
    st.sampled_from(
        [
            "198.51.100.0/28",
            "198.51.100.0/29",
            "198.51.100.8/29",
            "198.51.100.16/28",
            "192.0.2.1/32",
        ]
    ),
    max_size=3,
    unique=True,
).map(tuple)
PROTOCOLS = st.sampled_from([Protocol.TCP, Protocol.UDP])
PORTS = st.sampled_from([80, 443])
NAMES = st.sampled_from(["web", "web-2", "db"])


@st.composite
def exposures(draw: st.DrawFn) -> Exposure:
    namespace, name = draw(NAMES), draw(NAMES)
    service = ObjectRef("Service", namespace, name)
    workload = draw(st.sampled_from([None, ObjectRef("Deployment", namespace, name)]))
    return Exposure(
        id="x",
        audience=draw(st.sampled_from(Audience)),
        sources=draw(RANGES),
        entry=Entry(
            object=service,
            via=Via.LOAD_BALANCER,
            port=draw(st.none() | PORTS),
            protocol=draw(PROTOCOLS),
        ),
        target=Target(workload, None),
        verdict=ExposureVerdict.EXPOSED,
        confidence=Confidence.HIGH,
        path=(),
    )


DECLARATIONS = st.builds(
    Declaration,
    cluster=st.sampled_from(["*", "kubeconfig/*", CLUSTER, "kubeconfig/other", "prod"]),
    namespace=st.sampled_from(["*", "web", "web*", "w?b", "[!w]*"]),
    workload=st.sampled_from(["*", "Deployment/*", "*/web", "Service/web/*", "Deployment/web/web"]),
    port=PORTS,
    protocol=PROTOCOLS,
    audience=st.sampled_from(NARROWEST_FIRST),
    sources=RANGES,
    owner=st.just("a"),
    reason=st.just("b"),
    expires=st.none() | st.sampled_from([TODAY - timedelta(days=1), TODAY]),
)


def naively_covers(declaration: Declaration, exposure: Exposure) -> bool:
    """Say it word by word, globs by hand and addresses one by one."""
    ref = declared_as(exposure)
    globs = (
        (declaration.cluster, CLUSTER),
        (declaration.namespace, ref.namespace or ""),
        (declaration.workload, f"{ref.kind}/{ref.namespace}/{ref.name}"),
    )
    ports = (declaration.port, declaration.protocol)
    admitted, declared = addresses(exposure.sources), addresses(declaration.sources)
    return (
        (declaration.expires is None or declaration.expires >= TODAY)
        and all(matches(glob, text) for glob, text in globs)
        and ports == (exposure.entry.port, exposure.entry.protocol)
        and exposure.audience is not Audience.UNKNOWN
        and NARROWEST_FIRST.index(exposure.audience) <= NARROWEST_FIRST.index(declaration.audience)
        and (not declared or (bool(admitted) and admitted <= declared))
    )


def addresses(ranges: tuple[str, ...]) -> set[object]:
    return {address for text in ranges for address in ip_network(text)}


def matches(glob: str, text: str) -> bool:
    """Match a glob sign by sign."""
    if not glob:
        return not text
    if glob[0] == "*":
        return matches(glob[1:], text) or (bool(text) and matches(glob, text[1:]))
    if glob.startswith("[!w]"):
        return bool(text) and text[0] != "w" and matches(glob[4:], text[1:])
    return bool(text) and glob[0] in {"?", text[0]} and matches(glob[1:], text[1:])


@given(st.lists(DECLARATIONS, max_size=6), exposures())
def test_what_covers_an_exposure_is_what_a_naive_reading_says(
    declarations: list[Declaration], exposure: Exposure
) -> None:
    agreed = Agreed(CLUSTER, TODAY, declarations)
    expected = {index for index, item in enumerate(declarations) if naively_covers(item, exposure)}
    covering = agreed.covering(exposure)
    assert set(covering) == expected
    widths = [declarations[index].width for index in covering]
    assert widths == sorted(widths)
    nearest = agreed.nearest(exposure)
    if nearest is not None:
        assert nearest.index not in expected
        assert nearest.lacks


@given(DECLARATIONS, exposures())
def test_what_covers_now_would_cover_and_may_cover(
    declaration: Declaration, exposure: Exposure
) -> None:
    agreed = Agreed(CLUSTER, TODAY, [declaration])
    if agreed.covering(exposure):
        assert agreed.would_cover(declaration, exposure)
    if agreed.would_cover(declaration, exposure):
        assert agreed.may_cover(declaration, exposure)


GLOBS = st.text("ab*?", max_size=6)


@given(GLOBS, GLOBS)
def test_globs_meet_exactly_where_some_text_matches_both(first: str, second: str) -> None:
    texts = [""]
    for _ in range(7):
        texts += [text + sign for text in texts if len(text) < 7 for sign in "ab"]
        texts = list(dict.fromkeys(texts))
    some = any(matches(first, text) and matches(second, text) for text in texts)
    # Two globs of six signs meet in a text of at most twelve; stars may be empty, so seven do.
    if some:
        assert may_meet(first, second)
    elif len(first.replace("*", "")) + len(second.replace("*", "")) <= 7:
        assert not may_meet(first, second)


@given(st.text("ab*?[]!", max_size=8), st.text("ab*?[]!", max_size=8))
def test_an_escaped_text_matches_itself_alone(first: str, second: str) -> None:
    assert may_meet(escaped(first), escaped(first))
    assert may_meet(escaped(first), escaped(second)) or first != second
