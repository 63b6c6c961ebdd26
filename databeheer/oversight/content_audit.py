"""The regulator's audit of contents: was each read by consent preceded by a permission, by the ledger's own word?

It looks at opened entries only, never at the table of permissions: a row that somebody forged there has no
`permission.granted` in the ledger. Pure: entries come checked against the signed root (`audited.check`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from databeheer.access.bases import BasisKind
from databeheer.access.catalogue import Catalogue
from databeheer.errors import MalformedRequestError
from databeheer.oversight import audited, tallies, told
from databeheer.oversight.audited import Audited
from databeheer.oversight.erasure_claims import Claims
from databeheer.oversight.erasures import Erased
from databeheer.values import parse_instant
from ledger.checkpoint import Checkpoint
from ledger.errors import LedgerError, MalformedError
from ledger.sources import Source
from ledger.tiles import TileReader

_ENDS = frozenset(
    f"permission.{end}" for end in ("revoked", "terminated", "invalidated", "expired", "fulfilled", "lapsed")
)
_BLOCKS = ("permission.blocked", "permission.unblocked")
_READ, _BULK = "data.read", told.BULK
_FINENESS = ("quarter_hour", "hour", "day", "month")
VERSION = 2
"""Of the document that an audit comes in."""
LARGEST_REPORT = 100_000
"""How many entries one audit holds at most."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with one entry, by a stable code."""

    index: int
    code: str


@dataclass(frozen=True)
class Gone:
    """An entry of which a half was erased."""

    index: int
    erased: Erased


@dataclass
class Report:
    """What an audit found. It holds when there are no findings and nothing is lost."""

    size: int
    checked: int = 0
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How often, by event, ground (of a refusal: the reason) and party (empty: a customer, or the house)."""
    lines: list[told.Line] = field(default_factory=list)
    """What those counts add up, in the order of the ledger."""
    reads_by_consent: int = 0
    findings: list[Finding] = field(default_factory=list)
    erased: list[Gone] = field(default_factory=list)
    erasures: int = 0
    """How many erasures were held against the entries that record them."""
    lost: list[int] = field(default_factory=list)
    span: tuple[int, int] | None = None
    """Of a whole period: from which entry on, and before which. The door says so; what lies outside is not shown."""
    times: tuple[str, str] | None = None
    """Of the first and the last entry that were opened, by their own word."""
    untold: int = 0
    """Reads in bulk that the house counts and tells nobody: it says that the ledger of those was erased before."""

    @property
    def holds(self) -> bool:
        return not self.findings and not self.lost

    @property
    def not_shown(self) -> list[tuple[int, int]]:
        """Of a whole period: the stretches of the log of which it does not show whether they are of these days too."""
        outside = [(0, self.span[0]), (self.span[1], self.size)] if self.span else []
        return [(start, stop) for start, stop in outside if start < stop]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON members."""
        return {
            "ok": self.holds,
            "size": self.size,
            "checked": self.checked,
            "reads_by_consent": self.reads_by_consent,
            "counts": [
                {"event": event, "ground": ground, "party": party, "count": count}
                for (event, ground, party), count in sorted(self.counts.items())
            ],
            "findings": [asdict(one) for one in self.findings],
            "erasures": self.erasures,
            "erased": [{"entry": gone.index, **gone.erased.view()} for gone in self.erased],
            "lost": self.lost,
            "untold": self.untold,
            "range": self.span,
            "times": self.times,
            "not_shown": self.not_shown,
        }


def audit(document: Any, source: Source, checkpoint: Checkpoint, catalogue: Catalogue) -> Report:
    """Check a downloaded audit against a published log, entry by entry, and then what the entries say.

    A half that does not fit, or an entry that is not the log's, is a finding of that entry: the rest is checked.

    Raises:
        MalformedError: the document is no audit.
    """
    if not isinstance(document, dict) or not {"v", "entries", "support", "range", "is_whole"} <= set(
        document
    ):
        raise MalformedError("this is no audit")
    if document.get("v") != VERSION:
        raise MalformedError(f"this audit has another version than {VERSION}")
    if "erasures" not in document:
        raise MalformedError("an audit brings the erasures along that its entries name")
    entries, support, report = document["entries"], document["support"], Report(checkpoint.size)
    if not isinstance(entries, list) or not isinstance(support, list):
        raise MalformedError("an audit has a list of entries and a list of support")
    if len(entries) + len(support) > LARGEST_REPORT:
        raise MalformedError("the audit is too large")
    reader = TileReader(source, checkpoint.size)
    looked = list(_checked(entries, reader, checkpoint, report))
    before = list(_checked(support, reader, checkpoint, report))
    report.checked = len(looked)
    if document["is_whole"] is True:
        report.span = _require_every_index(document["range"], entries, report)
    times = sorted(str(one.shared.get("at", "")) for one in looked if one.shared)
    report.times = (times[0], times[-1]) if times else None
    claims = Claims.read(
        document["erasures"],
        checkpoint.size,
        lambda item: next(iter(_checked([item], reader, checkpoint, report)), None),
    )
    report.erasures = len(claims.batches)
    report.findings += [Finding(index, code) for index, code in claims.wrong([*looked, *before])]
    _weigh(looked, before, catalogue, claims, report)
    report.findings.sort(key=lambda finding: finding.index)
    return report


