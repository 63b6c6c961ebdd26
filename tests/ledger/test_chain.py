"""From a set of receipts: that no statement is missing between the first and the last; and every way to hide one."""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import Chain, verify_chains
from ledger.cli import main
from ledger.errors import InconsistentError, MalformedError, MissingStatementError, ProofError, SignatureError
from ledger.note import SigningKey
from tests.ledger.logs import PublishedLog, Rows
from tests.ledger.subjects import SubjectLog, name_of

STRANGER = SigningKey("ledger.example/test/door", b"\x09" * 32)


@pytest.fixture
def life(log: PublishedLog, door_key: SigningKey) -> SubjectLog:
    """Twelve entries: eight about Lotte, five about Maria (two of them about both), others about nobody."""
    life = SubjectLog(log, door_key)
    for subjects in ("L", "L", "", "LM", "M", "L", "L", "", "ML", "L", "M", "LM"):
        life.tell(*subjects)
    log.publish()
    return life


def verified(life: SubjectLog, receipts: list[bytes], **options: Any) -> list[Chain]:
    return verify_chains(receipts, [life.log.key.verifier], [life.door.verifier], **options)


def test_all_receipts_of_a_subject_show_that_nothing_is_missing(life: SubjectLog) -> None:
    assert verified(life, life.receipts("L")) == [Chain(life.log.key.name, name_of("L"), 1, 8, 8)]


def test_the_order_of_files_and_one_given_twice_change_nothing(life: SubjectLog) -> None:
    receipts = life.receipts("L")
    assert verified(life, [*receipts[::-1], receipts[3]]) == verified(life, receipts)


def test_two_subjects_of_one_person_are_two_chains(life: SubjectLog) -> None:
    found = verified(life, life.receipts("L") + life.receipts("M"))
    assert {(chain.subject, chain.first, chain.last) for chain in found} == {
        (name_of("L"), 1, 8),
        (name_of("M"), 1, 5),
    }


def test_receipts_kept_from_earlier_days_join_the_later_ones(life: SubjectLog) -> None:
    early = [life.receipt("L", counter, life.head("L", counter)) for counter in range(1, 6)]
    life.tell("L")
    life.log.publish()
    late = [life.receipt("L", counter, life.head("L")) for counter in range(6, 10)]
    assert verified(life, early + late)[0].last == 9


@pytest.mark.parametrize("missing", range(1, 7))
def test_a_statement_that_is_not_shown_between_two_others_is_missed(life: SubjectLog, missing: int) -> None:
    receipts = life.receipts("L")
    del receipts[missing]
    with pytest.raises(MissingStatementError, match=f"statement {missing + 1} is missing"):
        verified(life, receipts)


def test_newer_ones_that_the_head_tells_of_are_missed_unless_a_part_is_asked(life: SubjectLog) -> None:
    receipts = life.receipts("L")[2:6]
    with pytest.raises(MissingStatementError, match="has 8 statements: statements 7 to 8 are not shown"):
        verified(life, receipts)
    assert verified(life, receipts, part=True) == [Chain(life.log.key.name, name_of("L"), 3, 6, 8)]


def test_a_part_with_a_gap_does_not_hold_either(life: SubjectLog) -> None:
    receipts = life.receipts("L")
    with pytest.raises(MissingStatementError):
        verified(life, [*receipts[:2], *receipts[3:5]], part=True)


def test_without_a_head_for_the_last_one_nothing_is_shown(life: SubjectLog) -> None:
    without = [life.receipt("L", counter) for counter in range(1, 9)]
    older = [life.receipt("L", counter, life.head("L", 5)) for counter in range(1, 9)]
    for receipts in (without, older):
        for part in (False, True):
            with pytest.raises(MissingStatementError, match="reaches its statement 8"):
                verified(life, receipts, part=part)
    assert verified(life, without, heads=[life.head("L")])[0].newest == 8


