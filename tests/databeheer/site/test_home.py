"""The home's keys: made where they are missing, never replaced."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from databeheer.site.home import Home


@pytest.mark.parametrize("name", ["intake", "clerk"])
def test_a_home_from_before_this_process_had_a_key_gets_one_and_keeps_the_others(
    tmp_path: Path, name: str
) -> None:
    home = Home(tmp_path / "home")
    home.make_secrets("ledger.example/test")
    key, key_hash = getattr(home, f"{name}_key"), getattr(home, f"{name}_key_hash")
    key.unlink()
    key_hash.unlink()
    before = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    home.make_secrets("ledger.example/another")
    assert {path: path.read_bytes() for path in before} == before
    assert key_hash.read_text() == sha256(key.read_text().encode()).hexdigest()


def test_each_key_is_another_and_read_by_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make_secrets("ledger.example/test")
    keys = (home.operator_key, home.intake_key, home.clerk_key)
    assert len({key.read_text() for key in keys}) == len(keys)
    for path in (*keys, home.operator_key_hash, home.intake_key_hash, home.clerk_key_hash):
        assert path.stat().st_mode & 0o777 == 0o600
