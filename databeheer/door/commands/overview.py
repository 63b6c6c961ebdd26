"""What the overview of a customer shows, in one look: who may read, since when they did, and who looked last."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from databeheer.access.bases import BasisKind
from databeheer.door.bodies import own_lines
from databeheer.door.bodies.own_lines import LOOKED_BACK, READ, Narrowing
from databeheer.door.commands.base import Command, flag, looking, schema
from databeheer.door.commands.beside_parties import beside_parties
from databeheer.door.commands.permission_views import views_of
from databeheer.door.commands.statements import (
    EVENTS,
    Line,
    around_lines,
    handles_of,
    lines,
    me_view,
    opened,
    require_customer,
)
from databeheer.door.commands.statutory import by_law
from databeheer.door.house import House
from databeheer.door.keys.at_hand import AtHand
from databeheer.door.proofs import Asker, Proof
from databeheer.permissions import finding
from databeheer.storage.look import Look, Work, together

RECENT = 6
_AT_ONCE, _PAGES = 20, 10
"""How many lines are found at once for the newest few, and how often: looking at one's own data makes lines too."""
JOINED = "join.run"
_LIVE = frozenset({"active", "to_be_renewed", "blocked"})

View = dict[str, Any]


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what `me`, `permission.list` (all of them, without what is sealed: reference and EAN) and `statutory.list`
    answer, and who looked last.

    `recent`: the newest few reads and refusals by others, as `statements.list` has them. Each live permission and each
    ground by law has `last_read_at`, when its party read last at that access point; None where it did not among its
    newest lines there, and `reads_known` says whether those are all; then `last_joined_at` is when a join of it used
    data of there, where one did. `with_ended`: each other permission too. `acting`, `open_ports`: `beside_parties`.
    """
    with looking(house, proof, or_attorney=True, by_key=True) as (connection, asker, now):
        require_customer(asker)
        look = Look(connection)
        me, seen, beside = look.do(
            together(
                me_view(house, look, proof, asker, now),
                _seen(house, look, asker, now, with_ended=arguments["with_ended"]),
                beside_parties(house, look, asker, now),
            )
        )
        return {"me": me, **seen, **beside}


def _seen(house: House, look: Look, asker: Asker, now: datetime, *, with_ended: bool) -> Work[View]:
    handles, permissions, lawful = yield from together(
        handles_of(house, look, asker, None),
        _permissions(house, look, asker, now),
        by_law(house, look, asker, now),
    )
    shown = [each for each in permissions if with_ended or each["state"] in _LIVE]
    parties = {_party(view): view["party"] for view in (*permissions, *lawful)}
    recent, _ = yield from together(
        _recent(house, look, handles, now, parties),
        _LastReads(house, look, handles).put_into([*shown, *lawful], now),
    )
    return {"permissions": permissions, "statutory": lawful, "recent": recent}


def _viewer(asker: Asker) -> finding.Viewer:
    return finding.Viewer(asker.person_id, None, asker.power.stays if asker.power else None)


def _permissions(house: House, look: Look, asker: Asker, now: datetime) -> Work[list[View]]:
    rows = finding.ask_all_of(look, _viewer(asker), now=now)
    yield
    views = yield from views_of(
        house,
        look,
        rows,
        now,
        person_id=asker.person_id,
        for_party=False,
        with_return_urls=False,
        with_names=False,
    )
    return views


def _recent(
    house: House, look: Look, handles: Mapping[bytes, UUID], now: datetime, parties: Mapping[UUID, View]
) -> Work[list[View]]:
    """Return the newest few lines of what others read or were refused; no more is opened than that takes.

    `parties`: those that the overview shows already.
    """
    found: list[View] = []
    before: int | None = None
    for _ in range(_PAGES):
        page = yield from own_lines.page(
            look, handles, Narrowing(EVENTS["reads"]), before=before, limit=_AT_ONCE, now=now
        )
        around = yield from around_lines(look, page.rows, parties)
        for view in opened(house, look.connection, page.rows, handles, around):
            if view["by"] == "customer" and view["reader"] == "holder":
                continue
            found.append(view)
            if len(found) == RECENT:
                return found
        if not page.is_more:
            break
        before = page.rows[-1].index
    return found


class _LastReads:
    """When each party read last: found for all of them at once, and where that does not tell, in its newest lines."""

    def __init__(self, house: House, look: Look, handles: Mapping[bytes, UUID]) -> None:
        self._look, self._keys, self._handles = look, AtHand(house), handles
        self._handle_of = {str(occupancy): handle for handle, occupancy in handles.items()}
        self._by_law = {row.code for row in house.catalogue.rows if row.basis is BasisKind.LAW}

    def put_into(self, views: Collection[View], now: datetime) -> Work[None]:
        """Give each view its `last_read_at` and `reads_known`."""
        seen: dict[own_lines.Seen, list[View]] = {}
        for view in views:
            view["last_read_at"], view["reads_known"], view["last_joined_at"] = None, False, None
            if view["occupancy_id"] in self._handle_of:  # of what was erased nothing can be told
                seen.setdefault((self._handle_of[view["occupancy_id"]], _party(view)), []).append(view)
        newest = own_lines.newest_reads(self._look, seen, now)
        yield
        for row in newest:
            self._put(seen[bytes(row.handle), row.party_id], [row])
        unknown = [one for one, those in seen.items() if not all(view["reads_known"] for view in those)]
        if not unknown:
            return
        found = yield from own_lines.newest_of(self._look, unknown)
        for one in unknown:
            self._put(seen[one], found[one], are_all=len(found[one]) < LOOKED_BACK)

    def _put(self, views: Collection[View], rows: Collection[Any], *, are_all: bool = False) -> None:
        """Look for the last read of each view in these rows of its party there, newest first."""
        reads = list(self._lines(rows, READ))
        joined = next((line.said["at"] for line in self._lines(rows, JOINED)), None)
        for view in views:
            found = next((read.said["at"] for read in reads if self._is_under(read, view)), None)
            view["last_read_at"], view["reads_known"] = found, found is not None or are_all
            if "permission_id" not in view:  # no join rests on a permission of one customer
                view["last_joined_at"] = joined

    def _lines(self, rows: Collection[Any], event: str) -> Iterator[Line]:
        for row in rows:
            if row.event == event:
                yield from lines(self._keys, row, self._handles[bytes(row.handle)])

    def _is_under(self, read: Line, view: View) -> bool:
        """Whether it was read under this permission; or where it is no permission, by law."""
        if "permission_id" in view:
            return bool(read.permission_id == view["permission_id"])
        return read.ground in self._by_law


def _party(view: View) -> UUID:
    return UUID(view["party"]["id"])


COMMANDS = (Command("overview.show", schema(with_ended=flag()), show),)
