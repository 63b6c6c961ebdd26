"""The sandbox: a house of its own, with its own codes and mock mandates, and no way from it to production or back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.test import TestResponse

import web
from databeheer.brussels import day_of
from databeheer.cli import cli
from databeheer.door.client import DoorRefusedError
from databeheer.errors import ConflictError
from databeheer.sandbox import UNFINISHED, new_name
from databeheer.sandbox.codes import SandboxCode
from databeheer.sandbox.filling import Means, fill
from databeheer.site.home import Home
from databeheer.site.house import Storage
from databeheer.storage.provision import name_house
from databeheer.values import Commodity, format_instant
from tests.databases import Databases
from tests.house import Customer, Party, TheHouse, open_house
from tests.web.facade.calling import get, key
from tests.web.programs import Caller, caller, make_app

QUARTERS = SandboxCode(Commodity.ELECTRICITY, True, True, 1)
DAYS = SandboxCode(Commodity.ELECTRICITY, False, False, 2)
GAS = SandboxCode(Commodity.GAS, False, True, 3)
GAS_DAYS = SandboxCode(Commodity.GAS, False, False, 4)
INJECTED_DAYS = SandboxCode(Commodity.ELECTRICITY, True, False, 5)
FILLED = (QUARTERS, DAYS, GAS, GAS_DAYS, INJECTED_DAYS)
EMPTY = SandboxCode(Commodity.GAS, False, True, 999)
OF_SANDBOX = "ledger.example/sandbox/test"


@pytest.fixture(scope="module")
def sandbox(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database, origin=OF_SANDBOX) as house:
        means = Means(house.client, house.operator_key, house.intake_key, house.engine("intake"))
        yesterday = day_of(house.clock.now()) - timedelta(days=1)
        fill(means, FILLED, yesterday - timedelta(days=1), days=8)
        fill(means, FILLED, yesterday, days=9)
        yield house


@pytest.fixture(scope="module")
def app(sandbox: TheHouse) -> Iterator[Flask]:
    app = make_app(sandbox)
    yield app
    web.close(app)


@pytest.fixture
def tess(sandbox: TheHouse, app: Flask) -> Caller:
    """A developer's program, of a party of its own each time."""
    return caller(app, sandbox.party("Tess Ontwikkelt", "energy_service"), "facade")


def mock(party: Caller, *, root: str = "/esco", **changes: Any) -> TestResponse:
    body = {
        "referenceNumber": "test-1",
        "ean": QUARTERS.text,
        "dataServiceType": "VH_kwartier_uur",
        "dataPeriodFrom": "2025-01-01T00:00:00Z",
    } | changes
    return party.post(f"{root}/v3/api/mandate/mock", body, headers=key(party))


