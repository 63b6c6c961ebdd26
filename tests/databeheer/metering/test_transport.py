"""A batch on its way: sealed to intake, signed by its head-end, and refused whole in every other form (R173)."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from databeheer.errors import MalformedRequestError
from databeheer.metering.batches import transport
from databeheer.metering.batches.manifest import LARGEST_DATA, read_data, read_manifest
from databeheer.metering.batches.problems import BatchProblem, BatchRefusedError
from databeheer.metering.batches.taking import take_batch
from databeheer.metering.batches.transport import (
    CHUNK,
    MAGIC,
    Sender,
    Transport,
    seal_batch,
    seal_data,
    sign_manifest,
)
from tests.conftest import LOTTES_EAN
from tests.copies import setting_up
from tests.databeheer.metering.head_end import Sent, profile
from tests.doors import query
from tests.house import Customer, TheHouse

DAY = date(2024, 6, 3)
METER = "1SAG0000000001"
INTAKE, NEXT = PrivateKey.generate(), PrivateKey.generate()
HEAD_END, ANOTHER = SigningKey.generate(), SigningKey.generate()
SENDERS = {"head-end-1": Sender(HEAD_END.verify_key), "head-end-2": Sender(ANOTHER.verify_key)}
HERE = Transport((INTAKE,), SENDERS)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return Sent([profile(METER, DAY)]).write(tmp_path / "plain")


@pytest.fixture
def sent(plain: Path, tmp_path: Path) -> Path:
    """The batch as the head-end sends it."""
    return seal_batch(plain, tmp_path / "sent", INTAKE.public_key, HEAD_END)


def opened(folder: Path, by: Transport = HERE) -> bytes:
    return by.open(read_manifest(folder / "manifest.json"))


def refused(folder: Path, by: Transport = HERE) -> BatchProblem:
    with pytest.raises(BatchRefusedError) as refusal:
        opened(folder, by)
    return refusal.value.problem


def change(folder: Path, **members: Any) -> None:
    """Change the manifest after it was signed."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | members))


def put_data(folder: Path, data: bytes, key: SigningKey = HEAD_END, **members: Any) -> None:
    """Other data, with a manifest that says so and that its sender signed."""
    manifest = read_manifest(folder / "manifest.json")
    manifest.data.write_bytes(data)
    change(folder, sha256=hashlib.sha256(data).hexdigest(), **members)
    content = (folder / "manifest.json").read_bytes()
    (folder / "manifest.sig").write_bytes(sign_manifest(content, key))


@pytest.mark.requirement("R173")
def test_intake_opens_what_the_head_end_sealed(plain: Path, sent: Path) -> None:
    assert opened(sent) == read_data(read_manifest(plain / "manifest.json"))


@pytest.mark.requirement("R173")
def test_whoever_carries_it_finds_no_device_and_no_value_in_it(plain: Path, sent: Path) -> None:
    carried = b"".join(path.read_bytes() for path in sorted(sent.iterdir()))
    content = (plain / "profiles.parquet").read_bytes()
    assert METER.encode() in content
    for piece in (METER.encode(), b"offtake", b"PAR1", content[100:116]):
        assert piece not in carried


@pytest.mark.requirement("R173")
def test_a_batch_is_never_sealed_over_itself_nor_twice(plain: Path, sent: Path, tmp_path: Path) -> None:
    data = (plain / "profiles.parquet").read_bytes()
    for same in (plain, plain / ".." / plain.name):
        with pytest.raises(MalformedRequestError, match="another directory"):
            seal_batch(plain, same, INTAKE.public_key, HEAD_END)
    assert (plain / "profiles.parquet").read_bytes() == data
    with pytest.raises(BatchRefusedError, match="sealed already"):
        seal_batch(sent, tmp_path / "again", INTAKE.public_key, HEAD_END)
    assert not (tmp_path / "again").exists()


def test_a_plain_batch_is_refused(plain: Path) -> None:
    assert refused(plain) is BatchProblem.NOT_SIGNED
    content = (plain / "manifest.json").read_bytes()
    (plain / "manifest.sig").write_bytes(sign_manifest(content, HEAD_END))
    assert refused(plain) is BatchProblem.NOT_SEALED


