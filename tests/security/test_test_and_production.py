"""Tests and the demo on one side, real houses on the other: no data and no key goes from one to the other (R134)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stdnum import ean as stdnum_ean

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.house import LEDGER_HOUSE
from databeheer.door.keys.files import FileEpochKeys
from databeheer.door.keys.store import KeyStore, KeyStoreError, Kind
from databeheer.door.main import SettingsError, house_from
from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.provider import DEMO_ISSUER
from databeheer.metering.street import invented_ean
from databeheer.site.home import Home
from tests.databases import Databases
from tests.doors import door_environment
from tests.house import TheHouse, open_house

ROOT = Path(__file__).resolve().parents[2]
INVENTED_EAN = re.compile("5414488999[89][0-9]{7}|54144[01]{3}0{7}[0-9]{3}")
"""The blocks of `invented_ean`, of the tests and of every sandbox: no grid operator gives these out."""
INVENTED_METER = re.compile("[0-9][A-Z]{3}(?:000|9)[0-9]*")
DATA = {
    ".csv",
    ".parquet",
    ".arrow",
    ".feather",
    ".xlsx",
    ".xls",
    ".zip",
    ".gz",
    ".zst",
    ".db",
    ".sqlite",
    ".dump",
}


def tracked() -> Iterator[Path]:
    """Every file that the project publishes."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout: git does not say what the project publishes")
    yield from (ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file())


def real_numbers(text: str) -> Iterator[str]:
    """EAN codes and meter numbers in a text that somebody may have: not of the blocks that nobody is given."""
    for number in re.findall(r"(?<![0-9])54[0-9]{16}(?![0-9])", text):
        if stdnum_ean.calc_check_digit(number[:-1]) == number[-1] and not INVENTED_EAN.fullmatch(number):
            yield number
    for number in re.findall(r"(?<![0-9A-Za-z])[0-9][A-Z]{3}[0-9]{6,12}(?![0-9A-Za-z])", text):
        if not INVENTED_METER.fullmatch(number):
            yield number


@pytest.mark.requirement("R134")
def test_no_file_of_the_project_has_a_number_that_somebody_may_have() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): [*real_numbers(path.read_text(encoding="utf-8", errors="ignore"))]
        for path in tracked()
        if path.suffix != ".png"
    }
    assert len(found) > 500
    assert {path: numbers for path, numbers in found.items() if numbers} == {}


@pytest.mark.requirement("R134")
def test_no_file_of_the_project_is_an_export_or_any_other_data() -> None:
    assert [path.relative_to(ROOT).as_posix() for path in tracked() if path.suffix.lower() in DATA] == []


def test_a_number_that_somebody_may_have_is_seen() -> None:
    ean, meter = "5414" + "4" * 13, "1SAG" + "31" * 5
    ean += stdnum_ean.calc_check_digit(ean)
    assert [*real_numbers(f'ean="{ean}" meter={meter}; {invented_ean(7).digits} 1SAG0000000001')] == [
        ean,
        meter,
    ]


@pytest.fixture(scope="module")
def two(databases: Databases) -> Iterator[tuple[TheHouse, TheHouse]]:
    """Two houses on one server, as the demo and a real house beside it would be."""
    with (
        databases.clone() as one,
        databases.clone() as other,
        open_house(one) as demo,
        open_house(other) as real,
    ):
        yield demo, real


def _client(house: TheHouse, other: TheHouse) -> None:
    party = house.party("Tess Advies", "energy_service")
    other.token(party.client_id, party.client_secret)


def _token(house: TheHouse, other: TheHouse) -> None:
    other.client.call("permission.list", Proof.token(house.party("Tom Advies", "energy_service").token))


def _session(house: TheHouse, other: TheHouse) -> None:
    house.operator("registry.person.add", subject="nobody", name="Nobody")
    other.client.call("me", Proof.session(house.log_in("nobody", "Nobody")))


def _inspector(house: TheHouse, other: TheHouse) -> None:
    other.client.call("oversight.summary", Proof.session(house.inspector()))


def _log_in(house: TheHouse, other: TheHouse) -> None:
    nonce = str(other.client.call("login.begin")["nonce"])
    answer = house.signed_answer("nobody", "Nobody", nonce)
    other.client.call("login.finish", answer=answer, nonce=nonce)


def _operator(house: TheHouse, other: TheHouse) -> None:
    other.client.call(
        "registry.party.add", Proof.operator(house.operator_key), name="X", role="energy_service"
    )


def _intake(house: TheHouse, other: TheHouse) -> None:
    other.client.call("batch.give_up", Proof.intake(house.intake_key), batch=1)


def _clerk(house: TheHouse, other: TheHouse) -> None:
    other.client.call("clocks.sweep", Proof.clerk(house.clerk_key))


@pytest.mark.requirement("R134")
@pytest.mark.parametrize(
    "show",
    [_client, _token, _session, _inspector, _log_in, _operator, _intake, _clerk],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("turned", [False, True], ids=["demo to real", "real to demo"])
def test_what_proves_something_in_one_house_proves_nothing_in_the_other(
    two: tuple[TheHouse, TheHouse], show: Callable[[TheHouse, TheHouse], None], turned: bool
) -> None:
    one, other = reversed(two) if turned else two
    with pytest.raises(DoorRefusedError) as refused:
        show(one, other)
    assert refused.value.code == "unauthenticated"


@pytest.mark.requirement("R134")
def test_two_homes_have_no_secret_in_common(tmp_path: Path) -> None:
    homes = [Home(tmp_path / name) for name in ("demo", "real")]
    for home in homes:
        home.make_secrets(f"ledger.example/{home.path.name}")
        ProviderKey.open(home.provider_key)
    secrets = [
        {path.relative_to(home.path) for path in home.path.rglob("*") if path.is_file()} for home in homes
    ]
    assert secrets[0] == secrets[1]
    assert len(secrets[0]) >= 14
    for name in secrets[0]:
        assert (homes[0].path / name).read_text() != (homes[1].path / name).read_text(), name


@pytest.mark.requirement("R134")
def test_the_epoch_keys_of_one_house_open_nothing_of_the_other(two: tuple[TheHouse, TheHouse]) -> None:
    demo, real = two
    folder = real.house.keys.folder
    assert KeyStore(folder, FileEpochKeys(folder)).get(Kind.HOUSE, LEDGER_HOUSE)
    with pytest.raises(KeyStoreError):
        KeyStore(folder, FileEpochKeys(demo.house.keys.folder)).get(Kind.HOUSE, LEDGER_HOUSE)


@pytest.mark.requirement("R134")
@pytest.mark.parametrize(
    "changes",
    [
        {"DATABEHEER_PROVIDER_ISSUER": DEMO_ISSUER},
        {"DATABEHEER_PROVIDER_ISSUER": DEMO_ISSUER, "DATABEHEER_DEMO": "0"},
        {"DATABEHEER_DEMO": "1"},
    ],
    ids=[
        "the stand-in in a real house",
        "the stand-in where it is said to be no demo",
        "a real provider in a demo",
    ],
)
def test_a_door_starts_with_the_demos_stand_in_in_the_demo_and_nowhere_else(
    house: TheHouse, changes: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match="DATABEHEER_PROVIDER_ISSUER"):
        house_from(door_environment(house) | changes)


def test_the_demos_door_starts_with_it(house: TheHouse) -> None:
    demo = door_environment(house) | {"DATABEHEER_PROVIDER_ISSUER": DEMO_ISSUER, "DATABEHEER_DEMO": "1"}
    built = house_from(demo)
    built.engine.dispose()
    assert built.provider is not None
    assert built.provider.issuer == DEMO_ISSUER
