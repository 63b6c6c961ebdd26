"""A customer begins a permission himself: which party offers what, and what stands in the way (R12, R13, R114).

Nobody asked, so nothing waits for the party: what is written down is granted in the same turn, or waits for who must
grant it too. It is never wider than the catalogue lets that party ask.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.bases import BasisKind, Carrier, Catalogue, Requirement, Row
from databeheer.errors import ConflictError, NotFoundError
from databeheer.permissions.asking import LINK_TERM, Request
from databeheer.permissions.content import split_of
from databeheer.values import Direction, Granularity, Purpose, Role

MOST_POINTS = 250
"""For how many access points a business gives or withdraws at once: all of them hold the ledger's head for one turn."""
MOST_FOUND = 50
"""How many parties one search shows; who looks for more says more of the name."""


# What hangs on a contract of one's own, or on paper, begins where that is.
_ELSEWHERE = frozenset(
    {
        Requirement.ACCEPTED_CONTRACT,
        Requirement.CONTRACT_PERIOD,
        Requirement.HISTORY,
        Requirement.WRITTEN_MANDATE,
    }
)


@dataclass(frozen=True)
class Offer:
    """What a party can be given for one purpose at most."""

    purpose: Purpose
    finest: Granularity
    directions: frozenset[Direction]


def offers(catalogue: Catalogue, role: Role) -> tuple[Offer, ...]:
    """Return for which purposes a customer can choose a party of this role, in the order of the catalogue.

    What rests on a contract besides, as a product with a dynamic price, is asked by who has that contract.
    """
    return tuple(
        Offer(purpose, row.ceiling, row.directions)
        for row in catalogue.plan(role).by_consent
        if is_open(row)
        for purpose in sorted(row.purposes)
    )


def roles(catalogue: Catalogue) -> list[str]:
    """Return the roles of which a customer can choose a party."""
    return sorted(role.value for role in Role if offers(catalogue, role))


def find(connection: Connection, catalogue: Catalogue, name: str, party_id: UUID | None) -> list[Any]:
    """Return the parties that a customer can choose, by name, MOST_FOUND and one more at most.

    `name`: a part of it, in capitals or not; empty for all. `party_id`: that one alone.
    """
    asked = {"roles": roles(catalogue), "name": name, "party": party_id, "limit": MOST_FOUND + 1}
    return list(connection.execute(_FIND, asked))


def begin(
    connection: Connection, request: Request, offered: Collection[Offer], link_hash: bytes, now: datetime
) -> None:
    """Write down what a customer chose, addressed to his own access point; it waits for those who must sign.

    Raises:
        NotFoundError: the party does not offer this.
        ConflictError: it was written down already: a second press of one button.
    """
    offer = next((one for one in offered if one.purpose == request.purpose), None)
    if (
        offer is None
        or request.category != "readings"
        or request.granularity.is_finer_than(offer.finest)
        or not request.directions <= offer.directions
    ):
        raise NotFoundError("this party does not offer that")
    written = {
        **vars(request),
        "directions": sorted(request.directions),
        "link": link_hash,
        "link_expires": now + LINK_TERM,
        "split_at": split_of(request.data_from, request.data_until, now),
        "now": now,
    }
    if connection.execute(_STANDS, written).first() is not None:
        raise ConflictError("you chose this already")
    connection.execute(_BEGIN, written)


def is_open(row: Row) -> bool:
    """Whether a customer can begin a permission on this legal basis himself."""
    return (
        row.basis is BasisKind.CONSENT
        and row.carrier is Carrier.PERMISSION
        and "readings" in row.categories
        and row.requires.isdisjoint(_ELSEWHERE)
    )


_FIND = text(
    "SELECT * FROM registry.party WHERE role = ANY(:roles) AND (CAST(:party AS uuid) IS NULL OR party_id = :party)"
    " AND strpos(lower(name), lower(:name)) > 0 ORDER BY lower(name), party_id LIMIT :limit"
)
_STANDS = text("SELECT 1 FROM permissions.permission WHERE permission_id = :permission_id")
_BEGIN = text(
    "INSERT INTO permissions.permission (permission_id, operator, party_id, reference_hash, reference_sealed, service,"
    " purpose, category, directions, granularity, data_from, data_until, valid_until, state, addressed_to, link_hash,"
    " link_expires_at, requested_at, split_at, is_chosen) VALUES (:permission_id, :operator, :party_id,"
    " :reference_hash, :reference_sealed, '', :purpose, :category, :directions, :granularity, :data_from, :data_until,"
    " :valid_until, 'requested', :addressed_to, :link, :link_expires, :now, :split_at, true)"
)
