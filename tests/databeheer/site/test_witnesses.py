"""The publisher's settings for witnesses and for a second key, and the demo's witness that says what it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from databeheer.clock import SettableClock
from databeheer.site.home import Home
from databeheer.site.publisher import log_keys, publish_keys
from databeheer.site.witnesses import FAIL_OPEN_VARIABLE, POLICY_VARIABLE, gathering, make_demo_witness
from ledger.errors import MalformedError
from ledger.note import SigningKey
from ledger.policy import parse_policy
from ledger.tiles import TileDirectory

ORIGIN = "ledger.example/test"
CLOCK = SettableClock(datetime(2026, 11, 21, tzinfo=UTC))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make_secrets(ORIGIN)
    make_demo_witness(home, "http://127.0.0.1:8000/ledger", "http://127.0.0.1:1")
    return home


def test_without_a_policy_no_witness_is_asked(home: Home) -> None:
    assert gathering({}, ORIGIN, home.ledger, CLOCK) is None
    assert not (home.ledger / "policy").exists()


def test_the_policy_that_the_publisher_keeps_to_is_published(home: Home) -> None:
    witnesses = gathering({POLICY_VARIABLE: str(home.witness_policy)}, ORIGIN, home.ledger, CLOCK)
    assert witnesses is not None
    assert not witnesses.fail_open
    published = TileDirectory(home.ledger).fetch("policy", 65_536)
    assert published == home.witness_policy.read_bytes()
    assert parse_policy(published) == witnesses.policy


@pytest.mark.parametrize(("value", "fails_open"), [("1", True), ("0", False), ("", False), ("yes", False)])
def test_failing_open_has_to_be_asked_for(home: Home, value: str, fails_open: bool) -> None:
    environment = {POLICY_VARIABLE: str(home.witness_policy), FAIL_OPEN_VARIABLE: value}
    witnesses = gathering(environment, ORIGIN, home.ledger, CLOCK)
    assert witnesses is not None
    assert witnesses.fail_open is fails_open


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "line feed"),
        (b"quorum none\nquorum none\n", "line 2"),
        (b"quorum none\n", f"no line for the log {ORIGIN}"),
    ],
)
def test_a_policy_that_is_damaged_or_another_logs_stops_the_start(
    home: Home, text: bytes, words: str
) -> None:
    home.witness_policy.write_bytes(text)
    with pytest.raises(MalformedError, match=words):
        gathering({POLICY_VARIABLE: str(home.witness_policy)}, ORIGIN, home.ledger, CLOCK)
    with pytest.raises(MalformedError, match=POLICY_VARIABLE):
        gathering({POLICY_VARIABLE: str(home.path / "missing")}, ORIGIN, home.ledger, CLOCK)
    assert not (home.ledger / "policy").exists()


def test_the_demos_witness_says_in_the_policy_that_it_is_not_independent(home: Home) -> None:
    text = home.witness_policy.read_text()
    assert "NOT independent" in text
    policy = parse_policy(text.encode())
    assert policy.quorum == "demo-not-independent"
    [witness] = policy.witnesses
    assert witness.key.public_key not in {
        home.log_signer().verifier.public_key,
        home.door_signer().verifier.public_key,
    }
    assert home.witness_key.stat().st_mode & 0o777 == 0o600


def test_the_demos_witness_keeps_its_key_when_its_address_changes(home: Home) -> None:
    [before] = parse_policy(home.witness_policy.read_bytes()).witnesses
    make_demo_witness(home, "http://127.0.0.1:8000/ledger", "http://127.0.0.1:2")
    [after] = parse_policy(home.witness_policy.read_bytes()).witnesses
    assert (after.key, after.url) == (before.key, "http://127.0.0.1:2")


def test_a_second_key_is_signed_with_and_published_behind_the_doors(home: Home, tmp_path: Path) -> None:
    (tmp_path / "next.key").write_text(bytes(range(32)).hex())
    door, old, new = home.door_signer().vkey, home.log_signer(), SigningKey(ORIGIN, bytes(range(32)))

    def publish(**files: str) -> list[str]:
        keys = log_keys(ORIGIN, files)
        publish_keys(home.ledger, keys)
        return (home.ledger / "vkey").read_text().splitlines()

    only = {"DATABEHEER_LOG_KEY": str(home.log_key)}
    overlap = only | {"DATABEHEER_LOG_KEY_NEXT": str(tmp_path / "next.key")}
    after = {"DATABEHEER_LOG_KEY": str(tmp_path / "next.key"), "DATABEHEER_LOG_KEY_NEXT": ""}
    assert publish(**only) == [old.vkey, door]
    assert [key.vkey for key in log_keys(ORIGIN, overlap)] == [old.vkey, new.vkey]
    assert publish(**overlap) == [old.vkey, door, new.vkey]
    assert publish(**after) == [new.vkey, door]
