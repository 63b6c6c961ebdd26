"""The regulator's audit: opened leaf by leaf, checked outside the door; a forged permission is found."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from databeheer.access import catalogue
from databeheer.brussels import day_of
from databeheer.door.bodies.opened import shared_body
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.erasure import erasing
from databeheer.oversight.content_audit import Report, audit
from ledger import receipt
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.commitment import Opening, shared_half, subject_half
from ledger.encoding import decode_base64, encode_base64
from ledger.errors import MalformedError
from ledger.note import VerifierKey
from ledger.sources import DirectorySource
from ledger.tiles import MAX_CHECKPOINT_LENGTH
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import beside
from tests.databeheer.doubt.acts import raise_doubt
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse
from tests.web.programs import publish

TASK = "Steekproef 2026-11"


@dataclass
class Regulator:
    """Ines, with the published log and her own software."""

    house: TheHouse
    key: VerifierKey | None = None

    def open(self, **changes: Any) -> dict[str, Any]:
        """Ask the door for one document over all pages."""
        self.key = publish(self.house).verifier
        today = day_of(self.house.clock.now())
        wish: dict[str, Any] = {
            "first": (today - timedelta(days=1)).isoformat(),
            "last": today.isoformat(),
            "below": self.checkpoint().size,
            "task": TASK,
        } | changes
        proof, cursor = Proof.session(self.house.inspector()), 0
        document: dict[str, Any] = {"v": 2, "entries": [], "support": [], "erasures": []}
        while cursor is not None:
            page = self.house.client.call("audit.open", proof, **wish, cursor=cursor)
            document |= {name: page[name] for name in ("range", "is_whole", "index")}
            document["entries"] += page["entries"]
            document["support"] += page["support"]
            document["erasures"] += page["erasures"]
            cursor = page["next"]
        return document

    def source(self) -> DirectorySource:
        return DirectorySource(self.house.folder / "public")

    def checkpoint(self) -> Checkpoint:
        return open_checkpoint(self.source().fetch("checkpoint", MAX_CHECKPOINT_LENGTH), [self.checked_key])

    @property
    def checked_key(self) -> VerifierKey:
        assert self.key is not None
        return self.key

    def check(self, document: Any) -> Report:
        return audit(document, self.source(), self.checkpoint(), catalogue.load())

    def audit(self, **changes: Any) -> Report:
        return self.check(self.open(**changes))

    def codes(self, **changes: Any) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for finding in self.audit(**changes).findings:
            found.setdefault(finding.index, set()).add(finding.code)
        return found


@pytest.fixture
@beside
def regulator(house: TheHouse) -> Regulator:
    return Regulator(house)


@pytest.fixture
def read(measured: Customer, granted: dict[str, Any], bram: Party) -> int:
    """The index of Bram's read by Lotte's permission."""
    return int(bram.read(granted["permission_id"])["index"])


def test_an_honest_house_has_no_read_without_a_permission(
    regulator: Regulator, read: int, measured: Customer, granted: dict[str, Any], bram: Party, joris: Party
) -> None:
    for attempt in (lambda: joris.read(ean=LOTTES_EAN), lambda: joris.read(ean="541448899990000060")):
        with pytest.raises(DoorRefusedError):
            attempt()
    measured.withdraw(granted["permission_id"])
    with pytest.raises(DoorRefusedError):
        bram.read(granted["permission_id"])
    report = regulator.audit()
    assert report.holds, report
    assert report.reads_by_consent == 1
    assert report.checked == query(regulator.house, "SELECT size - 1 FROM ledger.head")[0][0]
    by_event = Counter(dict.fromkeys(("data.read", "data.refused"), 0))
    for (event, _, party), count in report.counts.items():
        by_event[event] += count if party else 0
    assert by_event == {"data.read": 1, "data.refused": 3}
    assert report.counts["data.read", "energy_service", bram.party_id] == 1


def test_a_forged_permission_row_is_found_though_the_door_obeyed_it(
    regulator: Regulator, read: int, granted: dict[str, Any], joris: Party
) -> None:
    """Whoever may write the database gives Joris a permission that Lotte never gave."""
    columns = query(
        regulator.house,
        "SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = 'permissions.permission'::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('permission_id', 'party_id', 'link_hash')",
    )[0][0]
    execute(
        regulator.house,
        f"INSERT INTO permissions.permission (permission_id, party_id, link_hash, {columns})"
        f" SELECT gen_random_uuid(), %s, '\\x00', {columns} FROM permissions.permission",
        joris.party_id,
    )
    forged = query(
        regulator.house,
        "SELECT permission_id FROM permissions.permission WHERE party_id = %s",
        joris.party_id,
    )[0][0]
    by_name = joris.read(str(forged))["index"]
    by_point = joris.read(ean=LOTTES_EAN, purpose="energy_advice")["index"]
    assert regulator.codes() == {by_name: {"no-permission"}, by_point: {"no-permission"}}


FORGERIES = {
    "party_id = %(joris)s": {"other-party"},
    "occupancy_id = %(maria)s, person_id = %(marias)s": {"other-subject"},
    "granularity = 'day'": set[str](),
    "data_from = data_from - interval '10 years'": {"outside-permission"},
}


@pytest.mark.parametrize("change", FORGERIES)
def test_a_changed_permission_row_is_found_where_it_gave_more_than_was_granted(
    regulator: Regulator,
    measured: Customer,
    maria: Customer,
    bram: Party,
    joris: Party,
    change: str,
) -> None:
    # Days are given whole, so a permission by the day begins at midnight.
    asked = bram.ask(data_from="2023-10-28T22:00:00Z" if "day" in change else "2023-10-29T00:00:00Z")
    measured.grant(asked)
    names = {"joris": f"'{joris.party_id}'", "maria": f"'{maria.occupancy()}'"}
    names["marias"] = f"'{maria.person_id}'"
    execute(regulator.house, "UPDATE permissions.permission SET " + change % names)
    reader = joris if "joris" in change else bram
    wish = {"granularity": "day"} if "day" in change else {}
    whole = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}
    index = reader.read(asked["permission_id"], mode="clip", **(whole | wish))["index"]
    expected = FORGERIES[change]
    assert regulator.codes() == ({index: expected} if expected else {})


def test_a_withdrawal_that_somebody_undid_in_the_table_is_found(
    regulator: Regulator, read: int, measured: Customer, granted: dict[str, Any], bram: Party
) -> None:
    measured.withdraw(granted["permission_id"])
    execute(regulator.house, "UPDATE permissions.permission SET state = 'active', ended_at = NULL")
    index = bram.read(granted["permission_id"])["index"]
    assert regulator.codes() == {index: {"after-end"}}


def test_a_part_that_was_withdrawn_and_widened_in_the_table_is_found(
    regulator: Regulator, read: int, measured: Customer, granted: dict[str, Any], bram: Party
) -> None:
    measured.call("permission.withdraw", permission_id=granted["permission_id"], part="past")
    assert regulator.codes() == {}  # what was read before stays as it was
    execute(regulator.house, "UPDATE permissions.permission SET data_from = '2022-01-01'")
    index = bram.read(granted["permission_id"])["index"]
    assert regulator.codes() == {index: {"outside-permission"}}


def test_a_consent_that_lapsed_in_a_restore_and_was_revived_in_the_table_is_found(
    regulator: Regulator, read: int, granted: dict[str, Any], bram: Party
) -> None:
    house = regulator.house
    now = house.clock.now()
    execute(
        house,
        "INSERT INTO oversight.gap (first, until, found_by, found_at, journal_reaches)"
        " VALUES (%s, %s, 'door', %s, false)",
        read + 1,
        read + 1,
        now,
    )
    assert house.operator("reconcile.finish", lapse=True)["lapsed"] == 1
    execute(house, "UPDATE permissions.permission SET state = 'active', reason = '', ended_at = NULL")
    index = bram.read(granted["permission_id"])["index"]
    assert regulator.codes() == {index: {"after-end"}}


def test_a_block_that_somebody_undid_in_the_table_is_found(
    regulator: Regulator, read: int, measured: Customer, granted: dict[str, Any], bram: Party
) -> None:
    case = raise_doubt(measured, granted)
    execute(regulator.house, "UPDATE permissions.permission SET state = 'active', reason = ''")
    execute(regulator.house, "UPDATE doubt.doubt_case SET state = 'retracted', closed_at = opened_at")
    index = bram.read(granted["permission_id"])["index"]
    assert regulator.codes() == {index: {"while-blocked"}}
    execute(regulator.house, "UPDATE doubt.doubt_case SET state = 'open', closed_at = NULL")
    execute(regulator.house, "UPDATE permissions.permission SET state = 'blocked', reason = 'doubt'")
    measured.call("doubt.retract", case_id=case["case_id"])
    bram.read(granted["permission_id"])
    assert regulator.codes() == {index: {"while-blocked"}}


def test_an_expiry_that_somebody_put_off_in_the_table_is_found(
    regulator: Regulator, measured: Customer, bram: Party
) -> None:
    end = regulator.house.clock.now() + timedelta(minutes=20)
    asked = bram.ask(valid_until=end.isoformat())
    measured.grant(asked)
    execute(regulator.house, "UPDATE permissions.permission SET ends_at = ends_at + interval '1 year'")
    regulator.house.clock.advance(timedelta(minutes=30))
    index = bram.read(asked["permission_id"])["index"]
    assert regulator.codes() == {index: {"after-end"}}


def test_a_removed_grant_is_seen_as_lost_and_its_reads_as_unfounded(regulator: Regulator, read: int) -> None:
    grant = query(regulator.house, "SELECT index FROM ledger.body WHERE event = 'permission.granted'")[0][0]
    for table in ("body", "statement"):
        execute(regulator.house, f"DELETE FROM ledger.{table} WHERE index = %s", grant)
    report = regulator.audit()
    assert not report.holds
    assert report.lost == [grant]
    assert [(one.index, one.code) for one in report.findings] == [(read, "no-permission")]


def test_a_grant_that_was_put_back_from_a_receipt_carries_its_reads_and_its_subject_counts_as_lost(
    regulator: Regulator, read: int, bram: Party
) -> None:
    house = regulator.house
    regulator.open()
    grant = query(house, "SELECT index FROM ledger.body WHERE event = 'permission.granted'")[0][0]
    saved = bram.call("receipt.opening", index=grant)
    document = receipt.from_log(
        regulator.source(),
        [regulator.checked_key],
        grant,
        decode_base64(saved["entry"], "entry"),
        Opening.from_dict(saved["opening"]),
    )
    for table in ("body", "statement"):
        execute(house, f"DELETE FROM ledger.{table} WHERE index = %s", grant)
    execute(
        house,
        "INSERT INTO oversight.gap (first, until, found_by, found_at) VALUES (%s, %s, 'door', now())",
        grant,
        grant + 1,
    )
    house.operator("reconcile.evidence", receipt=document.decode())
    for wish in ({}, {"party_id": bram.party_id}, {"ean": LOTTES_EAN}):
        report = regulator.audit(**wish)
        assert report.findings == [], wish
        assert report.lost in ([grant], []), wish  # asked for one point, it is brought along as support only
    damaged = regulator.open()
    put_back = next(one for one in damaged["entries"] if one["index"] == grant)
    put_back["leaves"]["root"] = put_back["entry"][:43] + "="
    assert {finding.code for finding in regulator.check(damaged).findings} >= {"does-not-belong"}


def erase(house: TheHouse, customer: Customer, *classes: str) -> int:
    """Erase classes of a customer's ended stay, eleven years later; returns the entry that says so."""
    stay = customer.occupancy()
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    house.clock.advance(timedelta(days=3700))
    for data_class in classes:
        wish = {"data_class": data_class, "occupancy_id": stay, "reason": "retention_ended"}
        house.operator("erasure.decide", decided_by="DPO", **wish)
    return int(house.operator("erasure.execute")["index"])


