"""What a receipt says, as a PDF for people; it proves nothing by itself, and says which file does.

It has what the receipt opens and nothing more: no name, address or EAN of whose data it is. The same receipt gives the
same bytes, whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from fpdf import FPDF, XPos, YPos

from ledger import receipt
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.encoding import encode_base64
from ledger.note import split_note
from ledger.tree import leaf_hash
from web import saying
from web.language import _, spoken
from web.portal.shown import Permission, Statement

_FONT, _MONO = "Helvetica", "Courier"
_LINE = 6.0
"""Millimetres."""


class _Paper(FPDF):
    """A sheet without a random number in it."""

    def file_id(self) -> str:
        """No identifier of the file: it would differ each time."""
        return ""


def make_pdf(line: Statement, data: bytes, base_url: str, permission: Permission | None = None) -> bytes:
    """Return the PDF of a receipt (`data`, as `web.receipts.make_receipt` gave it) of one line of a customer's book.

    `permission` is the one that the line tells of, where it is no read of it.

    Raises:
        LedgerError: it is no receipt.
    """
    read = receipt.parse(data)
    checkpoint = parse_checkpoint(split_note(read.checkpoint)[0])
    entry = receipt.parse_extra(read.extra).entry if read.extra is not None else None
    paper = _Paper()
    title = _("Bewijs van regel nr. %(number)s", number=saying.count(read.index))
    paper.set_title(title)
    paper.set_lang(spoken())
    paper.set_producer("databeheer")
    paper.set_creation_date(line.at)
    paper.add_page()
    paper.start_section(_plain(title))
    paper.set_font(_FONT, "B", 18)
    _write(paper, title, 9)
    paper.ln(3)
    for name, said in _facts(line, permission):
        paper.set_font(_FONT, "B", 11)
        _write(paper, name)
        paper.set_font(_FONT, "", 11)
        _write(paper, said)
        paper.ln(2)
    paper.set_font(_FONT, "B", 13)
    _write(paper, _("Waar deze regel staat"), 8)
    paper.set_font(_FONT, "", 11)
    for said in _whereabouts(read.index, checkpoint):
        _write(paper, said)
    paper.set_font(_MONO, "", 9)
    hashes = {"leaf": leaf_hash(entry) if entry is not None else None, "root": checkpoint.root}
    for label, hash_ in hashes.items():
        if hash_ is not None:
            _write(paper, f"{label} {encode_base64(hash_)}", 5)
    paper.ln(3)
    paper.set_font(_FONT, "B", 13)
    _write(paper, _("Zo kijkt u het na"), 8)
    paper.set_font(_FONT, "", 11)
    _write(
        paper,
        _(
            "Dit blad is om te lezen. Het bewijs zelf is het bestand %(file)s, dat u op dezelfde pagina bewaart. "
            "Wie dat heeft, kan het zonder ons nakijken. Met dit blad gaat dat niet.",
            file=f"bewijs-{read.index}.tlog-proof",
        ),
    )
    _write(
        paper,
        _(
            "U hebt Python nodig, het pakket PyNaCl, en de map ‘ledger’ van de broncode. Dan, in een venster voor "
            "opdrachten:"
        ),
    )
    paper.set_font(_MONO, "", 9)
    _write(
        paper,
        f"python -m ledger receipt verify bewijs-{read.index}.tlog-proof --key {base_url}/ledger/vkey",
        5,
    )
    return bytes(paper.output())


def _facts(line: Statement, permission: Permission | None) -> Iterator[tuple[str, str]]:
    """What the line says, in the words of the page."""
    yield _("Wie"), line.reader
    yield _("Wat"), str(line.event_words)
    if line.about:
        yield _("Over wie"), line.about
    yield _("Wanneer"), saying.moment(line.at)
    if permission is not None:
        yield _("Welke gegevens"), permission.data
        yield _("Waarvoor"), permission.purpose
    if line.is_read or line.is_refusal:
        if line.granularity:
            yield _("Welke gegevens"), _("Uw verbruik %(granularity)s", granularity=line.granularity)
        if line.period is not None:
            yield _("Van welke dagen"), saying.span(line.period)
    if line.is_read:
        yield _("Ten hoogste zoveel waarden"), saying.count(line.slots)
        yield (
            _("Versie van de gegevens"),
            _("zoals ze bewaard waren bij regel nr. %(number)s", number=saying.count(line.index)),
        )
    if line.sentence:
        yield _("Waarom"), line.sentence


def _whereabouts(index: int, checkpoint: Checkpoint) -> Iterator[str]:
    yield _("Logboek: %(origin)s", origin=checkpoint.origin)
    yield _(
        "Regel nr. %(number)s, van de %(size)s regels die het toen had. Deze twee getallen leggen alles vast:",
        number=saying.count(index),
        size=saying.count(checkpoint.size),
    )


def _write(paper: FPDF, said: str, height: float = _LINE) -> None:
    paper.multi_cell(0, height, _plain(said), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _plain(said: str) -> str:
    """In the letters that every reader of PDF has: those of Western Europe; another becomes a question mark."""
    for fancy, plain in (("\u2019", "'"), ("\u2018", "'"), ("\u201c", '"'), ("\u201d", '"'), ("\u2013", "-")):
        said = said.replace(fancy, plain)
    return said.replace("\u202f", " ").encode("latin-1", "replace").decode("latin-1")
