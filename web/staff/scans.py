"""The scan of a paper: its hash is all that is kept here, the scan itself stays in the archive of who made it (R43)."""

from __future__ import annotations

from hashlib import sha256

from flask import request
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

MOST_BYTES = 20 * 1024 * 1024
SCAN = (
    "Kies het bestand van de scan, of vul de hash ervan in: 64 tekens, 0 tot 9 en a tot f. "
    "Een leeg bestand telt niet."
)
ANOTHER = "De hash die u invulde, is niet die van het bestand. Kies het juiste bestand, of laat de hash leeg."
_FILE, _HASH = "papier", "scan"
_AT_ONCE = 64 * 1024
_OF_NOTHING = sha256().hexdigest()


def scan() -> fields.String:
    """The SHA-256 of a scan, as `with_scan` or the scanner's archive says it."""
    checks = [
        validate.NoneOf([ANOTHER], error=ANOTHER),
        validate.Regexp(r"[0-9a-f]{64}\Z", error=SCAN),
        validate.NoneOf([_OF_NOTHING], error=SCAN),
    ]
    return fields.String(required=True, validate=checks, error_messages={"required": SCAN})


def with_scan() -> MultiDict[str, str]:
    """Return the form that was sent, with the hash of the file that came with it; the file is left behind."""
    if set(request.files) - {_FILE}:
        raise BadRequest
    given: MultiDict[str, str] = MultiDict(request.form)
    sent = request.files.get(_FILE)
    if sent is None or not sent.filename:
        return given
    digest = sha256()
    while block := sent.stream.read(_AT_ONCE):
        digest.update(block)
    if given.get(_HASH, "").strip() not in ("", digest.hexdigest()):
        given[_HASH] = ANOTHER
    else:
        given[_HASH] = digest.hexdigest()
    return given
