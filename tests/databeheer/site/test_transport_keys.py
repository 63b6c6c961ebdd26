"""The keys of batches on their way: made, changed and taken away at intake; plain batches only where that was said."""

from __future__ import annotations

import stat
from base64 import b64decode, b64encode
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from nacl.public import PublicKey
from nacl.signing import SigningKey

from databeheer.cli import cli
from databeheer.errors import MalformedRequestError, UnavailableError
from databeheer.metering.batches.manifest import read_manifest
from databeheer.metering.batches.problems import BatchProblem, BatchRefusedError
from databeheer.metering.batches.transport import Transport
from databeheer.site import transport_keys
from databeheer.site.home import Home
from tests.databeheer.metering.head_end import Sent, profile


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    found = Home(tmp_path / "home")
    found.make_secrets("ledger.example/test")
    monkeypatch.setenv("DATABEHEER_HOME", str(found.path))
    monkeypatch.delenv(transport_keys.PLAIN_VARIABLE, raising=False)
    return found


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return Sent([profile("1SAG0000000001", date(2024, 6, 3))]).write(tmp_path / "plain")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["batch", *map(str, arguments)])


def here(home: Home) -> Transport:
    found = transport_keys.transport_of(home, of_demo=False, environment={})
    assert found is not None
    return found


def send(plain: Path, into: Path, recipient: str, key: Path) -> str:
    """Seal a batch as a head-end does; returns its public key."""
    result = run("seal", plain, into, "--to", recipient, "--key", key)
    assert result.exit_code == 0, result.output
    return result.output.strip()


@pytest.mark.requirement("R173")
def test_a_batch_goes_from_a_head_end_to_intake_by_the_two_commands(
    home: Home, plain: Path, tmp_path: Path
) -> None:
    recipient = run("key").output.strip()
    public = send(plain, tmp_path / "sent", recipient, tmp_path / "head-end.key")
    assert run("sender", "head-end-1", public).exit_code == 0
    manifest = read_manifest(tmp_path / "sent" / "manifest.json")
    assert here(home).open(manifest) == (plain / "profiles.parquet").read_bytes()


@pytest.mark.requirement("R173")
def test_a_plain_batch_is_refused_in_every_house_but_the_demo_and_where_the_setting_says(
    home: Home, plain: Path
) -> None:
    with pytest.raises(BatchRefusedError) as refusal:
        here(home).open(read_manifest(plain / "manifest.json"))
    assert refusal.value.problem is BatchProblem.UNKNOWN_SENDER
    for value in ("", "0", "yes", "true"):
        assert transport_keys.transport_of(
            home, of_demo=False, environment={transport_keys.PLAIN_VARIABLE: value}
        )
    assert transport_keys.transport_of(home, of_demo=True, environment={}) is None
    assert (
        transport_keys.transport_of(home, of_demo=False, environment={transport_keys.PLAIN_VARIABLE: "1"})
        is None
    )


