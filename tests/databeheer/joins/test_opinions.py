"""Every record of necessity waits for the regulator's word; what he objects to ends with it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from databeheer.door.client import DoorRefusedError, Proof
from tests.databeheer.joins.necessities import NUMBER
from tests.databeheer.joins.street import Neighbour
from tests.databeheer.joins.test_necessity_at_the_door import fresh, mirror, refused, run, take
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page
from tests.web.sites import browser, make_whole_site
from web import close

PATH = "/toezicht/koppelingen"


def judge(house: TheHouse, verdict: str, number: str = NUMBER) -> dict[str, Any]:
    answer: dict[str, Any] = house.client.call(
        "joins.necessity.judge",
        Proof.session(house.inspector()),
        number=number,
        verdict=verdict,
        words="Nagekeken",
    )
    return answer


def unjudged(house: TheHouse) -> int:
    found = house.client.call("oversight.summary", Proof.session(house.inspector()))
    return int(found["state"]["unjudged"])


@pytest.mark.requirement("R130")
def test_a_record_waits_on_the_inspectors_list_and_his_objection_ends_it(
    house: TheHouse, net: Party, people: dict[str, str], neighbours: list[Neighbour]
) -> None:
    take(house, fresh(house))
    second = NUMBER.replace("-7", "-8")
    take(house, fresh(house, number=second))
    assert unjudged(house) == 2
    judge(house, "accepts", second)
    run(net, neighbours)
    app = make_whole_site(house)
    ines: FlaskClient = browser(app, house.inspector())
    page = Page(ines.get(PATH))
    [form] = [one for one in page.forms if one.action == f"{PATH}/noodzaak"]
    assert form.fields["nummer"] == NUMBER
    for changes, words in (
        ({"oordeel": ""}, "Kies wat u ervan vindt"),
        ({"oordeel": "objects", "woorden": "x"}, "Zeg waarom"),
    ):
        wrong = Page(ines.post(f"{PATH}/noodzaak", data=form.fields | {"woorden": "Te ruim"} | changes))
        assert (wrong.status, words in wrong.text) == (400, True)
    assert unjudged(house) == 1
    well = form.fields | {"oordeel": "objects", "woorden": "Te ruim"}
    assert ines.post(f"{PATH}/noodzaak", data=well).status_code == 303
    assert "U maakte bezwaar: deze verklaring is gestopt. Te ruim" in Page(ines.get(PATH)).text
    assert ines.post(f"{PATH}/noodzaak", data=well).status_code == 409
    close(app)
    assert unjudged(house) == 0
    assert refused(lambda: run(net, neighbours)).reason == "necessity_not_in_force"
    assert {one["number"]: one["in_force"] for one in mirror(house)} == {NUMBER: False, second: True}


@pytest.mark.requirement("R130", "R132")
def test_nobody_else_judges_and_a_record_that_is_not_there_is_not_judged(
    house: TheHouse, lotte: Customer, net: Party, people: dict[str, str]
) -> None:
    take(house, fresh(house))
    for call in (lotte.call, net.call, house.operator):
        for command, arguments in (
            ("joins.necessity.judge", {"number": NUMBER, "verdict": "objects", "words": "x"}),
            ("joins.necessity.queue", {}),
        ):
            with pytest.raises(DoorRefusedError) as refusal:
                call(command, **arguments)
            assert refusal.value.code == "unauthenticated"
    with pytest.raises(DoorRefusedError) as refusal:
        judge(house, "objects", "necessity/never-1")
    assert refusal.value.code == "not-found"
    judge(house, "accepts")
    with pytest.raises(DoorRefusedError) as refusal:
        judge(house, "objects")
    assert refusal.value.code == "conflict"
    assert [one["in_force"] for one in mirror(house)] == [True]
