"""An EAN code is told after the meter number was checked, to a telephone or by letter, and to no caller (R83, R84)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.ean_codes.homes import MOST_TOLD, TOLD_COUNTED, is_address
from databeheer.ean_codes.mobile import parse
from databeheer.errors import MalformedRequestError
from databeheer.identity.linking.attempts import MOST_WRONG
from databeheer.oversight.retention import ATTEMPTS_YEARS
from databeheer.post.deliveries import Channel
from databeheer.post.sms_carrier import SMSCarrier, SMSSettingsError
from databeheer.site.letters import paper_of
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.letters import postman
from tests.linking import EAN, METER, report_rosa

MOBILE = "+32470123456"
ROSAS = {"meter": METER, "name": "Rosa Vermeulen", "street": "Molenstraat 7", "postcode": "9000"}
"""What Rosa reads on her meter, her front door and her bill."""
WRONG: list[dict[str, Any]] = [
    {"meter": "1SAG0000000000"},
    {"name": "Karel Kijker"},
    {"street": "Molenstraat 8"},
    {"street": "Molenstraat"},
    {"postcode": "9001"},
]


@pytest.fixture
def home(house: TheHouse, net: Party) -> TheHouse:
    """Rosa lives there; nobody has linked her access point."""
    report_rosa(house, net)
    return house


def ask(house: TheHouse, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = house.client.call("ean.ask", **(ROSAS | changes))
    return answer


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as error:
        act()
    return error.value.code


def entries(house: TheHouse, after: int) -> list[str]:
    rows = query(house, "SELECT event FROM ledger.body WHERE index >= %s ORDER BY index", after)
    return [event for (event,) in rows]


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def waiting(house: TheHouse) -> list[tuple[str, str]]:
    return query(
        house,
        "SELECT d.channel, l.what FROM post.delivery d JOIN post.letter l USING (delivery_id)"
        " WHERE d.state = 'waiting' ORDER BY d.told_at",
    )


@pytest.mark.requirement("R83", "R84")
def test_after_the_meter_number_fits_the_code_goes_to_the_mobile_number_and_the_caller_hears_nothing(
    home: TheHouse, tmp_path: Path
) -> None:
    before = size(home)
    answer = ask(home, meter=f" {METER.lower()} ", street="MOLENSTRAAT, 7", mobile=MOBILE)
    assert answer == {"channel": "sms"}
    assert entries(home, before) == ["ean_sms.written"]
    tmp_path.chmod(0o700)
    with closing(postman(home, sms=SMSCarrier(tmp_path))) as carrier:
        assert carrier.round(Channel.SMS) == 1
        assert carrier.round(Channel.SMS) == 0
    [message] = tmp_path.iterdir()
    head, _, words = message.read_text().partition("\n\n")
    assert head.splitlines()[0] == f"To: {MOBILE[1:]}"
    assert EAN in words
    assert len(words) <= 160
    assert "Vermeulen" not in words
    assert METER not in words
    assert message.stat().st_mode & 0o007 == 0
    home.operator("letter.sweep")
    assert query(home, "SELECT count(*) FROM post.letter") == [(0,)]  # the number goes with it


@pytest.mark.requirement("R83", "R84")
def test_without_a_mobile_number_a_letter_by_name_goes_to_the_home(home: TheHouse) -> None:
    assert ask(home) == {"channel": "letter"}
    assert ask(home) == {"channel": "letter"}  # one that waits answers both
    [queued] = home.operator("letter.list")["letters"]
    assert (queued["kind"], EAN in json.dumps(queued)) == ("ean", False)
    named = {"letter_id": queued["letter_id"]}
    assert refused(lambda: home.operator("letter.posted", **named)) == "conflict"
    paper = paper_of(home.operator("letter.open", **named))
    assert paper.address == ("VERMEULEN Rosa", "Molenstraat 7", "9000 Gent")
    assert [step.shown for step in paper.steps] == [EAN]
    home.operator("letter.posted", **named)
    assert waiting(home) == []


@pytest.mark.requirement("R84", "R98")
def test_whatever_is_wrong_the_answer_and_what_is_written_are_the_same_and_nothing_goes(
    home: TheHouse, lotte: Customer, bram: Party
) -> None:
    for mobile in (None, MOBILE):
        right = ask(home, mobile=mobile)
        home.operator("link.release", meter=METER, reference="C-1", by="An Desk")
        for number, wrong in enumerate(WRONG):
            before = size(home)
            assert ask(home, mobile=mobile, **wrong) == right
            assert entries(home, before) == ["ean.withheld"]
            if number % 2:  # three in vain would lock, which is another test's
                home.operator("link.release", meter=METER, reference="C-1", by="An Desk")
    assert waiting(home) == [("letter", "ean"), ("sms", "ean_sms")]
    # Nobody's log-in opens more: who is somebody else asks as a stranger does.
    for who in (lotte, bram):
        assert who.call("ean.ask", **ROSAS, mobile=MOBILE) == {"channel": "sms"}


@pytest.mark.requirement("R83")
def test_each_check_of_a_meter_number_is_an_event_in_the_book_of_who_lives_there(
    home: TheHouse, lotte: Customer
) -> None:
    ask(home, name="Karel Kijker")
    ask(home, meter="1SAG0000000000")
    ask(home)
    rosa = home.customer("rosa", "Rosa Vermeulen")
    assert rosa.call("link.attempt", ean=EAN, meter="1SAG0")["linked"] is False
    assert rosa.call("link.attempt", ean=EAN, meter=METER)["linked"] is True
    told = [one["event"] for one in rosa.statements()]
    checks = [event for event in reversed(told) if event.startswith(("ean", "link"))]
    assert checks == ["ean.withheld", "ean_letter.written", "link.refused", "link.made"]
    assert not [one for one in lotte.statements() if one["event"].startswith(("ean", "link"))]


@pytest.mark.requirement("R84", "R92")
def test_three_in_vain_lock_a_meter_number_also_for_what_is_right_until_the_desk_releases_it(
    home: TheHouse, lotte: Customer
) -> None:
    for _ in range(3):
        ask(home, name="Karel Kijker")
    assert ask(home, mobile=MOBILE) == {"channel": "sms"}
    assert waiting(home) == []
    released = {"meter": METER.lower(), "reference": "C-1", "by": "An Desk"}
    assert refused(lambda: lotte.call("link.release", **released)) == "unauthenticated"
    for wrong in ({"ean": EAN}, {"meter": None}):
        assert refused(partial(home.operator, "link.release", **(released | wrong))) == "malformed-request"
    assert home.operator("link.release", **released)["released"] is True
    ask(home, mobile=MOBILE)
    assert waiting(home) == [("sms", "ean_sms")]


@pytest.mark.requirement("R84")
def test_no_home_is_told_more_than_three_times_in_a_month_so_that_no_telephone_is_flooded(
    home: TheHouse,
) -> None:
    for _ in range(MOST_TOLD + 2):
        assert ask(home, mobile=MOBILE) == {"channel": "sms"}
    assert len(waiting(home)) == MOST_TOLD
    home.clock.advance(TOLD_COUNTED + timedelta(seconds=1))
    ask(home, mobile=MOBILE)
    assert len(waiting(home)) == MOST_TOLD + 1


@pytest.mark.requirement("R82", "R84")
def test_who_moved_out_gets_no_code_any_more_and_no_letter_that_waited(home: TheHouse) -> None:
    ask(home)
    [queued] = home.operator("letter.list")["letters"]
    today = home.clock.now().date().isoformat()
    home.operator("registry.occupancy.end", ean=EAN, until_day=today)
    assert refused(lambda: home.operator("letter.open", letter_id=queued["letter_id"])) == "conflict"
    assert home.operator("letter.sweep")["recorded"] == {"ean_letter_closed": 1}
    ask(home, mobile=MOBILE)
    assert waiting(home) == []


@pytest.mark.requirement("R95")
def test_with_linking_asking_for_codes_is_closed_and_opened(home: TheHouse) -> None:
    assert home.client.call("ean.show") == {"is_open": True, "sends_sms": True}
    home.operator("link.close", reason="a drill", by="Ona Operator")
    before = size(home)
    assert refused(lambda: ask(home)) == "linking-closed"
    assert (size(home), waiting(home), home.client.call("ean.show")["is_open"]) == (before, [], False)
    home.operator("link.reopen", reason="over", by="Ona Operator")
    assert ask(home) == {"channel": "letter"}


def test_what_is_no_question_changes_nothing(home: TheHouse) -> None:
    before = size(home)
    wrongs: list[dict[str, Any]] = [
        *(
            {"mobile": one}
            for one in ("", "112", "09 123 45 67", "+31612345678", "0470 12 34 567", 470123456)
        ),
        *({"postcode": one} for one in ("", "0900", "90000", "9000\n", 9000, None)),
        *({"meter": one} for one in ("", "x" * 41, "1SAG\n1", None)),
        *({"street": one} for one in ("", "x" * 201, None)),
        {"name": ""},
        {"more": "x"},
    ]
    for wrong in wrongs:
        assert refused(partial(ask, home, **wrong)) == "malformed-request", wrong
    assert (size(home), waiting(home)) == (before, [])
    assert query(home, "SELECT count(*) FROM identity.link_attempts") == [(0,)]


@pytest.mark.requirement("R92", "R137")
def test_what_was_counted_is_forgotten_when_its_term_is_over_and_not_before(
    home: TheHouse, lotte: Customer
) -> None:
    """Anybody can ask, without a log-in: what he typed in vain does not stay for ever."""

    def counted() -> list[Any]:
        home.operator("letter.sweep")
        return [
            query(home, f"SELECT count(*) FROM identity.{table}")[0][0]
            for table in ("link_attempts", "ean_told")
        ]

    ask(home, mobile=MOBILE)
    for _ in range(MOST_WRONG):
        ask(home, name="Karel Kijker")
    lotte.call("link.attempt", ean=EAN, meter="1SAG0")
    assert counted() == [3, 1]  # the meter number, the EAN code and her log-in
    year, moment = timedelta(days=365 * ATTEMPTS_YEARS), timedelta(seconds=1)
    home.clock.advance(TOLD_COUNTED - moment)
    assert counted() == [3, 1]
    home.clock.advance(moment)
    assert counted() == [3, 0]
    ask(home)  # locked; whoever goes on trying puts the end off
    home.clock.advance(year - TOLD_COUNTED)
    assert counted() == [1, 0]
    home.clock.advance(TOLD_COUNTED - moment)
    assert counted() == [1, 0]
    home.clock.advance(moment)
    assert counted() == [0, 0]


def test_a_mobile_number_and_an_address_are_read_as_people_type_them() -> None:
    assert {parse(one) for one in ("0470 12 34 56", "+32 470/12.34.56", "0032470123456")} == {MOBILE}
    for wrong in ("", "0470", "0270123456", "+33612345678", "0470123456" * 3, "０470123456"):
        with pytest.raises(MalformedRequestError):
            parse(wrong)
    assert is_address("Molenstraat 7 bus 2, 9000 Gent", "molenstraat 7/2", "9000")
    assert is_address("Sint-Pietersplein 5B, 9000 Gent", "sint pietersplein 5 B", "9000")
    for street, postcode in (("", "9000"), ("Molenstraat 72", "9000"), ("Molenstraat 7", "9000")):
        assert not is_address("Molenstraat 7 bus 2, 9000 Gent", street, postcode)


def test_a_spool_that_others_look_into_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SMSSettingsError):
            SMSCarrier(place)
