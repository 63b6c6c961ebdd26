"""From a complaint to a bundle that anybody checks offline: opened on record, refused to whom it is not for."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.oversight.retention import years_later
from ledger import evidence_bundle
from ledger.cli import main
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.doubt.acts import raise_doubt
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page
from tests.web.programs import publish
from tests.web.sites import browser, make_whole_site
from web import close

PATH = "/toezicht/klachten"


@pytest.fixture
def ines(house: TheHouse) -> Iterator[FlaskClient]:
    """An inspector at her browser."""
    app = make_whole_site(house)
    yield browser(app, house.inspector())
    close(app)


@pytest.fixture
def granted(lotte: Customer, bram: Party) -> dict[str, Any]:
    asked = bram.ask()
    lotte.grant(asked)
    return asked


def publish_with_keys(house: TheHouse) -> None:
    """Publish the log, with its key and the door's beside it, as a house does."""
    log = publish(house)
    (house.folder / "public" / "vkey").write_text(f"{log.vkey}\n{house.house.promise_key.vkey}\n")


def token(ines: FlaskClient) -> str:
    return Page(ines.get(PATH)).form(PATH).fields["csrf_token"]


def complain(ines: FlaskClient, house: TheHouse, **changes: str) -> Any:
    today = day_of(house.clock.now()).isoformat()
    yesterday = (day_of(house.clock.now()) - timedelta(days=1)).isoformat()
    wish = {
        "eenmaal": str(uuid4()),
        "dossier": "VNR-2026/17",
        "wie": "customer",
        "van": yesterday,
        "tot": today,
    }
    return ines.post(PATH, data={"csrf_token": token(ines)} | wish | changes)


def bundle(ines: FlaskClient, place: str) -> Any:
    return ines.post(f"{place}/bewijs", data={"csrf_token": token(ines)})


