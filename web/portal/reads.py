"""`/mijn/gelezen`: who read my data, day by day, refusals too; chosen by party, kind and days; each with its proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from ledger.tiles import TileDirectory
from web.days import TURNED_AROUND, PastDay, today
from web.door import ask
from web.forms import Form, parse_or_tell
from web.language import lazy
from web.portal.login import remember_visitor, require_session, visitor
from web.portal.overview import my_points, names_of
from web.portal.shown import Party, Permission, Statement
from web.receipt_pdf import make_pdf
from web.receipts import MEDIA_TYPE, make_receipt
from web.settings import WebSettings

blueprint = Blueprint("reads", __name__)

LINES_A_PAGE = 25
"""On a telephone they are some six screens; each line is opened and written for this page alone."""
LAST_INDEX = 2**53 - 1
LONGEST_SEARCH = 80


KINDS = {
    "lezen": "reads",
    "gegeven": "given",
    "geweigerd": "refused",
    "koppelingen": "joins",
    "toestemmingen": "permissions",
    "alles": None,
}
"""What a visitor can choose to see, and the door's word for it."""
KIND_WORDS = {
    "lezen": lazy("Gelezen en geweigerd"),
    "gegeven": lazy("Alleen wat gelezen werd"),
    "geweigerd": lazy("Alleen wat geweigerd werd"),
    "koppelingen": lazy("Koppelingen van gegevens"),
    "toestemmingen": lazy("Vragen en toestemmingen"),
    "alles": lazy("Alles"),
}


class ReadsQuery(Form):
    """Which lines: their kind, address, party and days (Brussels, both included), and from where on (a key)."""

    soort = fields.String(load_default="lezen", validate=validate.OneOf(KINDS))
    verder = fields.Integer(load_default=None, validate=validate.Range(0, 2**53))
    adres = fields.UUID(load_default=None)
    partij = fields.UUID(load_default=None)
    van = PastDay(load_default=None)
    tot = PastDay(load_default=None)
    zoek = fields.String(
        load_default="",
        validate=validate.Length(
            max=LONGEST_SEARCH, error=lazy("Zoek op ten hoogste 80 letters, of kies een partij.")
        ),
    )


@dataclass(frozen=True)
class Day:
    """The lines of one Brussels day, newest first."""

    day: date
    lines: tuple[Statement, ...]


@dataclass(frozen=True)
class Choice:
    """What was chosen, as the door takes it and as a link repeats it."""

    query: Mapping[str, Any]
    parties: tuple[Party, ...]

    def among(self, answer: Mapping[str, Any]) -> Choice:
        """The same choice, among the parties that the door listed."""
        return replace(self, parties=tuple(map(Party.of, answer["parties"])))

    @property
    def party(self) -> Party | None:
        """Whose lines alone are shown: the one that was chosen, or the only one whose name was searched."""
        wanted = str(self.query["partij"])
        chosen = next((each for each in self.parties if each.party_id == wanted), None)
        return chosen or (self.found[0] if len(self.found) == 1 else None)

    @property
    def searched(self) -> str:
        return " ".join(str(self.query["zoek"] or "").split())

    @property
    def found(self) -> tuple[Party, ...]:
        """The parties whose name has every word that was searched; none where nothing was."""
        words = self.searched.casefold().split()
        return tuple(
            each for each in self.parties if words and all(word in each.name.casefold() for word in words)
        )

    @property
    def is_narrowed(self) -> bool:
        """Something narrower than a kind and an address."""
        return bool(self.query["partij"] or self.query["van"] or self.query["tot"] or self.searched)

    @property
    def narrowed(self) -> dict[str, Any]:
        """What the door is asked beside the kind and the address."""
        days = {"first": self.query["van"], "last": self.query["tot"]}
        return {
            "party_id": self.party.party_id if self.party else self._nobody,
            **{name: day.isoformat() if day else None for name, day in days.items()},
        }

    @property
    def _nobody(self) -> str | None:
        """A party that this visitor's book does not name stays asked: it has no lines there."""
        return str(self.query["partij"]) if self.query["partij"] else None

    def link(self, **changes: Any) -> dict[str, Any]:
        """The query of a link that keeps what was chosen, but for these; a page further is never kept."""
        kept = {
            name: self.query[name] for name in ("soort", "adres", "partij", "van", "tot", "zoek")
        } | changes
        return {name: str(value) for name, value in kept.items() if value}


