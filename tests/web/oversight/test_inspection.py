"""An inspector opens entries of a period: counted, checked, downloaded, and seen by those concerned."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from databeheer.brussels import day_of
from databeheer.cli import main
from databeheer.door.client import DoorRefusedError
from databeheer.oversight.content_audit import Finding
from tests.conftest import LOTTES_EAN
from tests.databeheer.joins.street import SEPTEMBER
from tests.doors import execute
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page
from tests.web.programs import publish
from tests.web.sites import browser, make_whole_site
from web import close, saying
from web.oversight.wording import FINDINGS

PATH = "/toezicht/inzage"


@pytest.fixture
def ines(house: TheHouse) -> Iterator[FlaskClient]:
    """An inspector at her browser."""
    app = make_whole_site(house)
    yield browser(app, house.inspector())
    close(app)


@pytest.fixture
def read(lotte: Customer, bram: Party) -> int:
    """Bram read by Lotte's permission."""
    asked = bram.ask()
    lotte.grant(asked)
    return int(bram.read(asked["permission_id"])["index"])


def send(ines: FlaskClient, house: TheHouse, **changes: Any) -> Any:
    publish(house)
    token = Page(ines.get(PATH)).form(PATH).fields["csrf_token"]
    today = day_of(house.clock.now())
    wish = {
        "csrf_token": token,
        "van": (today - timedelta(days=1)).isoformat(),
        "tot": today.isoformat(),
        "taak": "Dossier 17",
        "partij": "",
        "ean": "",
        "vorm": "pagina",
    }
    return ines.post(PATH, data=wish | changes)


def test_an_inspector_opens_a_period_and_each_read_had_its_permission(
    ines: FlaskClient, house: TheHouse, read: int, lotte: Customer, bram: Party
) -> None:
    page = Page(send(ines, house))
    assert "Alles klopt" in page.text
    assert "1 keer werd gelezen met toestemming" in page.text
    assert f"{bram.name} gelezen" in page.text
    assert lotte.name not in page.html
    assert LOTTES_EAN not in page.html
    newest = lotte.statements(kind="reads")[0]
    assert (newest["event"], newest["task"]) == ("audit.opened", "Dossier 17")


def test_parties_of_joins_have_names_too_and_refused_joins_a_sentence(
    ines: FlaskClient, house: TheHouse, read: int, erik: Party
) -> None:
    wish = {"case_id": "area-month-statistics", "purpose": "marketing", "requester_note": "CAMPAIGN-7"}
    with pytest.raises(DoorRefusedError):
        erik.call("joins.run", **wish, **SEPTEMBER)
    page = Page(send(ines, house))

    assert f"{erik.name} koppeling geweigerd De lijst laat deze koppeling niet toe" in page.text


def test_the_lines_behind_the_counts_are_shown_by_party_ground_and_operator(
    ines: FlaskClient, house: TheHouse, read: int, bram: Party, joris: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DoorRefusedError) as refusal:
        joris.read(ean=LOTTES_EAN, purpose="energy_advice")
    refused = int(refusal.value.index or 0)
    page = Page(send(ines, house))
    assert _lines(page) >= {(read, bram.name), (refused, joris.name)}
    [of_joris] = [form for form in page.forms if form.fields.get("partij") == joris.party_id]
    one = Page(ines.post(PATH, data=of_joris.fields))
    assert _lines(one) == {(refused, joris.name)}
    assert _lines(Page(send(ines, house, wat="data.read"))) == {(read, bram.name)}
    assert _lines(Page(send(ines, house, partij="geen"))).isdisjoint(_lines(one))
    assert (read, bram.name) in _lines(Page(send(ines, house, netbeheerder="1")))
    assert _lines(Page(send(ines, house, netbeheerder="2"))) == set()
    assert _lines(Page(send(ines, house, grond="no_such_ground"))) == set()
    of_a_join = Page(send(ines, house, grond="join:municipality-hour-statistics"))
    assert (of_a_join.status, _lines(of_a_join)) == (200, set())

    # A screen holds few lines: the button leads on, entry by entry, to the last one, and skips none.
    monkeypatch.setattr("web.oversight.opening.SCREEN", 1)
    page, seen = Page(send(ines, house)), list[tuple[int, str]]()
    while True:
        seen += sorted(_lines(page))
        following = [form for form in page.forms if form.fields.get("vanaf")]
        if not following:
            break
        page = Page(ines.post(PATH, data=following[0].fields))
    assert [index for index, _ in seen] == sorted({index for index, _ in seen})
    assert {(read, bram.name), (refused, joris.name)} <= set(seen)


def test_a_filter_that_no_page_offers_opens_nothing(
    ines: FlaskClient, house: TheHouse, read: int, lotte: Customer
) -> None:
    for change in (
        {"wat": "permission.granted"},
        {"grond": "' OR 1=1"},
        {"netbeheerder": "-1"},
        {"netbeheerder": "x"},
        {"partij": "iedereen"},
        {"vanaf": "-1"},
        {"vanaf": "x"},
        {"vanaf": str(10**15)},
        {"vanaf": "1" * 40},
    ):
        assert send(ines, house, **change).status_code == 400
    assert lotte.statements(kind="reads")[0]["event"] == "data.read"


