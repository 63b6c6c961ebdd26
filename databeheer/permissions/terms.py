"""The terms that the operator sets for all permissions: how long, when asked again, when data are deleted.

What is granted keeps the terms under which it was granted; a change concerns later grants. Each set is a row, and an
entry of the ledger; before the first, the ones here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from databeheer.brussels import midnight
from databeheer.values import HORIZON


@dataclass(frozen=True)
class Terms:
    """All in days.

    `longest` is how long a permission lasts at most, also one "until withdrawn" (R23). `renewal` is how long
    before that the customer is asked whether it goes on, `reminder` how often he is reminded that it runs.
    `collection` is how long a party has to fetch (and fetch corrected) data of a closed period, before a
    permission without an agreed end counts as fulfilled. `deletion` is how long after the end the party has
    deleted the data (R32), `mandate` how long it has to produce a written mandate that was sampled (R35), `letter`
    how long the code in a letter to a contract holder is good at most (R36).
    """

    longest: int = 1826
    renewal: int = 60
    reminder: int = 365
    collection: int = 30
    deletion: int = 30
    mandate: int = 14
    letter: int = 21

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))


@dataclass(frozen=True)
class Clocks:
    """The moments that follow from a grant, all aware UTC; `fulfils_at` None: it does not close by itself."""

    ends_at: datetime
    renew_from: datetime | None
    fulfils_at: datetime | None
    remind_at: datetime


def in_force(connection: Connection) -> Terms:
    """Return the terms that hold for what is granted now."""
    return said(connection.execute(NEWEST).all())


def said(rows: Sequence[Any]) -> Terms:
    """Return the terms of what `NEWEST` found."""
    return Terms(*rows[0]) if rows else Terms()


def put(connection: Connection, terms: Terms, now: datetime, index: int) -> None:
    """Write down terms that hold from now on, recorded as ledger entry `index`."""
    connection.execute(_PUT, {**vars(terms), "at": now, "index": index})


def clocks(
    terms: Terms, *, granted_at: datetime, valid_until: datetime | None, data_until: datetime | None
) -> Clocks:
    """Return what will happen by itself to a permission granted now, and when.

    Only a permission that the longest term cuts is asked to be renewed: an end that was agreed is an end. Only
    one without an agreed end closes by itself once the data of a closed period can be had.
    """
    # No time of ours lies beyond the horizon: who reads of it would refuse it.
    # The wire and the ledger have milliseconds: the end is the same moment for all who read of it.
    longest = min(_to_the_millisecond(granted_at + timedelta(days=terms.longest)), midnight(HORIZON[1]))
    is_cut = valid_until is None or valid_until > longest
    ends_at = longest if is_cut or valid_until is None else valid_until
    return Clocks(
        ends_at=ends_at,
        renew_from=ends_at - timedelta(days=terms.renewal) if is_cut else None,
        fulfils_at=fulfilment(
            terms.collection, since=granted_at, valid_until=valid_until, data_until=data_until
        ),
        remind_at=granted_at + timedelta(days=terms.reminder),
    )


def fulfilment(
    collection: int, *, since: datetime, valid_until: datetime | None, data_until: datetime | None
) -> datetime | None:
    """Return when a permission closes by itself, of which all data lie before `data_until` `since` a moment.

    That is `collection` days after all of them are there. None: it has an agreed end, or goes on giving new data.
    """
    if valid_until is not None or data_until is None:
        return None
    return _to_the_millisecond(max(data_until, since) + timedelta(days=collection))


def _to_the_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def view(terms: Terms) -> dict[str, Any]:
    """The terms as members of an answer."""
    return {f"{name}_days": value for name, value in vars(terms).items()}


NEWEST = text(f"SELECT {', '.join(Terms.names())} FROM permissions.terms ORDER BY terms_no DESC LIMIT 1")  # noqa: S608  our own words
"""The terms that hold now; no row before the first were set."""
_PUT = text(
    "INSERT INTO permissions.terms (longest, renewal, reminder, collection, deletion, mandate, letter, at, index)"
    " VALUES (:longest, :renewal, :reminder, :collection, :deletion, :mandate, :letter, :at, :index)"
)