def _checked(
    items: Iterable[Any], reader: TileReader, checkpoint: Checkpoint, report: Report
) -> Iterable[Audited]:
    for item in items:
        try:
            yield audited.check(item, reader, checkpoint)
        except LedgerError:
            index = item.get("index") if isinstance(item, dict) else None
            report.findings.append(Finding(index if isinstance(index, int) else -1, "does-not-belong"))


def _require_every_index(span: Any, entries: Sequence[Any], report: Report) -> tuple[int, int]:
    """Of a whole period every index is given, opened or not: between its bounds nothing can be left out unseen.

    The bounds are the door's word. Nothing given shows nothing, so that is a finding.
    """
    if not isinstance(span, list) or len(span) != 2 or not all(type(bound) is int for bound in span):
        raise MalformedError("an audit says from which entry to which it goes")
    if not 0 <= span[0] <= span[1] <= report.size:
        raise MalformedError("an audit goes no further than the signed checkpoint")
    given = {item.get("index") for item in entries if isinstance(item, dict)}
    report.findings += [Finding(index, "left-out") for index in range(*span) if index not in given]
    if span[0] == span[1]:
        report.findings.append(Finding(span[0], "nothing-given"))
    return span[0], span[1]


def _weigh(
    looked: Sequence[Audited], before: Sequence[Audited], catalogue: Catalogue, claims: Claims, report: Report
) -> None:
    book = _Permissions([*before, *looked])
    consents = {row.code for row in catalogue.rows if row.basis is BasisKind.CONSENT}
    known = {row.code for row in catalogue.rows}
    for one in looked:
        if one.erased is not None:
            report.erased.append(Gone(one.index, one.erased))
        if one.is_lost:
            report.lost.append(one.index)
        if one.shared is None:
            continue
        party, codes = str(one.shared.get("party", "")), set[str]()
        try:
            for line in told.lines_of(one):
                report.lines.append(line)
                report.counts[line.event, line.ground, party] += line.times
                if line.event == _READ and party and line.ground not in known:
                    codes.add("unknown-ground")
            if one.event not in (_READ, _BULK) or not party:
                continue
            if _withholds(one, consents, claims):
                codes.add("withheld")
            elif one.house is not None:
                report.untold += tallies.untold_of(one.house)
                if tallies.contradicts(one, claims.excused(one)):
                    codes.add("tally-differs")
            for read in _reads(one, consents):
                report.reads_by_consent += 1
                codes |= book.missing(read)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, MalformedRequestError):
            codes.add("unreadable")
        report.findings += [Finding(one.index, code) for code in sorted(codes)]


@dataclass(frozen=True)
class _Read:
    """What one party read of one subject by consent."""

    index: int
    at: datetime
    party: str
    subject: str
    permission: str
    granularity: str
    directions: frozenset[str]
    spans: tuple[tuple[datetime, datetime], ...]


def _reads(entry: Audited, consents: set[str]) -> Iterable[_Read]:
    """The parts of a read that rest on consent, subject by subject; of one whose subject's half is gone, none."""
    shared = entry.shared or {}
    by_span = {tuple(granted[:2]): granted[2] for granted in shared.get("granted", []) if len(granted) > 2}
    for subject, own in tallies.each(entry):
        said = {**shared, **own}
        if said["event"] != _READ:
            continue
        # Of a read in bulk the grounds stand in the subject's own half.
        own_spans = own.get("granted", [])
        bases = own.get("bases") or [by_span.get(tuple(span[:2]), said["ground"]) for span in own_spans]
        spans = [
            (parse_instant(span[0]), parse_instant(span[1]))
            for span, basis in zip(own_spans, bases, strict=True)
            if basis in consents
        ]
        if spans:
            yield _Read(
                index=entry.index,
                at=parse_instant(said["at"]),
                party=str(said["party"]),
                subject=subject,
                permission=str(said.get("permission", "")),
                granularity=str(said["granularity"]),
                directions=frozenset(said["directions"]),
                spans=tuple(spans),
            )