def _lines(page: Page) -> set[tuple[int, str]]:
    """The lines that a page shows: which entry, and who."""
    rows = re.findall(
        r'<tr><th scope="row" class="number">([0-9.]+)</th>.*?data-label="Partij">([^<]+)<', page.html
    )
    return {(int(index.replace(".", "")), html.unescape(who)) for index, who in rows}


def test_a_forged_permission_is_named_with_its_entry(
    ines: FlaskClient, house: TheHouse, read: int, joris: Party
) -> None:
    execute(house, "UPDATE permissions.permission SET party_id = %s", joris.party_id)
    index = joris.read(ean=LOTTES_EAN, purpose="energy_advice")["index"]
    page = Page(send(ines, house))
    assert "Dit klopt niet" in page.text
    assert f"Regel {index}: gelezen zonder toestemming. In het logboek staat er geen." in page.text


def test_the_download_is_checked_elsewhere_by_the_command_line(
    ines: FlaskClient,
    house: TheHouse,
    read: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = send(ines, house, vorm="json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="C4-inzage.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    file, log = tmp_path / "inzage.json", house.folder / "public"
    file.write_bytes(answer.data)
    command = ["oversight", "audit", str(file), str(log), "--key", str(log / "vkey")]
    assert main(command) == 0
    said = capsys.readouterr().out
    document = json.loads(answer.data)
    assert "1 reads by consent, 0 findings" in said
    assert "Bram Energieadvies\n" in said
    assert not any(party in said for party in document["parties"])
    file.write_text(json.dumps(document | {"parties": dict.fromkeys(document["parties"], "\x1b[2J")}))
    assert main(command) == 0
    assert "\x1b" not in capsys.readouterr().out
    del document["parties"]
    whole = dict(document)
    document["entries"] = [one for one in whole["entries"] if one["index"] < read]
    document["range"] = [0, read]
    file.write_text(json.dumps(document))
    main(command)
    assert f"not shown: entries {read} to " in capsys.readouterr().out
    document = whole
    document["entries"] = [one for one in document["entries"] if one["index"] != read]
    file.write_text(json.dumps(document))
    assert main([*command, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"] == [{"index": read, "code": "left-out"}]
    for content, status in ((b"{}", 2), (b"no", 2)):
        file.write_bytes(content)
        assert main(command) == status
    assert main(["oversight", "audit", str(file), "http://127.0.0.1:1", "--key", str(log / "vkey")]) == 3


def test_what_is_missing_in_the_form_is_said_beside_it_and_opens_nothing(
    ines: FlaskClient, house: TheHouse, read: int, lotte: Customer
) -> None:
    for change, words in {
        "taak": "Zeg voor welke taak",
        "van": "Vul een dag in",
        "ean": "Dit is geen EAN-code",
    }.items():
        answer = Page(send(ines, house, **{change: "1" if change == "ean" else ""}))
        assert answer.status == 400
        assert words in answer.text
    backward = Page(send(ines, house, tot="2020-01-01"))
    assert "De laatste dag ligt voor de eerste" in backward.text
    assert lotte.statements(kind="reads")[0]["event"] == "data.read"


def test_a_day_that_cannot_be_is_named_with_the_days_that_can_and_opens_nothing(
    ines: FlaskClient, house: TheHouse, read: int, lotte: Customer
) -> None:
    tomorrow = (day_of(house.clock.now()) + timedelta(days=1)).isoformat()
    possible = f"Vul een dag in, van 1 januari 1990 tot en met {saying.day(house.clock.now())}."
    for name, words in (("van", "Eerste dag"), ("tot", "Laatste dag")):
        for day in ("1900-01-01", tomorrow, "gisteren"):
            page = Page(send(ines, house, **{name: day}))
            assert page.status == 400
            assert f"{words}: {possible}" in page.text
            assert f"#{name}" in page.links
    assert lotte.statements(kind="reads")[0]["event"] == "data.read"


def test_nobody_but_an_inspector_sees_the_page(house: TheHouse, lotte: Customer) -> None:
    app = make_whole_site(house)
    assert browser(app).get(PATH).status_code == 303
    assert browser(app, lotte.session).get(PATH).status_code == 403
    close(app)


def test_every_finding_has_words() -> None:
    codes = set(FINDINGS)
    folder = Path(__file__).parents[3] / "databeheer/oversight"
    source = "".join((folder / name).read_text() for name in ("content_audit.py", "erasure_claims.py"))
    assert all(f'"{code}"' in source for code in codes)
    written = set(re.findall(r'yield "([a-z-]+)"', (folder / "erasure_claims.py").read_text()))
    assert {"erased-without-entry", "not-erased"} <= written <= codes
    assert Finding(1, "left-out").code in codes
