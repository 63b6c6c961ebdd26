"""The commands of docs/how-to/carry-out-port-orders.md run as they stand there, with what the demo gives."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask

from databeheer.demo.cast import PARTIES
from databeheer.values import Role
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.api.pages import HOW_TO, Shell, blocks
from tests.web.programs import serving

PAGE = "carry-out-port-orders.md"


def test_the_demo_has_the_grid_operator_that_the_page_names() -> None:
    page = (HOW_TO / PAGE).read_text(encoding="utf-8")
    assert PARTIES["dso"]["role"] == Role.DSO
    assert PARTIES["dso"]["name"] in page
    assert 'one["key"] == "dso"' in page


@pytest.mark.skipif(shutil.which("curl") is None, reason="left out: this machine has no curl")
def test_the_page_is_one_session_that_opens_the_port_which_the_customer_asked(
    house: TheHouse, program_app: Flask, lotte: Customer, net: Party, tmp_path: Path
) -> None:
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter="1SAG1", digital=True, ports=["P1", "S1"])
    [meter] = lotte.call("port.list")["points"][0]["meters"]
    wanted = {"occupancy_id": lotte.occupancy(), "meter_id": meter["meter_id"], "port": "S1"}
    lotte.call("port.open", **wanted, seen=0, notice="x", language="nl")
    with serving(program_app) as port:
        known = {
            "HOST": f"http://127.0.0.1:{port}",
            "CLIENT_ID": net.client_id,
            "CLIENT_SECRET": net.client_secret,
        }
        told = Shell(tmp_path, known).run(blocks(PAGE))
    assert "ledger-promise" in told.lower()
    [meter] = lotte.call("port.list")["points"][0]["meters"]
    assert {one["port"]: one["is_open"] for one in meter["ports"]} == {"P1": False, "S1": True}