@pytest.mark.requirement("R173")
def test_nobody_else_reads_the_keys(home: Home, plain: Path, tmp_path: Path) -> None:
    send(plain, tmp_path / "sent", run("key").output.strip(), tmp_path / "head-end.key")
    for path in (home.batch_key, tmp_path / "head-end.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text() not in run("key").output


@pytest.mark.requirement("R173")
def test_a_key_is_changed_without_losing_what_is_on_its_way_and_then_destroyed(
    home: Home, plain: Path, tmp_path: Path
) -> None:
    before = run("key").output.strip()
    public = send(plain, tmp_path / "sent", before, tmp_path / "head-end.key")
    run("sender", "head-end-1", public)
    after = run("key", "--change").output.strip()
    assert after != before
    manifest = read_manifest(tmp_path / "sent" / "manifest.json")
    assert here(home).open(manifest)
    assert run("key", "--forget").output.strip() == after
    with pytest.raises(BatchRefusedError) as refusal:
        here(home).open(manifest)
    assert refusal.value.problem is BatchProblem.DOES_NOT_OPEN
    assert run("key", "--forget").exit_code == 1


@pytest.mark.requirement("R173")
def test_a_head_end_whose_key_was_taken_away_sends_no_more(home: Home, plain: Path, tmp_path: Path) -> None:
    public = send(plain, tmp_path / "sent", run("key").output.strip(), tmp_path / "head-end.key")
    run("sender", "head-end-1", public)
    assert run("sender", "head-end-1", "--remove").exit_code == 0
    with pytest.raises(BatchRefusedError) as refusal:
        here(home).open(read_manifest(tmp_path / "sent" / "manifest.json"))
    assert refusal.value.problem is BatchProblem.UNKNOWN_SENDER
    assert run("sender", "head-end-1", "--remove").exit_code == 1


def test_a_head_end_reads_of_the_grid_operators_that_were_named(
    home: Home, plain: Path, tmp_path: Path
) -> None:
    public = send(plain, tmp_path / "sent", run("key").output.strip(), tmp_path / "head-end.key")
    manifest = read_manifest(tmp_path / "sent" / "manifest.json")
    run("sender", "head-end-1", public, "--operator", "2", "--operator", "3")
    with pytest.raises(BatchRefusedError) as refusal:
        here(home).open(manifest)
    assert refusal.value.problem is BatchProblem.NOT_ITS_GRID
    run("sender", "head-end-1", public, "--operator", "2", "--operator", "1")
    assert here(home).open(manifest)
    # As it was registered before anybody was asked whose meters: of the first grid operator.
    (home.batch_senders / "head-end-1.pub").write_text(f"{public}\n")
    assert here(home).senders["head-end-1"].operators == {1}
    assert run("sender", "head-end-1", public, "--operator", "0").exit_code == 2


def test_who_may_send_is_listed_and_a_key_that_takes_anothers_place_says_so(home: Home) -> None:
    first, second = (b64encode(bytes(SigningKey.generate().verify_key)).decode() for _ in range(2))
    assert run("sender").output == ""
    assert "in place of" not in run("sender", "head-end-1", first).output
    assert "in place of" not in run("sender", "head-end-1", first).output
    assert "in place of the one before" in run("sender", "head-end-1", second).output
    assert run("sender").output == f"head-end-1 {second} 1\n"
    assert run("sender", "head-end-1").exit_code == 2
    assert run("sender", "--remove").exit_code == 2


@pytest.mark.parametrize("name", ["", "../operator", "a/b", ".hidden", "x" * 65, "head end"])
def test_what_is_no_name_of_a_sender_makes_no_file(home: Home, name: str) -> None:
    key = b64encode(bytes(SigningKey.generate().verify_key)).decode()
    with pytest.raises(MalformedRequestError):
        transport_keys.add_sender(home, name, key)
    assert not transport_keys.remove_sender(home, name)
    assert not home.batch_senders.exists()


@pytest.mark.parametrize(
    "key", ["", "AAAA", "not base64", b64encode(bytes(31)).decode(), b64encode(bytes(33)).decode()]
)
def test_what_is_no_key_is_refused(home: Home, key: str) -> None:
    with pytest.raises(MalformedRequestError):
        transport_keys.add_sender(home, "head-end-1", key)
    with pytest.raises(MalformedRequestError):
        transport_keys.parse_recipient(key)


def test_a_house_without_a_key_takes_no_batch(home: Home) -> None:
    home.batch_key.unlink()
    with pytest.raises(UnavailableError):
        transport_keys.transport_of(home, of_demo=False, environment={})
    assert isinstance(PublicKey(b64decode(run("key").output)), PublicKey)
    assert here(home)


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33])
def test_a_damaged_key_says_so(home: Home, content: str) -> None:
    home.batch_key.write_text(content)
    with pytest.raises(UnavailableError):
        transport_keys.transport_of(home, of_demo=False, environment={})


def test_a_sender_is_given_a_key_or_loses_it(home: Home) -> None:
    key = b64encode(bytes(SigningKey.generate().verify_key)).decode()
    assert run("sender", "head-end-1").exit_code == 2
    assert run("sender", "head-end-1", key, "--remove").exit_code == 2