def test_what_was_erased_is_listed_with_its_reason_and_entry_and_is_not_lost(
    regulator: Regulator, read: int, measured: Customer, bram: Party
) -> None:
    done = erase(regulator.house, measured, "readings", "ledger")
    report = regulator.audit(first="2020-01-01")
    assert report.holds, report
    gone = {one.index: one.erased for one in report.erased}
    assert gone[read].reason == "retention_ended"
    assert {one.index for one in gone.values()} == {done}
    assert report.erasures == 1
    assert regulator.audit(party_id=bram.party_id, first="2020-01-01").holds, "also of a part of them"


def pass_off_as_erased(house: TheHouse, index: int, batch: int) -> None:
    """Who may write the database deletes a body with its statement, and puts in what an erasure would leave."""
    columns = "(index, leaf, half, operator, batch, reason)"
    execute(
        house,
        f"INSERT INTO ledger.erased {columns} SELECT index, leaf, half, operator, %s, 'retention_ended'"
        " FROM ledger.statement WHERE index = %s",
        batch,
        index,
    )
    opened = house.house
    with opened.engine.connect() as connection:
        row: Any = connection.execute(text("SELECT * FROM ledger.body WHERE index = :i"), {"i": index}).one()
        shared = shared_body(opened, row)
    execute(
        house,
        f"INSERT INTO ledger.erased {columns} VALUES (%s, -1, %s, 1, %s, 'retention_ended')",
        index,
        shared_half(shared.salt, shared.content),
        batch,
    )
    execute(house, "DELETE FROM ledger.statement WHERE index = %s", index)
    execute(house, "UPDATE ledger.body SET shared_sealed = '', key_sealed = NULL WHERE index = %s", index)


