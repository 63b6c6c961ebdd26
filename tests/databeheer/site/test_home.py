"""The home's keys: made where they are missing, never replaced."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from databeheer.site.home import Home


def test_a_home_from_before_intake_had_a_key_gets_one_and_keeps_the_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make_secrets("ledger.example/test")
    home.intake_key.unlink()
    home.intake_key_hash.unlink()
    before = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    home.make_secrets("ledger.example/another")
    assert {path: path.read_bytes() for path in before} == before
    assert home.intake_key_hash.read_text() == sha256(home.intake_key.read_text().encode()).hexdigest()


def test_intakes_key_is_its_own_and_read_by_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make_secrets("ledger.example/test")
    assert home.intake_key.read_text() != home.operator_key.read_text()
    for path in (home.intake_key, home.intake_key_hash):
        assert path.stat().st_mode & 0o777 == 0o600
