"""Who lives in the house that the walk visits, and what happened to them: something for every page in every state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from databeheer.approval_letters import code as codes
from databeheer.brussels import day_of
from databeheer.demo.copying import Original
from databeheer.demo.tamper import tamper
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.identity.sessions import FRESH_TERM
from databeheer.values import format_instant
from ledger.note import SigningKey
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.doubt.acts import contact, raise_doubt
from tests.databeheer.joins.street import SEPTEMBER
from tests.databeheer.joins.street import settle as settle_street
from tests.databeheer.mandate_imports.importing import Brought, line
from tests.databeheer.metering.builders import day_rows, english
from tests.databeheer.onboarding.people import officer
from tests.databeheer.statistics.town import run
from tests.databeheer.statistics.town import settle as settle_town
from tests.governance import agreed, write
from tests.house import Customer, Party, TheHouse
from tests.letters import confirm_email
from tests.linking import NOWHERE, report_rosa
from tests.web.programs import publish

LOTTES_GAS, SEASIDE, OLD_HOME = "541448899990000046", "541448899990000053", "541448899990000077"
BAKERYS = tuple(f"54144889999100{end}" for end in ("0014", "0021", "0038", "0045", "0052"))
MEASURED = date(2023, 10, 29)
EMAIL = {
    "at": "2026-11-19T15:05:00Z",
    "to": "maria@voorbeeld.be",
    "subject": "Zonnewijzer vraagt toestemming om uw meetgegevens te lezen",
    "body": "Dag Maria\n\nMeld u daar aan zoals u gewoon bent.\n",
}
HOOK = {
    "at": "2026-11-19T15:05:01Z",
    "id": "msg_1",
    "body": '{"type": "permission.granted"}',
    "is_ours": True,
}


@dataclass
class Story:
    """What the walk needs of the house: who is logged in, and what addresses of pages are made of."""

    house: TheHouse
    sessions: dict[str, str] = field(default_factory=dict)
    """The session of each person, by name."""
    facts: dict[str, str] = field(default_factory=dict)
    """Ids and codes, by the name that `places` gives them."""
    player: dict[str, Any] = field(default_factory=dict)
    log_key: SigningKey | None = None

    def fulfil(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Answer as the demo's supervisor."""
        if wish["do"] == "describe":
            return {"credentials": {"parties": [self.player]}}
        if wish["do"] == "post":
            return {"emails": [EMAIL], "hooks": [HOOK]}
        original = Original(self.house.database.url("superuser"), self.house.folder / "public", self.log_key)
        return tamper(original, wish["kind"], self.house.folder / "scratch")


@contextmanager
def linking_closed(story: Story) -> Iterator[None]:
    """The desk closed linking, and opens it again."""
    why = {"reason": "a drill", "by": "Ona Operator"}
    story.house.operator("link.close", **why)
    yield
    story.house.operator("link.reopen", **why)


@contextmanager
def too_busy(story: Story) -> Iterator[None]:
    """More waits at the door than it takes of one visitor."""
    loop = story.house.service.loop
    most, loop._most_of_one = loop._most_of_one, 0
    yield
    loop._most_of_one = most


@contextmanager
def some_time_later(story: Story) -> Iterator[None]:
    """Everybody logged in a while ago: too long to give something away, not too long to look."""
    story.house.clock.advance(FRESH_TERM)
    yield


def tell(house: TheHouse) -> Story:
    """Let everything happen."""
    story = Story(house)
    lotte = house.customer("lotte", "Lotte Janssens")
    house.point(LOTTES_EAN, lotte)
    bram = house.party("Bram Energieadvies", "energy_service")
    erik = house.party("Erik Energie", "supplier")
    net = house.party("Netbeheerder Test", "dso", operator=1)
    house.party("Toezichthouder", "regulator")
    house.ingest(english(*day_rows(MEASURED)))
    confirm_email(house, lotte, "lotte@voorbeeld.be")
    story.sessions["lotte"] = lotte.session
    story.player = {
        "key": "advice",
        "name": bram.name,
        "role": "energy_service",
        "client_id": bram.client_id,
        "client_secret": bram.client_secret,
    }
    _streets_and_towns(story, net)
    _lotte_decides(story, lotte, bram, erik)
    _lotte_uses_her_rights(story, lotte)
    _desk(story)
    _maria_and_the_others(story, lotte, bram)
    _links(story, net)
    _bakery(story, bram)
    _parties(story)
    story.log_key = publish(house)
    return story