def verified(folder: Path, data: bytes, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the command line says of a bundle, with keys of a file and no log at hand."""
    file = folder / "bewijs.zip"
    file.write_bytes(data)
    keys = str(folder / "keys")
    main(["bundle", "verify", str(file), "--key", keys, "--door-key", keys, "--json"])
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


@pytest.mark.requirement("R15")
def test_a_complaint_becomes_a_bundle_that_is_checked_offline_and_its_customer_sees_the_look(
    ines: FlaskClient,
    house: TheHouse,
    lotte: Customer,
    maria: Customer,
    bram: Party,
    joris: Party,
    granted: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    read = bram.read(granted["permission_id"])["index"]
    with pytest.raises(DoorRefusedError) as refused:
        joris.read(ean=LOTTES_EAN)
    publish_with_keys(house)
    place = complain(ines, house, ean=LOTTES_EAN, woorden="Wie las er?").headers["Location"]
    assert "Wie las er?" in Page(ines.get(place)).text
    assert lotte.statements(kind="reads")[0]["event"] != "audit.opened"  # a dossier opens nothing
    answer = bundle(ines, place)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    newest = lotte.statements(kind="reads")[0]
    assert (newest["event"], newest["task"]) == ("audit.opened", "VNR-2026/17")
    assert all(one["event"] != "audit.opened" for one in maria.statements(kind="reads"))

    (tmp_path / "keys").write_bytes((house.folder / "public" / "vkey").read_bytes())
    said = verified(tmp_path, answer.data, capsys)
    assert said["ok"]
    assert {read, refused.value.index} <= set(said["entries"])
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    words = files["index.txt"].decode()
    assert f"Regel {read}, " in words
    assert f"{bram.name}: gelezen." in words
    assert f"{joris.name}: geweigerd." in words
    made = {one["index"]: one for one in json.loads(files["decisions.json"])["decisions"]}
    assert made[read]["bases"][0]["article"] == "4.1.22/5, 5°"
    assert made[refused.value.index]["sentence_nl"]
    assert not any(
        name.encode() in content for name in (lotte.name, LOTTES_EAN) for content in files.values()
    )

    lied = files | {"index.txt": files["index.txt"].replace(b"gelezen", b"geweigerd")}
    said = verified(tmp_path, evidence_bundle.pack(lied), capsys)
    assert (said["ok"], "index.txt" in said["error"]["message"]) == (False, True)

    closing = {"csrf_token": token(ines), "uitkomst": "founded"}
    assert ines.post(f"{place}/sluiten", data=closing).status_code == 303
    assert "Gegrond" in Page(ines.get(place)).text
    assert bundle(ines, place).status_code == 400
    assert ines.post(f"{place}/sluiten", data=closing).status_code == 409


@pytest.mark.requirement("R15")
def test_a_doubt_becomes_evidence_of_its_party_and_its_point_alone(
    ines: FlaskClient,
    house: TheHouse,
    lotte: Customer,
    bram: Party,
    joris: Party,
    granted: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Another's refusal at the same point is no part of what is asked of Bram."""
    read = bram.read(granted["permission_id"])["index"]
    with pytest.raises(DoorRefusedError) as refused:
        joris.read(ean=LOTTES_EAN)
    case = raise_doubt(lotte, granted)
    publish_with_keys(house)
    link = f"{PATH}?twijfel={case['case_id']}"
    assert link in Page(ines.get("/toezicht/twijfel")).html
    assert "partij en aansluiting staan daarmee vast" in Page(ines.get(link)).text
    place = complain(ines, house, wie="", twijfel=case["case_id"]).headers["Location"]
    answer = bundle(ines, place)
    (tmp_path / "keys").write_bytes((house.folder / "public" / "vkey").read_bytes())
    said = verified(tmp_path, answer.data, capsys)
    assert said["ok"]
    assert read in said["entries"]
    assert refused.value.index not in said["entries"]


def test_a_button_pressed_twice_opens_one_dossier(
    ines: FlaskClient, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    once = str(uuid4())
    first, second = (complain(ines, house, eenmaal=once, ean=LOTTES_EAN) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    # The form of before, filled in anew: nothing of it gets lost in the dossier that is there.
    for changes in (
        {"partij": bram.party_id},
        {"ean": LOTTES_EAN, "dossier": "VNR-18"},
        {"ean": LOTTES_EAN, "woorden": "meer"},
    ):
        answer = Page(complain(ines, house, eenmaal=once, **changes))
        assert (answer.status, "al een andere klacht" in answer.text) == (409, True), changes
        assert answer.form(PATH).fields["eenmaal"] != once
    assert complain(ines, house, eenmaal="", ean=LOTTES_EAN).status_code == 400
    today = day_of(house.clock.now()).isoformat()
    wish = {
        "reference": "VNR-2026/17",
        "origin": "customer",
        "ean": LOTTES_EAN,
        "first": today,
        "last": today,
    }
    other = Proof.session(house.log_in("ivo", "Ivo", role="inspector"))
    with pytest.raises(DoorRefusedError) as refused:
        house.client.call("complaint.open", other, complaint_id=once, **wish)
    assert refused.value.code == "conflict"
    assert query(house, "SELECT count(*) FROM oversight.complaint") == [(1,)]


@pytest.mark.requirement("R137")
def test_a_complaint_is_forgotten_five_years_after_it_was_closed_and_not_a_day_before(
    ines: FlaskClient, house: TheHouse, lotte: Customer
) -> None:
    for number in ("17", "18"):
        complain(ines, house, dossier=f"VNR-2026/{number}", ean=LOTTES_EAN, woorden="Wie las dit?")
    first, still_open = query(house, "SELECT complaint_id FROM oversight.complaint ORDER BY opened_index")
    inspector = Proof.session(house.inspector())
    house.client.call("complaint.close", inspector, complaint_id=str(first[0]), outcome="founded")
    gone_on = midnight(years_later(day_of(house.clock.now()), 5) + timedelta(days=1))
    assert house.operator("complaint.sweep")["recorded"] == {}
    house.clock.advance(gone_on - house.clock.now() - timedelta(seconds=1))
    assert house.operator("complaint.sweep")["recorded"] == {}
    house.clock.advance(timedelta(seconds=1))
    for stranger in (house.inspector(), house.log_in(lotte.subject, lotte.name)):
        with pytest.raises(DoorRefusedError):
            house.client.call("complaint.sweep", Proof.session(stranger))
    assert house.operator("complaint.sweep")["recorded"] == {"complaint_forgotten": 1}
    assert query(house, "SELECT complaint_id FROM oversight.complaint") == [still_open]
    assert house.operator("complaint.sweep")["recorded"] == {}
    with pytest.raises(DoorRefusedError) as refused:
        house.client.call("complaint.show", Proof.session(house.inspector()), complaint_id=str(first[0]))
    assert refused.value.code == "not-found"


PERSONAL = (
    "541448820000000017",
    "541.448.820.000.000.017",
    "541448-820000-000017",
    "85.07.30-033.28",
    "Lotte Janssens Kerkstraat 1",
    "0475/12.34.56",
    "KL-2026-00171",
    "12345678",
    "<script>",
    "KL_17",
    "K" * 31,
    "KL",
)
"""No reference of a dossier: what may name somebody or an access point."""


def test_a_wrong_form_and_a_stranger_open_nothing(
    ines: FlaskClient, house: TheHouse, lotte: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    publish_with_keys(house)
    [(before,)] = query(house, "SELECT size FROM ledger.head")
    wrong: dict[str, dict[str, str]] = {
        "Kies wie klaagt": {"wie": "", "partij": bram.party_id},
        "Kies een partij, geef": {},
        "Kies een partij": {"partij": "bram"},
        "De laatste dag ligt voor de eerste": {"tot": "2020-01-01", "ean": LOTTES_EAN},
        "Er zit een tikfout": {"ean": "541448820000000018"},
        "Hier staan vreemde tekens in": {"woorden": "a\u202eb", "ean": LOTTES_EAN},
    }
    for reference in PERSONAL:
        answer = Page(complain(ines, house, dossier=reference, ean=LOTTES_EAN))
        assert (answer.status, "Noem uw dossier in 3 tot 30 tekens" in answer.text) == (400, True), reference
    for words, changes in wrong.items():
        answer = Page(complain(ines, house, **changes))
        assert (answer.status, words in answer.text) == (400, True), words
    for changes in ({"ean": "541448899990000060"}, {"twijfel": str(bram.party_id), "wie": ""}):
        answer = Page(complain(ines, house, **changes))
        assert (answer.status, "kennen wij niet" in answer.text) == (404, True)
    today = day_of(house.clock.now()).isoformat()
    inspector = Proof.session(house.inspector())
    wish = {"complaint_id": str(uuid4()), "reference": "X-17", "origin": "own", "first": today, "last": today}
    for changes in (
        {},
        {"party_id": bram.party_id, "last": "2099-01-01"},
        {"ean": MARIAS_EAN, "origin": "doubt"},
    ):
        with pytest.raises(DoorRefusedError) as refused:
            house.client.call("complaint.open", inspector, **wish | changes)
        assert refused.value.code == "malformed-request"
    for call in (lotte.call, bram.call, house.operator):
        with pytest.raises(DoorRefusedError) as refused:
            call("complaint.open", **wish, party_id=bram.party_id)
        assert refused.value.code == "unauthenticated"
    # A code that is not there leaves an entry, so that nobody asks after codes in silence; nothing else does.
    assert query(house, "SELECT event FROM ledger.body WHERE index >= %s", before) == [
        ("complaint.not_opened",)
    ]
    assert query(house, "SELECT count(*) FROM oversight.complaint") == [(0,)]
