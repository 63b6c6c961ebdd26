"""What the door shows of permissions: to their party as much as it may know, to their people what is theirs to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.facts import Capacity
from databeheer.brussels import day_of
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.keys.at_hand import AtHand, Keys
from databeheer.door.names import open_text
from databeheer.mandate_imports import rows as imports
from databeheer.permissions import content, history, signers, terms, timing
from databeheer.permissions.states import LIVE
from databeheer.registry import residents
from databeheer.storage.look import Look, Query, Work, uuids
from databeheer.values import format_instant

_RETURN_URLS = ("return_url_success", "return_url_failed")


def permission_view(
    house: House,
    connection: Connection,
    row: Any,
    now: datetime,
    *,
    person_id: UUID | None = None,
    for_party: bool,
) -> dict[str, Any]:
    """Return a permission as one of its people, or its party, sees it."""
    [view] = permission_views(house, connection, [row], now, person_id=person_id, for_party=for_party)
    return view


def permission_views(
    house: House,
    connection: Connection,
    rows: Sequence[Any],
    now: datetime,
    *,
    person_id: UUID | None = None,
    for_party: bool,
    with_return_urls: bool = True,
) -> list[dict[str, Any]]:
    """Return permissions as their people, or their party, see them; in as many queries for many as for one."""
    look = Look(connection)
    return look.do(
        views_of(
            house,
            look,
            rows,
            now,
            person_id=person_id,
            for_party=for_party,
            with_return_urls=with_return_urls,
        )
    )


def views_of(
    house: House,
    look: Look,
    rows: Sequence[Any],
    now: datetime,
    *,
    person_id: UUID | None = None,
    for_party: bool,
    with_return_urls: bool = True,
    with_names: bool = True,
) -> Work[list[dict[str, Any]]]:
    """The same, beside other work; `with_names`: with the party's reference and the EAN, which are sealed."""
    around = yield from _Around.read(look, rows, now, for_party=for_party)
    views, keys = [], AtHand(house)
    for row in rows:
        view = _for_all(around, row, now, for_party)
        if with_names:
            view |= _names(keys, around, row)
        is_own = for_party
        if not for_party:
            view |= _for_people(around, row, now, person_id)
            is_own = view["is_own"]
        if with_return_urls:
            view |= {what: _return_url(keys, row, what) if is_own else None for what in _RETURN_URLS}
        views.append(view)
    return views


def history_view(
    connection: Connection, row: Any, person_id: UUID | None, *, for_party: bool
) -> dict[str, Any]:
    """Return what happened step by step; to people also the text that was read in their name."""
    if for_party:
        return {"history": history.of_party(connection, row.permission_id)}
    read = signers.notice_of(connection, row.permission_id, person_id)
    return {
        "history": history.of_person(connection, row.permission_id, person_id),
        "notice": {
            "text": read.text,
            "language": read.language,
            "sha256": bytes(read.sha256).hex(),
            "read_at": format_instant(read.signed_at),
        }
        if read is not None
        else None,
    }