def test_a_removed_body_does_not_pass_for_erased_by_an_erasure_that_was_of_something_else(
    regulator: Regulator, read: int, measured: Customer
) -> None:
    done = erase(regulator.house, measured, "readings")
    [(batch,)] = query(regulator.house, "SELECT batch FROM oversight.erasure_batch")
    pass_off_as_erased(regulator.house, read, batch)
    # Readings were decided to go, no ledger; and what went is not what that entry counted.
    assert regulator.codes(first="2020-01-01") == {read: {"erased-without-entry"}, done: {"erased-differs"}}


def test_one_more_body_does_not_pass_for_erased_by_an_erasure_of_others(
    regulator: Regulator, read: int, measured: Customer, maria: Customer
) -> None:
    house = regulator.house
    look = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "day"}
    maria.call("readings.read", occupancy_id=maria.occupancy(), **look)
    [(hers,)] = query(house, "SELECT max(index) FROM ledger.statement WHERE event = 'data.read'")
    done = erase(house, measured, "readings", "ledger")
    [(batch,)] = query(house, "SELECT batch FROM oversight.erasure_batch")
    pass_off_as_erased(house, hers, batch)
    assert regulator.codes(first="2020-01-01") == {done: {"erased-differs"}}


def test_a_removed_body_does_not_pass_for_erased_by_a_batch_that_somebody_invents(
    regulator: Regulator, read: int
) -> None:
    house = regulator.house
    execute(
        house,
        "INSERT INTO oversight.erasure_batch (begun_at, begun_index, executed_at, executed_index)"
        " SELECT now(), 2, now(), 3",
    )
    [(batch,)] = query(house, "SELECT batch FROM oversight.erasure_batch")
    pass_off_as_erased(house, read, batch)
    codes = regulator.codes()
    assert codes[read] == {"erased-without-entry"}
    assert codes[3] == {"erased-without-entry"}


