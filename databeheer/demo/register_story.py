"""What the demo's house wrote down of its duties: two months in its registers, by the people who run it.

One writes, another approves where the register asks two; each logs in for it, as in earnest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from databeheer.brussels import day_of
from databeheer.demo.staff_story import STAFF, tell_check, tell_review, tell_staff
from databeheer.door.client import Proof
from databeheer.governance.registers import FieldKind, shipped
from databeheer.metering.street.plan import StreetPlan
from databeheer.registry.conditions import Clause
from databeheer.site.storytelling import Teller, assessment
from databeheer.values import format_instant

_NAMES = {one["sub"]: one["name"] for one in STAFF}


@dataclass
class _Registers:
    """Writes for the people of the house; who logged in at this time does not do so again."""

    teller: Teller
    _sessions: dict[tuple[str, datetime], Proof] = field(default_factory=dict)

    def as_(self, who: str, command: str, **arguments: Any) -> dict[str, Any]:
        """Give a command as somebody who is logged in."""
        key = (who, self.teller.clock.now())
        if key not in self._sessions:
            session = self.teller.log_in(who, _NAMES[who], None, "staff")
            self._sessions[key] = Proof.session(session)
        return self.teller.door.call(command, self._sessions[key], **arguments)

    def write(self, who: str, register: str, said: dict[str, Any], **place: str) -> str:
        """Write a record, and have it approved where that takes two; returns its id."""
        found = shipped().get(register)
        hashes = {
            one.name: _file(f"{register} {said}")
            for one in found.fields
            if one.kind is FieldKind.SHA256 and one.name not in said
        }
        written = self.as_(who, "governance.write", register=register, said=hashes | said, **place)
        record_id = str(written["record_id"])
        if found.second:
            second = next(one for one in ("bert", "hilde") if one != who)
            self.as_(second, "governance.approve", record_id=record_id, version=written["version"])
        return record_id

    def close(self, who: str, record_id: str, outcome: str, words: str) -> None:
        self.as_(who, "governance.close", record_id=record_id, outcome=outcome, words=words)

    @property
    def today(self) -> date:
        return day_of(self.teller.clock.now())

    def in_days(self, days: int) -> str:
        return (self.today + timedelta(days=days)).isoformat()


def tell_registers(teller: Teller, plan: StreetPlan) -> None:
    """The last two months: who was named, what could go wrong, who helps, what went wrong, and what works."""
    kept, measures = _Registers(teller), list[str]()
    told: dict[int, Callable[[], None]] = {
        60: lambda: _begin(kept),
        55: lambda: _weigh_risks(kept),
        49: lambda: measures.extend(_describe_measures(kept)),
        48: lambda: _let_processor_in(kept, measures),
        35: lambda: _go_through_breach(kept),
        20: lambda: _test_measures(kept, measures),
        12: lambda: _make_documents(kept),
        5: lambda: tell_review(teller),
    } | {days: lambda: tell_check(teller) for days in range(53, 0, -7)}
    for days in sorted(told, reverse=True):
        teller.at(plan.last_day - timedelta(days=days), 16)
        told[days]()


def _begin(kept: _Registers) -> None:
    tell_staff(kept.teller)
    _name_people(kept)


def _name_people(kept: _Registers) -> None:
    """Two people name who answers for confidentiality, who oversees, and whom colleagues ask."""
    for function, who, reach in (
        ("confidentiality_coordinator", "bert", "vertrouwelijkheid@databeheer.example"),
        ("officer", "hilde", "privacy@databeheer.example"),
        ("contact", "femke", "aanspreekpunt@databeheer.example"),
    ):
        said = {
            "function": function,
            "name": _NAMES[who],
            "from_day": kept.today.isoformat(),
            "reach": reach,
        }
        kept.write("hilde", "appointment", said)
    points = {"for_people": "privacy@databeheer.example", "for_authority": "toezicht@databeheer.example"}
    kept.write("hilde", "contact_point", points)


def _weigh_risks(kept: _Registers) -> None:
    """A risk with its review; and a change that had its questions beforehand."""
    kept.write(
        "hilde",
        "risk",
        {
            "title": "Uit kwartierwaarden blijkt wanneer iemand thuis is",
            "description": "Wie lang genoeg meekijkt, kent het ritme van een gezin: wanneer het weg is, of op reis.",
            "likelihood": 2,
            "impact": 4,
            "treatment": "Dagtotalen waar die volstaan; elke blik staat in het logboek dat de klant zelf leest.",
            "owner": _NAMES["hilde"],
            "review_on": kept.in_days(300),
        },
    )
    questions = kept.write(
        "bert",
        "questionnaire",
        {
            "title": "Het loket belt terug over ontbrekende meetwaarden",
            "purpose": "Klanten horen binnen een dag waarom een meting ontbreekt.",
            "data": "De aansluiting en welke dagen ontbreken; geen verbruik.",
            "recipients": "Het loket, met een dossier.",
            "retention": "Tot het dossier dicht is",
            "access_rights": "Kijken naar één klant, met dossier. Wijzigen is niet nodig.",
            "security": "Geen nieuwe kopie: het scherm toont wat de deur per keer geeft.",
            "needs_assessment": False,
        },
    )
    kept.write(
        "bert",
        "change",
        {
            "title": "Terugbellen over ontbrekende meetwaarden",
            "what": "process_change",
            "description": "Het loket krijgt elke ochtend een lijst van dossiers, zonder namen.",
            "questionnaire": questions,
        },
    )


def _describe_measures(kept: _Registers) -> list[str]:
    """What the house does against what could go wrong."""
    told = (
        (
            "Sleutels buiten de databank",
            "confidentiality",
            "Sleutels die in een dump staan",
            "Geen enkele",
            "De databank alleen opent niets: de sleutels liggen in een aparte kluis, met een eigen kopie.",
        ),
        (
            "Logboek dat niemand kan herschrijven",
            "integrity",
            "Getuigen die het logboek bevestigen",
            "Minstens één, elke minuut",
            "Elke blik op meetwaarden staat erin voor ze vertrekt; buitenstaanders rekenen het na.",
        ),
        (
            "Herstel uit een kopie",
            "availability",
            "Minuten tot het huis weer antwoordt",
            "Hoogstens 60",
            "Elke nacht een kopie op een andere plaats; wat ingetrokken was, blijft ingetrokken.",
        ),
    )
    return [
        kept.write(
            "femke",
            "measure",
            {
                "title": title,
                "aspect": aspect,
                "owner": _NAMES["femke"],
                "metric": metric,
                "goal": goal,
                "detail": detail,
            },
        )
        for title, aspect, metric, goal, detail in told
    ]


def _let_processor_in(kept: _Registers, measures: list[str]) -> None:
    """A computing centre and who helps it: agreement, consent, assessment, analysis and test; only then it starts."""
    teller = kept.teller
    party = str(
        teller.operator(
            "registry.party.add",
            name="Rekenhuis Leie",
            role="processor",
            about="Bewaart de nachtelijke kopieën, versleuteld.",
            website="https://rekenhuis-leie.example",
        )["party_id"]
    )
    agreement = kept.write(
        "hilde",
        "agreement",
        {clause.value: True for clause in Clause}
        | {
            "number": "VO-2026-014",
            "from_day": kept.today.isoformat(),
            "until_day": kept.in_days(2 * 365),
            "immediate_breach_notice": True,
            "documents_available": True,
            "country": "BE",
            "safeguard": "inside",
            "mode": "specific",
        },
        party_id=party,
    )
    helper = {"name": "Kühlkeller GmbH", "country": "DE", "task": "Een tweede kopie, op een andere plaats."}
    consent = kept.write("bert", "sub_processor_consent", helper, within=agreement)
    kept.write(
        "bert",
        "sub_processor",
        {
            "name": helper["name"],
            "consent": consent,
            "agreement_number": "UV-77",
            "same_duties": True,
            "until_day": kept.in_days(365),
        },
        within=agreement,
    )
    needs = {
        "agreement": agreement,
        "assessment": kept.write(
            "hilde", "assessment", assessment("GEB-rekenhuis", kept.today), party_id=party
        ),
        "process": kept.write(
            "femke",
            "process",
            {
                "title": "Kopieën bewaren buiten het huis",
                "analysed_on": kept.today.isoformat(),
                "method": "EBIOS",
                "conclusion": "Aanvaardbaar: het rekenhuis heeft geen sleutel en ziet alleen versleutelde bestanden.",
            },
            party_id=party,
        ),
        "penetration_test": kept.write(
            "femke",
            "measure_test",
            {
                "title": "Binnendringen bij het rekenhuis",
                "what": "penetration",
                "held_on": kept.today.isoformat(),
                "tester": "Slotenmakers BV",
                "measures": measures[:1],
                "result": "Twee dagen geprobeerd. Geen toegang tot de kopieën.",
            },
            party_id=party,
        ),
    }
    kept.write("hilde", "go_live", needs, party_id=party)


def _go_through_breach(kept: _Registers) -> None:
    """A letter in the wrong box: from detection to notice and closed, each step with its time."""
    found = kept.teller.clock.now()
    breach = kept.write(
        "femke",
        "breach",
        {
            "title": "Brief met een EAN-code in de verkeerde bus",
            "nature": "confidentiality",
            "detected_at": format_instant(found - timedelta(hours=6)),
            "aware_at": format_instant(found - timedelta(hours=5)),
            "description": "Een buur opende een brief met de EAN-code van het adres ernaast, en belde ons.",
        },
    )
    kept.write(
        "femke",
        "breach_assessment",
        {
            "risk": "likely",
            "kinds_of_data": "Adres en EAN-code",
            "persons": 2,
            "records": 1,
            "consequences": "Met de code alleen leest niemand iets; de bewoner schrok wel.",
            "measures": "De brief kwam terug, de bewoner kreeg uitleg, de drukker kijkt adressen na.",
            "far_reaching": False,
        },
        within=breach,
    )
    for phase, later, words in (
        ("first", timedelta(hours=-1), "Eén brief, twee mensen, geen meetwaarden."),
        ("last", timedelta(), "De brief is terug. Er volgt niets meer."),
    ):
        kept.write(
            "hilde",
            "breach_notice",
            {
                "sent_at": format_instant(found + later),
                "phase": phase,
                "reference": f"GBA-{found.year}-0417",
                "nature": words,
                "contact": "privacy@databeheer.example",
                "consequences": "Klein: de code opent niets zonder de meter ernaast.",
                "measures": "Brief terug, uitleg aan de bewoner, adressen nagekeken.",
            },
            within=breach,
        )
    kept.close("femke", breach, "closed", "De brief is terug en wie het aanging, weet ervan.")


def _test_measures(kept: _Registers, measures: list[str]) -> None:
    """Two tests, and a finding that led to a change."""
    test = {"held_on": kept.today.isoformat(), "tester": "Slotenmakers BV"}
    kept.write(
        "femke",
        "measure_test",
        test
        | {
            "title": "Terugzetten van gisteren",
            "what": "restore",
            "measures": measures[2:],
            "minutes": 42,
            "result": "Na 42 minuten antwoordde het huis weer. Wat ingetrokken was, bleef ingetrokken.",
        },
    )
    scan = kept.write(
        "femke",
        "measure_test",
        test
        | {
            "title": "Scan op kwetsbaarheden",
            "what": "scan",
            "measures": measures,
            "result": "Eén bevinding.",
        },
    )
    finding = kept.write(
        "femke",
        "finding",
        {
            "title": "Een toestel van het loket liep een update achter",
            "severity": "medium",
            "detail": "De browser was twaalf dagen oud.",
            "due_on": kept.in_days(14),
        },
        within=scan,
    )
    action = kept.write(
        "femke",
        "action",
        {
            "title": "Toestellen werken zichzelf bij",
            "changes": "infrastructure",
            "owner": _NAMES["jonas"],
            "detail": "Elke nacht, en wie drie dagen achterloopt, komt er niet meer in.",
        },
        within=finding,
    )
    kept.close("femke", action, "done", "Alle toestellen zijn bij.")
    kept.close("femke", finding, "solved", "De volgende scan vond niets.")


def _make_documents(kept: _Registers) -> None:
    """The reports that are made of all this, each by who may."""
    days = {"first": kept.today.replace(month=1, day=1).isoformat(), "last": kept.today.isoformat()}
    for who, kind in (
        ("hilde", "processing_record"),
        ("bert", "confidentiality_report"),
        ("femke", "measures_file"),
    ):
        kept.as_(who, "governance.document.make", kind=kind, **days)


def _file(words: str) -> str:
    """The hash of a file that exists in the story alone."""
    return sha256(words.encode()).hexdigest()