@dataclass(frozen=True)
class _Around:
    """What stands around the permissions of one page; of their people nothing, where it is for a party."""

    parties: Mapping[UUID, Any]
    homes: Mapping[UUID, Any]
    renewed_by: Mapping[UUID, UUID]
    signed: Mapping[UUID, list[Any]] = field(default_factory=dict)
    ended_by: Mapping[UUID, Any] = field(default_factory=dict)
    narrowed_by: Mapping[UUID, Any] = field(default_factory=dict)
    residents: Mapping[UUID, Mapping[UUID, str]] = field(default_factory=dict)
    imported: Mapping[UUID, Any] = field(default_factory=dict)
    longest_days: int = 0

    @classmethod
    def read(cls, look: Look, rows: Sequence[Any], now: datetime, *, for_party: bool) -> Work[_Around]:
        def ask(query: Query, ids: Iterable[UUID], **others: Any) -> list[Any]:
            wanted = set(ids)
            return look.ask(query, {"ids": uuids(wanted), **others}) if wanted else []

        ids = [row.permission_id for row in rows]
        parties = ask(_PARTIES, (row.party_id for row in rows))
        homes = ask(_HOMES, (at for row in rows if (at := row.occupancy_id or row.addressed_to) is not None))
        renewals = ask(_RENEWED_BY, ids)
        signed: list[Any] = []
        if not for_party:
            signed = ask(signers.OF, ids)
            ended = ask(history.ENDED_BY, (row.permission_id for row in rows if row.state not in LIVE))
            narrowed = ask(
                history.NARROWED_BY, (row.permission_id for row in rows if row.withdrawn_part is not None)
            )
            waiting = (row.addressed_to for row in rows if row.state == "requested" and row.addressed_to)
            lives = ask(residents.AT, waiting, today=day_of(now))
            term = look.ask(terms.NEWEST, {})
            imported = ask(imports.OF_PERMISSIONS, ids)
        yield
        of_all: dict[str, Any] = {
            "parties": {row.party_id: row for row in parties},
            "homes": {row.occupancy_id: row for row in homes},
            "renewed_by": {row.renews: row.permission_id for row in renewals},
        }
        if for_party:
            return cls(**of_all)
        signed_by: dict[UUID, list[Any]] = {}
        for one in signed:
            signed_by.setdefault(one.permission_id, []).append(one)
        return cls(
            **of_all,
            signed=signed_by,
            ended_by={row.permission_id: row for row in ended},
            narrowed_by={row.permission_id: row for row in narrowed},
            residents=residents.by_stay(lives),
            longest_days=terms.said(term).longest,
            imported={row.row_id: row for row in imported},
        )

    def holder(self, row: Any) -> UUID | None:
        """Whose access point it is for, where it is known for which."""
        home = self.homes.get(row.occupancy_id or row.addressed_to)
        return home.person_id if home is not None else None


def _names(keys: Keys, around: _Around, row: Any) -> dict[str, str | None]:
    """What is sealed of it; the EAN shows as `_for_all` says."""
    home = around.homes[row.occupancy_id] if row.occupancy_id is not None else None
    return {
        "reference": open_text(keys, "reference", row.permission_id, bytes(row.reference_sealed)),
        "ean": open_text(keys, "ean", home.access_point_id, bytes(home.ean_sealed)) if home else None,
    }


def _for_all(around: _Around, row: Any, now: datetime, for_party: bool) -> dict[str, Any]:
    """What its party may know, and everybody.

    The EAN, and which part of the data was granted, show only once all granted: before that, the party does not
    know whether the access point exists, nor whether its request stands in somebody's portal, or who signed.
    """
    is_granted = row.occupancy_id is not None
    state, reason = timing.state_at(row, now)
    tells_all = is_granted or not for_party
    data_from, data_until = content.granted_period(row) if tells_all else (row.data_from, row.data_until)
    renewed_by = around.renewed_by.get(row.permission_id)
    return {
        "permission_id": str(row.permission_id),
        "service": row.service,
        "party": party_view(around.parties[row.party_id]),
        "purpose": row.purpose,
        "category": row.category,
        "granularity": row.granularity,
        "directions": list(row.directions),
        "data_from": format_instant(data_from),
        "data_until": _instant(data_until),
        "split_at": _instant(row.split_at),
        "refused_part": row.refused_part if tells_all else None,
        "withdrawn_part": row.withdrawn_part,
        "valid_from": _instant(row.decided_at) if is_granted else None,
        "valid_until": _instant(row.valid_until),
        "until_withdrawn": row.valid_until is None,
        "ends_at": _instant(row.ends_at),
        "state": state,
        "reason": reason,
        "requested_at": format_instant(row.requested_at),
        "request_expires_at": format_instant(row.link_expires_at),
        "decided_at": _instant(row.decided_at),
        "ended_at": _instant(timing.ended_at(row, now)),
        "delete_by": _instant(timing.delete_by(row, now)),
        "deletion_confirmed_at": _instant(row.deletion_confirmed_at),
        "renews": str(row.renews) if row.renews else None,
        "renewed_by": str(renewed_by) if renewed_by else None,
        "up_to": row.up_to,
        "beside": str(row.beside) if row.beside else None,
        "commodity": around.homes[row.occupancy_id].commodity if is_granted else None,
    }