def _lotte_decides(story: Story, lotte: Customer, bram: Party, erik: Party) -> None:
    """Permissions in every state."""
    house, facts = story.house, story.facts
    electricity = lotte.occupancy()
    house.point(LOTTES_GAS, lotte, commodity="gas")
    house.point(SEASIDE, lotte, address="Zeedijk 1, 8400 Oostende")
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2022-01-01")
    house.operator("permission.terms.set", longest_days=400, renewal_days=30)

    several = bram.ask(up_to=3, reference="several", data_from="2023-01-01T00:00:00Z")
    active = lotte.grant(several, electricity)["permission"]["permission_id"]
    read = bram.read(active)["index"]
    withdrawn = lotte.grant(bram.ask(granularity="day"), electricity)["permission"]["permission_id"]
    lotte.withdraw(withdrawn)
    zon = house.party("Zonnewijzer", "energy_service")
    ending = zon.ask(valid_until=format_instant(house.clock.now() + timedelta(days=9)))
    renewable = lotte.grant(ending, electricity)["permission"]["permission_id"]
    waiting = bram.ask(ean=LOTTES_EAN, granularity="day")["permission_id"]
    refused = bram.ask(ean=LOTTES_EAN, granularity="month")["permission_id"]
    lotte.call("permission.refuse", permission_id=refused)
    brought = Brought.of(house, bram, line())

    doubted_party = house.party("Haastige Verkoper", "energy_service")
    doubted = lotte.grant(doubted_party.ask(), electricity)["permission"]
    case = raise_doubt(lotte, doubted)
    contact(house, case)

    hanging = house.party("Geschorste Dienst", "energy_service")
    hanging.ask(ean=LOTTES_EAN, granularity="day")
    house.operator("registry.party.suspend", party_id=hanging.party_id, reason="no DPIA")
    facts |= {
        "electricity": electricity,
        "party": bram.party_id,
        "active": active,
        "read": str(read),
        "withdrawn": withdrawn,
        "renewable": renewable,
        "waiting": waiting,
        "brought": brought.permission(),
        "link": bram.ask()["link_code"],
        "case": case["case_id"],
    }


def _lotte_uses_her_rights(story: Story, lotte: Customer) -> None:
    """Ports, requests about rights, and somebody who acts for her."""
    house, facts = story.house, story.facts
    fitted = house.operator(
        "registry.meter.install", ean=LOTTES_EAN, meter="1SAG1", digital=True, ports=["P1", "S1"]
    )
    facts["meter"] = fitted["meter_id"]
    port = {"occupancy_id": facts["electricity"], "meter_id": fitted["meter_id"], "port": "P1"}
    lotte.call("port.open", **port, seen=0, notice="x", language="nl")
    wish = {"kind": "rectification", "fact": "name", "words": "Janssens met een c."}
    facts["right"] = lotte.call("rights.ask", **wish)["request_id"]
    for subject, name in (("theo", "Theo Wouters"), ("tess", "Tess Wouters")):
        acting = house.customer(subject, name)
        added = house.operator(
            "registry.representation.add",
            person_id=str(lotte.person_id),
            representative_id=str(acting.person_id),
            reference="vrederechter Gent 2026/17",
            from_day="2024-01-01",
        )
        story.sessions[subject] = acting.session
    acting.call("representation.take_up", representation_id=str(added["id"]))


def _maria_and_the_others(story: Story, lotte: Customer, bram: Party) -> None:
    """Maria has one address and nobody who reads; Dirk moved out; Nele has a code of Maria alone."""
    house = story.house
    maria = house.customer("maria", "Maria Peeters")
    house.point(MARIAS_EAN, maria, address="Dorpsplein 3, 9000 Gent")
    dirk = house.customer("dirk", "Dirk Verhuisd")
    house.point(OLD_HOME, dirk, since=date(2015, 1, 1), address="Oude Baan 8, 9000 Gent")
    gone = (day_of(house.clock.now()) - timedelta(days=1200)).isoformat()
    house.operator("registry.occupancy.end", ean=OLD_HOME, until_day=gone)
    nele = house.customer("nele", "Nele Nieuw")
    maria.call(
        "attorney.invite",
        invitation_id=str(uuid4()),
        name=nele.name,
        stays=[maria.occupancy()],
        decides=True,
        until_day=(day_of(house.clock.now()) + timedelta(days=90)).isoformat(),
    )
    [invited] = maria.call("attorney.show")["invitations"]
    story.facts["attorney_code"] = invited["code"]
    for one in (maria, dirk, nele):
        story.sessions[one.subject] = one.session
    story.facts |= {name: house.log_in(lotte.subject, lotte.name) for name in ("ended", "anew")}
    house.client.call("session.end", Proof.session(story.facts["ended"]))
    asked = bram.ask()
    link = {"permission_id": asked["permission_id"], "link_code": asked["link_code"]}
    maria.call("permission.forward", **link, ean=story.facts["neighbour"])
    [letter] = house.operator("letter.list")["letters"]
    story.facts["letter"] = str(house.operator("letter.open", letter_id=letter["letter_id"])["code"])
    story.facts["unknown_code"] = codes.new().shown


def _links(story: Story, net: Party) -> None:
    """Rosa can link and did not yet; Karel guessed until he was locked out."""
    report_rosa(story.house, net)
    rosa = story.house.customer("rosa", "Rosa Vermeulen")
    karel = story.house.customer("karel", "Karel Kijker")
    for _ in range(3):
        karel.call("link.attempt", ean=NOWHERE, meter="1SAG0")
    story.sessions |= {"rosa": rosa.session, "karel": karel.session}


