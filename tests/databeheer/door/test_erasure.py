"""Erasure: what was decided goes, in all places; what proves stays, and verifies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import psycopg
import pytest

from databeheer.brussels import day_of
from databeheer.door.bodies.halves import subject_handle
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.erasure import erasing
from databeheer.door.keys import seals
from databeheer.door.keys.store import Epochs, KeyStore, KeyStoreError, Kind, NewEpoch
from databeheer.door.statement import Statement, Subject
from databeheer.metering import intake
from databeheer.site.audit import audit_bodies
from ledger import receipt
from ledger.cli import main as ledger_main
from ledger.commitment import Opening
from ledger.encoding import decode_base64
from ledger.entry import parse
from ledger.errors import InconsistentError, ProofError
from ledger.report import Report
from ledger.sources import DirectorySource
from tests.conftest import LOTTES_EAN
from tests.copies import setting_up
from tests.databeheer.door.conftest import DAYS, export
from tests.databeheer.metering.builders import day_rows, english
from tests.doors import execute, query
from tests.epochs import begin_epoch
from tests.house import Customer, Party, TheHouse
from tests.security.test_dump import dump
from tests.web.programs import publish

YEAR = timedelta(days=366)
ASKED_BY_ITSELF = {
    *("v", "at", "party", "permission", "ground", "operator", "granularity", "category", "directions")
}


def reopened(house: TheHouse, customer: Customer) -> Customer:
    """The customer after some years, logged in again."""
    customer.session = house.log_in(customer.subject, customer.name)
    return customer


def later(house: TheHouse, years: int, *people: Customer) -> None:
    house.clock.advance(years * YEAR)
    for person in people:
        reopened(house, person)


@dataclass
class Left:
    """Lotte's stay has ended; Bram read during it, Joris was refused, and receipts were saved."""

    house: TheHouse
    lotte: Customer
    bram: Party
    joris: Party
    stay: UUID
    permission: str
    read: int
    refused: int
    openings: dict[str, dict[str, Any]]

    def decide(self, data_class: str, reason: str = "retention_ended", **changes: Any) -> dict[str, Any]:
        wish = {
            "data_class": data_class,
            "reason": reason,
            "decided_by": "DPO",
            **({"person_id": str(self.lotte.person_id)} if data_class == "person" else {}),
            **({"occupancy_id": str(self.stay)} if data_class in ("readings", "ledger") else {}),
        }
        return self.house.operator("erasure.decide", **(wish | changes))

    def erase(self, *classes: str) -> dict[str, Any]:
        for data_class in classes:
            self.decide(data_class)
        return self.house.operator("erasure.execute")

    def renew(self, party: Party) -> Party:
        party.token = self.house.token(party.client_id, party.client_secret)
        return party

    def own_class(self, data_class: str) -> dict[str, Any]:
        found = self.lotte.call("erasure.mine")["classes"]
        return next(one for one in found if one["data_class"] == data_class)

    def audit(self) -> str:
        report = Report()
        audit_bodies(self.house.client, Proof.operator(self.house.operator_key), report)
        return report.checks[0].detail

    def entry(self, index: int) -> bytes:
        return bytes(query(self.house, "SELECT entry FROM ledger.entry WHERE index = %s", index)[0][0])


@pytest.fixture
@setting_up
def left(house: TheHouse, measured: Customer, granted: dict[str, Any], bram: Party, joris: Party) -> Left:
    read = bram.read(granted["permission_id"])["index"]
    with pytest.raises(DoorRefusedError) as refused:
        joris.read(ean=LOTTES_EAN)
    openings = {
        "party": bram.call("receipt.opening", index=read),
        "subject": measured.call("receipt.opening", index=read),
    }
    stay = UUID(measured.occupancy())
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day_of(house.clock.now()).isoformat())
    assert refused.value.index is not None
    index = refused.value.index
    return Left(house, measured, bram, joris, stay, granted["permission_id"], read, index, openings)


