"""Guessing at everything that can be guessed, by real commands at a real door, several at once; and what it must give.

`make test` sends some hundreds, `make soak` ten thousand (issue 7).
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from databeheer.approval_letters import code as codes
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.identity.linking.attempts import MOST_WRONG
from tests.conftest import LOTTES_EAN
from tests.house import Customer, TheHouse
from tests.linking import EAN, METER, NOWHERE

EACH = 20
"""How often one log-in of the guesser's tries to link: long after it is locked."""
HANDS = 4
"""So many guess at the same moment."""
TARGETS = ((EAN, "1SAG{0}"), (NOWHERE, METER), (LOTTES_EAN, METER), (EAN, METER))
"""An EAN code with a meter number; at EAN the last one is right, and is tried once three wrong ones were."""


class Guesser:
    """Somebody with log-ins of his own, some under the name of who lives there, and all the time in the world."""

    def __init__(self, house: TheHouse, log_ins: int) -> None:
        self.house = house
        names = ("Rosa Vermeulen", "Karel Kijker")
        self.log_ins = [house.customer(f"bot-{number}", names[number % 2]) for number in range(log_ins)]
        self.kinds: Mapping[str, Callable[[int], Any]] = {
            "link": self.link,
            "code to unlock": self.unlock,
            "letter": self.letter,
            "link of a request": self.by_link,
            "log-in": self.log_in,
            "session": self.session,
            "token": self.token,
        }

    def guess(self, number: int) -> Counter[tuple[str, str]]:
        """Send so many guesses, of every kind as many; returns how often each kind got which answer."""
        links = len(self.log_ins) * EACH
        others = [name for name in self.kinds if name != "link"]
        wishes = [("link", each) for each in range(links)]
        wishes += [(others[each % len(others)], each) for each in range(number - links)]

        def hand(first: int) -> Counter[tuple[str, str]]:
            answers: Counter[tuple[str, str]] = Counter()
            for kind, each in wishes[first::HANDS]:
                answers[kind, self._answer(kind, each)] += 1
            self.house.client.close()  # this thread's connection
            return answers

        with ThreadPoolExecutor(HANDS) as hands:
            return sum(hands.map(hand, range(HANDS)), Counter())

    def _answer(self, kind: str, number: int) -> str:
        try:
            return json.dumps(self.kinds[kind](number), sort_keys=True)
        except DoorRefusedError as refusal:
            return f"{refusal.code}: {refusal}"

    def link(self, number: int) -> Any:
        who = self.log_ins[number % len(self.log_ins)]
        wrong = number < 2 * MOST_WRONG * HANDS
        ean, meter = TARGETS[0] if wrong else TARGETS[number // len(self.log_ins) % len(TARGETS)]
        return who.call("link.attempt", ean=ean, meter=meter.format(number))

    def unlock(self, number: int) -> Any:
        return self.log_ins[number % len(self.log_ins)].call("link.unlock", code=codes.new().text)

    def letter(self, number: int) -> Any:
        return self.house.client.call("letter.show", Proof.letter(codes.new().text))

    def by_link(self, number: int) -> Any:
        who = self.log_ins[number % len(self.log_ins)]
        return who.call("permission.by_link", link_code=secrets.token_urlsafe(16))

    def log_in(self, number: int) -> Any:
        """Somebody else's answer, for a nonce of one's own or for one that was made up."""
        nonce = self.house.client.call("login.begin")["nonce"] if number % 4 else secrets.token_urlsafe(32)
        answer = self.house.signed_answer("lotte", "Lotte Janssens", nonce)
        head, body, _ = answer.split(".")
        return self.house.client.call(
            "login.finish", answer=f"{head}.{body}.{secrets.token_urlsafe(64)}", nonce=nonce
        )

    def session(self, number: int) -> Any:
        return self.house.client.call("me", Proof.session(secrets.token_urlsafe(32)))

    def token(self, number: int) -> Any:
        return self.house.client.call("permission.list", Proof.token(secrets.token_urlsafe(32)))


def guess_in_vain(house: TheHouse, number: int, rosa: Customer) -> Counter[tuple[str, str]]:
    """Guess so often at Rosa's, Lotte's and nobody's; nothing is learnt, and what must be locked is.

    Rosa's own access point is registered under her name, and she has not linked it yet.
    """
    guesser = Guesser(house, max(4, number // 7 // EACH))
    answers = guesser.guess(number)
    assert sum(answers.values()) == number
    log_ins = len(guesser.log_ins)
    told = {
        kind: {answer: count for (one, answer), count in answers.items() if one == kind}
        for kind in guesser.kinds
    }
    # Of each log-in two guesses were told how many are left, and all others the same, right or wrong.
    in_vain = {
        json.dumps({"attempts_left": left, "linked": False, "occupancy_id": None}): count
        for left, count in ((2, log_ins), (1, log_ins), (0, log_ins * (EACH - 2)))
    }
    assert told.pop("link") == in_vain
    assert {kind: [one.partition(":")[0] for one in said] for kind, said in told.items()} == {
        "code to unlock": ["letter-code-unknown"],
        "letter": ["letter-code-unknown"],
        "link of a request": ["not-found"],
        "log-in": ["unauthenticated"],
        "session": ["unauthenticated"],
        "token": ["unauthenticated"],
    }
    for bot in guesser.log_ins:
        assert (bot.call("link.show")["attempts_left"], bot.call("me")["occupancies"]) == (0, [])
    # Her EAN code is locked for her too, who did nothing; a letter to her door unlocks it.
    assert not rosa.call("link.attempt", ean=EAN, meter=METER)["linked"]
    rosa.call("link.letter", ean=EAN)
    letters = [one for one in house.operator("letter.list")["letters"] if one["kind"] == "unlock"]
    code = house.operator("letter.open", letter_id=letters[0]["letter_id"])["code"]
    for bot in guesser.log_ins[:MOST_WRONG]:
        with pytest.raises(DoorRefusedError, match="not known"):
            bot.call("link.unlock", code=code)
    rosa.call("link.unlock", code=code)
    assert rosa.call("link.attempt", ean=EAN, meter=METER)["linked"]
    return answers
