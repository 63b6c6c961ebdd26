"""The demo's story: two years in a street that does not exist, told to the real door with a story's clock.

Everything passes the same commands and the same intake as in earnest; only the clock is the storyteller's, so
that a permission can have been given eight months ago.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from databeheer.brussels import BRUSSELS, day_of, midnight
from databeheer.demo.bakery import tell_bakery
from databeheer.demo.cast import OPERATOR_NAME, PARTIES, REPORTED_AS
from databeheer.metering.street.plan import PlannedOccupancy, PlannedPoint, StreetPlan
from databeheer.site.storytelling import NOTICE, Teller, file_assessment
from databeheer.values import Commodity, format_instant


def tell_registry(teller: Teller, plan: StreetPlan) -> None:
    """Who lives where, who supplies, who has a contract: before any reading."""
    teller.at(plan.first_day, 9)
    tell_parties(teller)
    ids: dict[str, str] = {}
    for person in plan.people:
        subject = REPORTED_AS.get(person.key, person.key)
        added = teller.operator("registry.person.add", subject=subject, name=person.name)
        ids[person.key], teller.people[person.key] = added["person_id"], person.name
    for point in plan.points:
        teller.operator(
            "registry.access_point.register",
            ean=point.ean.digits,
            commodity=point.commodity.value,
            address=str(point.address),
            municipality=plan.nis_code,
            profile_type=point.profile_type.value,
        )
        if point.commodity is Commodity.ELECTRICITY:
            _install_meter(teller, point)
    for occupancy in plan.occupancies:
        # Who moves in or out while the story goes on comes later.
        if occupancy.person is not None and occupancy.first_day <= plan.first_day:
            _move_in(teller, plan, occupancy, ids)
    for contract in plan.contracts:
        if contract.first_day <= plan.first_day:
            teller.operator(
                "registry.supply.accept",
                ean=plan.point(contract.point).ean.digits,
                party_id=teller.parties["supplier"]["party_id"],
                from_day=contract.first_day.isoformat(),
                until_day=contract.until.isoformat() if contract.until else None,
            )
    tell_bakery(teller, plan)
    _tell_early_permissions(teller, plan)
    _tell_move(teller, plan, ids)
    _tell_permissions(teller, plan)


def tell_parties(teller: Teller) -> None:
    """The grid operator and the market parties, with their contracts and credentials."""
    teller.operator("registry.operator.add", operator=1, code="leiestreek", name=OPERATOR_NAME)
    for key, party in PARTIES.items():
        added = teller.operator("registry.party.add", **party)
        teller.parties[key] = {**party, "party_id": added["party_id"]}
        _put_in_order(teller, key)
        _name_contact(teller, key)
        if party["role"] == "regulator":
            continue  # it looks through its inspectors, not through a program
        if party["role"] != "dso":
            number = f"DTC-2024-{len(teller.parties):04}"
            teller.operator(
                "registry.contract.add",
                party_id=added["party_id"],
                number=number,
                valid_from=format_instant(teller.clock.now() - timedelta(days=30)),
            )
            teller.parties[key]["contract"] = number
        client = teller.operator(
            "registry.client.add", party_id=added["party_id"], profiles=["own", "facade"]
        )
        teller.parties[key].update(client)


def _put_in_order(teller: Teller, key: str) -> None:
    """File a party's DPIA, and find its overview of processing published: without, nothing reaches it."""
    _file_dpia(teller, key)
    party = teller.parties[key]
    teller.operator(
        "registry.overview.check",
        party_id=party["party_id"],
        url=f"{party['website']}/verwerkingen",
        reachable=True,
    )


def _file_dpia(teller: Teller, key: str) -> None:
    """A DPIA is good for two years; a party makes the next one in time."""
    day = day_of(teller.clock.now())
    file_assessment(teller.operator, teller.parties[key]["party_id"], f"DPIA-{day}-{key}", day)


def _install_meter(teller: Teller, point: PlannedPoint) -> None:
    """A digital meter; its two ports are closed."""
    teller.operator(
        "registry.meter.install",
        ean=point.ean.digits,
        meter=point.meter_number,
        digital=True,
        ports=["P1", "S1"],
    )


def _name_contact(teller: Teller, key: str) -> None:
    """Whom others reach about doubt about a mandate: without, a party asks for no permission (R111)."""
    teller.operator(
        "doubt.contact.set",
        party_id=teller.parties[key]["party_id"],
        name="Contactpunt twijfel",
        email=f"twijfel@{key.replace('_', '-')}.example",
        phone="+32 9 000 00 00",
    )