def refusal(attempt: Any) -> tuple[str, str | None]:
    with pytest.raises(DoorRefusedError) as refused:
        attempt()
    return refused.value.code, refused.value.reason


def test_nothing_goes_before_its_term_and_the_refusal_is_recorded_with_its_day(left: Left) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        left.decide("readings")
    today = day_of(left.house.clock.now())
    assert (refused.value.code, refused.value.reason) == ("erasure-refused", "term_runs")
    earliest = today.replace(year=today.year + 3).isoformat()
    assert refused.value.earliest == earliest
    assert f"; it may go from {earliest} on; recorded as entry {refused.value.index}" in str(refused.value)
    assert refusal(lambda: left.decide("ledger", "authority_order")) == ("erasure-refused", "term_runs")
    assert refusal(lambda: left.decide("person")) == ("erasure-refused", "other_evidence")
    assert refusal(lambda: left.decide("house")) == ("erasure-refused", "house_evidence")
    events = [one["event"] for one in left.lotte.statements(kind=None)][:2]
    assert events == ["erasure.refused", "erasure.refused"]
    assert refusal(lambda: left.house.operator("erasure.execute")) == ("conflict", None)
    assert left.house.house.keys.epoch == 1


def test_a_stay_that_lasts_is_in_use(house: TheHouse, measured: Customer) -> None:
    wish = {"occupancy_id": measured.occupancy(), "decided_by": "DPO"}
    for reason in ("wrong_person", "data_subject_request"):
        code = refusal(
            lambda reason=reason: house.operator(
                "erasure.decide", data_class="readings", reason=reason, **wish
            )
        )
        assert code == ("erasure-refused", "in_use")


def test_erased_readings_are_found_nowhere_and_what_proves_the_reads_stays(left: Left) -> None:
    house = left.house
    root = house.house.readings_root(left.stay)
    pseudonym = seals.pseudonym(root)
    later(house, 3, left.lotte)
    due = [one for one in house.operator("erasure.list")["due"] if one["occupancy_id"] == str(left.stay)]
    assert [one["data_class"] for one in due] == ["readings"]
    done = left.erase("readings")
    assert (done["epoch_ended"], done["epoch_begun"], done["erased"]) == (1, 2, {"readings": 1})
    assert query(house, "SELECT count(*) FROM metering.profile WHERE pseudonym = %s", pseudonym) == [(0,)]
    assert pseudonym.hex().encode() not in dump(house)
    stored = b"".join(file.read_bytes() for file in (house.folder / "keys").iterdir())
    assert root not in stored
    assert bytes([Kind.READINGS]) + left.stay.bytes not in stored
    records = KeyStore(house.folder / "keys")
    assert not records.holds(Kind.READINGS, left.stay)
    assert records.holds(Kind.OCCUPANCY_LEDGER, left.stay)
    newest = left.lotte.statements(kind=None)[0]
    assert (newest["event"], newest["index"]) == ("erasure.executed", done["index"])
    again, before = left.lotte.call("receipt.opening", index=left.read), left.openings["subject"]
    assert again | {"head": None} == before | {"head": None}
    assert again["head"] != before["head"], "the erasure is a statement too: there is a newer one"
    assert left.own_class("readings")["erasure"]["executed_index"] == done["index"]
    assert "erased" not in left.audit()


def test_a_look_at_erased_readings_gives_nothing_and_says_when_they_went(left: Left) -> None:
    later(left.house, 3, left.lotte)
    index = left.erase("readings")["index"]
    look = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
    seen = left.lotte.call("readings.read", occupancy_id=str(left.stay), **look)
    assert seen["channels"] == []
    assert [one["index"] for one in seen["erased"]] == [index]
    home = left.lotte.call("me")["occupancies"][0]
    assert home["erased"]["readings"]["index"] == index
    assert home["last_reading_day"] is None


def test_an_old_file_does_not_bring_erased_readings_back(left: Left) -> None:
    later(left.house, 3)
    left.erase("readings")
    report = left.house.ingest(export())
    assert (report.erased_days, report.new_days, report.changed) == (3, 0, False)
    assert query(left.house, "SELECT count(*) FROM metering.profile") == [(0,)]


