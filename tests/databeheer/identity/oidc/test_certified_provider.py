"""Logging in at a certified provider, as in earnest: its pages, its tokens, the courier, the door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from databeheer.clock import SystemClock
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.identity.oidc.checking import check
from databeheer.identity.oidc.own_keys import OwnKeys
from databeheer.identity.oidc.provider_keys import REFETCHED_AFTER
from tests.databases import Databases
from tests.house import TheHouse, open_house_now
from tests.identity_providers import (
    CALLBACK,
    ENCRYPTED,
    LEVEL,
    LOW,
    MISSING,
    ROLES,
    SIGNED,
    Browser,
    Certified,
    certified,
    keys_with_every_use,
    reached,
)

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

ENTERPRISE = "0403170701"
PEOPLE = {
    "pairwise-of-maria": {"name": "Maria Peeters", "capacity": "BUR"},
    "pairwise-of-bert": {"name": "Bert Baas", "capacity": "EA", "organisation": ENTERPRISE},
    "pairwise-of-els": {
        "name": "Els Van Damme",
        "capacity": "WV",
        "organisation": ENTERPRISE,
        "organisation_name": "Bakkerij Van Damme bv",
    },
    "pairwise-of-wim": {"name": "Wim De Wolf", "capacity": "WV", "organisation": "0403170702"},
    "pairwise-of-eva": {"name": "Eva", "capacity": "GID"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oidc")


@pytest.fixture(scope="module")
def provider(folder: Path) -> Iterator[Certified]:
    own: OwnKeys = keys_with_every_use(folder)
    with certified(own, PEOPLE) as running:
        yield running


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house_now(database) as house:
        yield house


@contextmanager
def at(house: TheHouse, folder: Path, settings: str) -> Iterator[None]:
    """Let the house believe this provider; its clock is the provider's."""
    house.clock.set(SystemClock().now())
    before = house.house.provider
    with reached(folder, settings) as provider:
        object.__setattr__(house.house, "provider", provider)
        yield
    object.__setattr__(house.house, "provider", before)


def log_in(
    house: TheHouse, browser: Browser, subject: str, level: str = LEVEL, *, fresh: bool = False
) -> dict[str, Any]:
    begun = house.client.call("login.begin", fresh=fresh)
    house.clock.set(SystemClock().now())
    answer = browser.log_in(begun["authorize_url"], subject, level)
    return house.client.call("login.finish", answer=answer, nonce=begun["nonce"])


@pytest.mark.parametrize("algorithm", SIGNED)
def test_somebody_logs_in_with_a_signed_token(
    shared: TheHouse, folder: Path, provider: Certified, algorithm: str
) -> None:
    with at(shared, folder, provider.settings(f"signed-{algorithm}", algorithm)):
        finished = log_in(shared, Browser(), "pairwise-of-maria")
    assert (finished["role"], finished["name"]) == ("customer", "Maria Peeters")
    assert shared.client.call("me", Proof.session(finished["session"]))["name"] == "Maria Peeters"


@pytest.mark.parametrize("algorithm", ENCRYPTED)
def test_somebody_logs_in_with_a_token_that_only_the_door_can_open(
    shared: TheHouse, folder: Path, provider: Certified, algorithm: str
) -> None:
    with at(shared, folder, provider.settings(f"encrypted-{algorithm}", more="encrypted = true\n")):
        assert log_in(shared, Browser(), "pairwise-of-maria")["name"] == "Maria Peeters"


def test_who_acts_for_an_enterprise_is_let_in_for_it_and_an_unknown_capacity_is_not(
    shared: TheHouse, folder: Path, provider: Certified
) -> None:
    with at(shared, folder, provider.settings("signed-ES256", more=ROLES)):
        assert log_in(shared, Browser(), "pairwise-of-maria")["role"] == "customer"
        assert log_in(shared, Browser(), "pairwise-of-bert")["role"] == "party"
        # The same enterprise as a customer: a session for it, which its representative has.
        for_business = log_in(shared, Browser(), "pairwise-of-els")
        assert (for_business["role"], for_business["name"]) == ("customer", "Bakkerij Van Damme bv")
        assert shared.client.call("me", Proof.session(for_business["session"]))["business"] is True
        with pytest.raises(DoorRefusedError, match="names no enterprise"):
            log_in(shared, Browser(), "pairwise-of-wim")
        with pytest.raises(DoorRefusedError, match="capacity"):
            log_in(shared, Browser(), "pairwise-of-eva")


