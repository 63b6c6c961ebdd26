"""EDDIE's permission, from request to revocation, with the requests that its connector makes and the portal between.

The steps are those of the shared description of its state machine; what it concludes from each answer is written down
in `Eddie`, so that an answer which makes it give a permission up fails here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

import web
from tests.copies import beside
from tests.databeheer.doubt.acts import contact, lift, raise_doubt, show
from tests.house import Customer, Party, TheHouse
from tests.web.facade.calling import EAN, REFERENCE, session_body
from tests.web.portal.visiting import Visitor, make_site
from tests.web.programs import make_app

Visit = Callable[[Customer], Visitor]
WINDOW = {"from": "2023-10-29T00:00:00Z", "to": "2023-10-29T23:59:59Z"}


@dataclass
class Eddie:
    """What the connector does and concludes; its requests letter for letter as it spells them."""

    http: FlaskClient
    party: Party
    state: str = "VALIDATED"
    portal_id: str = ""
    read: int = 0

    def headers(self) -> dict[str, str]:
        """A token by client_secret_basic, fetched anew."""
        pair = b64encode(f"{self.party.client_id}:{self.party.client_secret}".encode()).decode()
        form = {"grant_type": "client_credentials", "scope": "api://databeheer/.default"}
        answer = self.http.post(
            "/tenant/oauth2/V2.0/token", data=form, headers={"Authorization": f"Basic {pair}"}
        )
        assert answer.status_code == 200
        token = answer.get_json()
        assert token["token_type"] == "Bearer"
        return {
            "Authorization": f"Bearer {token['access_token']}",
            "Ocp-Apim-Subscription-Key": self.party.subscription_key or "",
            "Content-Type": "application/json",
        }

    def open_session(self) -> None:
        answer = self.http.post(
            "/esco/v3/api/shortUrlIdentifier", json=session_body(), headers=self.headers()
        )
        if answer.status_code == 200 and (code := answer.get_json()["data"]["shortUrlIdentifier"]):
            self.state, self.portal_id = "SENT_TO_PERMISSION_ADMINISTRATOR", code
        else:
            self.state = "INVALID" if 400 <= answer.status_code < 500 else "UNABLE_TO_SEND"

    def check(self) -> None:
        """Ask what became of the permission: on the customer's return, and hourly."""
        answer = self.http.get(
            "/esco/v3/api/Mandate", query_string={"ReferenceNumber": REFERENCE}, headers=self.headers()
        )
        assert answer.get_json()["_meta"]["fetchTime"]
        statuses = [one["status"] for one in answer.get_json()["data"]["mandates"]]
        if not statuses:
            return
        if all(one == "Rejected" for one in statuses):
            self.state = "REJECTED"
        elif "Approved" in statuses:
            self.state = "ACCEPTED"
        else:
            self.state = "UNFULFILLABLE"

    def poll(self, **window: str) -> int:
        """Read one block; count the slices. Only 403 ends the permission."""
        query = {
            "referenceNumber": REFERENCE,
            "ean": EAN,
            "DataServiceType": "VH_kwartier_uur",
            "PeriodType": "readTime",
            **(WINDOW | window),
        }
        answer = self.http.get("/esco/v3/api/Mandate/energy", query_string=query, headers=self.headers())
        if answer.status_code == 403:
            self.state = "REVOKED"
        if answer.status_code != 200:
            return 0
        point = answer.get_json()["data"]["headpoint"]
        assert answer.get_json()["_meta"]
        slices = [] if point is None else point["physicalMeters"][0]["quarterHourlyEnergy"]
        self.read += len(slices)
        return len(slices)


@pytest.fixture
@beside
def site(house: TheHouse) -> Iterator[Flask]:
    site = make_site(house)
    yield site
    web.close(site)


@pytest.fixture
def eddie(house: TheHouse, bram: Party) -> Iterator[Eddie]:
    app = make_app(house)
    yield Eddie(app.test_client(), bram)
    web.close(app)


def visitor(site: Flask, house: TheHouse, customer: Customer) -> Visitor:
    found = Visitor(site, house)
    found.log_in(customer.subject, customer.name)
    return found