def test_erased_ledger_bodies_are_gone_and_saved_receipts_still_verify(left: Left) -> None:
    house = left.house
    key = house.house.keys_of_subject(left.stay)
    handle = subject_handle(key)
    later(house, 10, left.lotte)
    left.renew(left.bram)
    done = left.erase("readings", "ledger")
    assert query(house, "SELECT count(*) FROM ledger.statement WHERE handle = %s", handle) == [(0,)]
    assert query(house, "SELECT count(*) FROM permissions.permission") == [(0,)]
    content = dump(house)
    for secret in (handle, key):
        assert secret.hex().encode() not in content
    with pytest.raises(KeyStoreError):
        house.house.keys_of_subject(left.stay)
    for saved in left.openings.values():
        opening = Opening.from_dict(saved["opening"])
        opening.verify(parse(left.entry(left.read)).commitment)
        assert decode_base64(saved["entry"], "entry") == left.entry(left.read)
    with pytest.raises(DoorRefusedError, match=f"see entry {done['index']}") as refused:
        left.bram.call("receipt.opening", index=left.read)
    assert refused.value.code == "erased"
    assert "retention_ended" in left.audit()
    found = house.operator("ledger.check_bodies", start=0, limit=2000)
    assert found["problems"] == found["unopened"] == []
    assert {"index": left.read, "reason": "retention_ended", "by": done["index"]} in found["erased"]
    assert left.lotte.statements() == []
    assert left.own_class("ledger")["erasure"]["executed_index"] == done["index"]


def test_a_receipt_file_saved_before_verifies_after_and_so_does_the_whole_log(left: Left) -> None:
    house, log = left.house, left.house.folder / "public"
    key = publish(house).verifier
    saved = [
        receipt.from_log(
            DirectorySource(log),
            [key],
            left.read,
            decode_base64(told["entry"], "entry"),
            Opening.from_dict(told["opening"]),
        )
        for told in left.openings.values()
    ]
    later(house, 10)
    left.erase("readings", "ledger")
    publish(house)
    for document in saved:
        verified = receipt.verify(receipt.parse(document), [key])
        assert verified.index == left.read
        assert verified.opening is not None
        assert b"data.read" in verified.opening.shared_body
    verify_log = ["verify", str(log), "--key", str(log / "vkey"), "--full"]
    assert ledger_main(verify_log) == 0


def test_two_receipts_of_one_party_share_nothing_of_the_subject(
    left: Left, granted: dict[str, Any], bram: Party
) -> None:
    """Erased or not: what a party keeps ties no two of its entries to more than what it asked itself."""
    other = query(left.house, "SELECT index FROM ledger.body WHERE event = 'permission.granted'")[0][0]
    openings = [left.openings["party"]["opening"], bram.call("receipt.opening", index=other)["opening"]]
    assert [set(opening) for opening in openings] == [{"v", "shared", "subject_root"}] * 2
    assert len({opening["subject_root"] for opening in openings}) == 2
    bodies = [json.loads(decode_base64(opening["shared"]["body"], "body")) for opening in openings]
    for body in bodies:
        assert not {"subject", "counter", "previous", "occupancy", "handle"} & set(body)
    told = {str(value) for body in bodies for value in body.values()}
    assert not told & {str(left.stay), str(left.lotte.person_id)}
    in_common = {name for name in bodies[0] if bodies[0][name] == bodies[1].get(name)}
    assert in_common <= {
        "v",
        "party",
        "permission",
        "ground",
        "operator",
        "granularity",
        "category",
        "directions",
        "at",
    }


