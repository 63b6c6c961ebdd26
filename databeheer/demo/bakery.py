"""The demo's business: a bakery with a dozen shops, each with electricity and gas, for which its manager logs in."""

from __future__ import annotations

from collections.abc import Iterator

from databeheer.metering.street.plan import PlannedAddress, StreetPlan, invented_ean
from databeheer.site.storytelling import Teller
from databeheer.values import EAN, Commodity, ProfileType

ENTERPRISE = "0806123448"
NAME = "Bakkerij Van Damme bv"
MANAGER = {
    "sub": "nele",
    "name": "Nele Van Damme",
    "age": 45,
    "story": "Handelt voor Bakkerij Van Damme: twaalf winkels, vierentwintig aansluitingen.",
    "role": "business",
    "enterprise": ENTERPRISE,
    "enterprise_name": NAME,
}
_FIRST_SERIAL = 3001
_SHOPS = tuple(PlannedAddress("Molenstraat", str(number), "9999", "Wilgerode") for number in range(2, 26, 2))


def tell_bakery(teller: Teller, plan: StreetPlan) -> None:
    """The bakery is grid user of every shop from the first day on; of what it uses no readings have come in yet."""
    added = teller.operator("registry.enterprise.add", enterprise=ENTERPRISE, name=NAME)
    for ean, commodity, address in _points():
        teller.operator(
            "registry.access_point.register",
            ean=ean.digits,
            commodity=commodity.value,
            address=str(address),
            municipality=plan.nis_code,
            profile_type=ProfileType.BUSINESS.value,
        )
        teller.operator(
            "registry.occupancy.begin",
            ean=ean.digits,
            person_id=added["person_id"],
            from_day=plan.first_day.isoformat(),
            interval_reading=True,
        )
        teller.operator(
            "registry.supply.accept",
            ean=ean.digits,
            party_id=teller.parties["supplier"]["party_id"],
            from_day=plan.first_day.isoformat(),
        )
        if commodity is Commodity.ELECTRICITY:
            teller.operator(
                "registry.meter.install",
                ean=ean.digits,
                meter=f"1SAG998{ean.digits[-8:-1]}",
                digital=True,
                ports=["P1", "S1"],
            )


def _points() -> Iterator[tuple[EAN, Commodity, PlannedAddress]]:
    for number, address in enumerate(_SHOPS):
        yield invented_ean(_FIRST_SERIAL + 2 * number), Commodity.ELECTRICITY, address
        yield invented_ean(_FIRST_SERIAL + 2 * number + 1), Commodity.GAS, address
