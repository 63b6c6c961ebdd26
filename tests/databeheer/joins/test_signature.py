"""Only the regulator's signature makes a list count."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from databeheer.cli import cli
from databeheer.joins.cases import JoinListError
from databeheer.joins.lists import SHIPPED
from databeheer.joins.signature import JoinListFiles, sign, verify
from ledger.note import SigningKey, VerifierKey, sign_note

REGULATOR = SigningKey("regulator.example/joins", bytes(range(32)))
STRANGER = SigningKey("regulator.example/joins", bytes(32))
LIST = SHIPPED.read_bytes()
NOTE = sign(LIST, REGULATOR)


@pytest.mark.requirement("R131")
def test_the_signed_list_names_its_version() -> None:
    signed = verify(LIST, NOTE, REGULATOR.verifier)
    assert signed.joins.version == 2
    assert NOTE.startswith(b"databeheer-joins/v1\n2\n" + signed.joins.sha256.hex().encode() + b"\n\n")


@pytest.mark.requirement("R130")
@pytest.mark.parametrize(
    ("content", "note"),
    [
        (LIST, b""),
        (LIST, b"databeheer-joins/v1\n2\n"),
        (LIST, sign(LIST, STRANGER)),
        (LIST, NOTE[:-1]),
        (LIST + b"\n", NOTE),
        (LIST + b"# more\n", NOTE),
        (LIST.replace(b"max_points = 200", b"max_points = 900"), NOTE),
        (LIST.replace(b"version = 2", b"version = 3"), NOTE),
        (LIST, NOTE.replace(b"v1\n2\n", b"v1\n3\n")),
        (LIST, sign_note("databeheer-joins/v2\n2\n", [REGULATOR])),
        (LIST, sign_note(NOTE.decode().partition("\n\n")[0] + "\nmore\n", [REGULATOR])),
        (LIST, sign_note("ledger-promise/v1\nx\n1\nx\n1\n", [REGULATOR])),
    ],
    ids=range(12),
)
def test_an_unsigned_or_changed_list_is_refused(content: bytes, note: bytes) -> None:
    with pytest.raises(JoinListError):
        verify(content, note, REGULATOR.verifier)


def test_the_regulator_does_not_sign_what_is_no_list() -> None:
    with pytest.raises(JoinListError):
        sign(b"version = 1\n", REGULATOR)


def test_without_its_note_a_list_is_refused(tmp_path: Path) -> None:
    files = JoinListFiles(SHIPPED, tmp_path / "none", REGULATOR.verifier)
    with pytest.raises(JoinListError):
        files.read()


def test_the_door_finds_the_files_by_its_environment(tmp_path: Path) -> None:
    (tmp_path / "vkey").write_text(REGULATOR.vkey + "\n")
    (tmp_path / "note").write_bytes(NOTE)
    files = JoinListFiles.from_environment(
        {
            "DATABEHEER_REGULATOR_VKEY": str(tmp_path / "vkey"),
            "DATABEHEER_JOIN_LIST_NOTE": str(tmp_path / "note"),
        }
    )
    assert files is not None
    assert files.read().joins.version == 2
    assert JoinListFiles.from_environment({}) is None


def test_a_damaged_regulators_key_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "vkey").write_text(REGULATOR.vkey[:-3])
    with pytest.raises(JoinListError):
        JoinListFiles.from_environment({"DATABEHEER_REGULATOR_VKEY": str(tmp_path / "vkey")})


def test_a_regulator_signs_a_list_on_a_machine_of_its_own(tmp_path: Path) -> None:
    joins, seed = tmp_path / "list.toml", tmp_path / "regulator.key"
    joins.write_bytes(SHIPPED.read_bytes())
    command = ["oversight", "sign-joins", str(joins), "--key", str(seed), "--name", "regulator.example/joins"]
    first = CliRunner().invoke(cli, command)
    assert first.exit_code == 0, first.output
    assert stat.S_IMODE(seed.stat().st_mode) == 0o600
    files = JoinListFiles(joins, tmp_path / "list.note", VerifierKey.parse(first.stdout.strip()))
    assert files.read().content == SHIPPED.read_bytes()
    assert CliRunner().invoke(cli, command).stdout == first.stdout  # with the same key
    (tmp_path / "list.note").unlink()
    joins.write_text("version = 3\n")
    assert CliRunner().invoke(cli, command).exit_code != 0
    seed.write_text("zz")
    joins.write_bytes(SHIPPED.read_bytes())
    assert CliRunner().invoke(cli, command).exit_code != 0
    assert not (tmp_path / "list.note").exists()