def test_of_an_entry_about_two_the_other_keeps_line_and_receipt(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party, joris: Party
) -> None:
    """A notice tells both Lotte and Maria: erasing one leaves the other's, and what the party keeps."""
    party = house.party("Tussenpersoon", "intermediary", contract=False)
    notice = {"purposes": ["market_facilitation"], "channel": "letter", "text_sha256": "11" * 32}
    house.operator("registry.notice.give", party_id=party.party_id, **notice)
    [index] = query(house, "SELECT max(index) FROM ledger.statement WHERE leaf = 1")[0]
    assert query(house, "SELECT count(*) FROM ledger.statement WHERE index = %s", index) == [(2,)]
    stay = UUID(lotte.occupancy())
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    left = Left(house, lotte, bram, joris, stay, "", 0, 0, {})
    later(house, 11)
    left.renew(party)
    before = party.call("receipt.opening", index=index)
    left.erase("readings", "ledger")
    assert party.call("receipt.opening", index=index) == before
    assert query(house, "SELECT count(*) FROM ledger.statement WHERE index = %s", index) == [(1,)]
    Opening.from_dict(before["opening"]).verify(parse(left.entry(index)).commitment)
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def test_the_ledger_goes_no_earlier_than_the_readings_and_may_go_with_them(left: Left) -> None:
    later(left.house, 10)
    assert refusal(lambda: left.decide("ledger")) == ("erasure-refused", "other_evidence")
    assert left.erase("readings")["erased"] == {"readings": 1}
    assert left.erase("ledger")["erased"] == {"ledger": 1}


def test_a_person_goes_last_and_a_new_log_in_finds_a_stranger(left: Left) -> None:
    later(left.house, 10, left.lotte)
    left.erase("readings", "ledger")
    session = left.lotte.session
    left.erase("person")
    row = query(
        left.house, "SELECT name_sealed FROM identity.person WHERE person_id = %s", left.lotte.person_id
    )
    assert bytes(row[0][0]) == b""
    assert not left.house.house.keys.holds(Kind.PERSON, left.lotte.person_id)
    with pytest.raises(DoorRefusedError, match="log in again"):
        left.house.client.call("me", Proof.session(session))
    stranger = reopened(left.house, left.lotte)
    assert stranger.call("me")["occupancies"] == []


def test_a_request_about_somebody_whose_ledger_was_erased_does_not_fail(left: Left) -> None:
    later(left.house, 10)
    left.erase("readings", "ledger")
    left.renew(left.joris)
    for ask in (
        lambda: left.joris.read(ean=LOTTES_EAN),
        lambda: left.renew(left.bram).read(left.permission),
    ):
        with pytest.raises(DoorRefusedError) as refused:
            ask()
        assert refused.value.code == "no-legal-basis"
        assert refused.value.index is not None
    assert left.house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def test_a_customer_asks_and_the_operator_decides(left: Left) -> None:
    assert refusal(
        lambda: left.lotte.call("erasure.ask", data_class="readings", occupancy_id=str(left.stay))
    ) == ("erasure-refused", "term_runs")
    later(left.house, 3, left.lotte)
    assert left.own_class("readings")["obstacle"] is None
    assert left.own_class("ledger")["obstacle"] == "term_runs"
    left.lotte.call("erasure.ask", data_class="readings", occupancy_id=str(left.stay))
    assert left.own_class("readings")["erasure"]["state"] == "asked"
    assert (
        refusal(lambda: left.lotte.call("erasure.ask", data_class="readings", occupancy_id=str(left.stay)))[0]
        == "conflict"
    )
    tomorrow = (day_of(left.house.clock.now()) + timedelta(days=1)).isoformat()
    decided = left.decide("readings", "data_subject_request", not_before=tomorrow)
    assert decided["legal_basis"] == "GDPR 17(1)(a)-(c)"
    assert refusal(lambda: left.house.operator("erasure.execute"))[0] == "conflict"
    left.house.clock.advance(timedelta(days=1))
    reopened(left.house, left.lotte)
    left.house.operator("erasure.execute")
    assert left.own_class("readings")["erasure"]["state"] == "executed"


