"""A copy of everything: whole, the visitor's own, recorded and told; three a day; never by somebody else."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest

from databeheer.brussels import day_of
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor
from tests.web.programs import publish

Visit = Callable[[Customer], Visitor]
PATH = "/mijn/rechten/alles"


def opened(page: Page) -> dict[str, bytes]:
    assert page.status == 200, page.text
    with zipfile.ZipFile(io.BytesIO(page.response.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.requirement("R45", "R50")
def test_it_holds_everything_of_the_visitor_and_nothing_of_others(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer, bram: Party, measured_autumn: Customer
) -> None:
    permission = lotte.grant(bram.ask())["permission"]["permission_id"]
    bram.read(permission)
    lotte.call("rights.ask", kind="rectification", fact="name", words="Janssens met een c.")
    publish(house)
    visitor = visit(lotte)
    files = opened(visitor.press(visitor.get(PATH), PATH))
    told = {name: json.loads(data) for name, data in files.items() if name.endswith(".json")}
    assert told["wie-u-bent.json"]["me"]["name"] == lotte.name
    assert [one["permission"]["permission_id"] for one in told["toestemmingen.json"]] == [permission]
    assert {"data.read", "permission.granted", "right.copied"} <= {
        one["event"] for one in told["wie-las.json"]
    }
    assert "right.copied" in {one["kind"] for one in told["berichten.json"]}
    assert "Janssens met een c." in json.dumps(told["verzoeken.json"])
    [readings] = [told[name] for name in told if name.startswith("meetgegevens")]
    assert readings["receipts"]
    assert readings["channels"]
    assert any(name.startswith("bewijzen") and name.endswith(".zip") for name in files)
    index = files["lees-mij.html"].decode()
    assert lotte.name in index
    assert all(name in index for name in files if name not in ("lees-mij.html", "inhoud.json"))
    assert not any(word in index for word in ("<script", "style=", "http"))
    everything = b"".join(files.values()).decode("utf-8", "ignore")
    assert maria.name not in everything
    assert str(maria.person_id) not in everything
    lines = visitor.get("/mijn/gelezen", soort="alles").text
    assert "Kopie van al uw gegevens gemaakt" in lines
    assert "Er is een kopie van al uw gegevens gemaakt" in visitor.get("/mijn/berichten").text
    assert "Kopie van al uw gegevens" in visitor.get("/mijn/rechten").text
    assert "right.copied" not in {one["event"] for one in maria.statements()}


def test_three_copies_a_day_and_the_fourth_changes_nothing(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    visitor = visit(lotte)
    page = visitor.get(PATH)
    for _ in range(3):
        opened(visitor.press(page, PATH))
    before = len(lotte.statements())
    answer = visitor.press(page, PATH)
    assert (answer.status, "U hebt al een kopie" in answer.text) == (409, True)
    assert len(lotte.statements()) == before
    house.clock.advance(timedelta(days=1, minutes=1))
    again = visit(lotte)
    opened(again.press(again.get(PATH), PATH))


def test_nobody_makes_it_in_anothers_name_or_without_the_button(
    visit: Visit, house: TheHouse, stranger: Visitor, lotte: Customer
) -> None:
    theo = house.customer("theo", "Theo Wouters")
    house.operator(
        "registry.representation.add",
        person_id=str(lotte.person_id),
        representative_id=str(theo.person_id),
        reference="vrederechter Gent 2026/17",
        from_day=day_of(house.clock.now()).isoformat(),
    )
    visitor = visit(theo)
    visitor.press(visitor.get("/mijn/namens"), visitor.get("/mijn/namens").forms[1].action)
    refused = visitor.press(visitor.get(PATH), PATH)
    assert (refused.status, "Dit kan alleen Lotte Janssens zelf" in refused.text) == (403, True)
    assert stranger.get(PATH).status in (302, 303, 401)
    own = visit(lotte)
    assert own.send(PATH, {}).status == 400  # no guard
    guard = own.get(PATH).form(PATH).fields
    assert own.send(PATH, guard | {"van": "maria"}).status == 400
    assert "right.copied" not in {one["event"] for one in lotte.statements()}


def test_who_left_takes_what_is_left_and_what_was_erased_is_not_in_it(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    stay = measured_autumn.occupancy()
    found = measured_autumn.call("me")["occupancies"][0]["ean"]
    house.operator("registry.occupancy.end", ean=found, until_day=day_of(house.clock.now()).isoformat())
    house.clock.advance(timedelta(days=1500))
    wish = {"data_class": "readings", "occupancy_id": stay, "reason": "retention_ended"}
    house.operator("erasure.decide", decided_by="DPO", **wish)
    house.operator("erasure.execute")
    visitor = visit(measured_autumn)
    files = opened(visitor.press(visitor.get(PATH), PATH))
    assert not any(name.startswith("meetgegevens") for name in files)
    assert "wie-las.json" in files
