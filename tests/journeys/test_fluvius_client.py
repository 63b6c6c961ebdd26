"""The unmodified `fluvius-energy-api` goes through the journey: ask, wait, read, be refused after withdrawal."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from joserfc.jwk import RSAKey

import web
from databeheer.brussels import day_of
from databeheer.sandbox.codes import SandboxCode
from databeheer.sandbox.filling import Means, fill
from databeheer.values import Commodity
from tests.copies import beside
from tests.databases import Databases
from tests.databeheer.doubt.acts import raise_doubt
from tests.house import Customer, Party, TheHouse, open_house
from tests.journeys.fluvius_client import client_python, run
from tests.web.programs import EXPECTED_2023, EXPORT_2023, GAS_2023, make_app, serving, shared_file

EAN, GAS_EAN = "541448899990000039", "541448899990000046"
QUARTERS = SandboxCode(Commodity.ELECTRICITY, False, True, 1)
REFERENCE = "ref-29-october"
SERVICE = {"data_service_type": "VH_kwartier_uur", "data_period_from": "2023-10-01T00:00:00Z"}
READ = {
    "ean": EAN,
    "period_type": "readTime",
    "reference_number": REFERENCE,
    "granularity": "hourly_quarterhourly",
    "from_date": "2023-10-28T22:00:00+00:00",
    "to_date": "2023-10-29T23:00:00+00:00",
}
LIST = ("get_mandates", {"reference_number": REFERENCE})


@pytest.fixture(scope="module", autouse=True)
def client() -> str:
    """Skip early, before a house is built, where the client is not to be had."""
    return client_python()


@pytest.fixture
@beside
def app(house: TheHouse) -> Any:
    app = make_app(house)
    yield app
    web.close(app)


@pytest.fixture
def measured(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte, with the real export of autumn 2023 taken in."""
    house.ingest(shared_file(EXPORT_2023))
    return lotte


def credentials(party: Party) -> dict[str, str]:
    return {
        "subscription_key": party.subscription_key or "",
        "client_id": party.client_id,
        "client_secret": party.client_secret,
        "tenant_id": "tenant-of-another-company",
        "scope": "api://databeheer/.default",
        "data_access_contract_number": "3599900040",
    }


def ask(flow: str = "B2C", **changes: Any) -> tuple[str, dict[str, Any]]:
    return "create_client_session", {
        "data_access_contract_number": "3599900040",
        "reference_number": REFERENCE,
        "flow": flow,
        "data_services": [SERVICE],
        "number_of_eans": 1,
    } | changes


def grant(customer: Customer, session: dict[str, Any]) -> str:
    code = session["ok"]["data"]["shortUrlIdentifier"]
    asked = customer.call("permission.by_link", link_code=code)["permission"]
    customer.grant({"permission_id": asked["permission_id"], "link_code": code})
    return str(asked["permission_id"])


