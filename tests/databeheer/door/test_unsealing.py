"""Rows unsealed together hold what each held; one that was changed, moved or re-keyed gives nothing, the others all."""

from __future__ import annotations

import os
from datetime import date, timedelta
from random import Random

import pytest

from databeheer.door.keys import seals
from databeheer.door.reads import unsealing
from databeheer.door.reads.unsealing import SealedRow, unseal_values
from databeheer.metering import sealing
from databeheer.metering.profile import SIZES

MANY = 40


def row(random: Random, day: date, size: int, *, as_before: bool = False) -> tuple[SealedRow, bytes]:
    """A row of some root, and what it holds; `as_before` with a nonce of its own in front."""
    root, plain, channel = os.urandom(32), os.urandom(size), os.urandom(8)
    version = random.randrange(1, 500)
    key = seals.profile_key(root, "values", channel, day, version)
    where = sealing.Coordinates(seals.pseudonym(root), channel, day, version)
    mark = sealing.fingerprint(key, plain)
    if as_before:
        sealed = sealing.seal(key, plain, sealing.coordinates_of_before(where, "values"))
    else:
        sealed = sealing.seal_profile(key, plain, mark, where, "values")
    return SealedRow(root, where.pseudonym, channel, day, version, mark, sealed), plain


@pytest.fixture
def rows() -> list[tuple[SealedRow, bytes]]:
    """Rows of several lengths and days, some sealed as they were before, in no order."""
    random, sizes = Random(6), sorted(SIZES)
    days = [date(2023, 3, 26) + timedelta(days=number) for number in range(MANY)]
    made = [row(random, day, sizes[0]) for day in days]
    made += [row(random, day, sizes[-1]) for day in days[:3]]
    made += [row(random, day, sizes[0], as_before=True) for day in days[:20]]
    random.shuffle(made)
    return made


def test_each_row_gives_what_it_held_in_its_place(rows: list[tuple[SealedRow, bytes]]) -> None:
    assert unseal_values([one for one, _ in rows]) == [plain for _, plain in rows]
    assert unseal_values([]) == []


def test_many_are_opened_without_opening_each(
    rows: list[tuple[SealedRow, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    alone = unsealing.unseal_profile

    def counted(key: bytes, sealed: bytes, *others: object) -> bytes:
        opened.append(len(sealed))
        return alone(key, sealed, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(unsealing, "unseal_profile", counted)
    unseal_values([one for one, _ in rows])
    assert len(opened) == 3 + 20


@pytest.mark.parametrize(
    "changed", ["root", "pseudonym", "channel", "day", "version", "fingerprint", "sealed"]
)
def test_a_row_with_something_of_another_gives_nothing_and_the_others_all(
    rows: list[tuple[SealedRow, bytes]], changed: str
) -> None:
    lengths = {len(one.sealed) for one, _ in rows}
    for length in lengths:
        place, other = [number for number, (one, _) in enumerate(rows) if len(one.sealed) == length][:2]
        wrong = [one for one, _ in rows]
        taken = getattr(wrong[other], changed)
        if changed == "version" and taken == wrong[place].version:
            taken += 1
        if changed == "fingerprint" and length not in unsealing._LENGTHS:
            continue  # it had no part in the seal before
        wrong[place] = wrong[place]._replace(**{changed: taken})
        expected = [None if number == place else plain for number, (_, plain) in enumerate(rows)]
        assert unseal_values(wrong) == expected
