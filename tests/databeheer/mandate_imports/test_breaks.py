"""The same file twice at once is one import; what is killed in the middle goes on from where it was."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.mandate_imports import sweeping, taking
from databeheer.door.server import DoorServer
from databeheer.door.service import DoorService
from tests.databeheer.mandate_imports.importing import Brought, csv_of, line, sweep, take
from tests.databeheer.mandate_imports.test_life import ean_of
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.letters import told

FILE = csv_of([line(), *(line(f"r{number}", ean=ean_of(number)) for number in range(6))])


def events(house: TheHouse) -> Counter[str]:
    return Counter(row[0] for row in query(house, "SELECT event FROM ledger.body"))


class KilledError(BaseException):
    """As if the process was gone: nothing catches it."""


def dies_at(number: int, act: Any) -> Any:
    """The same act, that dies at the start of its so-manieth time."""
    done = Counter[str]()

    def dying(*arguments: Any, **named: Any) -> Any:
        done["times"] += 1
        if done["times"] == number:
            raise KilledError
        return act(*arguments, **named)

    return dying


def test_the_same_file_twice_at_once_is_one_import(house: TheHouse, lotte: Customer, bram: Party) -> None:
    def send(_: int) -> dict[str, Any]:
        with DoorClient(house.socket) as door:
            content = b64encode(FILE).decode()
            return door.call("mandate_import.take", Proof.token(bram.token), content=content)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert len({one["import"]["import_id"] for one in answers}) == 1
    assert len({(one["index"], one["promise"]) for one in answers}) == 1
    assert events(house)["mandates.imported"] == 1
    assert query(house, "SELECT count(*) FROM permissions.mandate_import_row") == [(7,)]


def test_two_files_with_one_reference_at_once_are_not_both_taken(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    files = [csv_of([line("same"), line(f"other-{number}")]) for number in range(4)]

    def send(content: bytes) -> str:
        with DoorClient(house.socket) as door:
            try:
                door.call("mandate_import.take", Proof.token(bram.token), content=b64encode(content).decode())
            except DoorRefusedError as refusal:
                return refusal.code
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, files)) == ["mandates-refused"] * 3 + ["taken"]


def test_the_same_file_later_is_the_same_import_and_tells_nobody_again(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    first = Brought.of(house, bram)
    size = query(house, "SELECT size FROM ledger.head")
    again = take(bram, csv_of([line()]))
    sweep(house)
    assert again["import"]["import_id"] == first.import_id
    assert query(house, "SELECT size FROM ledger.head") == size
    assert len(told(house, "mandate.imported")) == 1


def test_two_clerks_at_once_announce_and_draw_once(house: TheHouse, lotte: Customer, bram: Party) -> None:
    take(bram, FILE)

    def work(_: int) -> None:
        with DoorClient(house.socket) as door:
            for _ in range(6):
                door.call("mandate_import.sweep", Proof.clerk(house.clerk_key), limit=2)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    found = events(house)
    assert (found["mandate.imported"], found["mandates.sampled"], found["mandate.sampled"]) == (7, 1, 5)


def test_a_door_that_dies_while_it_takes_a_file_has_taken_nothing(
    house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = query(house, "SELECT size FROM ledger.head")
    with monkeypatch.context() as patched:
        patched.setattr(taking.store, "add", dies_at(1, taking.store.add))
        with pytest.raises(KilledError):
            house.service.answer(_message("mandate_import.take", Proof.token(bram.token), FILE))
    assert query(house, "SELECT size FROM ledger.head") == size
    assert query(house, "SELECT count(*) FROM permissions.mandate_import") == [(0,)]
    assert take(bram, FILE)["import"]["rows"] == 7


@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_door_that_dies_while_it_announces_goes_on_and_tells_each_customer_once(
    house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    take(bram, FILE)
    with monkeypatch.context() as patched:
        patched.setattr(sweeping, "record_step", dies_at(number, sweeping.record_step))
        for _ in range(4):
            try:
                house.service.answer(
                    _message("mandate_import.sweep", Proof.clerk(house.clerk_key), None, limit=3)
                )
            except KilledError:
                break
    restarted = DoorServer(house.folder / "again.sock", DoorService(house.house), poll_seconds=0.01)
    restarted.start()
    try:
        sweep(house)
    finally:
        restarted.close()
    found = events(house)
    assert (found["mandate.imported"], found["mandates.sampled"], found["mandate.sampled"]) == (7, 1, 5)
    assert len(told(house, "mandate.imported")) == 1
    assert query(
        house, "SELECT count(*) FROM permissions.mandate_import_row WHERE row_sealed IS NOT NULL"
    ) == [(0,)]


def _message(command: str, proof: Proof, content: bytes | None, **arguments: Any) -> dict[str, Any]:
    given = arguments | ({"content": b64encode(content).decode()} if content is not None else {})
    return {"command": command, "proof": {"kind": proof.kind, "value": proof.value}, "arguments": given}
