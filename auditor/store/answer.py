"""Putting the facts that held at one moment together into an answer."""

from typing import Any

import msgspec

from auditor.audit.described import (
    BORDER_RESOURCES,
    BORDER_RESOURCES_IF_ANY,
    DOOR_RESOURCES,
)
from auditor.kube.resources import OTHER_WAYS
from auditor.model.history import FactKind, written_moment
from auditor.model.identity import ObjectRef
from auditor.model.reading import ReadState
from auditor.model.segmentation import Separation, in_order
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.store.past import (
    PastBorder,
    PastCni,
    PastExposure,
    PastFinding,
    PastTenancy,
)


class Answer:
    """Puts the facts of one moment together."""

    def __init__(self, rows: Any) -> None:
        self._by_kind: dict[str, dict[str, Any]] = {kind.value: {} for kind in FactKind}
        for row in rows:
            self._by_kind[row.kind][row.key.decode()] = row
        self.coverage = {
            resource: row.state.decode()
            for resource, row in self._by_kind[FactKind.COVERAGE.value].items()
        }

    def tenancy(self) -> tuple[PastTenancy, ...]:
        """Give tenants and risk level of every namespace."""
        return tuple(
            PastTenancy(
                namespace,
                tuple(msgspec.json.decode(row.content)["tenants"]),
                row.state.decode() or None,
            )
            for namespace, row in self._by_kind[FactKind.TENANCY.value].items()
        )

    def kubernetes(self) -> str | None:
        """Give the server's version; None where it is not known."""
        row = self._by_kind[FactKind.PLATFORM.value].get("kubernetes")
        return (row.state.decode() or None) if row else None

    def cni(self) -> PastCni | None:
        """Give the network plugin; None where nothing was recorded of it."""
        row = self._by_kind[FactKind.PLATFORM.value].get("cni")
        if row is None:
            return None
        known = {"enforces": row.state.decode()}
        return msgspec.convert(msgspec.json.decode(row.content) | known, PastCni)

    def segmentation(self) -> tuple[PastBorder, ...]:
        """Give the matrices: tenants before risk levels, what cannot be told last."""
        unread = [
            f"{name} is {self.coverage.get(name, 'unread')}"
            for name, is_read in (
                *((name, self._is_complete(name)) for name in BORDER_RESOURCES),
                *((name, self._was_read(name)) for name in BORDER_RESOURCES_IF_ANY),
            )
            if not is_read
        ]
        rows = self._by_kind[FactKind.SEGMENTATION.value].items()
        found = (self._border(key, row, ", ".join(unread) or None) for key, row in rows)
        return tuple(
            sorted(
                found, key=lambda item: in_order((item.dimension, item.source, item.destination))
            )
        )

    def _border(self, key: str, row: Any, unread: str | None) -> PastBorder:
        dimension, source, destination = msgspec.json.decode(key)
        detail = msgspec.json.decode(row.content)
        state = row.state.decode()
        if unread and state != Separation.OPEN.value:
            state, detail["reason"] = Separation.UNKNOWN.value, unread
        known = {
            "dimension": dimension,
            "source": source,
            "destination": destination,
            "state": state,
            "confirmed": unread is None,
            "since": written_moment(row.valid_from),
            "until": written_moment(row.valid_to) if row.valid_to is not None else None,
        }
        return msgspec.convert(detail | known, PastBorder)

    def exposures(self) -> tuple[PastExposure, ...]:
        """Give the ways in, ordered by door."""
        confirmed = all(self._is_complete(resource) for resource in DOOR_RESOURCES) and all(
            self._was_read(resource) for resource in OTHER_WAYS
        )
        found = (
            self._exposure(key, row, confirmed=confirmed)
            for key, row in self._by_kind[FactKind.EXPOSURE.value].items()
        )
        return tuple(sorted(found, key=lambda item: (item.entry.object.sort_key(), item.id)))

    def findings(self) -> tuple[PastFinding, ...]:
        """Give the findings, ordered by check and subject."""
        verdicts = self._by_kind[FactKind.VERDICT.value]
        found = (self._finding(key, row) for key, row in verdicts.items())
        return tuple(sorted(found, key=lambda item: (item.check, item.subject.sort_key(), item.id)))

    def _finding(self, key: str, row: Any) -> PastFinding:
        detail = msgspec.json.decode(row.content)
        raw = row.state.decode()
        missing = [need for need in detail["needs"] if not self._is_complete(need)]
        severity = self._by_kind[FactKind.SEVERITY.value].get(key)
        acceptance = self._by_kind[FactKind.ACCEPTANCE.value].get(key)
        verdict, reason = raw, detail["reason"]
        if missing and raw == Verdict.PASS.value:
            verdict = Verdict.UNKNOWN.value
            reason = ", ".join(f"{need} is {self.coverage.get(need, 'unread')}" for need in missing)
        if raw == Verdict.FAIL.value and acceptance is not None:
            verdict = ACCEPTED
            reason = msgspec.json.decode(acceptance.content)["reason"]
        return PastFinding(
            id=key,
            check=row.topic,
            family=detail["family"],
            verdict=verdict,
            raw_verdict=raw,
            confirmed=not missing,
            severity=severity.state.decode() if severity else None,
            severity_reason=msgspec.json.decode(severity.content)["reason"] if severity else None,
            subject=ObjectRef(*detail["subject"]),
            port=detail["port"],
            protocol=detail["protocol"],
            discriminator=detail["discriminator"],
            summary=detail["summary"],
            reason=reason,
            evidence=tuple(tuple(hop) for hop in detail["evidence"]),
            controls=tuple(detail["controls"]),
            since=written_moment(row.valid_from),
            not_before=written_moment(row.not_before) if row.not_before is not None else None,
            until=written_moment(row.valid_to) if row.valid_to is not None else None,
            ended=row.reason,
        )

    def _exposure(self, key: str, row: Any, *, confirmed: bool) -> PastExposure:
        known = {
            "id": key,
            "audience": row.topic,
            "verdict": row.state.decode(),
            "confirmed": confirmed,
            "since": written_moment(row.valid_from),
            "until": written_moment(row.valid_to) if row.valid_to is not None else None,
        }
        return msgspec.convert(msgspec.json.decode(row.content) | known, PastExposure)

    def _was_read(self, resource: str) -> bool:
        return not ReadState(self.coverage.get(resource, ReadState.FAILED.value)).is_shortfall

    def _is_complete(self, resource: str) -> bool:
        return ReadState(self.coverage.get(resource, ReadState.FAILED.value)).is_complete
