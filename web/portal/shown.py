"""The door's answers as the values that pages show: read once, with the words beside the codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from databeheer.access.bases import BasisKind
from databeheer.access.catalogue import Catalogue, load
from databeheer.access.explain import Language, basis_name, citation_text
from databeheer.values import Period, parse_day, parse_instant
from web import saying
from web.language import _, lazy, once_a_language
from web.portal import wording
from web.portal.citing import cited
from web.portal.told import told

Answer = Mapping[str, Any]

OPEN_STATE = "requested"
ACTIVE_STATES = frozenset({"active", "to_be_renewed"})
LIVE_STATES = ACTIVE_STATES | {"blocked"}
READ_EVENT, REFUSED_EVENT = "data.read", "data.refused"
_REPRESENTATIVE = "own_by_representative"
JOIN_EVENTS = frozenset({"join.run", "join.refused"})


@dataclass(frozen=True)
class Party:
    """Who reads or asks."""

    party_id: str
    name: str
    role: str
    about: str

    @classmethod
    def of(cls, answer: Answer) -> Party:
        return cls(
            str(answer["id"]), str(answer["name"]), str(answer["role"]), str(answer.get("about") or "")
        )

    @property
    def role_words(self) -> str:
        return wording.ROLES[self.role]


@dataclass(frozen=True)
class Gone:
    """That something was erased: when, and which entry of the log says so."""

    at: datetime
    index: int

    @classmethod
    def of(cls, answer: Answer) -> Gone:
        return cls(parse_instant(str(answer["at"])), int(answer["index"]))


@dataclass(frozen=True)
class Point:
    """One occupancy of the visitor: an address, an energy, a time (Brussels days, the end exclusive)."""

    occupancy_id: str
    ean: str
    address: str
    commodity: str
    meters: tuple[str, ...]
    begins: date
    ends: date | None
    granularity: str
    intervals: tuple[tuple[date, date | None], ...]
    first_reading_day: date | None
    last_reading_day: date | None
    erased: Mapping[str, Gone]

    @classmethod
    def of(cls, answer: Answer) -> Point:
        return cls(
            occupancy_id=str(answer["occupancy_id"]),
            ean=str(answer["ean"]),
            address=str(answer.get("address") or _("Adres niet bekend")),
            commodity=str(answer["commodity"]),
            meters=tuple(str(number) for number in answer["meters"]),
            begins=parse_day(str(answer["from"])),
            ends=parse_day(str(answer["until"])) if answer["until"] else None,
            granularity=_granularity_read(str(answer["commodity"]), bool(answer["interval_reading"])),
            intervals=tuple(
                (parse_day(first), parse_day(until) if until else None)
                for first, until in answer["intervals"]
            ),
            first_reading_day=parse_day(answer["first_reading_day"]) if answer["first_reading_day"] else None,
            last_reading_day=parse_day(answer["last_reading_day"]) if answer["last_reading_day"] else None,
            erased={name: Gone.of(gone) for name, gone in answer["erased"].items()},
        )

    @property
    def finest(self) -> str:
        """How fine the meter was read at any time."""
        return _granularity_read(self.commodity, bool(self.intervals))

    def granularity_on(self, day: date) -> str:
        """How fine the meter was read on a day, as its grid user chose."""
        was_on = any(first <= day and (until is None or day < until) for first, until in self.intervals)
        return _granularity_read(self.commodity, was_on)

    @property
    def commodity_words(self) -> str:
        return wording.COMMODITIES[self.commodity]

    @property
    def name(self) -> str:
        """How the visitor tells this point from others: `Kerkstraat 1, 9000 Gent, gas`."""
        return f"{self.address}, {self.commodity_words}"


@dataclass(frozen=True)
class Signer:
    """Somebody who granted a permission, or still has to."""

    capacity: str
    is_you: bool
    at: datetime | None

    @property
    def words(self) -> str:
        if self.capacity == "representative" and self.is_you:
            return wording.REPRESENTATIVE_OF_YOU
        return _("U") if self.is_you else wording.SIGNERS[self.capacity]


@dataclass(frozen=True)
class Step:
    """One step in the life of a permission, with the number of its line in the ledger."""

    event: str
    reason: str
    by: str
    is_you: bool
    at: datetime
    index: int
    task: str | None = None
    """In which contact at our desk it was entered, where it came on paper."""

    @property
    def words(self) -> str:
        by_reason = wording.STEPS_BY_REASON.get(self.reason) or wording.STEPS_BY_PART.get(
            (self.event, self.reason)
        )
        return by_reason or wording.STEPS.get(self.event, wording.OTHER_EVENT[0])

    @property
    def by_words(self) -> str:
        """Who took it; that an administrator did shows to whom he did it for alone."""
        if self.reason == "party_suspended":
            return wording.STEPPERS["operator"]  # the clock wrote it down; databeheer's suspension ended it
        by = _stepper(self.by, is_you=self.is_you)
        return _("%(by)s, op papier (ons dossier %(task)s)", by=by, task=self.task) if self.task else by


@dataclass(frozen=True)
class Narrowed:
    """That one part of the data ended before the rest: which, when, and by whom."""

    part: str
    at: datetime
    by_words: str

    @classmethod
    def of(cls, part: str | None, step: Answer | None) -> Narrowed | None:
        if part is None or step is None:
            return None
        return cls(part, _required(step["at"]), _stepper(str(step["by"]), is_you=bool(step["is_you"])))

    @property
    def words(self) -> str:
        """Which part, when and by whom: `Nieuwe gegevens: gestopt op ... door u.`"""
        return _(
            "%(part)s: gestopt op %(at)s, door %(by_words)s.",
            part=wording.PARTS[self.part],
            at=saying.moment(self.at),
            by_words=self.by_words,
        )


@dataclass(frozen=True)
class Read:
    """The text that was read at the grant, kept as it was."""

    text: str
    language: str
    sha256: str
    at: datetime

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The text in rows of a question and its answer; its first line names the version."""
        lines = [line.partition(": ") for line in self.text.splitlines()[1:]]
        return [(name, said) for name, _, said in lines] if all(part[2] for part in lines) else []


