"""Whether a row of the catalogue makes sense: what the law that it cites would not allow stops the start."""

from __future__ import annotations

from databeheer.access.bases import BasisKind, Carrier, CatalogueError, Refusal, Requirement, Row
from databeheer.values import PERSON_ROLES, Purpose, Role

_CARRIERS = {
    BasisKind.OWN: {Carrier.OCCUPANCY, Carrier.CONCERNED, Carrier.REPRESENTATION},
    BasisKind.CONSENT: {Carrier.PERMISSION},
    BasisKind.LAW: {
        Carrier.SUPPLY_CONTRACT,
        Carrier.REGISTRATION,
        Carrier.PARTICIPATION,
        Carrier.GRID_OPERATOR,
        Carrier.DATA_MANAGER,
        Carrier.TERRITORY,
        Carrier.TASK,
    },
}

_OPERATORS_TASKS = {
    Role.DSO: {Purpose.GRID_MANAGEMENT, Purpose.SUPPLY_QUALITY, Purpose.FRAUD_DETECTION},
    Role.DATA_MANAGER: {Purpose.DATA_MANAGEMENT},
}
"""The operator may not sell services with the data (4.1.8/4), so it has no purpose beyond its tasks."""

_SIGNED = {Requirement.GRID_USER_CONSENT, Requirement.PERSON_CONCERNED_CONSENT, Requirement.OCCUPANCY}
_NEEDED: dict[Carrier, set[Requirement]] = {
    Carrier.OCCUPANCY: {Requirement.OCCUPANCY},
    Carrier.CONCERNED: {Requirement.OCCUPANCY},
    Carrier.REPRESENTATION: {Requirement.OCCUPANCY},
    Carrier.PERMISSION: _SIGNED,
    Carrier.SUPPLY_CONTRACT: {
        Requirement.ACCEPTED_CONTRACT,
        Requirement.CONTRACT_PERIOD,
        Requirement.OCCUPANCY,
    },
    Carrier.REGISTRATION: {Requirement.OCCUPANCY},
    Carrier.PARTICIPATION: {Requirement.OCCUPANCY, Requirement.CONTRACT_PERIOD},
    Carrier.TERRITORY: {Requirement.OCCUPANCY, Requirement.TERRITORY},
    Carrier.TASK: {Requirement.NECESSITY},
}
"""What each carrier cannot go without, whatever the row says."""

_ANYWHERE = {
    Requirement.DATA_ACCESS_CONTRACT,
    Requirement.DPIA,
    Requirement.PROCESSING_OVERVIEW,
    Requirement.NOTICE,
    Requirement.TERRITORY,
    Requirement.PROCESSOR_AGREEMENT,
}
_ONLY: dict[Requirement, set[Carrier]] = {
    Requirement.OCCUPANCY: {
        Carrier.OCCUPANCY,
        Carrier.CONCERNED,
        Carrier.REPRESENTATION,
        Carrier.PERMISSION,
        Carrier.SUPPLY_CONTRACT,
        Carrier.REGISTRATION,
        Carrier.PARTICIPATION,
        Carrier.TERRITORY,
    },
    Requirement.GRID_USER_CONSENT: {Carrier.PERMISSION},
    Requirement.PERSON_CONCERNED_CONSENT: {Carrier.PERMISSION},
    Requirement.HISTORY: {Carrier.PERMISSION},
    Requirement.WRITTEN_MANDATE: {Carrier.PERMISSION},
    Requirement.ACCEPTED_CONTRACT: {Carrier.SUPPLY_CONTRACT, Carrier.PERMISSION},
    Requirement.CONTRACT_PERIOD: {Carrier.SUPPLY_CONTRACT, Carrier.PERMISSION, Carrier.PARTICIPATION},
    Requirement.DYNAMIC_PRICE: {Carrier.PERMISSION},
    Requirement.METERING_REGIME: {Carrier.PERMISSION},
    Requirement.NECESSITY: {Carrier.TASK, Carrier.GRID_OPERATOR, Carrier.DATA_MANAGER},
    Requirement.AUTHORISATION: {Carrier.TASK},
}
"""Which carriers a requirement says anything of; those in `_ANYWHERE` are about the party, whatever carries it."""


def check_row(row: Row, where: str) -> None:
    """Raise CatalogueError where the row would stretch the law that it cites."""
    if row.carrier not in _CARRIERS[row.basis]:
        raise CatalogueError(f"{where}: a {row.basis} basis cannot rest on a {row.carrier}")
    if (row.basis is BasisKind.OWN) != (row.actor_role in PERSON_ROLES):
        raise CatalogueError(f"{where}: own data are for people, and a person sees no other")
    if not row.purposes <= _OPERATORS_TASKS.get(row.actor_role, set(Purpose)):
        raise CatalogueError(f"{where}: a grid operator has no purpose beyond its legal tasks (4.1.8/4)")
    if row.actor_role is Role.AUTHORITY and Requirement.AUTHORISATION not in row.requires:
        raise CatalogueError(f"{where}: an authority names the article that authorises it (4.1.22/5, 1°)")
    _check_requirements(row, where)
    if (row.basis is BasisKind.LAW and Requirement.NOTICE not in row.requires) is not bool(
        row.without_notice
    ):
        raise CatalogueError(
            f"{where}: by law nothing is read before the customer was told, or the row says by which article (R7)"
        )
    if row.register_states and not (row.basis is BasisKind.OWN or row.carrier is Carrier.SUPPLY_CONTRACT):
        # A register tells all that ever passed the meter: to who reads it on the meter, and to who bills by it.
        raise CatalogueError(f"{where}: a {row.carrier} has no part in the meter's registers")
    limit = row.ceiling_without_necessity
    if limit is not None and row.carrier not in (Carrier.GRID_OPERATOR, Carrier.DATA_MANAGER):
        raise CatalogueError(
            f"{where}: only the operator of the point has anything without a necessity record"
        )
    if limit is not None and not row.ceiling.is_finer_than(limit):
        raise CatalogueError(f"{where}: a necessity record would make nothing finer")


def _check_requirements(row: Row, where: str) -> None:
    missing = sorted(_NEEDED.get(row.carrier, set()) - row.requires)
    if missing:
        raise CatalogueError(f"{where}: a {row.carrier} carries nothing without {missing[0]}")
    for requirement in sorted(row.requires - _ANYWHERE):
        if row.carrier not in _ONLY[requirement]:
            raise CatalogueError(f"{where}: a {row.carrier} has no {requirement}")
    if row.basis is BasisKind.OWN and row.requires & _ANYWHERE:
        raise CatalogueError(f"{where}: a person needs no party's papers for own data")
    contract = {Requirement.DYNAMIC_PRICE, Requirement.METERING_REGIME}
    if row.requires & contract and Requirement.ACCEPTED_CONTRACT not in row.requires:
        raise CatalogueError(f"{where}: a price and a regime belong to an accepted supply contract")


def check_whole(rows: tuple[Row, ...], refusals: tuple[Refusal, ...]) -> None:
    """Raise CatalogueError where two rows have one code, or a role has data that a refusal denies it."""
    codes = [row.code for row in rows] + [refusal.code for refusal in refusals]
    if len(set(codes)) < len(codes):
        raise CatalogueError("two rows of the catalogue have the same code")
    with_data = {row.actor_role for row in rows}
    for refusal in refusals:
        if refusal.of_role and refusal.actor_role in with_data:
            raise CatalogueError(f"refusal {refusal.code}: another row gives this role data")