def test_the_operator_may_refuse_a_request_in_words_and_it_may_be_asked_again(left: Left) -> None:
    later(left.house, 3, left.lotte)
    left.lotte.call("erasure.ask", data_class="readings", occupancy_id=str(left.stay))
    refused = left.decide("readings", "data_subject_request", refusal="Er loopt een geschil over de factuur.")
    assert refused["state"] == "refused"
    assert left.lotte.statements(kind=None)[0]["event"] == "erasure.refused"
    left.lotte.call("erasure.ask", data_class="readings", occupancy_id=str(left.stay))


def test_withdrawing_a_consent_erases_nothing(
    house: TheHouse, measured: Customer, granted: dict[str, Any]
) -> None:
    measured.withdraw(granted["permission_id"])
    assert house.operator("erasure.list")["erasures"] == []
    assert house.house.keys.epoch == 1


def test_another_signer_of_the_stay_stops_one_persons_request(left: Left, maria: Customer) -> None:
    execute(left.house, "UPDATE permissions.permission SET person_id = %s", maria.person_id)
    later(left.house, 3, left.lotte)
    assert refusal(
        lambda: left.lotte.call("erasure.ask", data_class="readings", occupancy_id=str(left.stay))
    ) == ("erasure-refused", "co_occupant")


def test_who_signed_for_the_stay_of_another_is_known_as_long_as_its_ledger(left: Left) -> None:
    signer = left.house.operator("registry.person.add", subject="signer", name="Wie Tekende")["person_id"]
    execute(left.house, "UPDATE permissions.permission SET person_id = %s", signer)
    later(left.house, 10, left.lotte)
    assert refusal(lambda: left.decide("person", person_id=signer)) == ("erasure-refused", "other_evidence")
    left.erase("readings", "ledger")
    assert left.decide("person", person_id=signer)["state"] == "decided"


@pytest.fixture
def sam(house: TheHouse, measured: Customer) -> Customer:
    """Somebody who lives with Lotte and has made himself known."""
    sam = house.customer("sam", "Sam Smets")
    living = {"ean": LOTTES_EAN, "person_id": str(sam.person_id)}
    house.operator("registry.concerned.begin", **living, from_day="2022-01-01")
    return sam


@pytest.mark.parametrize("does", ["signs", "sends on", "lives there"])
def test_who_lived_signed_or_asked_for_the_stay_of_another_stays_known_with_its_ledger(
    house: TheHouse, measured: Customer, bram: Party, maria: Customer, does: str, request: Any
) -> None:
    asked, person = bram.ask(), maria
    if does != "sends on":
        person = request.getfixturevalue("sam")
        if does == "signs":
            measured.grant(asked)
            [waiting] = person.call("permission.list", state="requested")["permissions"]
            person.grant(asked | {"link_code": None}, waiting["addressed_to"])
            execute(house, "DELETE FROM registry.person_concerned")  # the signature alone is enough
    else:
        link = {"permission_id": asked["permission_id"], "link_code": asked["link_code"]}
        maria.call("permission.forward", **link, ean=LOTTES_EAN)
        execute(house, "UPDATE registry.occupancy SET person_id = NULL WHERE person_id = %s", maria.person_id)
    stay, today = measured.occupancy(), day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    later(house, 3, measured)
    own = {"data_class": "readings", "occupancy_id": stay}
    if does != "sends on":
        assert refusal(lambda: measured.call("erasure.ask", **own)) == ("erasure-refused", "co_occupant")
    later(house, 7, measured)

    def erase(data_class: str, **whom: str) -> Any:
        wish = {"data_class": data_class, "reason": "retention_ended", "decided_by": "DPO"}
        return house.operator("erasure.decide", **wish, **whom)

    whom = {"person_id": str(person.person_id)}
    assert refusal(lambda: erase("person", **whom)) == ("erasure-refused", "other_evidence")
    for data_class in ("readings", "ledger"):
        erase(data_class, occupancy_id=stay)
    house.operator("erasure.execute")
    assert erase("person", **whom)["state"] == "decided"


