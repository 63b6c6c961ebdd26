"""`/mijn/rechten/alles`: a copy of everything that the house holds of the visitor, as one zip (GDPR 15, 20; R45).

Made anew each time and kept nowhere: a copy that waited in the house to be fetched would be everything about somebody
in one place. It is recorded, and told, before the first part is asked; the file leaves whole or not at all.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from databeheer.brussels import day_of
from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.metering.export_json import write_json
from databeheer.values import Granularity
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.language import _, lazy, spoken
from web.portal.already import Link, already
from web.portal.login import require_session, visitor
from web.portal.overview import my_points
from web.portal.own_readings import gather
from web.portal.proofs import archive_of, newest
from web.portal.shown import Point
from web.receipts import ReceiptNotYetError

blueprint = Blueprint("everything", __name__)

FORMAT = "databeheer copy 1"
"""Members may be added under this name; one that changes or goes away gets another."""
IN_MEMORY = 8 * 1024 * 1024
"""A larger file is written to disk, under a name that nobody else can open, and gone once it was sent."""
_PAGE = 200
_BLOCK = 64 * 1024
_MOST_YEARS = 4


class Empty(Form):
    """A button without fields."""


@dataclass(frozen=True)
class Part:
    """One file of the zip, as its readable index lists it; `count` is how many things are in it, where that counts."""

    name: str
    title: str
    count: int | None


@blueprint.get("/mijn/rechten/alles")
@require_session
def show() -> ResponseReturnValue:
    """Say what is in the copy, and offer it."""
    return render_template("portal/everything.html", me=visitor())


@blueprint.post("/mijn/rechten/alles")
@require_session
def download() -> ResponseReturnValue:
    """Make the copy, and hand it out."""
    parse_or_refuse(Empty(), request.form)
    # The proofs up to here: the copy's own reads are newer, and no checkpoint covers them yet.
    proofs = {
        point.occupancy_id: log
        for point in my_points()
        if "ledger" not in point.erased and (log := newest(point)) is not None
    }
    try:
        record = ask("rights.copy")
    except DoorRefusedError as refusal:
        if refusal.code == "not-for-representatives":
            return render_template("portal/everything.html", me=visitor(), is_not_himself=True), 403
        if refusal.code != "conflict":
            raise
        link_words = _("Bekijk uw rechten")
        said = _("U maakte vandaag al drie kopieën. Morgen kunt u er weer een maken.")
        return already(_("U hebt al een kopie"), said, None, Link("/mijn/rechten", link_words))
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  closed by the response
    _write(file, int(record["index"]), proofs)
    file.seek(0)
    return Response(
        _sent(file),
        content_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="al-mijn-gegevens.zip"'},
    )


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block


def _write(file: IO[bytes], index: int, proofs: Mapping[str, Mapping[str, Any]]) -> None:
    clock: Clock = current_app.config["WEB_CLOCK"]
    parts: list[Part] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, title, collect in _SECTIONS:
            found = collect()
            _put(archive, f"{name}.json", found)
            parts.append(Part(f"{name}.json", title, len(found) if isinstance(found, list) else None))
        for number, point in enumerate(my_points(), start=1):
            parts += _readings_of(archive, number, point, clock)
            if log := proofs.get(point.occupancy_id):
                parts.append(_proofs_of(archive, number, point, log))
        words = render_template(
            "portal/everything_index.html", parts=parts, at=clock.now(), index=index, name=visitor()["name"]
        )
        archive.writestr("lees-mij.html", words)
        about = {"format": FORMAT, "entry": index, "files": [vars(part) for part in parts]}
        _put(archive, "inhoud.json", about)


def _readings_of(archive: zipfile.ZipFile, number: int, point: Point, clock: Clock) -> Iterator[Part]:
    """The readings of one stay, as fine as they are; nothing of what was erased."""
    last = day_of(clock.now()) - timedelta(days=1)
    last = min(last, point.ends - timedelta(days=1)) if point.ends else last
    last = min(last, point.last_reading_day or last)
    first = max(point.begins, last.replace(month=1, day=1, year=last.year - _MOST_YEARS))
    if first <= last and "readings" not in point.erased:
        per = Granularity(point.finest)
        found = gather(point.occupancy_id, first, last, per, of_own=True)
        name = f"meetgegevens-{number}.json"
        about = {"granted": found.granted, "refused": found.refused, "receipts": found.receipts}
        archive.writestr(name, b"".join(write_json(found.channels, per.value, about)))
        yield Part(name, _("Meetgegevens: %(point)s", point=point.name), None)


def _proofs_of(archive: zipfile.ZipFile, number: int, point: Point, log: Mapping[str, Any]) -> Part:
    """The proofs of one stay, or word that the newest were not published when this was made."""
    name = f"bewijzen-{number}.zip"
    try:
        archive.writestr(name, archive_of(point, log))
    except ReceiptNotYetError:
        name = f"bewijzen-{number}.txt"
        archive.writestr(
            name, _("De nieuwste bewijzen waren nog niet klaar. U vindt ze op het portaal, bij Bewijzen.")
        )
    return Part(name, _("Bewijzen: %(point)s", point=point.name), None)


def _put(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=1, default=str))


def _identity() -> dict[str, Any]:
    found = {"me": ask("me"), "contact": ask("contact.show")}
    # Who acts for a business, each log-in says; the others whom he may act for are his own affair.
    return found if visitor()["business"] else found | {"representations": ask("representation.show")}


def _permissions() -> list[Any]:
    return [
        ask("permission.show", permission_id=one["permission_id"])
        for one in _paged("permission.list", "permissions", "cursor", "next_cursor")
    ]


def _lines() -> list[Any]:
    return list(_paged("statements.list", "statements", "cursor", "next_cursor"))


def _messages() -> list[Any]:
    return list(_paged("inbox.show", "messages", "before", "next", language=spoken()))


def _doubts() -> list[Any]:
    return list(_paged("doubt.list", "cases", "cursor", "next_cursor"))


def _paged(command: str, member: str, cursor: str, following: str, **asked: Any) -> Iterator[Any]:
    at: Any = None
    while True:
        answer = ask(command, limit=_PAGE, **asked, **({cursor: at} if at is not None else {}))
        yield from answer[member]
        at = answer.get(following)
        if at is None:
            return


_SECTIONS: tuple[tuple[str, str, Callable[[], Any]], ...] = (
    (
        "wie-u-bent",
        lazy("Wie u bent, uw adressen en meters, hoe wij u bereiken, wie voor wie beslist"),
        _identity,
    ),
    ("toestemmingen", lazy("Uw toestemmingen, met wat ermee gebeurde"), _permissions),
    ("wie-las", lazy("Alle regels in uw boek: wie las, wanneer, waarom; en alles wat gebeurde"), _lines),
    ("berichten", lazy("Uw berichten"), _messages),
    ("poorten", lazy("De poorten van uw meters"), lambda: ask("port.list")),
    ("twijfel", lazy("Wat u meldde over een toestemming"), _doubts),
    ("verzoeken", lazy("Uw verzoeken: verbeteren, bezwaar, kopie, wissen"), lambda: ask("rights.mine")),
    ("wissen", lazy("Wat gewist kan worden, wat moet blijven en waarom"), lambda: ask("erasure.mine")),
)
