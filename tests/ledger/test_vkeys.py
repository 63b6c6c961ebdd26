"""Files of keys: all keys of the log's name count, and those of another name are the door's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.errors import MalformedError, SignatureError
from ledger.note import SigningKey, sign_note
from ledger.vkeys import keys_of_door, keys_of_log, parse_vkeys
from tests.ledger.logs import PublishedLog
from tests.ledger.test_cli import Run, published, run  # noqa: F401 - fixtures

OLD, NEW = (SigningKey("ledger.example/test", bytes([seed]) * 32) for seed in (1, 2))
DOOR, NEW_DOOR = (SigningKey("ledger.example/test/door", bytes([seed]) * 32) for seed in (3, 4))


def text(*keys: SigningKey) -> str:
    return "".join(f"{key.vkey}\n" for key in keys)


def test_keys_are_told_apart_by_the_name_of_the_first() -> None:
    keys = parse_vkeys(text(OLD, DOOR, NEW, NEW_DOOR))
    assert keys_of_log(keys) == [OLD.verifier, NEW.verifier]
    assert keys_of_door(keys) == [DOOR.verifier, NEW_DOOR.verifier]


def test_a_file_of_the_doors_keys_alone_has_the_doors_keys() -> None:
    assert keys_of_door(parse_vkeys(text(DOOR, NEW_DOOR))) == [DOOR.verifier, NEW_DOOR.verifier]


def test_a_line_of_another_kind_behind_the_first_is_passed_over() -> None:
    keys = parse_vkeys(f"{OLD.vkey}\nledger.example/test+0badc0de+BgAAAA==\n\n# words\n{NEW.vkey}")
    assert keys == [OLD.verifier, NEW.verifier]


@pytest.mark.parametrize("start", ["", "\n", " ", "words\n", "ledger.example/test+00000000+AAAA\n"])
def test_a_file_that_does_not_begin_with_a_key_is_none(start: str) -> None:
    with pytest.raises(MalformedError):
        parse_vkeys(start + text(OLD) if start else "")


def test_a_key_file_kept_through_a_change_verifies_before_meanwhile_and_after(
    published: PublishedLog,  # noqa: F811
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    first = published.key
    kept = tmp_path / "kept"
    kept.write_text(text(first, DOOR, NEW))
    note = (published.public / "checkpoint").read_text().partition("\n\n")[0] + "\n"
    for keys in ([first], [first, NEW], [NEW]):
        (published.public / "checkpoint").write_bytes(sign_note(note, keys))
        assert run("verify", published.public, "--key", kept).status == 0
        assert run("mirror", published.public, tmp_path / "copy", "--key", kept).status == 0
    assert run("verify", published.public, "--key", first.vkey).status == 1
    (published.public / "checkpoint").write_bytes(sign_note(note, [DOOR]))
    assert run("verify", published.public, "--key", kept).status == 1, "the door's key is no key of the log"
    with pytest.raises(SignatureError):
        open_checkpoint(sign_note(note, [OLD]), keys_of_log(parse_vkeys(kept.read_text())))