def test_a_head_kept_from_before_a_rollback_convicts(
    life: SubjectLog, tmp_path: Path, log_key: SigningKey
) -> None:
    """The last statement is taken back, and another comes in its place: the old head says something else."""
    kept = life.head("L")
    other = SubjectLog(PublishedLog(tmp_path / "other", log_key, Rows()), life.door)
    for subjects in ("L", "L", "", "LM", "M", "L", "L", "", "ML", "L", "M", "", "L"):
        other.tell(*subjects)
    other.log.publish()
    with pytest.raises(InconsistentError, match="keep both"):
        verified(other, other.receipts("L"), heads=[kept])
    assert verified(other, other.receipts("L"))


def test_a_head_of_more_than_is_ever_shown_convicts_too(life: SubjectLog) -> None:
    told = life.receipts("L")
    life.tell("L")
    with pytest.raises(MissingStatementError, match="statement 9 is not shown"):
        verified(life, told, heads=[life.head("L")])


def test_two_heads_of_one_counter_with_other_leaves_convict_the_door(life: SubjectLog) -> None:
    for lie in ({"leaf": b"\x05" * 32}, {"index": 10}):
        with pytest.raises(InconsistentError, match="keep both"):
            verified(life, life.receipts("L"), heads=[life.head("L", **lie)])
    with pytest.raises(InconsistentError):  # neither of them is shown by a receipt
        verified(
            life,
            life.receipts("L")[:4],
            heads=[life.head("L", 6), life.head("L", 6, leaf=b"\x05" * 32)],
            part=True,
        )


def test_a_head_that_the_door_did_not_sign_is_refused(life: SubjectLog) -> None:
    honest, life.door = life.door, STRANGER
    forged = life.receipts("L")
    life.door = honest
    with pytest.raises(SignatureError):
        verified(life, forged)


def test_a_head_of_another_log_or_of_nobody_shown_is_refused(life: SubjectLog) -> None:
    with pytest.raises(MalformedError, match="another log"):
        verified(life, life.receipts("L"), heads=[life.head("L", origin="ledger.example/other")])
    with pytest.raises(MissingStatementError, match="of which no receipt is shown"):
        verified(life, life.receipts("L"), heads=[life.head("M")])


def test_a_link_to_another_entry_convicts(life: SubjectLog) -> None:
    life.tell("L", previous=b64encode(b"\x05" * 32).decode())
    life.log.publish()
    with pytest.raises(InconsistentError, match="does not follow") as caught:
        verified(life, life.receipts("L"))
    assert caught.value.index == 12


def test_a_first_statement_that_names_one_before_convicts(log: PublishedLog, door_key: SigningKey) -> None:
    life = SubjectLog(log, door_key)
    life.tell("L", previous=b64encode(b"\x05" * 32).decode())
    log.publish()
    with pytest.raises(InconsistentError, match="before it"):
        verified(life, life.receipts("L"))


def test_one_number_given_to_two_entries_convicts(life: SubjectLog) -> None:
    life.tell("L", counter=8)
    life.log.publish()
    with pytest.raises(InconsistentError, match="both say that they are statement 8"):
        verified(life, life.receipts("L"), part=True)


def test_a_number_that_was_skipped_is_missed(life: SubjectLog) -> None:
    life.tell("L", counter=10)
    life.log.publish()
    with pytest.raises(MissingStatementError, match="statement 9 is missing"):
        verified(life, life.receipts("L"), part=True)