def test_nobody_moves_in_under_a_person_who_is_being_erased(left: Left) -> None:
    later(left.house, 10, left.lotte)
    left.erase("readings", "ledger", "person")
    today = day_of(left.house.clock.now()).isoformat()
    move_in = {"ean": LOTTES_EAN, "person_id": str(left.lotte.person_id), "from_day": today}
    assert refusal(lambda: left.house.operator("registry.occupancy.begin", **move_in))[0] == "conflict"


def test_nobody_else_asks_decides_or_executes(left: Left, maria: Customer) -> None:
    later(left.house, 3, maria)
    assert (
        refusal(lambda: maria.call("erasure.ask", data_class="readings", occupancy_id=str(left.stay)))[0]
        == "not-found"
    )
    decide = {"data_class": "person", "person_id": str(maria.person_id), "reason": "authority_order"}
    inspector = Proof.session(left.house.inspector())
    for proof in (Proof.session(maria.session), Proof.token(left.renew(left.joris).token), inspector):
        for command, arguments in {
            "erasure.decide": decide | {"decided_by": "x"},
            "erasure.execute": {},
            "erasure.list": {},
            "key_copy.made": {"custodian": "x", "place": "x"},
        }.items():
            assert (
                refusal(lambda c=command, a=arguments, p=proof: left.house.client.call(c, p, **a))[0]
                == "unauthenticated"
            )
    assert all(one["data_class"] != "house" for one in maria.call("erasure.mine")["classes"])


@pytest.mark.parametrize(
    "arguments",
    [
        {"data_class": "readings"},
        {"data_class": "person", "occupancy_id": str(UUID(int=5))},
        {"data_class": "house", "person_id": str(UUID(int=5))},
        {"data_class": "everything"},
        {"data_class": "house", "reason": "because"},
    ],
)
def test_a_decision_that_names_nothing_clear_is_refused(house: TheHouse, arguments: dict[str, Any]) -> None:
    wish = {"reason": "retention_ended", "decided_by": "DPO"} | arguments
    assert refusal(lambda: house.operator("erasure.decide", **wish))[0] == "malformed-request"


def test_custodians_copies_of_the_old_epoch_are_named_until_they_are_destroyed(left: Left) -> None:
    house = left.house
    old = house.operator("key_copy.made", custodian="Notaris Peeters", place="kluis 7")
    later(house, 3, left.lotte)
    done = left.erase("readings")
    assert [copy["copy_id"] for copy in done["destroy"]] == [old["copy_id"]]
    house.operator("key_copy.made", custodian="Notaris Peeters", place="kluis 7")
    assert len(house.operator("erasure.list")["destroy"]) == 1
    assert left.own_class("readings")["erasure"]["copies_left"] == 1
    house.operator("key_copy.destroyed", copy_id=old["copy_id"], confirmed_by="Notaris Peeters")
    assert house.operator("erasure.list")["destroy"] == []
    assert left.own_class("readings")["erasure"]["copies_left"] == 0
    again = {"copy_id": old["copy_id"], "confirmed_by": "x"}
    assert refusal(lambda: house.operator("key_copy.destroyed", **again))[0] == "conflict"


def come_in(left: Left) -> None:
    """A statement about the stay, and a row of its readings; where there is a key for it."""
    house = left.house.house
    with house.turn() as turn:
        turn.record(Statement("data.refused", {"came": "in between"}, subjects=[Subject(left.stay)]))
    if house.keys.holds(Kind.READINGS, left.stay):
        execute(
            left.house,
            "INSERT INTO metering.batch"
            " (operator, sha256, profiles, opened_at, first_day, last_day, highest_version)"
            " VALUES (1, sha256(''), 1, now(), '2023-10-28', '2023-10-28', 32767)",
        )
        execute(
            left.house,
            "INSERT INTO metering.profile"
            " (pseudonym, channel, day, version, operator, batch, fingerprint, total_sealed)"
            " SELECT %s, decode(repeat('00', 8), 'hex'), '2023-10-28', 1 + count(*), 1,"
            " (SELECT max(batch) FROM metering.batch),"
            " decode(repeat('00', 16), 'hex'), decode(repeat('00', 64), 'hex') FROM metering.profile",
            seals.pseudonym(house.readings_root(left.stay)),
        )


