"""`recommend` as YAML that applies: comments above say what the policies close and cut."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

import yaml

from auditor.analysis.reachability.explaining import ports_text
from auditor.audit.recommending.comparing import Cut, Others
from auditor.audit.recommending.proposing import Proposal
from auditor.audit.recommending.recommendation import Recommendation, Recommended
from auditor.model.addresses import ALL_ADDRESSES, AddressSet
from auditor.model.finding import Finding
from auditor.reports.text import safe

_WIDTH = 96
_MOST_LINES = 60
"""Lines of one list; `--format json` has all."""
_NAMED = 6
"""Objects that one line names before it counts."""
_LONGEST = 1_000
_ABOUT = (
    "NetworkPolicies as `exposure-auditor recommend` proposes them for {}. They were judged as if "
    "they were there. Read what is taken for granted and what is cut before you apply them: nobody "
    "can tell from objects alone whom software calls."
)
_UNSEEN = (
    "What no object tells is cut too: calls of the API server to webhooks and aggregated APIs, "
    "hosts that stand in ConfigMaps, Secrets or code."
)
_MORE_PORTS = (
    "Ports that no container documents and no Service sends to are cut from everybody who is not "
    "admitted to them; --format json lists all."
)


def write_recommendation(found: Recommendation) -> str:
    """Write a recommendation; the same cluster and configuration give the same bytes."""
    lines = [*_comment(_ABOUT.format(safe(found.cluster_id))), *_enforced(found)]
    if found.refused is not None:
        lines += ["#", *_comment(f"Nothing is proposed: {safe(found.refused, _LONGEST)}")]
    lines += _listed("Taken for granted:", [*found.assumed, *([_UNSEEN] * bool(found.namespaces))])
    for item in found.namespaces:
        lines += _summary(item)
    closed = list(_grouped(found.closes_elsewhere))
    lines += _listed("Together they close beyond these namespaces:", closed)
    lines += _listed("They OPEN findings that are not there today:", list(_grouped(found.opens)))
    withheld = [f"{item.namespace}: {item.reason}" for item in found.withheld]
    lines += _listed("Withheld, since judging them showed that:", withheld)
    lines += _listed("No policy would close a finding in:", list(_packed(found.settled)))
    lines += _cut(found)
    policies = [proposal for item in found.namespaces for proposal in item.policies]
    return "\n".join([*lines, *(line for each in policies for line in _policy(each))]) + "\n"


def _enforced(found: Recommendation) -> Iterator[str]:
    cni = found.cni
    name = cni.policy_engine or cni.name or "no known plugin"
    assumed = ", as is assumed" if cni.assumed else ""
    yield "#"
    yield from _comment(f"Policies are enforced: {cni.enforces} ({safe(name)}{assumed})")


def _summary(item: Recommended) -> Iterator[str]:
    closes, remains = list(_grouped(item.closes)), list(_grouped(item.remains))
    yield from _listed(f"Namespace {item.namespace}: what is closed:", closes)
    yield from _listed(f"Namespace {item.namespace}: what remains:", remains)


def _grouped(found: Iterable[Finding]) -> Iterator[str]:
    """Write a line for each check: how many findings, and of what."""
    groups: dict[tuple[int, str, str], list[Finding]] = defaultdict(list)
    for item in found:
        verdict = "" if item.shown_verdict == "fail" else f", {item.shown_verdict}"
        groups[-item.severity.level.rank, item.check, verdict].append(item)
    for (_, check, verdict), items in sorted(groups.items()):
        severity = items[0].severity.level
        subjects = _named(sorted({str(item.subject) for item in items}))
        yield f"{check} ({severity}{verdict}): {subjects}"


def _cut(found: Recommendation) -> Iterator[str]:
    lines = [line for cut in found.cuts if (line := _cut_line(cut)) is not None]
    notes = [_MORE_PORTS] if len(lines) != len(found.cuts) else []
    yield from _listed("What is cut, possible today and not then:", [*notes, *lines])
    hosts: dict[str, list[str]] = defaultdict(list)
    for ref, host in found.outside:
        hosts[str(ref)].append(host)
    named = [f"{ref}: {_named(sorted(listed))}" for ref, listed in sorted(hosts.items())]
    title = "Hosts outside that settings name, which are cut off; add an ipBlock for what is meant:"
    yield from _listed(title, named)
    shut = [
        f"{item.entry.object} {item.entry.port}/{item.entry.protocol} at "
        f"{_named(item.entry.addresses)}"
        for item in found.shuts
    ]
    yield from _listed("Addresses of pods that can be dialled today and could not be:", shut)


def _cut_line(cut: Cut) -> str | None:
    """Write what is cut of ports that somebody documents; None where nobody does and others do."""
    ports = cut.ports if cut.documented is None else cut.documented
    if not ports:
        return None
    ends = _named(list(map(str, cut.workloads)))
    if cut.is_source:
        return f"from {ends} to {_others(cut.others)}, {ports_text(ports)}"
    return f"to {ends}, {ports_text(ports)}, from {_others(cut.others)}"


def _others(others: Others) -> str:
    texts = []
    if others.is_every_other_namespace:
        texts.append("every pod of other namespaces")
    if others.namespaces:
        plural = "s" if len(others.namespaces) > 1 else ""
        texts.append(f"every pod of namespace{plural} {_named(others.namespaces)}")
    if others.workloads:
        texts.append(_named(list(map(str, others.workloads))))
    if others.addresses:
        texts.append(_addresses(others.addresses))
    return " and ".join(texts)


def _addresses(addresses: AddressSet) -> str:
    is_all = all(
        not mine or mine == every
        for mine, every in (
            (addresses.ipv4, ALL_ADDRESSES.ipv4),
            (addresses.ipv6, ALL_ADDRESSES.ipv6),
        )
    )
    return "every outside address" if is_all else _named(addresses.cidrs())


def _policy(proposal: Proposal) -> Iterator[str]:
    yield "---"
    why = proposal.why[:_NAMED]
    for text in why:
        yield from _comment(safe(text, _LONGEST))
    if len(proposal.why) > len(why):
        yield f"# and {len(proposal.why) - len(why)} more reasons"
    yield yaml.safe_dump(proposal.manifest, sort_keys=False, width=1_000).rstrip("\n")


def _listed(title: str, texts: Sequence[str]) -> Iterator[str]:
    if not texts:
        return
    yield "#"
    yield from _comment(safe(title, _LONGEST))
    for text in texts[:_MOST_LINES]:
        yield from _comment(safe(text, _LONGEST), bullet="- ")
    if len(texts) > _MOST_LINES:
        yield f"# - and {len(texts) - _MOST_LINES} more: --format json lists all"


def _packed(names: Sequence[str]) -> Iterator[str]:
    if names:
        yield _named(names)


def _named(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more


def _comment(text: str, bullet: str = "") -> list[str]:
    indent = " " * len(bullet)
    lines = wrap(
        text, _WIDTH, initial_indent=bullet, subsequent_indent=indent, break_on_hyphens=False
    )
    return [f"# {line}" for line in lines]
