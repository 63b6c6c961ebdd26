"""Visitors of the portal, over a real house."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from flask import Flask

from tests.copies import beside, setting_up
from tests.databeheer.metering.builders import day_rows, english
from tests.house import Customer, TheHouse
from tests.web.portal.visiting import Visitor, make_site
from web import close

AUTUMN = date(2023, 10, 29)


@pytest.fixture
@beside
def site(house: TheHouse) -> Iterator[Flask]:
    """The portal."""
    app = make_site(house)
    yield app
    close(app)


@pytest.fixture
@beside
def visit(site: Flask, house: TheHouse) -> Callable[[Customer], Visitor]:
    """Log a customer in at a new browser."""

    def log_in(customer: Customer) -> Visitor:
        visitor = Visitor(site, house)
        assert visitor.log_in(customer.subject, customer.name).location == "/mijn"
        return visitor

    return log_in


@pytest.fixture
@beside
def stranger(site: Flask, house: TheHouse) -> Visitor:
    """A browser where nobody has logged in."""
    return Visitor(site, house)


@pytest.fixture
@setting_up
def measured_autumn(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte, with the quarter-hours of the day on which the clocks went back."""
    house.ingest(english(*day_rows(AUTUMN)))
    return lotte