@pytest.mark.requirement("R173")
def test_no_other_key_opens_it_the_head_ends_own_included(sent: Path) -> None:
    for key in (NEXT, PrivateKey(bytes(HEAD_END))):
        assert refused(sent, Transport((key,), SENDERS)) is BatchProblem.DOES_NOT_OPEN


@pytest.mark.requirement("R173")
def test_while_keys_change_both_open_and_afterwards_the_new_one_alone(
    plain: Path, sent: Path, tmp_path: Path
) -> None:
    newer = seal_batch(plain, tmp_path / "newer", NEXT.public_key, HEAD_END)
    both, after = Transport((NEXT, INTAKE), SENDERS), Transport((NEXT,), SENDERS)
    assert opened(sent, both) == opened(newer, both) == opened(newer, after)
    assert refused(sent, after) is BatchProblem.DOES_NOT_OPEN


@pytest.mark.requirement("R136", "R173")
@pytest.mark.parametrize(
    ("senders", "problem"),
    [
        ({}, BatchProblem.UNKNOWN_SENDER),
        ({"head-end-2": Sender(HEAD_END.verify_key)}, BatchProblem.UNKNOWN_SENDER),
        ({"head-end-1": Sender(ANOTHER.verify_key)}, BatchProblem.NOT_SIGNED),
        ({"head-end-1": Sender(HEAD_END.verify_key, frozenset({2}))}, BatchProblem.NOT_ITS_GRID),
    ],
)
def test_only_a_head_end_whose_key_is_registered_under_its_name_sends_and_of_its_own_grid(
    sent: Path, senders: dict[str, Any], problem: BatchProblem
) -> None:
    assert refused(sent, Transport((INTAKE,), senders)) is problem


@pytest.mark.requirement("R173")
@pytest.mark.parametrize(
    "members",
    [
        {"batch": "another"},
        {"sender": "head-end-2"},
        {"operator": 2},
        {"grade": "informative"},
        {"last_day": "2024-06-04"},
        {"rows": 2},
    ],
    ids=str,
)
def test_a_manifest_that_was_changed_on_the_way_is_not_its_senders(
    sent: Path, members: dict[str, Any]
) -> None:
    change(sent, **members)
    assert refused(sent) is BatchProblem.NOT_SIGNED


@pytest.mark.requirement("R173")
@pytest.mark.parametrize(
    "signature", [b"", b"\n", b"not base64!", b64encode(bytes(64)), b64encode(bytes(63)), b"A" * 500]
)
def test_what_is_no_signature_is_none(sent: Path, signature: bytes) -> None:
    (sent / "manifest.sig").write_bytes(signature)
    assert refused(sent) is BatchProblem.NOT_SIGNED


def test_a_signature_over_the_bare_manifest_is_none(sent: Path) -> None:
    bare = HEAD_END.sign((sent / "manifest.json").read_bytes()).signature
    (sent / "manifest.sig").write_bytes(b64encode(bare))
    assert refused(sent) is BatchProblem.NOT_SIGNED


@pytest.mark.requirement("R173")
def test_sealed_data_of_one_batch_or_sender_do_not_open_under_the_name_of_another(sent: Path) -> None:
    data = (sent / "profiles.parquet").read_bytes()
    put_data(sent, data, batch="another")
    assert refused(sent) is BatchProblem.DOES_NOT_OPEN
    put_data(sent, data, ANOTHER, batch="20240601-1", sender="head-end-2")
    assert refused(sent) is BatchProblem.DOES_NOT_OPEN
    put_data(sent, data, sender="head-end-1")
    assert opened(sent)


def test_data_other_than_the_signed_manifest_says_are_not_even_tried(sent: Path) -> None:
    path = sent / "profiles.parquet"
    path.write_bytes(seal_data(b"other", "head-end-1", "20240601-1", INTAKE.public_key))
    assert refused(sent) is BatchProblem.WRONG_CHECKSUM


