"""What a document says: from the catalogue of legal bases, the registry, the registers, the clocks and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import metadata
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.brussels import day_of, midnight
from databeheer.clocks import Actor
from databeheer.door.governance import validity
from databeheer.door.governance.records import Opened, Version, listed
from databeheer.door.house import House
from databeheer.governance.documents import Section
from databeheer.governance.keeping import APPROVED
from databeheer.governance.registers import shipped
from databeheer.oversight import figures
from databeheer.oversight.retention import FULL_YEARS, LEDGER_YEARS, READINGS_YEARS


@dataclass(frozen=True)
class Means:
    """What a document is made of: the house at a moment, and the days that it is about, both included."""

    house: House
    connection: Connection
    now: datetime
    first: date
    last: date

    def records(self, register: str) -> list[Opened]:
        """The records of a register, oldest first."""
        return list(reversed(listed(self.house, self.connection, [register])))

    def in_period(self, at: datetime | None) -> bool:
        """Whether a moment lies in the days of the document."""
        return at is not None and midnight(self.first) <= at < midnight(self.last + timedelta(days=1))


def sections(kind: str, means: Means) -> list[Section]:
    """Return the tables of a document of this kind."""
    return list(_MAKERS[kind](means))


# --- record of processing activities (GDPR 30, R142) -----------------------------------------------------------------


def _processing_record(means: Means) -> Iterator[Section]:
    names: dict[str, list[str]] = {}
    for row in means.connection.execute(_PARTIES):
        names.setdefault(row.role, []).append(row.name)
    bases = [
        (
            ", ".join(sorted(row.purposes)),
            row.actor_role.value,
            str(row.citation),
            ", ".join(sorted(row.categories)),
            row.ceiling.value,
            ", ".join(names.get(row.actor_role.value, ["nog niemand"])),
        )
        for row in means.house.catalogue.rows
        if row.purposes
    ]
    yield Section(
        "Doelen, gronden en ontvangers",
        ("Doel", "Rol", "Grond", "Soort gegevens", "Fijnste waarden", "Ontvangers"),
        bases,
    )
    yield Section(
        "Bewaartermijnen",
        ("Wat", "Hoe lang"),
        (
            (
                "Meetgegevens",
                f"{READINGS_YEARS} jaar na het verblijf; tijdens het verblijf {FULL_YEARS} volle jaren",
            ),
            ("Wie las", f"{LEDGER_YEARS} jaar na het verblijf of de laatste regel"),
            ("Naam en aanmelding", "tot het laatste van beide weg is"),
        ),
    )
    yield Section(
        "Verwerkers en hun subverwerkers",
        ("Verwerker", "Overeenkomst", "Land", "Waarborg", "Subverwerkers"),
        [
            (
                one.party_name,
                one.says["number"],
                one.says["country"],
                one.says["safeguard"],
                ", ".join(sub.says["name"] for sub in _inside(means, one, "sub_processor") if sub.is_in_force)
                or "geen",
            )
            for one in means.records("agreement")
            if one.is_in_force
        ],
    )
    yield Section(
        "Contactpunten",
        ("Van wie", "Voor mensen", "Voor de autoriteit"),
        [
            (one.party_name or "de databeheerder", one.says["for_people"], one.says["for_authority"])
            for one in means.records("contact_point")
            if one.is_in_force
        ],
    )
    yield _measures(means)


# --- the file of measures (R148) and the list of software (R185) ------------------------------------------------------


def _measures_file(means: Means) -> Iterator[Section]:
    yield _measures(means)
    tests = [one for one in means.records("measure_test") if means.in_period(midnight(_day(one, "held_on")))]
    names = {str(one.record_id): _called(one) for one in means.records("measure")}
    yield Section(
        "Tests en evaluaties",
        ("Test", "Soort", "Dag", "Door wie", "Maatregelen", "Resultaat", "Verslag (SHA-256)"),
        [
            (
                _called(one),
                _choice(one, "what"),
                one.says["held_on"],
                one.says["tester"],
                ", ".join(names.get(measure, measure) for measure in one.says["measures"]),
                one.says["result"],
                one.says["file_sha256"],
            )
            for one in tests
        ],
    )
    yield Section(
        "Bevindingen en wat ze veranderden",
        ("Bevinding", "Ernst", "Tegen", "Stand", "Acties"),
        [
            (
                _called(one),
                _choice(one, "severity"),
                one.says["due_on"],
                "opgelost" if one.closed_at else "open",
                "; ".join(
                    f"{action.says['title']} ({_choice(action, 'changes').lower()}): {action.outcome or 'bezig'}"
                    for action in _inside(means, one, "action")
                )
                or "nog geen",
            )
            for one in means.records("finding")
        ],
    )


def _measures(means: Means) -> Section:
    return Section(
        "Maatregelen",
        ("Maatregel", "Waarvoor", "ISO/IEC 27001", "Wie ervoor instaat", "Maat", "Doel", "Uitvoering"),
        [
            (
                _called(one),
                _choice(one, "aspect"),
                one.says["control"] or "",
                one.says["owner"],
                one.says["metric"],
                one.says["goal"],
                one.says["detail"],
            )
            for one in means.records("measure")
            if one.is_in_force
        ],
    )


def _software_list(means: Means) -> Iterator[Section]:
    yield Section(
        "Software die hier draait",
        ("Pakket", "Versie", "Licentie"),
        sorted(
            {
                (one.metadata["Name"], one.version, (one.metadata["License"] or "").split("\n")[0][:80])
                for one in metadata.distributions()
                if one.metadata["Name"]
            }
        ),
    )
    yield _measures(means)


# --- report on confidentiality (R143), and evidence of a period (R189) ------------------------------------------------


def _confidentiality_report(means: Means) -> Iterator[Section]:
    coordinators = [
        (one.says["name"], one.says["from_day"], one.says["reach"])
        for one in means.records("appointment")
        if one.is_in_force and one.says["function"] == "confidentiality_coordinator"
    ]
    yield Section("Coördinator", ("Naam", "Sinds", "Te bereiken"), coordinators)
    yield from _counted(means)
    opened = [one for one in means.records("breach") if means.in_period(one.opened_at)]
    yield Section(
        "Inbreuken",
        ("Inbreuk", "Aard", "Ontdekt", "Afgehandeld"),
        [
            (one.name, _choice(one, "nature"), one.says["detected_at"], "ja" if one.closed_at else "nee")
            for one in opened
        ],
    )
    days = {"since": midnight(means.first), "until": midnight(means.last + timedelta(days=1))}
    yield Section(
        "Medewerkers",
        ("Wat", "Aantal"),
        [(row.what, str(row.times)) for row in means.connection.execute(_STAFF, days)],
    )
    yield _terms(means)


def _evidence(means: Means) -> Iterator[Section]:
    yield from _counted(means)
    yield _terms(means)
    names = {code: one.nl for code, one in shipped().by_code.items()}
    assessments = means.records(validity.REGISTER)
    ends = validity.of_records(means.connection, assessments, means.house.catalogue.dpia_years)
    lapsed = {record_id: one.until for record_id, one in ends.items() if one.until <= means.now}
    yield Section(
        "Wat in de registers geschreven is",
        ("Register", "Stuk", "Over wie", "Versie", "Geschreven", "Regel", "Geldt", "Hash van het bestand"),
        [
            (
                names[one.register.code],
                _called(one),
                one.party_name or "het huis",
                str(version.number),
                version.at.isoformat(),
                str(version.index),
                _counts(one, version, lapsed),
                str(version.said.get("file_sha256") or ""),
            )
            for code in names
            for one in means.records(code)
            for version in one.versions
            if means.in_period(version.at)
        ],
    )


def _counted(means: Means) -> Iterator[Section]:
    names = {row.party_id: row.name for row in means.connection.execute(_PARTIES)}
    counted = Counter[tuple[str, str, str]]()
    for one in figures.counts(means.connection, means.first, means.last):
        who = names.get(one.party_id, "") if one.party_id else "klanten en medewerkers"
        counted[who, "gelezen" if one.is_read else "geweigerd", one.ground] += one.count
    yield Section(
        "Wie las, en wie niets kreeg",
        ("Wie", "Wat", "Grond of reden", "Aantal"),
        [(*key, str(times)) for key, times in sorted(counted.items())],
    )


def _terms(means: Means) -> Section:
    until = min(midnight(means.last + timedelta(days=1)), means.now)
    return Section(
        "Termijnen van de databeheerder",
        ("Wat", "Gehaald", "Gemist", "Loopt nog"),
        [
            (clocks.shipped().get(one.kind).task_nl, str(one.kept), str(one.missed), str(one.open))
            for one in clocks.figures(means.connection, min(midnight(means.first), until), until)
            if one.actor is Actor.DATA_MANAGER
        ],
    )


def _inside(means: Means, parent: Opened, register: str) -> list[Opened]:
    return list(listed(means.house, means.connection, [register], within=parent.record_id))


def _counts(one: Opened, version: Version, lapsed: Mapping[UUID, datetime]) -> str:
    if version.outcome == APPROVED and one.record_id in lapsed:
        return f"niet meer sinds {day_of(lapsed[one.record_id]).isoformat()}"
    return {"approved": "ja", "refused": "nee"}.get(version.outcome or "", "wacht")


def _called(one: Opened) -> str:
    """A record by its code and its words: for documents whose label is no wider than its register's."""
    return f"{one.name}: {one.title}"


def _choice(one: Opened, field: str) -> str:
    return one.register.field(field).choices[one.says[field]]


def _day(one: Opened, field: str) -> date:
    return date.fromisoformat(one.says[field])


_MAKERS: Mapping[str, Callable[[Means], Iterator[Section]]] = {
    "processing_record": _processing_record,
    "measures_file": _measures_file,
    "software_list": _software_list,
    "confidentiality_report": _confidentiality_report,
    "evidence": _evidence,
}
_PARTIES = text("SELECT party_id, name, role FROM registry.party WHERE NOT awaits_approval ORDER BY name")
_STAFF = text(
    "SELECT event AS what, count(*) AS times FROM staff.deed WHERE at >= :since AND at < :until GROUP BY event"
    " UNION ALL SELECT 'geweigerd: ' || reason, count(*) FROM staff.refusal WHERE at >= :since AND at < :until"
    " GROUP BY reason ORDER BY 1"
)