@dataclass(frozen=True)
class Brought:
    """That a party brought a mandate along from another hub: when it says that it was signed, and from when it counts.

    `earliest` None: it does not become active by itself.
    """

    signed_on: date
    earliest: datetime | None

    @classmethod
    def of(cls, answer: Answer | None) -> Brought | None:
        if answer is None:
            return None
        return cls(parse_day(str(answer["signed_on"])), _instant(answer["earliest"]))


@dataclass(frozen=True)
class Permission:
    """A consent asked, given or ended, as its customer sees it."""

    permission_id: str
    party: Party
    purpose: str
    category: str
    directions: tuple[str, ...]
    granularity: str
    reveals: str
    state: str
    data_from: datetime
    data_until: datetime | None
    valid_until: datetime | None
    requested_at: datetime
    answer_before: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    occupancy_id: str | None
    addressed_to: str | None
    return_url: str | None
    reason: str
    split_at: datetime | None
    refused_part: str | None
    withdrawn_part: str | None
    parts: tuple[str, ...]
    ends_at: datetime | None
    over_at: datetime | None
    longest_days: int
    party_is_suspended: bool
    delete_by: datetime | None
    deletion_confirmed_at: datetime | None
    renews: str | None
    up_to: int
    beside: str | None
    renewed_by: str | None
    signers: tuple[Signer, ...]
    is_own: bool
    """It is the visitor's to withdraw: not what somebody else of his home granted."""
    waits_for_you: bool
    by_applicant: bool
    is_chosen: bool
    brought: Brought | None
    is_renewable: bool
    ended_by: str
    narrowed: Narrowed | None
    history: tuple[Step, ...]
    read: Read | None

    @classmethod
    def of(cls, answer: Answer) -> Permission:
        granularity, state = str(answer["granularity"]), str(answer["state"])
        read = answer.get("notice")
        return cls(
            permission_id=str(answer["permission_id"]),
            party=Party.of(answer["party"]),
            purpose=wording.PURPOSES[str(answer["purpose"])],
            category=str(answer["category"]),
            directions=tuple(str(direction) for direction in answer["directions"]),
            granularity=granularity,
            reveals=wording.REVEALS[granularity] if answer["category"] == "readings" else "",
            state=state,
            data_from=_required(answer["data_from"]),
            data_until=_instant(answer["data_until"]),
            valid_until=_instant(answer["valid_until"]),
            requested_at=_required(answer["requested_at"]),
            answer_before=_required(answer["request_expires_at"]),
            decided_at=_instant(answer["decided_at"]),
            ended_at=_instant(answer["ended_at"]),
            occupancy_id=answer["occupancy_id"],
            addressed_to=answer["addressed_to"],
            return_url=answer.get("return_url_success" if state in LIVE_STATES else "return_url_failed"),
            reason=str(answer["reason"]),
            split_at=_instant(answer["split_at"]),
            refused_part=answer["refused_part"],
            withdrawn_part=answer["withdrawn_part"],
            parts=tuple(answer["parts"]),
            ends_at=_instant(answer["ends_at"]),
            over_at=_instant(answer["over_at"]),
            longest_days=int(answer["longest_days"]),
            party_is_suspended=bool(answer["party_is_suspended"]),
            delete_by=_instant(answer["delete_by"]),
            deletion_confirmed_at=_instant(answer["deletion_confirmed_at"]),
            renews=answer["renews"],
            up_to=int(answer["up_to"]),
            beside=answer["beside"],
            renewed_by=answer["renewed_by"],
            signers=(
                *(Signer(one["capacity"], one["is_you"], _required(one["at"])) for one in answer["signers"]),
                *_missing(answer),
            ),
            is_own=bool(answer["is_own"]),
            waits_for_you=bool(answer["waits_for_you"]),
            by_applicant=bool(answer["by_applicant"]),
            is_chosen=bool(answer["is_chosen"]),
            brought=Brought.of(answer["brought_along"]),
            is_renewable=bool(answer["is_renewable"]),
            ended_by=_ended_by(answer["ended_by"]),
            narrowed=Narrowed.of(answer["withdrawn_part"], answer["narrowed_by"]),
            history=tuple(
                Step(
                    one["event"],
                    one["reason"],
                    one["by"],
                    one["is_you"],
                    _required(one["at"]),
                    one["index"],
                    one["task"],
                )
                for one in answer.get("history", ())
            ),
            read=Read(read["text"], read["language"], read["sha256"], _required(read["read_at"]))
            if read
            else None,
        )

    @property
    def data(self) -> str:
        """What was asked, whatever the energy."""
        return self.data_of("")

    def data_of(self, commodity: str) -> str:
        """What was asked, as it is at a point of this energy."""
        return wording.data_words(self.category, self.directions, self.granularity, commodity)

    @property
    def is_waiting(self) -> bool:
        return self.state == OPEN_STATE

    @property
    def is_active(self) -> bool:
        """The party may read now."""
        return self.state in ACTIVE_STATES

    @property
    def is_live(self) -> bool:
        """Granted, and not over: it can be withdrawn, also while it is blocked."""
        return self.state in LIVE_STATES

    @property
    def waits_for_others(self) -> bool:
        """The visitor has answered; somebody else has to as well."""
        return self.is_waiting and not self.waits_for_you

    @property
    def has_signed(self) -> bool:
        """The visitor granted it, or somebody in his name did."""
        return any(one.is_you and one.at for one in self.signers)

    @property
    def can_take_back(self) -> bool:
        """The visitor granted it, and as long as others have not, he can take that back (R21)."""
        return self.waits_for_others and self.has_signed

    @property
    def has_both_parts(self) -> bool:
        """Data of before and data to come: each can be granted alone."""
        return self.split_at is not None and len(self.parts) > 1

    @property
    def is_only_new(self) -> bool:
        """Of before the request nothing is asked, or was granted."""
        return self.parts == ("future",)

    @property
    def state_words(self) -> str:
        if self.waits_for_others:
            return wording.WAITS_FOR_OTHERS
        if self.is_waiting and self.party_is_suspended:
            return wording.SUSPENDED
        if self._by_people is not None:
            return self._by_people[0]
        if self.is_active and self.withdrawn_part:
            return wording.ACTIVE_IN_PART
        return wording.STATES_BY_REASON.get(self.reason) or wording.STATES[self.state][0]

    @property
    def badge(self) -> str:
        return wording.STATES[self.state][1]

    @property
    def ending(self) -> str:
        """Who ended it and why, in words; empty while it runs or waits."""
        if self.state not in wording.ENDINGS:
            return ""
        if self._by_people is not None:
            return self._by_people[1]
        return wording.ENDINGS_BY_REASON.get(self.reason) or wording.ENDINGS[self.state]

    @property
    def _by_people(self) -> tuple[str, str] | None:
        """The words for a refusal or a withdrawal, by who it was; None where it was nobody of the household."""
        return wording.ENDED_BY.get((self.state, self.ended_by))

    @property
    def closed_at(self) -> datetime | None:
        """When it was refused or ended."""
        return self.ended_at or self.decided_at