KILLED = ("begun", "cleared", "all cleared", "prepared", "swept", "in force", "destroyed", "recorded")
"""Where an erasure can end: after each thing that it makes durable."""


def kill_at(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the next erasure end at a step."""

    def ends(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("the machine stops")

    def after(of: Any, name: str) -> None:
        whole = getattr(of, name)

        def breaks(*arguments: Any, **named: Any) -> NoReturn:
            whole(*arguments, **named)
            ends()

        monkeypatch.setattr(of, name, breaks)

    match step:
        case "begun" | "cleared" | "recorded":
            after(erasing, {"begun": "_begin", "cleared": "clear", "recorded": "_finish"}[step])
        case "all cleared":
            monkeypatch.setattr(erasing, "_destroy_keys", ends)
        case "prepared":
            monkeypatch.setattr(erasing, "clear_rows", ends)
        case "swept":
            monkeypatch.setattr(NewEpoch, "begin", ends)
        case "in force":
            monkeypatch.setattr(KeyStore, "destroy_older", ends)
        case "destroyed":
            after(NewEpoch, "begin")


@pytest.mark.parametrize("step", KILLED)
def test_killed_anywhere_and_run_again_what_came_in_meanwhile_is_erased_too_and_the_entry_matches(
    left: Left, maria: Customer, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, keys = left.house, left.house.house.keys
    key, root = house.house.keys_of_subject(left.stay), house.house.readings_root(left.stay)
    handle, pseudonym = subject_handle(key), seals.pseudonym(root)
    later(house, 10)
    for data_class in ("readings", "ledger"):
        left.decide(data_class)
    with monkeypatch.context() as patch:
        kill_at(step, patch)
        go_on = erasing._destroy_keys

        def after_others(*arguments: Any) -> None:
            come_in(left)
            go_on(*arguments)

        patch.setattr(erasing, "_destroy_keys", after_others)
        assert refusal(lambda: house.operator("erasure.execute"))[0] == "internal"
    come_in(left)
    done = house.operator("erasure.execute")
    assert done["erased"] == {"ledger": 1, "readings": 1}
    assert query(house, "SELECT count(*) FROM ledger.statement WHERE handle = %s", handle) == [(0,)]
    assert query(house, "SELECT count(*) FROM metering.profile WHERE pseudonym = %s", pseudonym) == [(0,)]
    content = dump(house)
    for secret in (handle, pseudonym, key, root):
        assert secret.hex().encode() not in content
    assert not list((house.folder / "keys").glob("epoch-0001.*"))
    assert not keys.holds(Kind.READINGS, left.stay)
    assert not keys.holds(Kind.OCCUPANCY_LEDGER, left.stay)
    found = house.operator("ledger.check_bodies", start=0, limit=2000)
    assert (found["problems"], found["unopened"]) == ([], [])
    reopened(house, maria)
    assert house.house.readings_root(UUID(maria.occupancy())), "nobody else's key went"


@pytest.mark.parametrize("when", ["before its rows", "before its end"])
def test_an_intake_that_an_erasure_overtakes_is_refused_and_leaves_no_rows(
    left: Left, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(left.house, 3)
    left.decide("readings")
    write = intake.store_rows

    def overtaken(*arguments: Any) -> None:
        if when == "before its rows":
            left.house.operator("erasure.execute")
        write(*arguments)
        if when == "before its end":
            left.house.operator("erasure.execute")

    monkeypatch.setattr(intake, "store_rows", overtaken)
    other = english(*(row.but(volume="0,500") for day in DAYS for row in day_rows(day)))
    with pytest.raises(DoorRefusedError, match="erased meanwhile"):
        left.house.ingest(other)
    assert query(left.house, "SELECT count(*) FROM metering.profile") == [(0,)]


def test_a_batch_whose_keys_went_but_whose_entry_did_not_commit_is_recorded_the_next_time(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(left.house, 3)
    left.decide("readings")
    begin = NewEpoch.begin

    def breaks(epoch: NewEpoch) -> Epochs:
        begin(epoch)
        raise RuntimeError("the machine stops")

    monkeypatch.setattr(NewEpoch, "begin", breaks)
    with pytest.raises(DoorRefusedError):
        left.house.operator("erasure.execute")
    monkeypatch.undo()
    done = left.house.operator("erasure.execute")
    assert done["epoch_begun"] == left.house.house.keys.epoch


def test_a_statement_that_was_removed_does_not_pass_for_an_erased_one(left: Left) -> None:
    later(left.house, 10)
    left.erase("readings")
    batch = query(left.house, "SELECT batch FROM oversight.erasure_batch")[0][0]
    execute(
        left.house,
        "INSERT INTO ledger.erased (index, leaf, half, operator, batch, reason) SELECT index, leaf, half, operator,"
        " %s, 'retention_ended' FROM ledger.statement WHERE index = %s",
        batch,
        left.read,
    )
    execute(left.house, "DELETE FROM ledger.statement WHERE index = %s", left.read)
    with pytest.raises(InconsistentError):
        left.audit()
    said = {
        one["what"] for one in left.house.operator("ledger.check_bodies", start=0, limit=2000)["problems"]
    }
    assert "other halves are given as erased than this erasure took" in said


def test_a_batch_that_somebody_invents_is_found(left: Left) -> None:
    execute(
        left.house,
        "INSERT INTO oversight.erasure_batch (begun_at, begun_index, executed_at, executed_index)"
        " VALUES (now(), 3, now(), 4)",
    )
    said = {
        one["what"] for one in left.house.operator("ledger.check_bodies", start=0, limit=2000)["problems"]
    }
    assert said == {"an erasure is claimed that no entry speaks of"}


def test_a_key_that_is_lost_without_an_erasure_is_no_erasure(left: Left) -> None:
    begin_epoch(left.house.house.keys, [(Kind.OCCUPANCY_LEDGER, left.stay)])
    with pytest.raises(InconsistentError, match="no erasure says so"):
        left.audit()
    with pytest.raises(DoorRefusedError) as refused:
        left.lotte.statements()
    assert refused.value.code == "unavailable"


def test_an_opening_of_something_else_does_not_pass_after_an_erasure_either(left: Left) -> None:
    later(left.house, 10)
    left.erase("readings", "ledger")
    with pytest.raises(ProofError):
        Opening.from_dict(left.openings["party"]["opening"]).verify(
            parse(left.entry(left.refused)).commitment
        )


def test_the_door_itself_cannot_remove_a_statement_that_leaves_nothing(left: Left) -> None:
    handle = subject_handle(left.house.house.keys_of_subject(left.stay))
    with psycopg.connect(left.house.database.url("door")) as connection:
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("SELECT ledger.erase_statements(%s)", [handle])
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM ledger.statement")


def test_the_log_of_the_door_names_nobody_whom_it_erased(
    left: Left, capfd: pytest.CaptureFixture[str]
) -> None:
    later(left.house, 10)
    left.erase("readings", "ledger")
    said = "".join(capfd.readouterr())
    for secret in (str(left.stay), left.stay.hex, LOTTES_EAN, left.lotte.name, left.permission):
        assert secret not in said


def test_published_files_hold_nothing_to_erase(left: Left, tmp_path: Path) -> None:
    """Entries are commitments: with salt and body gone they tell nothing, and they stay as they were."""
    before = left.entry(left.read)
    later(left.house, 10)
    left.erase("readings", "ledger")
    assert left.entry(left.read) == before
    opened = decode_base64(left.openings["party"]["opening"]["shared"]["body"], "body")
    salt = decode_base64(left.openings["party"]["opening"]["shared"]["salt"], "salt")
    content = dump(left.house)
    assert opened.hex().encode() not in content
    assert salt.hex().encode() not in content