@pytest.mark.requirement("R173")
@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_data_of_any_length_come_through_and_one_chunk_less_more_or_elsewhere_does_not(
    sent: Path, length: int
) -> None:
    data = bytes(number % 251 for number in range(length))
    sealed = seal_data(data, "head-end-1", "20240601-1", INTAKE.public_key)
    put_data(sent, sealed)
    assert opened(sent) == data
    start, step = len(MAGIC) + 32 + 24, CHUNK + 17
    chunks = [sealed[at : at + step] for at in range(start, len(sealed), step)]
    head = sealed[:start]
    wrong = [
        head,
        head + b"".join(chunks[:-1]),
        head + b"".join((*chunks, chunks[-1])),
        sealed + b"\0",
        sealed[:-1],
    ]
    if len(chunks) > 1:
        wrong.append(head + b"".join((chunks[1], chunks[0], *chunks[2:])))
    for one in wrong:
        put_data(sent, one)
        assert refused(sent) in (BatchProblem.DOES_NOT_OPEN, BatchProblem.NOT_SEALED)


@settings(max_examples=60)
@given(st.data())
def test_no_bit_can_be_changed(data: st.DataObject) -> None:
    sealed = bytearray(seal_data(b"some readings", "head-end-1", "20240601-1", INTAKE.public_key))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    with pytest.raises(BatchRefusedError):
        HERE.opened(bytes(sealed), "head-end-1", "20240601-1")


def test_the_bit_of_a_key_that_means_nothing_to_its_curve_counts_too() -> None:
    sealed = bytearray(seal_data(b"some readings", "head-end-1", "20240601-1", INTAKE.public_key))
    sealed[len(MAGIC) + 31] ^= 0x80
    with pytest.raises(BatchRefusedError):
        HERE.opened(bytes(sealed), "head-end-1", "20240601-1")


@pytest.mark.parametrize("point", [bytes(32), bytes((1, *bytes(31)))])
def test_a_key_that_makes_every_secret_the_same_is_refused(point: bytes) -> None:
    sealed = MAGIC + point + bytes(24 + 100)
    with pytest.raises(BatchRefusedError) as refusal:
        HERE.opened(sealed, "head-end-1", "20240601-1")
    assert refusal.value.problem is BatchProblem.DOES_NOT_OPEN


def test_the_same_batch_sealed_twice_looks_different(plain: Path, tmp_path: Path) -> None:
    one, other = (
        seal_batch(plain, tmp_path / name, INTAKE.public_key, HEAD_END) for name in ("one", "other")
    )
    assert (one / "profiles.parquet").read_bytes() != (other / "profiles.parquet").read_bytes()


def test_the_private_key_is_in_no_text_of_the_transport() -> None:
    assert bytes(INTAKE).hex() not in repr(HERE)
    assert "private" not in repr(HERE)


def test_more_than_a_batch_may_hold_is_not_read(sent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_SEALED", 100)
    assert refused(sent) is BatchProblem.TOO_LARGE
    assert LARGEST_DATA == 1024**3


# ---- in the house -------------------------------------------------------------------------------------------


@pytest.fixture
@setting_up
def metered(house: TheHouse, lotte: Customer) -> TheHouse:
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    return house


Take = Callable[[Path], Any]


@pytest.fixture
def take(metered: TheHouse) -> Take:
    engine = metered.engine("intake")

    def taken(folder: Path) -> Any:
        return take_batch(folder, metered.client, metered.intake_key, engine, metered.clock, transport=HERE)

    return taken


@pytest.mark.requirement("R173")
def test_a_sealed_batch_is_stored_and_the_same_one_sealed_anew_is_no_change(
    metered: TheHouse, take: Take, plain: Path, sent: Path, tmp_path: Path
) -> None:
    assert take(sent).outcome == "stored"
    assert query(metered, "SELECT count(*) FROM metering.profile") == [(1,)]
    assert take(seal_batch(plain, tmp_path / "again", INTAKE.public_key, HEAD_END)).outcome == "no-change"


@pytest.mark.requirement("R173")
def test_of_a_plain_or_changed_batch_nothing_is_stored_and_the_report_says_why(
    metered: TheHouse, take: Take, plain: Path, sent: Path
) -> None:
    before = query(metered, "SELECT size FROM ledger.head")
    change(sent, grade="informative")
    for folder in (plain, sent):
        report = take(folder).members()
        assert (report["outcome"], report["problem"]) == ("refused", "not-signed")
        assert METER not in str(report)
    assert query(metered, "SELECT count(*) FROM metering.batch") == [(0,)]
    assert query(metered, "SELECT size FROM ledger.head") == before
