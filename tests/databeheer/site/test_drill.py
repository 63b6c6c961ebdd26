"""The drill of restore and erasure, as an operator gives it on a house of real processes that is in use."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import databeheer.cli
from databeheer.door.client import DoorClient
from databeheer.metering.exports import read_export
from databeheer.metering.intake import take_in
from databeheer.site.home import Home
from databeheer.storage.engine import make_engine
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.databeheer.site.test_restore_runbook import Drill
from tests.databeheer.site.test_restore_runbook import drill as drill  # a fixture

NAMES = {LOTTES_EAN: "Lotte Janssens", MARIAS_EAN: "Maria Peeters"}
METERS = {LOTTES_EAN: "1SAG9990000003", MARIAS_EAN: "2SAG9990000003"}


@pytest.fixture
def street(drill: Drill) -> dict[str, str]:
    """Lotte, whose stay has ended, and Maria, each with two days of readings; the stays by their points."""
    stays = {}
    engine = make_engine(drill.storage.url("intake"), pool_size=1)
    for ean, name in NAMES.items():
        person = drill.operator("registry.person.add", subject=name, name=name)["person_id"]
        drill.operator("registry.access_point.register", ean=ean, commodity="electricity", address=name[::2])
        begun = drill.operator("registry.occupancy.begin", ean=ean, person_id=person, from_day="2022-01-01")
        stays[ean] = begun["occupancy_id"]
        row = Row(ean=f'="{ean}"', meter=METERS[ean])
        rows = [one for day in (28, 30) for one in day_rows(date(2023, 10, day), row=row)]
        with DoorClient(drill.home.door_socket) as door:
            take_in(read_export(english(*rows)), door, drill.home.intake_key.read_text(), engine)
    engine.dispose()
    drill.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-11-01")
    return stays


def decide(drill: Drill, stay: str) -> None:
    wish = {"data_class": "readings", "reason": "authority_order", "decided_by": "DPO"}
    drill.operator("erasure.decide", occupancy_id=stay, **wish)


def go_through(drill: Drill, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = databeheer.cli.main(["drill", "erasure", "--in", str(drill.folder / "drill"), "--json"])
    said = capsys.readouterr()
    assert said.out, said.err
    return status, json.loads(said.out)


def refused(drill: Drill, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert databeheer.cli.main(["drill", "erasure", "--in", str(drill.folder / "drill")]) == 1
    return capsys.readouterr().err


@pytest.mark.requirement("R137")
def test_the_drill_shows_what_erasure_and_restore_do_and_finds_the_one_name_that_somebody_wrote_into_a_log(
    drill: Drill, street: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABEHEER_HOME", str(drill.home.path))
    # Where it would show nothing, nothing is erased.
    with monkeypatch.context() as patch:
        patch.setattr("databeheer.site.drill.erasing.PATIENCE_SECONDS", 0.0)
        assert "is not published up to now" in refused(drill, capsys)
    drill.site.start_publisher()
    assert "nothing is decided" in refused(drill, capsys)
    (drill.folder / "drill").mkdir()
    assert "is there already" in refused(drill, capsys)
    (drill.folder / "drill").rmdir()

    decide(drill, street[LOTTES_EAN])
    (drill.home.logs / "by-hand.log").write_text(f"gebeld met {NAMES[LOTTES_EAN].upper()}\n")
    status, said = go_through(drill, capsys)
    assert (status, said["findings"]) == (1, ["1 plain traces stand in the logs"])
    assert said["erased"] == {"readings": 1}
    assert said["before"]["count"] == said["before"]["opened"] == said["restored"]["count"] == 2
    assert (said["restored"]["opened"], said["others"]) == (0, {"count": 1, "opened": 1})
    looked = {one["place"]: one["bytes"] for one in said["searched"]}
    assert len(looked) == 7
    assert all(looked.values()), looked
    assert "restored: what does not open there is what was erased here" in said["checks"]
    assert not (drill.folder / "drill").exists()
    text = json.dumps(said)
    for secret in (*NAMES.values(), *METERS.values(), *street.values(), LOTTES_EAN):
        assert secret not in text
    states = [one["state"] for one in drill.operator("erasure.list")["erasures"]]
    assert states == ["executed"]  # and the house goes on


def test_a_house_that_does_not_run_is_not_erased_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABEHEER_HOME", str(tmp_path))
    give = ["drill", "erasure", "--in", str(tmp_path / "drill")]
    assert databeheer.cli.main(give) == 1
    assert "there is no house" in capsys.readouterr().err
    Home(tmp_path).make_secrets("ledger.example/none")
    assert databeheer.cli.main(give) == 1
    assert "the house does not run" in capsys.readouterr().err
    assert not (tmp_path / "drill").exists()