def _move_in(teller: Teller, plan: StreetPlan, occupancy: PlannedOccupancy, ids: dict[str, str]) -> None:
    point = plan.point(occupancy.point)
    teller.operator(
        "registry.occupancy.begin",
        ean=point.ean.digits,
        person_id=ids[occupancy.person or ""],
        from_day=occupancy.first_day.isoformat(),
        interval_reading=point.slot_minutes != 1440,
    )


def _tell_early_permissions(teller: Teller, plan: StreetPlan) -> None:
    """Permissions of the first year, that have ended since, each in its own way."""
    start = plan.first_day + timedelta(days=40)
    teller.at(start, 10)
    corner = plan.point("corner").ean.digits
    asked = teller.ask(
        "monitor", purpose="energy_monitoring", granularity="quarter_hour", ean=corner, **_from(start)
    )
    teller.at(start, 19, 30)
    teller.grant("pieter", asked, corner)
    # Lotte gave Bram half a year: it expired.
    lotte = plan.point("lotte").ean.digits
    teller.at(start + timedelta(days=3), 11)
    asked = teller.ask(
        "advice",
        purpose="energy_advice",
        granularity="day",
        ean=lotte,
        valid_until=format_instant(midnight(start + timedelta(days=180))),
        **_from(start),
    )
    teller.at(start + timedelta(days=4), 20)
    teller.grant("lotte", asked, lotte)
    # Fatima's adviser stopped by itself.
    fatima = plan.point("fatima").ean.digits
    asked = teller.ask("advice", purpose="energy_advice", granularity="day", ean=fatima, **_from(start))
    teller.grant("fatima", asked, fatima)
    teller.at(start + timedelta(days=90), 9)
    teller.party("advice", "permission.terminate", permission_id=asked["permission_id"])
    # Hilde never answered.
    teller.at(start + timedelta(days=120), 14)
    teller.ask(
        "advice",
        purpose="energy_advice",
        granularity="day",
        ean=plan.point("hilde").ean.digits,
        **_from(start),
    )


def _tell_move(teller: Teller, plan: StreetPlan, ids: dict[str, str]) -> None:
    """Pieter leaves the corner house, Amina comes: his permissions end with him."""
    ean = plan.point("corner").ean.digits
    for occupancy in plan.occupancies_of("corner"):
        if occupancy.until is not None and occupancy.person is not None:
            teller.at(occupancy.until, 9)
            teller.operator("registry.occupancy.end", ean=ean, until_day=occupancy.until.isoformat())
        elif occupancy.first_day > plan.first_day and occupancy.person is not None:
            teller.at(occupancy.first_day, 9)
            _move_in(teller, plan, occupancy, ids)
            teller.operator(
                "registry.supply.accept",
                ean=ean,
                party_id=teller.parties["supplier"]["party_id"],
                from_day=occupancy.first_day.isoformat(),
            )


def _tell_permissions(teller: Teller, plan: StreetPlan) -> None:
    """The permissions of this year: active, refused, withdrawn."""
    year = plan.last_day - timedelta(days=360)
    maria, gas = plan.point("maria").ean.digits, plan.point("maria-gas").ean.digits
    teller.at(year + timedelta(days=1), 10)
    for party in teller.parties:
        _put_in_order(teller, party)
    teller.at(year + timedelta(days=2), 15)
    once = teller.ask("monitor", purpose="energy_monitoring", granularity="day", ean=gas, **_from(year))
    teller.at(year + timedelta(days=2), 20)
    teller.grant("maria", once, gas)
    teller.at(year + timedelta(days=60), 9, 12)
    teller.customer("maria", "permission.withdraw", permission_id=once["permission_id"])
    teller.at(year + timedelta(days=120), 13)
    asked = teller.ask(
        "advice", purpose="energy_advice", granularity="day", ean=maria, **_from(plan.first_day)
    )
    teller.at(year + timedelta(days=121), 18, 40)
    teller.grant("maria", asked, maria)
    teller.parties["advice"]["marias_permission"] = asked["permission_id"]
    teller.parties["monitor"]["marias_old_permission"] = once["permission_id"]
    lotte = plan.point("lotte").ean.digits
    teller.at(year + timedelta(days=130), 8)
    asked = teller.ask(
        "monitor", purpose="energy_monitoring", granularity="quarter_hour", ean=lotte, **_from(plan.first_day)
    )
    teller.at(year + timedelta(days=130), 21)
    teller.grant("lotte", asked, lotte)
    teller.parties["monitor"]["lottes_permission"] = asked["permission_id"]
    teller.at(year + timedelta(days=135), 20, 15)
    _open_marias_port(teller)
    koen = plan.point("koen").ean.digits
    teller.at(year + timedelta(days=140), 10)
    asked = teller.ask(
        "monitor", purpose="energy_monitoring", granularity="quarter_hour", ean=koen, **_from(plan.first_day)
    )
    teller.grant("koen", asked, koen)
    kompas = plan.point("kompas").ean.digits
    teller.at(year + timedelta(days=150), 10)
    asked = teller.ask(
        "advice", purpose="energy_advice", granularity="quarter_hour", ean=kompas, **_from(year)
    )
    teller.at(year + timedelta(days=151), 16)
    teller.customer("kompas", "permission.refuse", permission_id=asked["permission_id"])