def test_an_erased_half_that_was_taken_away_from_what_is_kept_is_found(
    regulator: Regulator, read: int, measured: Customer
) -> None:
    """The other way round: the entry tells of more than the house still shows as erased."""
    done = erase(regulator.house, measured, "readings", "ledger")
    execute(regulator.house, "DELETE FROM ledger.erased WHERE index = %s", read)
    report = regulator.audit(first="2020-01-01")
    assert (done, "erased-differs") in {(one.index, one.code) for one in report.findings}
    assert report.lost == [read]


def test_a_house_that_shows_what_it_says_it_erased_is_found(
    regulator: Regulator, read: int, measured: Customer
) -> None:
    """What the log calls erased is still there: opened entry, erased in the erasure's own count."""
    house = regulator.house
    before = {one["index"]: one for one in regulator.open()["entries"]}
    erase(house, measured, "readings", "ledger")
    document = regulator.open(first="2020-01-01")
    place = next(at for at, one in enumerate(document["entries"]) if one["index"] == read)
    document["entries"][place] = before[read]
    # (And of the permission that it rested on nothing is left to weigh it by.)
    codes = {(one.index, one.code) for one in regulator.check(document).findings}
    assert codes == {(read, "not-erased"), (read, "no-permission")}


def test_an_erasure_that_has_begun_and_is_not_through_is_told_as_such(
    regulator: Regulator, read: int, measured: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> None:
        raise RuntimeError("the machine stops")

    monkeypatch.setattr(erasing, "_destroy_keys", breaks)
    with pytest.raises(DoorRefusedError):
        erase(regulator.house, measured, "readings", "ledger")
    assert regulator.codes(first="2020-01-01")[read] == {"erasure-unfinished"}
    monkeypatch.undo()
    regulator.house.operator("erasure.execute")
    assert regulator.codes(first="2020-01-01") == {}


CLAIM_DAMAGES: dict[Callable[[dict[str, Any]], Any], set[str]] = {
    lambda document: document["erasures"].clear(): {"erased-without-entry", "erasure-left-out"},
    lambda document: document["erasures"][0].update(halves=""): {"erased-differs", "erased-without-entry"},
    lambda document: document["erasures"][0].update(
        halves=encode_base64(decode_base64(document["erasures"][0]["halves"], "halves")[:-42])
    ): {"erased-differs"},
    lambda document: document["erasures"][0].update(executed=document["erasures"][0]["begun"]): {
        "erased-without-entry"
    },
    lambda document: document["erasures"][0].update(begun=document["erasures"][0]["executed"]): {
        "erased-without-entry"
    },
    lambda document: document["erasures"][0]["executed"].update(
        entry=document["erasures"][0]["begun"]["entry"]
    ): {"does-not-belong"},
    lambda document: [
        one["erased"].update(reason="wrong_person") for one in document["entries"] if one["erased"]
    ]: {"erased-without-entry"},
    lambda document: [
        one["erased"].update(at="2020-01-01T00:00:00Z") for one in document["entries"] if one["erased"]
    ]: {"erased-without-entry"},
    lambda document: [one["erased"].update(index=10**6) for one in document["entries"] if one["erased"]]: {
        "erasure-unfinished"
    },
}


def test_what_the_door_changes_in_its_claims_of_erasing_is_found(
    regulator: Regulator, read: int, measured: Customer
) -> None:
    erase(regulator.house, measured, "readings", "ledger")
    document = regulator.open(first="2020-01-01")
    for damage, codes in CLAIM_DAMAGES.items():
        damaged = copy.deepcopy(document)
        damage(damaged)
        assert codes <= {finding.code for finding in regulator.check(damaged).findings}, codes


def test_claims_of_erasing_that_are_no_form_of_theirs_are_refused(
    regulator: Regulator, read: int, measured: Customer
) -> None:
    erase(regulator.house, measured, "readings", "ledger")
    document = regulator.open(first="2020-01-01")
    one = document["erasures"][0]
    halves = decode_base64(one["halves"], "halves")
    for erasures in (
        None,
        [3],
        [one | {"more": 1}],
        [one | {"halves": 5}],
        [one | {"halves": encode_base64(halves[:-1])}],
        [one | {"halves": encode_base64(halves[42:] + halves[:42])}],
        [one | {"halves": encode_base64(halves + halves[-42:])}],
    ):
        with pytest.raises(MalformedError):
            regulator.check(document | {"erasures": erasures})
    del document["erasures"]
    with pytest.raises(MalformedError):
        regulator.check(document)


@pytest.mark.requirement("R15")
def test_the_uses_of_one_party_in_a_period_are_one_file_that_proves_them_without_the_house(
    regulator: Regulator, measured: Customer, granted: dict[str, Any], bram: Party, joris: Party
) -> None:
    bram.read(granted["permission_id"])  # before the period
    regulator.house.clock.advance(timedelta(days=10))
    for party in (bram, joris):
        party.token = regulator.house.token(party.client_id, party.client_secret)
    used = bram.read(granted["permission_id"])["index"]
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(ean=LOTTES_EAN)
    with pytest.raises(DoorRefusedError):
        joris.read(ean=LOTTES_EAN)
    exported = regulator.open(party_id=bram.party_id)
    assert [one["index"] for one in exported["entries"]] == [used, refused.value.index]
    report = regulator.check(json.loads(json.dumps(exported)))  # by the published log and the file alone
    assert report.holds, report
    assert {(event, party): count for (event, _, party), count in report.counts.items()} == {
        ("data.read", bram.party_id): 1,
        ("data.refused", bram.party_id): 1,
    }
    del exported["support"][0]  # the grant that it rests on
    assert not regulator.check(exported).holds


def test_an_audit_of_a_party_or_a_point_opens_no_more_than_that(
    regulator: Regulator, read: int, maria: Customer, bram: Party, joris: Party
) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        joris.read(ean=MARIAS_EAN)
    by_party = regulator.open(party_id=joris.party_id)
    assert not by_party["is_whole"]
    opened = [one["index"] for one in by_party["entries"]]
    assert refused.value.index == opened[-1]
    assert read not in opened
    assert regulator.check(by_party).holds
    by_point = regulator.audit(ean=LOTTES_EAN)
    assert by_point.reads_by_consent == 1
    assert {party for _, _, party in by_point.counts} == {bram.party_id}
    assert regulator.open(ean="541448899990000060")["entries"] == []


def test_grants_from_before_the_period_are_brought_along(
    regulator: Regulator, measured: Customer, granted: dict[str, Any], bram: Party
) -> None:
    regulator.house.clock.advance(timedelta(days=40))
    bram.token = regulator.house.token(bram.client_id, bram.client_secret)
    bram.read(granted["permission_id"])
    report = regulator.audit()
    assert report.holds, report
    assert report.reads_by_consent == 1


def test_the_customer_sees_that_the_regulator_looked_and_for_which_task(
    regulator: Regulator, read: int, measured: Customer, maria: Customer
) -> None:
    index = regulator.open(ean=LOTTES_EAN)["index"]
    newest = measured.statements(kind="reads")[0]
    assert (newest["index"], newest["event"], newest["by"]) == (index, "audit.opened", "inspector")
    assert newest["task"] == TASK
    assert all(one["event"] != "audit.opened" for one in maria.statements(kind="reads"))


def change_body(document: dict[str, Any]) -> None:
    one = next(each for each in document["entries"] if len(each["leaves"]) == 1)
    one["leaves"][0] = dict(one["shared"])


def drop_leaf(document: dict[str, Any]) -> None:
    next(each for each in document["entries"] if each["leaves"])["leaves"].pop()


def withhold(document: dict[str, Any]) -> None:
    document["entries"][3]["shared"] = {"half": document["entries"][3]["shared"]["salt"]}


def swap(document: dict[str, Any]) -> None:
    first, second = document["entries"][1:3]
    first["index"], second["index"] = second["index"], first["index"]


def other_entry(document: dict[str, Any]) -> None:
    document["entries"][1]["entry"] = document["entries"][2]["entry"]


DAMAGES: dict[Callable[[dict[str, Any]], None], str] = {
    change_body: "does-not-belong",
    drop_leaf: "does-not-belong",
    withhold: "does-not-belong",
    swap: "does-not-belong",
    other_entry: "does-not-belong",
    lambda document: document["entries"].pop(2): "left-out",
    lambda document: document["entries"][2].update(more=1): "does-not-belong",
    lambda document: document["entries"][2].update(shared=None): "does-not-belong",
    lambda document: document["entries"][2].update(
        erased={"reason": "x", "index": 1, "at": "yesterday"}
    ): "does-not-belong",
}


def test_what_the_door_changes_hides_or_swaps_is_found(regulator: Regulator, read: int) -> None:
    document = regulator.open()
    assert regulator.check(document).holds
    for damage, code in DAMAGES.items():
        damaged = copy.deepcopy(document)
        damage(damaged)
        assert code in {finding.code for finding in regulator.check(damaged).findings}, damage


def test_a_read_whose_subjects_the_door_passes_off_as_decoys_is_found(
    regulator: Regulator, read: int
) -> None:
    document = regulator.open()
    entry = next(one for one in document["entries"] if one["index"] == read)
    for leaf in entry["leaves"]:
        if "salt" in leaf:
            salt, body = (decode_base64(leaf.pop(part), part) for part in ("salt", "body"))
            leaf["half"] = encode_base64(subject_half(salt, body))
    assert [(one.index, one.code) for one in regulator.check(document).findings] == [(read, "withheld")]


def test_a_range_that_the_door_cuts_short_is_told_as_not_shown_and_an_empty_one_does_not_hold(
    regulator: Regulator, read: int
) -> None:
    document = regulator.open()
    size = regulator.checkpoint().size
    report = regulator.check(document)
    assert report.holds
    assert report.not_shown == []
    cut = document | {"entries": [one for one in document["entries"] if one["index"] < read]}
    report = regulator.check(cut | {"range": [0, read]})
    assert report.not_shown == [(read, size)]
    assert report.to_dict()["not_shown"] == [(read, size)]
    report = regulator.check(document | {"entries": [], "range": [3, 3]})
    assert [(one.index, one.code) for one in report.findings] == [(3, "nothing-given")]
    assert report.times is None


def test_what_is_no_audit_is_refused(regulator: Regulator, read: int) -> None:
    document = regulator.open()
    for damaged in (
        None,
        [],
        {},
        document | {"v": 1},
        document | {"entries": None},
        document | {"range": [0]},
        document | {"range": [0, 10**9]},
        document | {"support": 3},
    ):
        with pytest.raises(MalformedError):
            regulator.check(damaged)


def test_nobody_but_an_inspector_opens_anything(
    regulator: Regulator, read: int, measured: Customer, joris: Party
) -> None:
    wish = {"first": "2020-01-01", "last": "2030-01-01", "below": 5, "task": TASK}
    size = query(regulator.house, "SELECT size FROM ledger.head")
    proofs = (
        Proof.session(measured.session),
        Proof.token(joris.token),
        Proof.operator(regulator.house.operator_key),
        Proof("none", ""),
    )
    for proof in proofs:
        with pytest.raises(DoorRefusedError) as refused:
            regulator.house.client.call("audit.open", proof, **wish)
        assert refused.value.code == "unauthenticated"
    assert query(regulator.house, "SELECT size FROM ledger.head") == size


@pytest.mark.parametrize(
    "change", [{"last": "2019-01-01"}, {"below": -1}, {"ean": "1"}, {"task": ""}, {"limit": 501}]
)
def test_a_wish_that_is_none_is_refused_and_recorded_nowhere(
    standing: TheHouse, change: dict[str, Any]
) -> None:
    wish = {"first": "2020-01-01", "last": "2020-02-01", "below": 5, "task": TASK} | change
    with pytest.raises(DoorRefusedError) as refused:
        standing.client.call("audit.open", Proof.session(standing.inspector()), **wish)
    assert refused.value.code == "malformed-request"
