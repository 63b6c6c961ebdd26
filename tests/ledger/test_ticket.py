"""A ticket says whether there is an outcome, whoever collects it at that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ledger.ticket import Ticket


def refused() -> Ticket:
    ticket = Ticket()
    assert ticket.claim()
    ticket.fail(LookupError("not now"))
    return ticket


def fulfilled() -> Ticket:
    ticket = Ticket()
    assert ticket.claim()
    ticket.fulfil([])
    return ticket


@pytest.mark.parametrize("ended", [refused, fulfilled])
def test_an_outcome_is_there_while_somebody_collects_it(ended: Callable[[], Ticket]) -> None:
    ticket = ended()
    ticket._open.acquire()  # as `exception` does, for a moment
    assert ticket.done()
    ticket._open.release()
    assert ticket.done()


def test_there_is_no_outcome_before_it_is_given() -> None:
    ticket = Ticket()
    assert not ticket.done()
    assert ticket.claim()
    assert not ticket.done()
    with pytest.raises(TimeoutError):
        ticket.result(0)


def test_what_was_taken_back_has_its_outcome() -> None:
    ticket = Ticket()
    assert ticket.cancel()
    assert ticket.done()
    assert not ticket.claim()


def test_nothing_appended_is_an_outcome_too() -> None:
    ticket = fulfilled()
    assert ticket.result() == []
    assert ticket.exception() is None


def test_many_who_wait_all_hear_it() -> None:
    ticket, heard = Ticket(), list[BaseException | None]()
    waiting = [threading.Thread(target=lambda: heard.append(ticket.exception(60))) for _ in range(8)]
    for one in waiting:
        one.start()
    ticket.claim()
    error = LookupError("not now")
    ticket.fail(error)
    for one in waiting:
        one.join(60)
    assert heard == [error] * 8