@dataclass(frozen=True)
class Statutory:
    """A party that the law lets read, without consent."""

    party: Party
    sentence: str
    citation: str
    begins: datetime
    ends: datetime | None
    ground: str
    occupancy_id: str

    @classmethod
    def of(cls, answer: Answer) -> Statutory:
        return cls(
            party=Party.of(answer["party"]),
            sentence=_(str(answer["sentence_nl"])),
            citation=cited(str(answer["citation"])),
            begins=_required(answer["from"]),
            ends=_instant(answer["until"]),
            ground=str(answer["ground"]),
            occupancy_id=str(answer["occupancy_id"]),
        )


@dataclass(frozen=True)
class Statement:
    """One line of "who read my data": an entry of the ledger, opened for the person it is about."""

    index: int
    event: str
    at: datetime
    party: Party | None
    is_own: bool
    basis: BasisKind | None
    sentence: str
    granularity: str
    period: Period | None
    slots: int
    permission_id: str | None
    occupancy_ids: tuple[str, ...]
    """Of which stays of the visitor; one alone, as the door tells them."""
    is_audit: bool = False
    is_by_staff: bool = False
    task: str = ""
    is_by_representative: bool = False
    capacity: str = ""
    attorney: str = ""
    """Who did it by the visitor's power of attorney, or for the enterprise that she is, by name; empty: nobody did."""
    for_enterprise: bool = False
    onlooker: str | None = None
    """What a customer who looked was to this stay; empty where the line does not say, None where none did."""
    supply_task: str = ""
    """Of the quality of supply: for which task of the grid operator, in words; empty of readings."""

    @classmethod
    def of(cls, answer: Answer) -> Statement:
        period, ground, is_read = answer["period"], answer["ground"], answer["event"] == READ_EVENT
        is_by_power = bool(answer["attorney"]) and not answer["for_enterprise"]
        return cls(
            index=int(answer["index"]),
            event=str(answer["event"]),
            at=_required(answer["at"]),
            party=Party.of(answer["party"]) if answer["party"] else None,
            is_own=answer["by"] == "customer" and answer["reader"] == "holder",
            onlooker=str(answer["reader"] or "") if answer["by"] == "customer" else None,
            basis=_catalogue().row(ground).basis if is_read and ground else None,
            sentence=(_ground_by_power if is_by_power and ground == _REPRESENTATIVE else _ground)(ground)
            if is_read and ground
            else told(answer["told"]),
            granularity=wording.GRANULARITIES.get(str(answer["granularity"] or ""), ""),
            period=Period(_required(period["from"]), _required(period["until"])) if period["from"] else None,
            slots=int(answer["slots"]),
            permission_id=answer["permission_id"],
            occupancy_ids=(str(answer["occupancy_id"]),),
            is_audit=answer["by"] == "inspector",
            is_by_staff=answer["by"] == "staff",
            task=str(answer.get("task") or ""),
            is_by_representative="representative" in (answer["by"], answer["capacity"]),
            capacity=str(answer["capacity"] or ""),
            attorney=str(answer["attorney"] or ""),
            for_enterprise=bool(answer["for_enterprise"]),
            supply_task=wording.SUPPLY_TASKS[answer["task"]]
            if answer["category"] == "supply_quality"
            else "",
        )

    @property
    def is_read(self) -> bool:
        return self.event == READ_EVENT

    @property
    def is_by_consent(self) -> bool:
        """Whether it rested on a permission, which can be doubted; what the law gives cannot (R100)."""
        return self.is_read and self.basis is BasisKind.CONSENT

    @property
    def is_refusal(self) -> bool:
        return self.event == REFUSED_EVENT

    @property
    def is_join(self) -> bool:
        return self.event in JOIN_EVENTS

    @property
    def reader(self) -> str:
        """Who read, asked or did it."""
        if self.attorney and self.for_enterprise:
            return _("%(name)s, voor uw onderneming", name=self.attorney)
        if self.attorney:
            return _("%(name)s, met uw volmacht", name=self.attorney)
        if self.party is None and not self.is_by_representative:
            if self.onlooker is not None:
                return wording.ONLOOKERS[self.onlooker]
            if self.is_audit:
                return _("De toezichthouder")
            if self.is_by_staff and not self.task:
                return _("Een medewerker van de databeheerder")
            if self.is_by_staff:
                return _("Een medewerker van de databeheerder, dossier %(case)s", case=self.task)
        name = self.party.name if self.party else None
        return wording.actor_words(
            self.event, name, self.capacity, is_by_representative=self.is_by_representative
        )

    @property
    def about(self) -> str:
        """The party that it is about, where another did it."""
        return self.party.name if self.party and self.party.name != self.reader else ""

    @property
    def basis_words(self) -> str:
        return _BASES[self.basis] if self.basis else ""

    @property
    def event_words(self) -> str:
        return wording.EVENTS.get(self.event, wording.OTHER_EVENT)[0]

    @property
    def badge(self) -> str:
        return wording.EVENTS.get(self.event, wording.OTHER_EVENT)[1]


