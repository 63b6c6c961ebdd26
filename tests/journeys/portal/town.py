"""The house that all journeys through the portal share, with somebody new in it for each; and how a journey goes.

Nobody's journey changes what another finds: each has people and access points of its own.
"""

from __future__ import annotations

import itertools
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Browser

from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.demo_provider import DemoPerson, DemoProvider
from tests.browser import Watched, free_port, served
from tests.databases import Databases
from tests.databeheer.door.access_register.sending import ean_of, send
from tests.doors import query
from tests.house import ISSUER, Colleague, Customer, Party, TheHouse, open_house
from tests.journeys.portal.ways import Walker
from tests.web.sites import make_whole_site
from web.portal.login import LOGIN_PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


POINTS = 200
"""How many access points the bakery has."""


@dataclass
class Bakery:
    """Bakkerij Van Damme, for which Els acts."""

    business: Customer
    eans: list[str]


@dataclass
class Town:
    """Bram the energy service and Net the grid operator; a browser for whoever comes."""

    house: TheHouse
    browser: Browser
    address: str
    bram: Party = field(init=False)
    net: Party = field(init=False)
    known: list[DemoPerson] = field(default_factory=list)
    """Whom the identity provider knows at this moment."""
    judged: set[str] = field(default_factory=set)
    """Which pages axe has seen, by what they are made of: as many journeys pass by one page, it judges that once."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _idle: dict[type[Walker], list[Watched]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.bram = self.house.party("Bram Energieadvies", "energy_service")
        self.net = self.house.party("Netbeheerder Test", "dso", operator=1)

    def next(self) -> int:
        return next(self._numbers)

    @cached_property
    def bakery(self) -> Bakery:
        """Made for the first journey that comes by it."""
        business = self.house.business("0403170701", "Bakkerij Van Damme bv", "els", "Els Van Damme")
        eans = [ean_of(self.next()) for _ in range(POINTS)]
        for number, ean in enumerate(eans):
            self.house.point(ean, business, address=f"Molenstraat {100 + number // 4}, 9000 Gent")
        return Bakery(business, eans)

    @contextmanager
    def trip(self, way: type[Walker], folder: Path) -> Iterator[Trip]:
        """A journey in one way; at its end all that its people met is looked at once more."""
        trip = Trip(self, way, folder)
        try:
            yield trip
            trip.finish()
        except BaseException:
            trip.close()
            raise
        finally:
            self.known.clear()
        trip.give_back()

    def lend(self, way: type[Walker]) -> Watched:
        """A browser that nobody uses; it may have the files of the site already, and nothing of who had it before."""
        if self._idle[way]:
            return self._idle[way].pop()
        context = self.browser.new_context(
            viewport=way.viewport, locale="nl-BE", java_script_enabled=way.javascript
        )
        return Watched(context.new_page(), is_judged_often=False)

    def take_back(self, way: type[Walker], lent: Watched) -> None:
        """Forget who had a browser: making one anew costs as much as many pages."""
        context = lent.page.context
        for page in context.pages:
            if page is not lent.page:
                page.close()
        context.clear_cookies()
        lent.console.clear()
        self._idle[way].append(lent)


@dataclass
class Trip:
    """One journey: its people, their homes and their windows."""

    town: Town
    way: type[Walker]
    folder: Path
    """Where it may keep files."""
    _walkers: list[Walker] = field(default_factory=list)
    _lent: list[Watched] = field(default_factory=list)

    @property
    def house(self) -> TheHouse:
        return self.town.house

    @property
    def bram(self) -> Party:
        return self.town.bram

    def bakery(self) -> Bakery:
        return self.town.bakery

    def given(self, bakery: Bakery) -> int:
        """For how many of its points Bram has a permission."""
        given = bakery.business.call("business.given", party_id=self.bram.party_id)["permissions"]
        return len(given)

    def somebody(self, name: str = "Lotte Janssens") -> Customer:
        """Somebody new, who lives nowhere yet."""
        return self.house.customer(f"visitor-{self.town.next()}", name)

    def home(self, person: Customer, commodity: str = "electricity", **changes: str) -> str:
        """A place where a person lives since 2022; returns the EAN code of its access point."""
        ean = ean_of(self.town.next())
        self.house.point(ean, person, commodity=commodity, **changes)
        return ean

    def meter(self, ean: str) -> str:
        """A digital meter with two ports at an access point; returns its number."""
        number = f"1SAG91{self.town.next():08d}"
        self.house.operator("registry.meter.install", ean=ean, meter=number, digital=True, ports=["P1", "S1"])
        return number

    def reported(self, name: str) -> tuple[str, str]:
        """An access point where the grid operator says that somebody of this name lives; its EAN code and its meter."""
        ean = ean_of(self.town.next())
        self.house.point(ean, address="Molenstraat 7, 9000 Gent")
        meter = self.meter(ean)
        customer = {"identity": f"grid-{ean}", "name": name}
        begins = {"from": "2023-10-01"}
        send(self.town.net, "customer.moved_in", ean=ean, customer=customer, interval_reading=True, **begins)
        return ean, meter

    def window(self, person: Customer | Colleague, *, logged_in: bool = True) -> Walker:
        """A browser of a person's own; who is not logged in yet, can show the identity provider who he is."""
        lent = self.town.lend(self.way)
        self._lent.append(lent)
        if logged_in:
            lent.page.context.add_cookies(
                [{"name": "session", "value": person.session, "url": self.town.address}]
            )
        else:
            self.town.known.append(
                DemoPerson(person.subject, person.name, 40, "Reist door het portaal.", "customer")
            )
        return self._walker(lent)

    def portal(self, person: Customer) -> Walker:
        """A browser of a person's own, who is logged in and sees the overview."""
        walker = self.window(person)
        walker.open("/mijn")
        return walker

    def forget_log_in(self, walker: Walker) -> None:
        """As where her session ended while a page lay open."""
        walker.page.context.clear_cookies(name="session")

    def tab(self, walker: Walker) -> Walker:
        """Another tab of the same browser."""
        return self._walker(Watched(walker.page.context.new_page(), is_judged_often=False))

    def ledger_size(self) -> int:
        return int(query(self.house, "SELECT size FROM ledger.head")[0][0])

    def _walker(self, watched: Watched) -> Walker:
        walker = self.way(watched, self.town.address, self.town.judged)
        self._walkers.append(walker)
        return walker

    def finish(self) -> None:
        for walker in self._walkers:
            walker.finish()

    def give_back(self) -> None:
        for lent in self._lent:
            self.town.take_back(self.way, lent)

    def close(self) -> None:
        """Whatever its windows were at is over, too."""
        for lent in self._lent:
            lent.page.context.close()


@contextmanager
def settled(databases: Databases, browser: Browser) -> Iterator[Town]:
    """The town, its site and its identity provider, each on a port of its own."""
    site, provider = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    with databases.clone() as database, open_house(database, provider_url=f"{provider}/authorize") as house:
        town = Town(house, browser, site)
        with (
            served(make_whole_site(house, base_url=site), _port(site)),
            served(_provider(town), _port(provider)),
        ):
            yield town


def _provider(town: Town) -> WSGIApplication:
    """The stand-in provider of the demo, with the key that the house believes."""
    house = town.house
    file = house.folder / "provider.key"
    file.write_text(urlsafe_b64encode(bytes(house.provider_key)).decode().rstrip("="))
    key, back = ProviderKey.open(file), f"{town.address}{LOGIN_PATH}/terug"
    return lambda environ, start: DemoProvider(key, town.known, back, house.clock, ISSUER)(environ, start)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