def _for_people(around: _Around, row: Any, now: datetime, person_id: UUID | None) -> dict[str, Any]:
    """Who signed, who has yet to, who ended it; the house's own name of who lives where: no party's business.

    `is_own`: it is the viewer's to answer, or he did; what others of his home did, he sees in less detail.
    """
    signed = around.signed.get(row.permission_id, [])
    holder = around.holder(row)
    step, narrowed = around.ended_by.get(row.permission_id), around.narrowed_by.get(row.permission_id)
    view: dict[str, Any] = {
        "occupancy_id": str(row.occupancy_id) if row.occupancy_id else None,
        "addressed_to": str(row.addressed_to) if row.addressed_to else None,
        "parts": list(content.parts_of(row)),
        "over_at": _instant(timing.over_at(row)) if row.ends_at else None,
        "longest_days": around.longest_days,
        "party_is_suspended": around.parties[row.party_id].suspended_at is not None,
        "signers": [
            {
                "capacity": one.capacity if one.for_person_id == person_id else _as_whom(one, holder),
                "is_you": one.for_person_id == person_id,
                "method": one.method,
                "at": format_instant(one.signed_at),
            }
            for one in signed
        ],
        "waits_for": [],
        "waits_for_you": False,
        "by_applicant": row.applicant_id is not None,
        "is_chosen": row.is_chosen,
        "brought_along": _brought_along(around.imported.get(row.permission_id)),
        "is_renewable": False,
        "ended_by": history.by_for(step, person_id) if step is not None else None,
        "narrowed_by": history.by_for(narrowed, person_id) | {"at": format_instant(narrowed.at)}
        if narrowed is not None
        else None,
    }
    if row.state == "requested":
        view |= _waiting(around, row, now, person_id, {one.for_person_id for one in signed})
    elif person_id is not None:
        renewable = timing.state_at(row, now)[0] == "to_be_renewed" and row.person_id == person_id
        view["is_renewable"] = renewable and view["occupancy_id"] is not None
    has_acted = row.person_id == person_id or any(one.for_person_id == person_id for one in signed)
    return view | {"is_own": view["waits_for_you"] or (person_id is not None and has_acted)}


def _brought_along(imported: Any | None) -> dict[str, Any] | None:
    """What its party says of a mandate that it brought along, and before when nothing is read; None of any other.

    `earliest` None: as it stands it does not become active by itself.
    """
    if imported is None:
        return None
    waits = imported.outcome is None and imported.held_at is None
    return {
        "signed_on": imported.signed_on.isoformat(),
        "earliest": _instant(imports.earliest(imported.announced_at)) if waits else None,
    }


def _as_whom(signature: Any, holder: UUID | None) -> str:
    """In which capacity somebody else signed: not whether an administrator did it for him."""
    return (Capacity.GRID_USER if signature.for_person_id == holder else Capacity.NATURAL_PERSON).value


def _waiting(
    around: _Around, row: Any, now: datetime, person_id: UUID | None, signed: set[UUID]
) -> dict[str, Any]:
    """Who still has to answer; that nobody there can any more, where that is so (a party is not told)."""
    if row.addressed_to is None:
        return {"waits_for_you": row.named_hash is None}
    people = around.residents.get(row.addressed_to)
    if not people:
        until = around.homes[row.addressed_to].until_day
        has_left = until is not None and until <= day_of(now)
        return {"state": "invalidated", "reason": "moved_out" if has_left else "holder_died"}
    missing = people.keys() - signed
    return {"waits_for": sorted({people[one] for one in missing}), "waits_for_you": person_id in missing}


def _return_url(keys: Keys, row: Any, what: str) -> str | None:
    sealed = getattr(row, f"{what}_sealed")
    return open_text(keys, what, row.permission_id, bytes(sealed)) if sealed is not None else None


def _instant(value: datetime | None) -> str | None:
    return format_instant(value) if value else None


_PARTIES = text("SELECT * FROM registry.party WHERE party_id = ANY(:ids)")
_HOMES = text(
    "SELECT o.occupancy_id, o.person_id, o.until_day, a.access_point_id, a.ean_sealed, a.commodity"
    " FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id) WHERE o.occupancy_id = ANY(:ids)"
)
_RENEWED_BY = text(
    "SELECT renews, permission_id FROM permissions.permission WHERE renews = ANY(:ids) AND occupancy_id IS NOT NULL"
)