def test_an_answer_serves_once_and_in_no_other_browser(
    shared: TheHouse, folder: Path, provider: Certified
) -> None:
    with at(shared, folder, provider.settings("signed-ES256")):
        begun, of_another = shared.client.call("login.begin"), shared.client.call("login.begin")
        answer = Browser().log_in(begun["authorize_url"], "pairwise-of-maria")
        for nonce in (of_another["nonce"], "made up"):
            with pytest.raises(DoorRefusedError) as refused:
                shared.client.call("login.finish", answer=answer, nonce=nonce)
            assert refused.value.code == "unauthenticated"
        shared.client.call("login.finish", answer=answer, nonce=begun["nonce"])
        with pytest.raises(DoorRefusedError, match="used or has expired"):
            shared.client.call("login.finish", answer=answer, nonce=begun["nonce"])


def test_the_provider_itself_refuses_a_code_that_another_log_in_would_redeem(
    shared: TheHouse, folder: Path, provider: Certified
) -> None:
    """A stolen code, in an answer forged for the thief's own log-in: it was made for another verifier (PKCE)."""
    with at(shared, folder, provider.settings("signed-ES256")):
        victims, thiefs = shared.client.call("login.begin"), shared.client.call("login.begin")
        answer = Browser().log_in(victims["authorize_url"], "pairwise-of-maria")
        forged = answer.replace(victims["state"], thiefs["state"])
        with pytest.raises(DoorRefusedError, match="not of this log-in"):
            shared.client.call("login.finish", answer=forged, nonce=thiefs["nonce"])


def test_a_fresh_log_in_asks_again_whom_the_provider_still_knows(
    shared: TheHouse, folder: Path, provider: Certified
) -> None:
    with at(shared, folder, provider.settings("signed-ES256")):
        browser = Browser()
        log_in(shared, browser, "pairwise-of-maria")
        browser.was_asked = False
        log_in(shared, browser, "pairwise-of-maria")
        assert not browser.was_asked
        log_in(shared, browser, "pairwise-of-maria", fresh=True)
        assert browser.was_asked


def test_a_weak_means_and_a_visitor_who_breaks_off_get_no_session(
    shared: TheHouse, folder: Path, provider: Certified
) -> None:
    with at(shared, folder, provider.settings("signed-ES256")):
        for subject, level, code in [
            ("pairwise-of-maria", LOW, "level-too-low"),
            ("", LEVEL, "login-declined"),
        ]:
            with pytest.raises(DoorRefusedError) as refused:
                log_in(shared, Browser(), subject, level)
            assert refused.value.code == code


def test_the_provider_changes_its_keys_and_log_ins_go_on(
    shared: TheHouse, folder: Path, provider: Certified
) -> None:
    with at(shared, folder, provider.settings("signed-ES256")):
        log_in(shared, Browser(), "pairwise-of-maria")
        provider.turn_keys()
        # The browser's walk sets the clock to now; a minute on, keys may be fetched again.
        begun = shared.client.call("login.begin")
        answer = Browser().log_in(begun["authorize_url"], "pairwise-of-maria")
        shared.clock.set(SystemClock().now() + REFETCHED_AFTER)
        assert shared.client.call("login.finish", answer=answer, nonce=begun["nonce"])["session"]


def test_the_check_of_a_provider_says_what_to_do(folder: Path, provider: Certified) -> None:
    def said(settings: str) -> tuple[bool, str]:
        with reached(folder, settings) as checked:
            lines = list(check(checked, CALLBACK, SystemClock().now()))
        return all(line.is_good for line in lines), "\n".join(line.text for line in lines)

    assert said(provider.settings("signed-ES256"))[0]
    for settings, advice in [
        (provider.settings("nobody"), "register"),
        (provider.settings("signed-ES256", level="urn:test:unheard-of"), "levels"),
        (provider.settings("signed-ES256").replace('"profile"', '"rrn"'), "scopes"),
        (provider.settings("signed-ES256").replace(provider.issuer, "http://127.0.0.1:1"), "unreachable"),
        (provider.settings("signed-ES256").replace("127.0.0.1", "localhost"), "another-issuer"),
    ]:
        is_good, text = said(settings)
        assert not is_good
        assert advice in text
