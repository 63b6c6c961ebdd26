"""When credit runs out, and what is said of it: without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.errors import MalformedRequestError
from databeheer.metering.credit.state import SEALED_LENGTH, CreditState
from databeheer.metering.credit.telling import AverageDay, Notice, runs_out, said
from databeheer.post import catalogue, words
from databeheer.post.catalogue import Recipient
from databeheer.values import Commodity

AT = datetime(2024, 6, 3, 5, tzinfo=UTC)
DAY = date(2024, 6, 3)
AVERAGE = AverageDay(
    {
        Commodity.ELECTRICITY: [300] * 12,
        Commodity.GAS: [900, 800, 700, 400, 200, 100, 90, 90, 200, 400, 700, 900],
    }
)
E, G = Commodity.ELECTRICITY, Commodity.GAS


def state(credit: int = 1_000, **changes: Any) -> CreditState:
    members: dict[str, Any] = {"emergency_is_active": False, "emergency_left": 1_000, "ten_ampere": False}
    return CreditState(AT, credit, **(members | changes))


def gas(credit: int) -> CreditState:
    return CreditState(AT, credit)


@pytest.mark.requirement("R180")
@pytest.mark.parametrize(
    ("one", "commodity", "day", "is_low"),
    [
        (state(301), E, DAY, False),
        (state(300), E, DAY, True),
        (state(299), E, DAY, True),
        (state(-250), E, DAY, True),
        (state(5_000, emergency_is_active=True), E, DAY, True),
        (gas(101), G, DAY, False),
        (gas(100), G, DAY, True),
        (gas(101), G, date(2024, 1, 3), True),
    ],
)
def test_credit_runs_out_when_an_average_customer_would_use_it_in_a_day(
    one: CreditState, commodity: Commodity, day: date, is_low: bool
) -> None:
    assert runs_out(one, commodity, day, AVERAGE) is is_low


@pytest.mark.parametrize("months", [[300] * 11, [300] * 13, [0] + [300] * 11, [-1] + [300] * 11])
def test_an_average_that_is_none_is_refused(months: list[int]) -> None:
    with pytest.raises(MalformedRequestError):
        AverageDay({Commodity.ELECTRICITY: months, Commodity.GAS: [1] * 12})


@pytest.mark.requirement("R181")
@pytest.mark.parametrize("missing", ["emergency_is_active", "emergency_left", "ten_ampere"])
def test_of_electricity_everything_is_said_always_and_of_gas_nothing(missing: str) -> None:
    state().require_whole(E)
    gas(5).require_whole(G)
    with pytest.raises(MalformedRequestError):
        state(**{missing: None}).require_whole(E)
    with pytest.raises(MalformedRequestError):
        state(**{missing: None}).require_whole(G)


@pytest.mark.parametrize("changes", [{"credit": 10**8}, {"emergency_left": -1}, {"emergency_left": 10**9}])
def test_an_amount_that_no_meter_holds_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(MalformedRequestError):
        state(**changes)


@given(
    st.integers(-10_000_00, 10_000_00),
    st.none() | st.tuples(st.booleans(), st.integers(0, 10_000_00), st.booleans()),
)
def test_what_is_sealed_has_one_length_and_says_the_same_again(
    credit: int, rest: tuple[bool, int, bool] | None
) -> None:
    one = CreditState(AT, credit, *(rest or ()))
    assert len(one.to_bytes()) == SEALED_LENGTH
    assert CreditState.from_bytes(one.to_bytes()) == one


@pytest.mark.requirement("R181")
@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("notice", Notice)
@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("is_limited", [True, False])
def test_the_words_always_say_credit_emergency_credit_and_ten_amperes(
    language: str, notice: Notice, is_active: bool, is_limited: bool
) -> None:
    one = state(1_234, emergency_is_active=is_active, emergency_left=567, ten_ampere=is_limited)
    told = words.words(notice, Recipient.CUSTOMER, language, said(one, is_low=False), None)
    assert ("12,34" if language == "nl" else "12.34") in told.more
    assert ("5,67" if language == "nl" else "5.67") in told.more
    emergency = {
        ("nl", True): "noodkrediet is in gebruik",
        ("nl", False): "noodkrediet is niet in gebruik",
        ("en", True): "emergency credit is being used",
        ("en", False): "emergency credit is not being used",
    }
    limited = {
        ("nl", True): "U hebt nu hoogstens 10 ampère",
        ("nl", False): "De 10 ampère is niet ingeschakeld",
        ("en", True): "You are limited to 10 amperes",
        ("en", False): "The limit of 10 amperes is not on",
    }
    assert emergency[language, is_active] in told.more
    assert limited[language, is_limited] in told.more


@pytest.mark.requirement("R180")
def test_the_advice_to_top_up_is_explicit_and_only_where_it_is_due() -> None:
    low = words.words(Notice.TOP_UP, Recipient.CUSTOMER, "nl", said(state(200), is_low=True), None)
    assert "Laad vandaag nog op" in low.more
    enough = words.words(Notice.DAILY, Recipient.CUSTOMER, "nl", said(state(), is_low=False), None)
    assert "Laad" not in enough.more


def test_of_gas_no_emergency_credit_is_spoken_of_and_of_nothing_known_no_amount() -> None:
    told = words.words(Notice.DAILY, Recipient.CUSTOMER, "nl", said(gas(500), is_low=False), None)
    assert told.more == "Uw budgetmeter had € 5,00 tegoed op 3 juni 2024."
    unknown = words.words(Notice.DAILY, Recipient.CUSTOMER, "nl", said(None, is_low=False), None)
    assert "nog niet lezen" in unknown.more


@pytest.mark.requirement("R183")
@pytest.mark.parametrize("notice", Notice)
def test_names_and_titles_of_these_messages_say_nothing_of_a_budget_meter(notice: Notice) -> None:
    kind = catalogue.kind(notice)
    open_words = [kind.code, *(one.title for one in kind.words[Recipient.CUSTOMER].values())]
    for word in ("budget", "credit", "krediet", "tegoed", "opladen", "top up"):
        assert not any(word in one.lower() for one in open_words)
    assert kind.recipients == {Recipient.CUSTOMER}
