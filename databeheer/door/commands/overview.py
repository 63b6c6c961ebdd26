"""What the overview of a customer shows, in one look: who may read, since when they did, and who looked last."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.access.bases import BasisKind
from databeheer.door.bodies import own_lines
from databeheer.door.bodies.own_lines import LOOKED_BACK, READ, Narrowing
from databeheer.door.commands.base import Command, flag, looking, schema
from databeheer.door.commands.permission_views import permission_views
from databeheer.door.commands.statements import EVENTS, me_view, opened, own_handles, require_customer
from databeheer.door.commands.statutory import by_law
from databeheer.door.house import House
from databeheer.door.proofs import Asker, Proof
from databeheer.permissions import finding

RECENT = 6
_AT_ONCE, _PAGES = 20, 10
"""How many lines are found at once for the newest few, and how often: looking at one's own data makes lines too."""
_LIVE = frozenset({"active", "to_be_renewed", "blocked"})

View = dict[str, Any]


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what `me`, `permission.list` (all of them) and `statutory.list` answer, and who looked last.

    `recent`: the newest few reads and refusals by others, as `statements.list` has them. Each live permission and each
    ground by law has `last_read_at`, when its party read last at that access point; None where it did not among its
    newest lines there, and `reads_known` says whether those are all. `with_ended`: each other permission too.
    """
    with looking(house, proof, or_attorney=True, by_key=True) as (connection, asker, now):
        require_customer(asker)
        handles = own_handles(house, connection, asker, None)
        permissions = _permissions(house, connection, asker, now)
        lawful = by_law(house, connection, asker, now)
        shown = [each for each in permissions if arguments["with_ended"] or each["state"] in _LIVE]
        parties: dict[UUID, Any] = {}
        _LastReads(house, connection, handles, parties).put_into([*shown, *lawful], now)
        return {
            "me": me_view(house, connection, proof, asker, now),
            "permissions": permissions,
            "statutory": lawful,
            "recent": list(_recent(house, connection, handles, parties, now)),
        }


def _viewer(asker: Asker) -> finding.Viewer:
    return finding.Viewer(asker.person_id, None, asker.power.stays if asker.power else None)


def _permissions(house: House, connection: Connection, asker: Asker, now: datetime) -> list[View]:
    rows = finding.all_of(connection, _viewer(asker), now=now)
    return permission_views(
        house, connection, rows, now, person_id=asker.person_id, for_party=False, with_return_urls=False
    )


def _recent(
    house: House,
    connection: Connection,
    handles: Mapping[bytes, UUID],
    parties: dict[UUID, Any],
    now: datetime,
) -> Iterator[View]:
    """Yield the newest few lines of what others read or were refused; no more is opened than that takes."""
    before: int | None = None
    left = RECENT
    for _ in range(_PAGES):
        page = own_lines.page(
            connection, handles, Narrowing(EVENTS["reads"]), before=before, limit=_AT_ONCE, now=now
        )
        for view in opened(house, connection, page.rows, handles, parties):
            if view["by"] == "customer" and view["reader"] == "holder":
                continue
            yield view
            left -= 1
            if not left:
                return
        if not page.is_more:
            return
        before = page.rows[-1].index


class _LastReads:
    """When each party read last: found for all of them at once, and where that does not tell, in its newest lines."""

    def __init__(
        self,
        house: House,
        connection: Connection,
        handles: Mapping[bytes, UUID],
        parties: dict[UUID, Any],
    ) -> None:
        self._house, self._connection, self._handles, self._parties = house, connection, handles, parties
        self._handle_of = {str(occupancy): handle for handle, occupancy in handles.items()}
        self._by_law = {row.code for row in house.catalogue.rows if row.basis is BasisKind.LAW}

    def put_into(self, views: Collection[View], now: datetime) -> None:
        """Give each view its `last_read_at` and `reads_known`."""
        seen: dict[own_lines.Seen, list[View]] = {}
        for view in views:
            view["last_read_at"], view["reads_known"] = None, False
            if view["occupancy_id"] in self._handle_of:  # of what was erased nothing can be told
                seen.setdefault((self._handle_of[view["occupancy_id"]], _party(view)), []).append(view)
        newest = own_lines.newest_reads(self._connection, seen, now)
        reads = list(self._opened(newest))
        for view in views:
            self._put(view, reads)
        unknown = [one for one, those in seen.items() if not all(view["reads_known"] for view in those)]
        if not unknown:
            return
        lines = own_lines.newest_of(self._connection, unknown)
        older = [row for those in lines.values() for row in those if row.event == READ]
        reads = sorted(self._opened(older), key=lambda read: read["index"], reverse=True)
        for one in unknown:
            for view in seen[one]:
                self._put(view, reads, are_all=len(lines[one]) < LOOKED_BACK)

    def _put(self, view: View, reads: Collection[View], *, are_all: bool = False) -> None:
        found = next((read["at"] for read in reads if self._is_by(read, view)), None)
        view["last_read_at"], view["reads_known"] = found, found is not None or are_all

    def _opened(self, rows: Sequence[Any]) -> Iterator[View]:
        return opened(self._house, self._connection, rows, self._handles, self._parties)

    def _is_by(self, read: View, view: View) -> bool:
        """Whether it was read under this permission; or by law, by this party at this access point."""
        if "permission_id" in view:
            return bool(read["permission_id"] == view["permission_id"])
        of = (read["party"] or {}).get("id"), read["occupancy_id"]
        return of == (view["party"]["id"], view["occupancy_id"]) and read["ground"] in self._by_law


def _party(view: View) -> UUID:
    return UUID(view["party"]["id"])


COMMANDS = (Command("overview.show", schema(with_ended=flag()), show),)