@blueprint.get("/mijn/gelezen")
@require_session
def show() -> ResponseReturnValue:
    """List who read what, newest first."""
    # A field left open arrives empty.
    given = MultiDict((name, value) for name, value in request.args.items(multi=True) if value)
    query, errors = parse_or_tell(ReadsQuery(), given, ("van", "tot", "zoek"))
    if query["van"] and query["tot"] and query["van"] > query["tot"]:
        errors = {"tot": str(TURNED_AROUND)}
    chosen = str(query["adres"]) if query["adres"] else None
    choice = Choice(query, ())
    if errors or choice.searched:  # who is meant by a name has to be known first
        choice = choice.among(ask("statements.readers", occupancy_id=chosen))
    number = _number(choice.searched)
    asked: dict[str, Any] = {"kind": KINDS[query["soort"]], "occupancy_id": chosen}
    answer: Mapping[str, Any] = {"statements": []}
    if number is not None:
        answer = {"statements": _lines_of(number, chosen)}
    elif not errors and (choice.party or not choice.searched):
        answer = ask(
            "statements.list",
            limit=LINES_A_PAGE,
            cursor=query["verder"],
            with_me=True,
            with_readers=not choice.searched,
            **asked,
            **choice.narrowed,
        )
        remember_visitor(answer["me"])
        choice = choice if choice.searched else choice.among(answer)
    points = my_points()
    page = render_template(
        "portal/reads.html",
        me=visitor(),
        days=by_day(Statement.of(row) for row in answer["statements"]),
        points=points,
        point_names=names_of(points),
        choice=choice,
        chosen=chosen,
        kind=query["soort"],
        kinds=KIND_WORDS,
        query=query,
        errors=errors,
        last=today(),
        counted=_counted(choice, asked) if not errors and number is None else None,
        number=number,
        heads=answer.get("heads", ()),
        is_first_page=query["verder"] is None,
        next_cursor=answer.get("next_cursor"),
    )
    return page, 400 if errors else 200


@blueprint.get("/mijn/gelezen/<int:index>/waarom")
@require_session
def why(index: int) -> ResponseReturnValue:
    """Say why something was given or refused: each stretch of days with its rule, and the version of the rules."""
    line = _line(index)
    return render_template(
        "portal/why.html", me=visitor(), line=line, told=ask("decision.explain", index=index)
    )


@blueprint.get("/mijn/bewijs/<int:index>.tlog-proof")
@require_session
def receipt(index: int) -> ResponseReturnValue:
    """Hand out the receipt of one line: anybody can verify it offline, with the log's public key alone."""
    return Response(
        _receipt(index),
        content_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="bewijs-{index}.tlog-proof"'},
    )


@blueprint.get("/mijn/bewijs/<int:index>.pdf")
@require_session
def readable_receipt(index: int) -> ResponseReturnValue:
    """Hand out what the receipt of one line says, for people: the file beside it is what proves it."""
    data, line = _receipt(index), _line(index)
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return Response(
        make_pdf(line, data, settings.base_url, _permission_of(line)),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="bewijs-{index}.pdf"'},
    )


def _permission_of(line: Statement) -> Permission | None:
    """The permission that a line tells of; None for a read, which tells itself, and for one not shown to him."""
    if line.permission_id is None or line.is_read or line.is_refusal:
        return None
    try:
        return Permission.of(ask("permission.show", permission_id=line.permission_id)["permission"])
    except DoorRefusedError as refusal:
        if refusal.code != "not-found":
            raise
        return None


def _counted(choice: Choice, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """How many lines are chosen, and of how many; None where nothing was narrowed, or no party was found."""
    if not choice.is_narrowed or (choice.searched and choice.party is None):
        return None
    return ask("statements.count", **asked, **choice.narrowed)


def by_day(statements: Iterable[Statement]) -> list[Day]:
    """Group lines by the Brussels day they happened on, keeping their order."""
    return [
        Day(day, tuple(lines))
        for day, lines in groupby(together(statements), key=lambda statement: day_of(statement.at))
    ]


def together(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Make one line of what one entry says of several addresses in the same words: it has one number and one proof."""
    for _number, lines in groupby(statements, key=lambda statement: statement.index):
        of_entry = list(lines)
        if len(of_entry) == 1:
            yield of_entry[0]
            continue
        for _words, alike in groupby(of_entry, key=lambda statement: replace(statement, occupancy_ids=())):
            found = list(alike)
            yield replace(found[0], occupancy_ids=tuple(dict.fromkeys(one.occupancy_ids[0] for one in found)))


def _receipt(index: int) -> bytes:
    opened = ask("receipt.opening", index=index)
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return make_receipt(TileDirectory(settings.ledger_directory), index, opened)


def _line(index: int) -> Statement:
    """One line of the visitor's own book; there is none of another's."""
    rows = _lines_of(index, None) if index <= LAST_INDEX else []
    if not rows:
        abort(404)
    return Statement.of(rows[0])


def _lines_of(index: int, occupancy_id: str | None) -> list[dict[str, Any]]:
    """What one entry says to the visitor: found by its key, however far back."""
    answer = ask("statements.list", cursor=index + 1, limit=1, occupancy_id=occupancy_id)
    return [row for row in answer["statements"] if row["index"] == index]


def _number(searched: str) -> int | None:
    """The number of a line, as a page or a receipt writes it: `nr. 1.234`; None where a name was searched."""
    digits = searched.casefold().removeprefix("nr.").removeprefix("nummer").strip().replace(".", "")
    if not (digits.isascii() and digits.isdigit()) or int(digits) > LAST_INDEX:
        return None
    return int(digits)