def _withholds(entry: Audited, consents: set[str], claims: Claims) -> bool:
    """Whether a read by consent comes without the halves that say of whom: unopened they pass for decoys.

    Of a read in bulk the house's half says how many those are.
    """
    if entry.is_lost:
        return False
    if entry.event == _BULK:
        gone = claims.excused(entry)
        return entry.house is None or len(entry.subjects) + gone != entry.house["subjects"]
    if entry.erased is not None:
        return False
    shared = entry.shared or {}
    by_consent = {tuple(one[:2]) for one in shared.get("granted", []) if len(one) > 2 and one[2] in consents}
    told = {tuple(span[:2]) for own in entry.subjects.values() for span in own.get("granted", [])}
    return not by_consent <= told or (shared.get("ground") in consents and not entry.subjects)


@dataclass(frozen=True)
class _Granted:
    """A permission as the ledger says it was given."""

    index: int
    said: Mapping[str, Any]
    subjects: frozenset[str]


class _Permissions:
    """What the ledger says of permissions: who gave which, and when it ended."""

    def __init__(self, entries: Iterable[Audited]) -> None:
        self._granted: dict[str, _Granted] = {}
        self._ended: dict[str, int] = {}
        self._narrowed: dict[str, list[_Granted]] = {}
        self._blocked: dict[str, list[tuple[int, bool]]] = {}
        for one in sorted(entries, key=lambda entry: entry.index):
            if one.shared is None:
                continue
            name = str(one.shared.get("permission", ""))
            if one.event == "permission.granted":
                self._granted.setdefault(name, _Granted(one.index, one.shared, frozenset(one.subjects)))
            elif one.event == "permission.narrowed":
                self._narrowed.setdefault(name, []).append(_Granted(one.index, one.shared, frozenset()))
            elif one.event in _ENDS:
                self._ended.setdefault(name, one.index)
            elif one.event in _BLOCKS:
                self._blocked.setdefault(name, []).append((one.index, one.event == _BLOCKS[0]))

    def missing(self, read: _Read) -> set[str]:
        """What a read lacks of a permission that carries it; nothing where one does.

        A read that names its permission is held against that one, else against all of that party and subject.
        """
        if read.permission:
            names = [read.permission] if read.permission in self._granted else []
        else:
            names = list(self._granted)
        left, codes = list(read.spans), set[str]()
        for name in names:
            why = self._why_not(name, read)
            codes |= {why} if why else set()
            if why is None:
                data = self._data(name, read.index)
                until = parse_instant(data[1]) if data[1] else None
                left = [rest for span in left for rest in _without(span, parse_instant(data[0]), until)]
        if not left:
            return set()
        if not names:
            return {"no-permission"}
        return (codes if read.permission else set()) or {
            "outside-permission" if read.permission else "no-permission"
        }

    def _data(self, name: str, index: int) -> Sequence[str]:
        """The data period of a permission for a read at this index: a part may have been withdrawn before."""
        said = self._granted[name].said
        for narrowed in self._narrowed.get(name, ()):
            if narrowed.index < index:
                said = narrowed.said
        data: Sequence[str] = said["data"]
        return data

    def _why_not(self, name: str, read: _Read) -> str | None:
        granted = self._granted[name]
        said, valid_until = granted.said, granted.said["valid_until"]
        if said["party"] != read.party:
            return "other-party"
        if (
            granted.subjects and read.subject not in granted.subjects
        ):  # lost where it was put back from a receipt
            return "other-subject"
        if granted.index >= read.index:
            return "before-permission"
        if self._ended.get(name, read.index) < read.index:
            return "after-end"
        if valid_until and read.at >= parse_instant(valid_until):
            return "after-end"
        before = [is_blocked for index, is_blocked in self._blocked.get(name, ()) if index < read.index]
        if before and before[-1]:
            return "while-blocked"
        finer = _FINENESS.index(read.granularity) < _FINENESS.index(said["granularity"])
        if finer or not read.directions <= set(said["directions"]):
            return "wider-than-permission"
        return None


def _without(
    span: tuple[datetime, datetime], start: datetime, end: datetime | None
) -> Iterable[tuple[datetime, datetime]]:
    """What remains of a span outside [start, end)."""
    if end is not None and end <= start:
        return [span]
    parts = [(span[0], min(span[1], start))]
    if end is not None:
        parts.append((max(span[0], end), span[1]))
    return [part for part in parts if part[0] < part[1]]