@pytest.mark.parametrize(
    "lie",
    [
        {"counter": "8"}, {"counter": True}, {"counter": 0}, {"counter": -1}, {"counter": 1.0},
        {"counter": 10**16}, {"previous": "AAAA"}, {"previous": None}, {"previous": "+" * 44},
        {"subject": "lotte"}, {"subject": 7}, {"subject": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_statement_that_spells_its_place_otherwise_is_malformed(
    life: SubjectLog, lie: dict[str, Any]
) -> None:
    life.tell("L", **lie)
    life.log.publish()
    with pytest.raises(MalformedError):
        verified(life, life.receipts("L"))


def test_a_partys_receipt_is_no_link_of_a_chain(life: SubjectLog) -> None:
    with pytest.raises(MalformedError, match="does not open a subject's half"):
        verified(life, [*life.receipts("L"), life.partys_receipt("L", 3)])


def test_nothing_given_is_no_proof(life: SubjectLog) -> None:
    with pytest.raises(MalformedError, match="no receipt"):
        verified(life, [])


def test_two_roots_of_one_size_convict(life: SubjectLog, tmp_path: Path, log_key: SigningKey) -> None:
    """A history in which Maria's last entry is another: Lotte's receipts of both cannot be in one log."""
    other = SubjectLog(PublishedLog(tmp_path / "other", log_key, Rows()), life.door)
    for subjects in ("L", "L", "", "LM", "M", "L", "L", "", "ML", "L", "", "LM"):
        other.tell(*subjects)
    other.log.publish()
    with pytest.raises(InconsistentError, match="different roots"):
        verified(life, life.receipts("L")[:5] + other.receipts("L")[5:])


def test_an_entry_that_is_not_under_the_signed_root_is_refused(life: SubjectLog) -> None:
    broken = life.receipts("L")[4].replace(b"index 6\n", b"index 5\n")
    with pytest.raises(ProofError):
        verified(life, [broken])


# ---- ledger receipt chain verify ----------------------------------------------------------------------------


@pytest.fixture
def keys(life: SubjectLog, tmp_path: Path) -> list[str]:
    """The options that name the keys, as `GET /ledger/vkey` gives them: both in one file."""
    path = tmp_path / "vkey"
    path.write_text(f"{life.log.key.vkey}\n{life.door.vkey}\n")
    return ["--key", str(path), "--door-key", str(path)]


def files(life: SubjectLog, folder: Path, subject: str = "L") -> list[str]:
    folder.mkdir(exist_ok=True)
    paths = []
    for number, data in enumerate(life.receipts(subject)):
        paths.append(folder / f"{subject}-{number}.tlog-proof")
        paths[-1].write_bytes(data)
    return [str(path) for path in paths]


def verify(*arguments: str) -> int:
    return main(["receipt", "chain", "verify", *arguments])


def test_the_command_says_what_holds(
    life: SubjectLog, keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(*files(life, tmp_path / "kept"), *keys) == 0
    told = capsys.readouterr().out
    assert "statements 1 to 8" in told
    assert "none missing" in told
    assert "Statement 8 is the newest that the door told of." in told


def test_the_command_reads_a_whole_archive_and_nothing_else_in_it(
    life: SubjectLog, keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bewijzen.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("LEESMIJ.txt", "uitleg")
        for subject in "LM":
            for number, data in enumerate(life.receipts(subject)):
                archive.writestr(f"{subject}/{number}.tlog-proof", data)
    assert verify(str(path), *keys, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"] is True
    assert {chain["last"] for chain in shown["chains"]} == {8, 5}


def test_the_command_ends_with_1_where_one_is_missing_and_2_for_what_is_no_receipt(
    life: SubjectLog, keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = files(life, tmp_path / "kept")
    assert verify(*paths[:3], *paths[4:], *keys) == 1
    assert "statement 4 is missing" in capsys.readouterr().err
    assert verify(*paths[:3], *keys, "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "missing-statement"
    assert verify(*paths[:3], *keys, "--part") == 0
    assert "Not shown: statements 4 to 8" in capsys.readouterr().out
    noise = tmp_path / "noise.zip"
    for data in (b"", b"PK\x03\x04 no zip", cut_archive(life)):
        noise.write_bytes(data)
        assert verify(str(noise), *keys) == 2
        assert verify(str(tmp_path / "not-there.tlog-proof"), *keys) == 2


def test_the_command_takes_a_head_kept_apart(
    life: SubjectLog, keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "head"
    kept.write_bytes(life.head("L", leaf=b"\x05" * 32))
    assert verify(*files(life, tmp_path / "kept"), *keys, "--head", str(kept)) == 1
    assert "keep both" in capsys.readouterr().err
    swapped = [keys[0], keys[1], "--door-key", life.log.key.vkey]
    assert verify(*files(life, tmp_path / "kept"), *swapped) == 1


def cut_archive(life: SubjectLog) -> bytes:
    """An archive whose first member was damaged."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("1.tlog-proof", life.receipts("L")[0])
    data = buffer.getvalue()
    return data[:60] + bytes([data[60] ^ 1]) + data[61:]