def listed(party: Caller, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(party, "/esco/v3/api/mandate", query).get_json()["data"]["mandates"]
    return found


def energy(party: Caller, code: SandboxCode, root: str = "/esco", **query: str) -> TestResponse:
    asked = {"ean": code.text, "periodType": "readTime", **query}
    return get(party, f"{root}/v3/api/mandate/energy", asked)


@pytest.mark.requirement("R48")
def test_a_mock_mandate_is_listed_and_read_under_the_code_that_was_meant(tess: Caller) -> None:
    made = mock(tess, status="Approved")
    assert (made.status_code, made.get_json()["data"]) == (200, {"status": "success"})
    (mandate,) = listed(tess, ean=QUARTERS.text)
    assert (mandate["ean"], mandate["status"], mandate["energyType"]) == (QUARTERS.text, "Approved", "E")
    answer = energy(tess, QUARTERS)
    point = answer.get_json()["data"]["headpoint"]
    assert point["ean"] == QUARTERS.text
    slices = point["physicalMeters"][0]["quarterHourlyEnergy"]
    assert len(slices) > 800
    assert {"offtake", "injection"} <= {name for one in slices for name in one["measurements"][0]}
    assert answer.headers["Ledger-Promise"]


def test_gas_and_days_come_as_their_codes_say(tess: Caller) -> None:
    mock(tess, ean=GAS.text, referenceNumber="gas")
    mock(tess, ean=DAYS.text, referenceNumber="days", dataServiceType="VH_dag")
    gas = energy(tess, GAS).get_json()["data"]["headpoint"]
    assert gas["energyType"] == "G"
    assert gas["physicalMeters"][0]["hourlyEnergy"]
    days = energy(tess, DAYS).get_json()["data"]["headpoint"]["physicalMeters"][0]
    assert len(days["dailyEnergy"]) >= 8
    assert "quarterHourlyEnergy" not in days


def test_what_is_metered_by_day_has_both_directions_and_both_units_of_gas(tess: Caller) -> None:
    for code in (GAS_DAYS, INJECTED_DAYS):
        mock(tess, ean=code.text, referenceNumber=code.text, dataServiceType="VH_dag")
    [gas] = energy(tess, GAS_DAYS).get_json()["data"]["headpoint"]["physicalMeters"]
    units = [
        {value["unit"] for value in one["offtake"].values()} for one in gas["dailyEnergy"][0]["measurements"]
    ]
    assert units == [{"m3"}, {"kWh"}]
    [both] = energy(tess, INJECTED_DAYS).get_json()["data"]["headpoint"]["physicalMeters"]
    assert {"offtake", "injection"} <= both["dailyEnergy"][0]["measurements"][0].keys()
    assert len(both["dailyEnergy"]) == len(gas["dailyEnergy"]) == 9


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(
    ("wished", "status", "renewal", "read"),
    [
        ({"status": "Rejected"}, "Rejected", None, 403),
        ({"status": "Finished"}, "Finished", None, 403),
        ({"renewalStatus": "ToBeRenewed"}, "Approved", "ToBeRenewed", 200),
        ({"status": "Finished", "renewalStatus": "Expired"}, "Finished", "Expired", 403),
    ],
)
def test_every_state_can_be_played(
    sandbox: TheHouse, tess: Caller, wished: dict[str, Any], status: str, renewal: str | None, read: int
) -> None:
    assert mock(tess, **wished).status_code == 200
    sandbox.clock.advance(timedelta(seconds=3))
    (mandate,) = listed(tess)
    assert (mandate["status"], mandate["renewalStatus"]) == (status, renewal)
    assert energy(tess, QUARTERS).status_code == read


def test_a_mock_mandate_that_waits_is_listed_where_it_is_asked_for(tess: Caller) -> None:
    assert mock(tess, status="Requested").status_code == 200
    assert listed(tess) == []
    assert [one["status"] for one in listed(tess, status="Requested")] == ["Requested"]
    assert energy(tess, QUARTERS, referenceNumber="test-1").status_code == 404


def test_another_party_gets_nothing_of_a_mock_mandate(sandbox: TheHouse, app: Flask, tess: Caller) -> None:
    mock(tess)
    joris = caller(app, sandbox.party("Joris Buiten", "energy_service"), "facade")
    assert listed(joris) == []
    assert energy(joris, QUARTERS).status_code == energy(joris, EMPTY).status_code == 403


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"ean": "999"}, "/ean"),
        ({"ean": 7}, "/ean"),
        ({"ean": None}, "/ean"),
        ({"ean": "54144" + "003" + "0" * 7 + "001"}, "/ean"),
        ({"referenceNumber": None}, "/referenceNumber"),
        ({"referenceNumber": "a b"}, "/referenceNumber"),
        ({"dataServiceType": "IG"}, "/dataServiceType"),
        ({"dataServiceType": None}, "/dataServiceType"),
        ({"status": "approved"}, "/status"),
        ({"status": ["Approved"]}, "/status"),
        ({"renewalStatus": "RenewalRequested"}, "/renewalStatus"),
        ({"renewalStatus": "Expired"}, "/renewalStatus"),
        ({"renewalStatus": "ToBeRenewed", "status": "Rejected"}, "/renewalStatus"),
        ({"dataPeriodFrom": "yesterday"}, "/dataPeriodFrom"),
        ({"dataPeriodTo": "2024-01-01T00:00:00Z"}, "/dataPeriodTo"),
        ({"mandateExpirationDate": 2027}, "/mandateExpirationDate"),
        ({"unknown": 1}, "/"),
    ],
)
def test_a_wrong_mock_mandate_is_400_and_makes_nothing(
    tess: Caller, changes: dict[str, Any], place: str
) -> None:
    answer = mock(tess, **changes)
    assert answer.status_code == 400
    assert answer.get_json()["ValidationErrorMessages"][0].startswith(f"{place}:")
    assert listed(tess, status="Requested") == listed(tess) == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"mandateExpirationDate": "2020-01-01T00:00:00Z"}, 400),
        ({"renewalStatus": "ToBeRenewed", "mandateExpirationDate": "2099-01-01T00:00:00Z"}, 400),
        ({"status": "Finished", "renewalStatus": "Expired", "mandateExpirationDate": "2099-01-01"}, 400),
        ({"ean": EMPTY.text}, 404),
        ({"ean": "541448899990000039"}, 404),
    ],
)
def test_what_cannot_be_played_is_refused_and_makes_nothing(
    tess: Caller, changes: dict[str, Any], status: int
) -> None:
    assert mock(tess, **changes).status_code == status
    assert listed(tess, status="Requested") == listed(tess) == []


