"""The commands of docs/how-to/keep-the-access-register.md and supply-a-customer.md run as they stand there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from flask import Flask

from databeheer.brussels import day_of
from tests.databeheer.door.access_register.sending import contracts, hanging, send, stays
from tests.house import Party, TheHouse
from tests.web.api.pages import Shell, blocks
from tests.web.programs import serving

EAN = "541448899990000060"
ACCEPTED = "# from here the grid operator has accepted it"
CURL = pytest.mark.skipif(shutil.which("curl") is None, reason="left out: this machine has no curl")


def script(page: str) -> str:
    return "\n".join(blocks(page))


def run(house: TheHouse, port: int, party: Party, commands: str, folder: Path) -> str:
    known = {
        "HOST": f"http://127.0.0.1:{port}",
        "CLIENT_ID": party.client_id,
        "CLIENT_SECRET": party.client_secret,
        "EAN": EAN,
        "TODAY": day_of(house.clock.now()).isoformat(),
    }
    return Shell(folder, known).run([commands])


@CURL
def test_a_grid_operators_page_is_one_session_that_leaves_what_it_says(
    house: TheHouse, program_app: Flask, net: Party, tmp_path: Path
) -> None:
    house.point(EAN)
    with serving(program_app) as port:
        said = run(house, port, net, script("keep-the-access-register.md"), tmp_path)
    assert "[None, '/problems/not-found', '/problems/earlier-message-refused']" in said
    assert [stay[1:] for stay in stays(house, EAN)] == [("2023-05-01", "2023-07-01"), ("2023-07-01", None)]
    assert hanging(house, EAN) == [("1SAG0000000031", "2023-05-01", "2023-06-01")]
    bert = house.customer("bert-id", "Bert Claes")
    assert [one["from"] for one in bert.call("me")["occupancies"]] == ["2023-07-01"]


@CURL
def test_a_suppliers_page_is_one_session_from_the_announcement_to_the_end(
    house: TheHouse, program_app: Flask, net: Party, erik: Party, tmp_path: Path
) -> None:
    house.point(EAN, house.customer("lotte", "Lotte"))
    before, after = script("supply-a-customer.md").split(ACCEPTED)
    head = before.split("ANNOUNCEMENT=")[0]
    today = day_of(house.clock.now()).isoformat()
    with serving(program_app) as port:
        run(house, port, erik, before, tmp_path)
        [waiting] = net.call("supply.announcements")["announcements"]
        send(net, "contract.accepted", announcement=waiting["announcement_id"])
        assert contracts(house, EAN) == [(erik.name, today, None)]
        said = run(house, port, erik, head + after, tmp_path)
    assert json.dumps(EAN) in said
    assert contracts(house, EAN) == []  # ended on its first day: it never ran