def test_the_client_goes_through_the_whole_journey(
    app: Flask, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    export, derived = shared_file(EXPORT_2023), shared_file(EXPECTED_2023)
    house.ingest(export)
    with serving(app) as port:
        session, early = run(port, credentials(bram), ask(), LIST)
        assert session["ok"]["data"]["status"] == "success"
        assert early["ok"]["data"]["mandates"] == []

        permission_id = grant(lotte, session)
        listed, energy = run(port, credentials(bram), LIST, ("get_energy", READ))
        (mandate,) = listed["ok"]["data"]["mandates"]
        assert (mandate["status"], mandate["ean"]) == ("Approved", EAN)
        assert energy["ok"]["data"] == expected(derived)

        lotte.withdraw(permission_id)
        finished, refused = run(port, credentials(bram), LIST, ("get_energy", READ))
        assert [one["status"] for one in finished["ok"]["data"]["mandates"]] == ["Finished"]
        assert (refused["error"], refused["status"]) == ("ForbiddenError", 403)
    events = [one["event"] for one in lotte.statements(kind="reads")]
    assert events.count("data.read") == 1
    assert events.count("data.refused") == 1


def expected(derived: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(derived.read_text())["data"]
    return data


def test_the_client_finds_a_window_without_data_empty_and_not_forbidden(
    app: Flask, lotte: Customer, bram: Party
) -> None:
    with serving(app) as port:
        (session,) = run(port, credentials(bram), ask())
        grant(lotte, session)
        (empty,) = run(port, credentials(bram), ("get_energy", READ))
    assert empty["ok"]["data"] == {}


def test_the_client_understands_what_was_wrong(app: Flask, bram: Party) -> None:
    with serving(app) as port:
        bad_ean, many, wrong_service = run(
            port,
            credentials(bram),
            ("get_energy", READ | {"ean": "999"}),
            ask(number_of_eans=500),
            ask(data_services=[{"data_service_type": "IG"}]),
        )
    for answer in (bad_ean, many, wrong_service):
        assert (answer["error"], answer["status"]) == ("ValidationError", 400)
        assert answer["validation_errors"]


def test_the_client_is_told_apart_from_a_thief(app: Flask, bram: Party, joris: Party) -> None:
    stolen = credentials(bram) | {"client_secret": "guessed"}
    mixed = credentials(bram) | {"subscription_key": joris.subscription_key or ""}
    with serving(app) as port:
        (wrong_secret,) = run(port, stolen, LIST)
        (wrong_key,) = run(port, mixed, LIST)
    assert wrong_secret["error"] == "AuthenticationError"
    assert wrong_key["error"] == "AuthenticationError"


def total(answer: dict[str, Any], key: str, unit: str, direction: str) -> Decimal:
    """The sum of all values of one unit and direction that the client read."""
    return sum(
        (
            Decimal(str(value["value"]))
            for meter in answer["ok"]["data"]["headpoint"]["physicalMeters"]
            for one in meter[key]
            for measurement in one["measurements"]
            for value in measurement.get(direction, {}).values()
            if value["unit"] == unit
        ),
        Decimal(0),
    )


def exported(path: Path, unit: str, word: str) -> Decimal:
    """The sum of that unit in an export's rows of registers that are named so, read as plain text."""
    rows = [line.split(";") for line in path.read_text("utf-8-sig").splitlines()]
    heads = [name.strip().lower() for name in rows[0]]
    register, volume, units = heads.index("register"), heads.index("volume"), heads.index("unit")
    return sum(
        (
            Decimal(row[volume].replace(",", "."))
            for row in rows[1:]
            if len(row) > volume and row[volume] and row[units] == unit and word in row[register]
        ),
        Decimal(0),
    )


def test_the_client_reads_electricity_and_gas_of_the_real_exports_to_the_last_digit(
    app: Flask, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    electricity, gas = shared_file(EXPORT_2023), shared_file(GAS_2023)
    house.point(GAS_EAN, lotte, commodity="gas")
    house.ingest(electricity)
    house.ingest(gas)
    everything = {"period_type": "readTime", "granularity": "hourly_quarterhourly"}
    window = {"from_date": "2023-10-21T22:00:00+00:00", "to_date": "2023-11-30T23:00:00+00:00"}
    with serving(app) as port:
        sessions = run(port, credentials(bram), ask(), ask(reference_number="gas"))
        for session, commodity in zip(sessions, ("electricity", "gas"), strict=True):
            code = session["ok"]["data"]["shortUrlIdentifier"]
            shown = lotte.call("permission.by_link", link_code=code)
            place = next(one for one in shown["occupancies"] if one["commodity"] == commodity)
            asked = {"permission_id": shown["permission"]["permission_id"], "link_code": code}
            lotte.grant(asked, place["occupancy_id"])
        of_electricity, of_gas = run(
            port,
            credentials(bram),
            ("get_energy", {"ean": EAN, **everything, **window}),
            ("get_energy", {"ean": GAS_EAN, **everything, **window}),
        )
    for word, direction in (("Offtake", "offtake"), ("Injection", "injection")):
        read = total(of_electricity, "quarterHourlyEnergy", "kWh", direction)
        assert read == exported(electricity, "kWh", word)
        assert read > 0
    for unit, theirs in (("m3", "m³"), ("kWh", "kWh")):
        read = total(of_gas, "hourlyEnergy", unit, "offtake")
        assert read == exported(gas, theirs, "")
        assert read > 0


def test_the_client_gets_its_own_errors(
    app: Flask, house: TheHouse, measured: Customer, bram: Party, joris: Party
) -> None:
    strange = credentials(bram) | {"subscription_key": joris.subscription_key or ""}
    with serving(app) as port:
        session, waiting, malformed = run(
            port, credentials(bram), ask(), ("get_energy", READ), ("get_energy", READ | {"ean": "999"})
        )
        (unauthenticated,) = run(port, strange, ("get_energy", READ))
        permission = {"permission_id": grant(measured, session)}
        raise_doubt(measured, permission)
        (blocked,) = run(port, credentials(bram), ("get_energy", READ))
        measured.withdraw(permission["permission_id"])
        (ended,) = run(port, credentials(bram), ("get_energy", READ))
    told = [(one["error"], one["status"]) for one in (waiting, malformed, unauthenticated, blocked, ended)]
    assert told == [
        ("NotFoundError", 404),
        ("ValidationError", 400),
        ("AuthenticationError", 401),
        ("ServiceUnavailableError", 503),
        ("ForbiddenError", 403),
    ]


def mock(reference: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    return "create_mock_mandate", {
        "reference_number": reference,
        "ean": QUARTERS.text,
        "data_service_type": "VH_kwartier_uur",
        "data_period_from": "2025-01-01T00:00:00Z",
    } | changes


def test_the_client_sees_its_mandates_through_all_states_in_the_sandbox(databases: Databases) -> None:
    with (
        databases.clone() as database,
        open_house(database, origin="ledger.example/sandbox/client") as house,
    ):
        means = Means(house.client, house.operator_key, house.intake_key, house.engine("intake"))
        fill(means, [QUARTERS], day_of(house.clock.now()) - timedelta(days=1), days=3)
        tess = house.party("Tess Ontwikkelt", "energy_service")
        sandbox = make_app(house)
        try:
            with serving(sandbox) as port:
                made = run(
                    port,
                    credentials(tess),
                    mock("waiting", status="Requested"),
                    mock("given", status="Approved"),
                    mock("refused", status="Rejected"),
                    mock("over", status="Finished"),
                    mock("ending", renewal_status="ToBeRenewed"),
                    mock("expired", status="Finished", renewal_status="Expired"),
                    mock("wrong", ean="999"),
                    base="/esco-sbx/v3",
                )
                house.clock.advance(timedelta(seconds=5))
                listed, asked, energy = run(
                    port,
                    credentials(tess),
                    ("get_mandates", {}),
                    ("get_mandates", {"status": "Requested"}),
                    ("get_energy", {"ean": QUARTERS.text, "period_type": "readTime"}),
                    base="/esco-sbx/v3",
                )
        finally:
            web.close(sandbox)
    assert [one["ok"]["data"]["status"] for one in made[:-1]] == ["success"] * 6
    assert made[-1]["error"] == "ValidationError"
    found = {
        one["referenceNumber"]: (one["status"], one.get("renewalStatus"))
        for one in listed["ok"]["data"]["mandates"] + asked["ok"]["data"]["mandates"]
    }
    assert found == {
        "waiting": ("Requested", None),
        "given": ("Approved", None),
        "refused": ("Rejected", None),
        "over": ("Finished", None),
        "ending": ("Approved", "ToBeRenewed"),
        "expired": ("Finished", "Expired"),
    }
    assert energy["ok"]["data"]["headpoint"]["ean"] == QUARTERS.text


def test_the_client_hears_that_hand_over_is_stopped(
    app: Flask, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    with serving(app) as port:
        (session,) = run(port, credentials(bram), ask())
        grant(lotte, session)
        house.operator("stop.set", reason="drill")
        (answer,) = run(port, credentials(bram), ("get_energy", READ))
    assert (answer["error"], answer["status"]) == ("ServiceUnavailableError", 503)


@pytest.mark.machine_time
def test_the_client_shows_who_it_is_with_its_certificate(app: Flask, house: TheHouse, bram: Party) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = json.dumps(RSAKey.import_key(pem).as_dict(private=False))
    known = house.operator(
        "registry.client.add", party_id=bram.party_id, profiles=["facade"], public_key=public
    )
    # The unmodified client signs for its own tenant at its own identity service, an hour at a time.
    audience = "https://login.microsoftonline.com/tenant-of-another-company/v2.0"
    house.service.house = replace(house.house, facade_audience=audience)
    house.clock.set(house.clock.now() + timedelta(seconds=30))
    given = credentials(bram) | {
        "client_id": known["client_id"],
        "subscription_key": known["subscription_key"],
        "certificate_thumbprint": "a1" * 20,
        "private_key": b64encode(pem.encode()).decode(),
    }
    del given["client_secret"]
    with serving(app) as port:
        (answer,) = run(port, given, LIST)
    assert answer == {"ok": {"_meta": answer["ok"]["_meta"], "data": {"mandates": []}}}