_BASES = {basis: lazy(basis_name(basis, Language.DUTCH)) for basis in BasisKind}


@lru_cache(maxsize=1)
def _catalogue() -> Catalogue:
    return load()


@once_a_language
def _ground(code: str) -> str:
    """What lets somebody read, and the article that it rests on; as the door says it in Dutch."""
    row = _catalogue().row(code)
    return f"{_(row.sentence_nl)} {cited(citation_text(row.citation, Language.DUTCH))}"


@once_a_language
def _ground_by_power(code: str) -> str:
    """The same of a power of attorney: the second citation of that ground; the first is of whom a court appoints."""
    row = _catalogue().row(code)
    return f"{_(row.sentence_nl)} {cited(citation_text(row.citations[1], Language.DUTCH))}"


def _granularity_read(commodity: str, is_interval: bool) -> str:
    """How fine the meter is read: gas by the hour, electricity by the quarter, or both by the day."""
    if not is_interval:
        return "day"
    return "hour" if commodity == "gas" else "quarter_hour"


def _stepper(by: str, *, is_you: bool) -> str:
    if is_you:
        return wording.REPRESENTATIVE_IN_YOUR_NAME if by == "representative" else _("u")
    return wording.STEPPERS[by]


def _ended_by(step: Answer | None) -> str:
    """Who of the household refused or withdrew: `you`, by yourself or on `paper`, who acts in your name, or another."""
    if step is None:
        return ""
    if not step["is_you"] or step["by"] == "representative":
        return str(step["by"])
    return "paper" if step["task"] else "you"


def _missing(answer: Answer) -> tuple[Signer, ...]:
    """Who still has to grant; the visitor, where he is among them."""
    yours = (
        "grid_user" if answer["waits_for_you"] and "grid_user" in answer["waits_for"] else "natural_person"
    )
    return tuple(
        Signer(capacity, bool(answer["waits_for_you"]) and capacity == yours, None)
        for capacity in answer["waits_for"]
    )


def _instant(value: object) -> datetime | None:
    return parse_instant(str(value)) if value else None


def _required(value: object) -> datetime:
    return parse_instant(str(value))