def _bakery(story: Story, bram: Party) -> None:
    """Els acts for a bakery with five access points; Bram has data of two. Wim acts for a butcher without any."""
    house = story.house
    bakery = house.business("0403170701", "Bakkerij Van Damme bv", "els", "Els Van Damme")
    butcher = house.business("0401722035", "Slagerij De Wolf bv", "wim", "Wim De Wolf")
    for number, ean in enumerate(BAKERYS):
        house.point(ean, bakery, address=f"Molenstraat {1 + number // 2}, 9000 Gent")
    bakery.call(
        "permission.choose_many",
        batch_id=str(uuid4()),
        party_id=bram.party_id,
        purpose="energy_advice",
        granularity="day",
        directions=["offtake"],
        data_from="2026-01-01T00:00:00Z",
        occupancy_ids=[bakery.occupancy(number) for number in range(2)],
        notice="x",
        language="nl",
    )
    story.sessions |= {"els": bakery.session, "wim": butcher.session}


def _streets_and_towns(story: Story, net: Party) -> None:
    """A join by the grid operator, a month of statistics, and an inspector."""
    house = story.house
    neighbours = settle_street(house, 10)
    net.call(
        "joins.run",
        case_id="fraud-month-totals",
        purpose="fraud_detection",
        requester_note="FR-1",
        eans=[one.ean.digits for one in neighbours],
        **SEPTEMBER,
    )
    story.facts["neighbour"] = neighbours[0].ean.digits
    settle_town(house, [100 + 5 * number for number in range(12)])
    story.facts["release"] = run(house)["release_id"]
    story.sessions["ines"] = house.inspector()
    complaint = {"reference": "Dossier-16", "origin": "own", "first": "2023-10-01", "last": "2023-10-31"}
    story.facts["complaint"] = house.client.call(
        "complaint.open",
        Proof.session(story.sessions["ines"]),
        complaint_id=str(uuid4()),
        ean=story.facts["neighbour"],
        words="Wie las er?",
        **complaint,
    )["complaint_id"]
    petra = house.colleague("petra", "desk", "manager", "metering_clerk")
    wish = {"kind": "wrong_values", "what": "een sprong om twaalf uur", "ean": story.facts["neighbour"]}
    case = petra.call("staff.case.open", **wish)["reference"]
    petra.call("staff.register.ask", reference=case, reason="een erfgenaam vraagt", signed_as="Petra")
    story.facts |= {"colleague": petra.account_id, "file": case}
    with suppress(DoorRefusedError):
        petra.call("staff.look", reference="Z2026-999999")
    hilde = house.colleague("hilde", "privacy_officer")
    story.sessions["hilde"] = hilde.session
    story.facts["today"] = day_of(house.clock.now()).isoformat()
    story.facts["assessment"] = write(house, "assessment", party_id=net.party_id)["record_id"]
    story.facts["breach"] = write(house, "breach", aware_at=format_instant(house.clock.now()))["record_id"]
    agreed(house, "breach_assessment", within=story.facts["breach"])
    agreed(house, "measure_test", measures=[agreed(house, "measure")])
    report = {"kind": "measures_file", "first": "2023-01-01", "last": "2023-12-31", "by": "E-1"}
    story.facts["document"] = house.operator("governance.document.make", **report)["document_id"]
    lacking = house.colleague("jonas", "administrator", trained_until=None)
    ada = house.colleague("ada", "administrator")
    story.sessions |= {"petra": petra.session, "jonas": lacking.session, "ada": ada.session}


def _desk(story: Story) -> None:
    """Lotte calls, and is not identified yet; and she writes, and is."""
    petra = partial(story.house.client.call, proof=Proof.session(story.sessions["petra"]))
    asked = {"contact_id": str(uuid4()), "caller": "customer", "what": "vraagt haar EAN-code"}
    on_record = {"channel": "call", "told_recorded": True, "recording": "R-1"}
    story.facts["call"] = petra("desk.open", **asked, **on_record)["reference"]
    asked |= {"contact_id": str(uuid4()), "channel": "letter", "what": "trekt een toestemming in"}
    paper = story.facts["paper"] = petra("desk.open", **asked)["reference"]
    who = {"ean": LOTTES_EAN, "meter": "1SAG1", "name": "Lotte Janssens"}
    petra("desk.identify", reference=paper, **who)


def _parties(story: Story) -> None:
    """Nora fills everything in for her enterprise; Yusuf has yet to apply."""
    nora = officer(story.house)
    nora.apply()
    nora.program()
    nora.program(("facade",))
    nora.call("webhook.put", url="https://hooks.example.com/in")
    nora.call("webhook.test")
    nora.fill()
    new = officer(story.house, "yusuf", "0876543270")
    empty = officer(story.house, "sanne", "0403170701")
    empty.apply("Nieuwkomer")
    story.sessions |= {"nora": nora.session, "yusuf": new.session, "sanne": empty.session}
