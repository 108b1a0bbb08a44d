"""`declare`: drafted declarations as a YAML file that people fill in."""

from textwrap import indent, wrap

import yaml

from auditor.audit.drafting import Draft, Drafted, declared_fields
from auditor.reports.text import safe

_WIDTH = 96
_ABOUT = (
    "Ports that are open beyond the cluster, as `exposure-auditor declare` found them. Fill in who "
    "answers for each and why it is open, or close the port and remove its entry: the file is "
    "refused while an owner or a reason is empty. auditor.yaml takes it as declaration_files."
)
_DOUBTFUL = (
    "It is not known whether these are open. An entry declares the port in case it is; uncomment "
    "what somebody answers for."
)
_UNDECLARABLE = "Too little is known of these to declare them:"


def write_draft(draft: Draft) -> str:
    """Write a draft; the same clusters and declarations give the same bytes."""
    lines = [*_comment(_ABOUT), "declarations:" if draft.entries else "declarations: []"]
    for item in draft.entries:
        lines += _entry(item)
    if draft.doubtful:
        lines += ["", *_comment(_DOUBTFUL)]
        for item in draft.doubtful:
            lines += [f"# {line}".rstrip() for line in _entry(item)]
    if draft.undeclarable:
        lines += ["", *_comment(_UNDECLARABLE)]
        for each in draft.undeclarable:
            text = f"- {each.door}, leads to {each.leads_to}: {each.reason}"
            lines += _comment(safe(text, longest=1_000))
    return "\n".join(lines) + "\n"


def _entry(item: Drafted) -> list[str]:
    """Write one entry below a comment that names its doors, and why it is doubtful."""
    about = list(item.doors)
    if item.doubt:
        about.append(item.doubt)
    comments = [f"  {line}" for text in about for line in _comment(safe(text, longest=1_000))]
    fields = dict(declared_fields(item.declaration))
    written = yaml.safe_dump([fields], sort_keys=False, width=1_000)
    return [*comments, *indent(written, "  ").rstrip("\n").split("\n")]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, _WIDTH, break_on_hyphens=False)]
