"""A read by a mandate that was brought along stands the regulator's audit, and its party's receipt opens the draw."""

from __future__ import annotations

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.mandate_imports.rows import NOTICE_DAYS
from tests.databeheer.door.conftest import export
from tests.databeheer.door.test_content_audit import Regulator
from tests.databeheer.mandate_imports.importing import Brought, back_in, days, post_letters, sweep
from tests.doors import query
from tests.house import Customer, Party, TheHouse


def test_what_is_read_by_it_has_its_grant_in_the_ledger(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    house.ingest(export())
    brought = Brought.of(house, bram)
    post_letters(house)
    brought.hand_all_in()
    days(house, NOTICE_DAYS + 1)
    sweep(house)
    back_in(house, bram)
    assert bram.read(brought.permission())["granted"] != []
    report = Regulator(house).audit()
    assert report.holds, report
    assert report.reads_by_consent == 1
    events = {row[0] for row in query(house, "SELECT event FROM ledger.body")}
    assert {
        "mandates.imported",
        "mandate.imported",
        "mandates.sampled",
        "mandate.sampled",
        "mandate.produced",
        "mandate.checked",
        "mandates.passed",
        "permission.granted",
    } <= events


def test_its_party_opens_the_entry_of_its_file_and_of_the_draw_and_nobody_else_does(
    house: TheHouse, lotte: Customer, bram: Party, joris: Party
) -> None:
    brought = Brought.of(house, bram)
    shown = brought.now()
    rows = query(house, "SELECT index FROM ledger.body WHERE event = 'mandates.sampled'")
    for index in (shown["index"], rows[0][0]):
        assert bram.call("receipt.opening", index=index)["opening"]
    assert shown["index"] < rows[0][0]
    for index in (shown["index"], rows[0][0]):
        with pytest.raises(DoorRefusedError) as refusal:
            joris.call("receipt.opening", index=index)
        assert refusal.value.code == "not-found"