def tell_request(teller: Teller, plan: StreetPlan) -> None:
    """The day before yesterday: a request that waits for Maria, and one of Greta that waits for the house."""
    teller.at(plan.last_day - timedelta(days=1), 16, 5)
    waiting = teller.ask(
        "monitor",
        purpose="energy_monitoring",
        granularity="quarter_hour",
        ean=plan.point("maria").ean.digits,
        valid_until=format_instant(midnight(plan.last_day + timedelta(days=365))),
        **_from(plan.first_day),
    )
    teller.parties["monitor"]["waiting_request"] = waiting["permission_id"]
    words = "Ik kocht dit huis op 1 mei 2023. Er staat dat ik er al langer ben."
    teller.customer("greta", "rights.ask", kind="rectification", fact="stay", words=words)


def _open_marias_port(teller: Teller) -> None:
    """Maria has the P1 port of her meter opened, for a small display; the grid operator does it the same evening."""
    [(point, meter)] = [
        (point, meter)
        for point in teller.customer("maria", "port.list")["points"]
        for meter in point["meters"]
        if meter["ports"]
    ]
    teller.customer(
        "maria",
        "port.open",
        occupancy_id=point["occupancy_id"],
        meter_id=meter["meter_id"],
        port="P1",
        seen=0,
        notice=NOTICE,
        language="nl",
    )
    teller.clock.advance(timedelta(hours=2))
    for order in teller.party("dso", "port.orders")["orders"]:
        teller.party("dso", "port.executed", order_id=order["order_id"])


def tell_last_night(teller: Teller, plan: StreetPlan) -> None:
    """Who read what last night; and one who tried and was refused."""
    night = plan.last_day + timedelta(days=1)
    week = _between(plan.last_day - timedelta(days=6), plan.last_day)
    teller.at(night, 2, 13)
    teller.party(
        "advice",
        "readings.read",
        permission_id=teller.parties["advice"]["marias_permission"],
        granularity="day",
        mode="clip",
        **week,
    )
    teller.at(night, 2, 41)
    teller.party(
        "monitor",
        "readings.read",
        permission_id=teller.parties["monitor"]["lottes_permission"],
        granularity="quarter_hour",
        mode="clip",
        **_between(plan.last_day, plan.last_day),
    )
    teller.at(night, 3, 5)
    first = plan.last_day.replace(day=1)
    for point in ("maria", "maria-gas", "lotte", "corner", "kompas"):
        teller.party(
            "supplier",
            "readings.read",
            ean=plan.point(point).ean.digits,
            granularity="month",
            mode="clip",
            **_between((first - timedelta(days=1)).replace(day=1), first - timedelta(days=1)),
        )
    teller.at(night, 3, 58)
    teller.party(
        "monitor",
        "readings.read",
        permission_id=teller.parties["monitor"]["marias_old_permission"],
        granularity="day",
        mode="clip",
        **week,
    )


def last_story_day(now: datetime) -> date:
    """The last day with readings: yesterday, once last night is over, else the day before."""
    today = day_of(now)
    return today - timedelta(days=1 if now.astimezone(BRUSSELS).hour >= 5 else 2)


def _from(day: date) -> dict[str, str]:
    return {"data_from": format_instant(midnight(day))}


def _between(first: date, last: date) -> dict[str, str]:
    return {
        "from": format_instant(midnight(first)),
        "until": format_instant(midnight(last + timedelta(days=1))),
    }