def answer(visiting: Visitor, eddie: Eddie, button: str) -> list[str]:
    """Follow the portal link and press a button; returns the addresses that the last page leads to."""
    page = visiting.get("/verbruik/dienstverlener", id=eddie.portal_id)
    action = next(form.action for form in page.forms if any(value == button for _, value, _ in form.buttons))
    return visiting.press(page, urlsplit(action).path, button).links


def test_a_permission_runs_from_request_to_revocation(
    house: TheHouse, site: Flask, eddie: Eddie, bram: Party, measured: Customer
) -> None:
    eddie.open_session()
    assert eddie.state == "SENT_TO_PERMISSION_ADMINISTRATOR"
    eddie.check()
    assert eddie.state == "SENT_TO_PERMISSION_ADMINISTRATOR"  # nobody has answered
    assert eddie.poll() == 0
    assert eddie.state == "SENT_TO_PERMISSION_ADMINISTRATOR"
    lotte = visitor(site, house, measured)
    assert "https://eddie.example/accepted" in answer(lotte, eddie, "grant")
    eddie.check()
    assert eddie.state == "ACCEPTED"
    first = eddie.poll()
    assert first > 90
    # A window with nothing in it, before and after what was granted, is no end.
    assert eddie.poll(**{"from": "2022-01-01T00:00:00Z", "to": "2022-06-30T23:59:59Z"}) == 0
    assert eddie.poll(**{"from": "2026-11-01T00:00:00Z", "to": "2026-11-01T23:59:59Z"}) == 0
    assert eddie.state == "ACCEPTED"

    [permission] = bram.call("permission.list")["permissions"]
    case = raise_doubt(measured, permission)
    assert eddie.poll() == 0
    eddie.check()
    assert eddie.state == "ACCEPTED"
    contact(house, case)
    show(bram, case)
    lift(house, case)
    assert eddie.poll() == first  # the days of the block too
    assert eddie.state == "ACCEPTED"

    house.operator("stop.set", reason="drill")
    assert eddie.poll() == 0
    house.operator("stop.lift", reason="drill")
    assert (eddie.poll(), eddie.state) == (first, "ACCEPTED")

    measured.withdraw(permission["permission_id"])
    assert eddie.poll() == 0
    assert eddie.state == "REVOKED"
    # What she looked at herself, beside the request, is hers.
    events = [one["event"] for one in measured.statements(kind="reads") if one["party"]]
    assert eddie.read // first == 3
    assert events.count("data.read") == 4  # of what was granted and has not been received, too
    assert events.count("data.refused") == 5  # asked, before the period, blocked, stopped, ended


def test_a_permission_that_is_refused_is_rejected(
    house: TheHouse, site: Flask, eddie: Eddie, lotte: Customer
) -> None:
    eddie.open_session()
    assert "https://eddie.example/rejected" in answer(visitor(site, house, lotte), eddie, "refuse")
    eddie.check()
    assert eddie.state == "REJECTED"


def test_a_session_whose_answer_was_lost_is_asked_again_and_goes_on(
    house: TheHouse, site: Flask, eddie: Eddie, lotte: Customer
) -> None:
    eddie.open_session()
    eddie.state, eddie.portal_id = "UNABLE_TO_SEND", ""
    eddie.open_session()
    assert eddie.state == "SENT_TO_PERMISSION_ADMINISTRATOR"
    answer(visitor(site, house, lotte), eddie, "grant")
    eddie.check()
    assert eddie.state == "ACCEPTED"


def test_a_permission_that_the_customer_ends_before_the_next_poll_is_revoked_not_rejected(
    house: TheHouse, site: Flask, eddie: Eddie, bram: Party, lotte: Customer
) -> None:
    eddie.open_session()
    answer(visitor(site, house, lotte), eddie, "grant")
    eddie.check()
    [permission] = bram.call("permission.list")["permissions"]
    lotte.withdraw(permission["permission_id"])
    eddie.poll()
    assert eddie.state == "REVOKED"