@pytest.mark.requirement("R48", "R134")
def test_production_knows_no_sandbox_codes_and_plays_nothing(standing_fluvius: Caller) -> None:
    assert mock(standing_fluvius).status_code == 404
    assert mock(standing_fluvius, ean="541448899990000039").status_code == 404
    unknown = energy(standing_fluvius, QUARTERS)
    assert unknown.status_code == 400
    assert unknown.get_json()["ValidationErrorMessages"][0].startswith("ean:")
    assert get(standing_fluvius, "/esco/v3/api/mandate", {"ean": QUARTERS.text}).status_code == 400


@pytest.mark.requirement("R48", "R134")
def test_the_door_of_production_plays_nobody_whatever_the_web_says(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    house.point(QUARTERS.ean.digits, lotte)
    with pytest.raises(DoorRefusedError) as refused:
        bram.call("sandbox.mandate", **played(QUARTERS.ean.digits))
    assert refused.value.code == "not-found"
    assert bram.call("permission.list")["permissions"] == []


@pytest.mark.requirement("R48", "R134")
def test_a_sandbox_plays_nobody_but_its_own_invented_customers(sandbox: TheHouse, tess: Caller) -> None:
    someone = sandbox.customer("someone", "Somebody Real")
    sandbox.point("541448899990000039", someone)
    with pytest.raises(DoorRefusedError) as refused:
        tess.party.call("sandbox.mandate", **played("541448899990000039"))
    assert refused.value.code == "not-found"
    for ask in (someone.call, sandbox.operator):
        with pytest.raises(DoorRefusedError) as refused:
            ask("sandbox.mandate", **played(QUARTERS.ean.digits))
        assert refused.value.code == "unauthenticated"


def played(ean: str) -> dict[str, str]:
    return {
        "reference": "x",
        "ean": ean,
        "purpose": "energy_monitoring",
        "granularity": "day",
        "data_from": "2025-01-01T00:00:00Z",
        "outcome": "approved",
    }


@pytest.mark.requirement("R134")
def test_each_house_answers_under_its_own_address(tess: Caller, standing_fluvius: Caller) -> None:
    mock(tess, root="/esco-sbx")
    assert energy(tess, QUARTERS, "/ESCO-SBX").status_code == 200
    assert get(standing_fluvius, "/esco-live/v3/api/Mandate", {}).status_code == 200
    wrong = (
        energy(tess, QUARTERS, "/esco-live"),
        mock(tess, root="/esco-live", referenceNumber="2"),
        get(standing_fluvius, "/esco-sbx/v3/api/mandate", {}),
        mock(standing_fluvius, root="/esco-sbx"),
    )
    for answer in wrong:
        assert answer.status_code == 404
        assert answer.get_json().keys() == {"Type", "Code", "Message"}


@pytest.mark.requirement("R134")
def test_a_key_or_token_of_one_is_nothing_to_the_other(
    app: Flask, tess: Caller, standing_fluvius: Caller, standing_app: Flask
) -> None:
    for there, stranger in ((standing_app, tess), (app, standing_fluvius)):
        http = there.test_client()
        headers = stranger.headers(key(stranger))
        assert http.get("/esco/v3/api/mandate", headers=headers).status_code == 401
        form = {
            "grant_type": "client_credentials",
            "client_id": stranger.party.client_id,
            "client_secret": stranger.party.client_secret,
        }
        assert http.post("/oauth2/v2.0/token", data=form).status_code == 401


@pytest.mark.requirement("R134")
def test_a_production_house_is_never_made_a_sandbox(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "real")
    home.path.mkdir()
    home.make_secrets("ledger.example/real")
    monkeypatch.setenv("DATABEHEER_HOME", str(home.path))
    before = sorted(path.name for path in home.path.rglob("*"))
    done = CliRunner().invoke(cli, ["sandbox", "fill"])
    assert done.exit_code != 0
    assert "is no sandbox" in str(done.exception) + done.output
    assert sorted(path.name for path in home.path.rglob("*")) == before


@pytest.mark.requirement("R134")
def test_a_sandbox_does_not_move_into_the_database_of_another_house(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABEHEER_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("DATABEHEER_DATABASE_URL", "postgresql://postgres@production.example/postgres")
    monkeypatch.setattr("databeheer.site.sandbox.database_exists", lambda *_: True)
    done = CliRunner().invoke(cli, ["sandbox", "fill"])
    assert done.exit_code != 0
    assert "another house" in str(done.exception) + done.output
    assert not (tmp_path / "new").exists()


@pytest.mark.requirement("R134")
def test_no_command_reaches_the_database_of_another_house(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, databases: Databases
) -> None:
    """Given production's address by habit, it would give production's processes other passwords."""
    with databases.clone() as database:
        home = Home(tmp_path / "box")
        home.path.mkdir()
        home.make_secrets(new_name("made-before"))
        name_house(database.url("owner"), "ledger.example/real")
        monkeypatch.setattr("databeheer.site.house.DATABASE", database.name)
        monkeypatch.setenv("DATABEHEER_DATABASE_URL", database.url("superuser"))
        monkeypatch.setenv("DATABEHEER_HOME", str(home.path))
        for command in (["sandbox", "fill"], ["operator", "stop.show"]):
            done = CliRunner().invoke(cli, command)
            assert done.exit_code != 0
            assert "the house ledger.example/real" in str(done.exception) + done.output
        storage = Storage(home)
        storage.reach()
        with pytest.raises(ConflictError, match=r"the house ledger\.example/real"):
            storage.drop()
        psycopg.connect(database.url("web")).close()


@pytest.mark.requirement("R134")
@pytest.mark.parametrize("command", ["fill", "serve"])
@pytest.mark.parametrize("part", ["keys", "postgres", "ledger", "operator.key"])
def test_no_sandbox_is_made_over_what_may_be_a_house_or_a_checkout(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, command: str, part: str
) -> None:
    (tmp_path / part).mkdir()
    monkeypatch.setenv("DATABEHEER_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["sandbox", command])
    assert done.exit_code != 0
    assert f"has {part}" in str(done.exception) + done.output
    assert [path.name for path in tmp_path.rglob("*")] == [part]


def test_what_serving_began_is_not_filled(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serving again makes it anew, and would throw away what was filled in."""
    (tmp_path / UNFINISHED).touch()
    monkeypatch.setenv("DATABEHEER_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["sandbox", "fill"])
    assert done.exit_code != 0
    assert "broken off" in str(done.exception) + done.output
    assert [path.name for path in tmp_path.rglob("*")] == [UNFINISHED]


@pytest.mark.parametrize("variable", ["DATABEHEER_DATABASE_URL", "DATABEHEER_PKCS11_TOKEN"])
def test_a_served_sandbox_keeps_out_of_the_database_and_the_token_of_a_house(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("DATABEHEER_HOME", str(tmp_path / "new"))
    monkeypatch.setenv(variable, "production")
    done = CliRunner().invoke(cli, ["sandbox", "serve"])
    assert done.exit_code != 0
    assert f"unset {variable}" in str(done.exception) + done.output
    assert not (tmp_path / "new").exists()


def test_a_client_is_shown_undecided_mandates_where_its_party_wishes_them(
    sandbox: TheHouse, tess: Caller
) -> None:
    mock(tess, status="Requested")
    assert listed(tess) == []
    sandbox.operator("registry.client.show_undecided", client_id=tess.party.client_id, shown=True)
    assert [one["status"] for one in listed(tess)] == ["Requested"]
    sandbox.operator("registry.client.show_undecided", client_id=tess.party.client_id, shown=False)
    assert listed(tess) == []
    with pytest.raises(DoorRefusedError):
        sandbox.operator("registry.client.show_undecided", client_id="client-0", shown=True)
    with pytest.raises(DoorRefusedError):
        tess.party.call("registry.client.show_undecided", client_id=tess.party.client_id, shown=True)


def test_a_mandate_that_was_played_has_its_entries(sandbox: TheHouse, tess: Caller) -> None:
    until = format_instant(sandbox.clock.now() + timedelta(days=200))
    assert mock(tess, mandateExpirationDate=until).status_code == 200
    [permission] = tess.party.call("permission.list")["permissions"]
    shown = tess.party.call("permission.show", permission_id=permission["permission_id"])["permission"]
    assert [step["event"] for step in shown["history"]] == ["permission.requested", "permission.granted"]
