"""A finding: what one check says of one subject, with evidence, and what people decided of it."""

from msgspec import Struct

from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import ACCEPTED, Acceptance, RatedSeverity, Verdict


class Finding(Struct, frozen=True):
    """One verdict of one check on one subject; `id` is the same at the next audit."""

    id: str
    check: str
    family: str
    verdict: Verdict
    """The raw verdict; an acceptance is laid over it and never replaces it."""
    severity: RatedSeverity
    subject: ObjectRef
    summary: str
    remediation: str
    evidence: tuple[Hop, ...] = ()
    port: int | None = None
    protocol: Protocol | None = None
    discriminator: str | None = None
    reason: str | None = None
    """Why the verdict is unknown."""
    acceptance: Acceptance | None = None
    controls: tuple[str, ...] = ()

    @property
    def shown_verdict(self) -> str:
        """Give the verdict as people see it: `accepted` where a `fail` is covered."""
        return ACCEPTED if self.acceptance else self.verdict.value
