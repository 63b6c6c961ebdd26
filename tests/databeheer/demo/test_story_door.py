"""While the demo's story is told: its door has another clock, and nobody at the house's socket meets it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from databeheer.clock import SettableClock
from databeheer.demo.supervisor import Demo
from databeheer.identity.demo_key import ProviderKey
from databeheer.site.home import Home
from databeheer.site.house import Storage, door_answers, make_key_store


def test_who_waits_at_the_houses_socket_is_never_let_in_by_the_door_with_the_storytellers_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "demo")
    home.path.mkdir()
    make_key_store(home)
    home.make_secrets("demo.test/ledger")
    ProviderKey.open(home.provider_key)
    monkeypatch.setattr(Storage, "url", lambda *_: "postgresql://nobody@127.0.0.1:1/none")
    demo = Demo(home, 8000, lambda _: None)
    with closing(demo.post), demo._door_with(SettableClock(datetime(2026, 1, 5, tzinfo=UTC))) as (door, _):
        assert door.call("ping") == {}
        assert not home.door_socket.exists()
        assert not door_answers(home.door_socket)
    assert not door_answers(home.story_socket)


def test_a_wipe_that_is_broken_off_leaves_a_home_that_is_wiped_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "demo")
    home.path.mkdir()
    home.make_secrets("demo.test/ledger")
    demo = Demo(home, 8000, lambda _: None)
    demo.facts_file.write_text("{}")

    def break_off(_: Storage) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Storage, "reach", break_off)
    with closing(demo.post), pytest.raises(KeyboardInterrupt):
        demo._wipe()
    assert home.origin_file.exists()
    assert not demo.facts_file.exists()
