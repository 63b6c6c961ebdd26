"""`databeheer mandates`: the operator looks, judges and releases; anybody repeats a draw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from databeheer.door.client import DoorClient, Proof
from databeheer.errors import DatabeheerError
from databeheer.mandate_imports.sampling import ranked
from databeheer.permissions.terms import Terms
from databeheer.site import mandates as command_line
from tests.databeheer.mandate_imports.importing import Brought, csv_of, days, line, paper, sweep
from tests.house import Customer, Party, TheHouse


@pytest.fixture
def desk(house: TheHouse, monkeypatch: pytest.MonkeyPatch) -> TheHouse:
    """The operator's terminal, in front of this house."""

    @contextmanager
    def at_this_house(of_demo: bool) -> Iterator[tuple[DoorClient, Proof]]:
        assert not of_demo
        yield house.client, Proof.operator(house.operator_key)

    monkeypatch.setattr(command_line, "_door", at_this_house)
    return house


def run(*words: object) -> Result:
    return CliRunner().invoke(command_line.mandates, [str(word) for word in words])


def done(*words: object) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def test_the_operator_finds_opens_and_judges_a_paper(
    desk: TheHouse, lotte: Customer, bram: Party, tmp_path: Path
) -> None:
    brought = Brought.of(desk, bram)
    assert f"{brought.import_id}  of {bram.party_id}  1 rows  sampled  1 papers due on" in done("list")
    assert json.loads(done("list", "--json"))[0]["import_id"] == brought.import_id
    [row] = brought.drawn()
    assert done("show", brought.import_id).split() == ["2", row["permission_id"], "requested", "paper", "due"]
    brought.hand_in(row)
    assert "paper came" in done("show", brought.import_id, "--drawn")
    place = tmp_path / "paper.pdf"
    done("open", row["permission_id"], "--to", place)
    assert place.read_bytes() == paper("ref-1")
    assert place.stat().st_mode & 0o777 == 0o600
    done("judge", row["permission_id"], "good", "--by", "desk 3")
    assert sweep(desk) == {"mandates_passed": 1}
    assert isinstance(run("open", row["permission_id"], "--to", place).exception, DatabeheerError)


def test_a_file_that_is_held_is_released_with_a_name_and_a_reason(
    desk: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(desk, bram)
    assert isinstance(
        run("release", brought.import_id, "--by", "x", "--reason", "y").exception, DatabeheerError
    )
    days(desk, Terms().mandate + 1)
    sweep(desk)
    assert "held  not_handed_in" in done("list")
    assert run("release", brought.import_id, "--by", "x").exit_code == 2
    assert "drawn from again" in done("release", brought.import_id, "--by", "x", "--reason", "y")


def test_a_judgment_needs_a_verdict_and_a_name() -> None:
    for words in (
        ("0" * 32, "--by", "x"),
        ("0" * 32, "good"),
        ("1", "good", "--by", "x"),
        ("0" * 32, "so", "--by", "x"),
    ):
        assert run("judge", *words).exit_code == 2


def test_anybody_repeats_a_draw_with_the_file_and_the_seed(tmp_path: Path) -> None:
    file = tmp_path / "mandates.csv"
    file.write_bytes(csv_of([line("a"), line("b"), line("c")]))
    digest = command_line.files.sha256_of(file.read_bytes())
    seed = "ab" * 32
    expected = ranked(bytes.fromhex(seed), digest, 2, [2, 3, 4])
    assert done("sample", file, "--seed", seed, "--round", 2).split() == [str(one) for one in expected]
    for wrong in ("ab" * 31, "zz" * 32, ""):
        assert run("sample", file, "--seed", wrong).exit_code == 2
    file.write_bytes(b"x")
    assert isinstance(run("sample", file, "--seed", seed).exception, DatabeheerError)
