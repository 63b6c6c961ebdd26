"""Cursors of changes: which of your reads you have, and what was granted in it.

What came in or was corrected since that read is then handed over, and whatever is granted now and was not granted
then, so that nothing is missed when a grant widens. The cursor holds no more than the party knows. It is signed, so
that a party that mends one by hand is told so; nothing rests on that: what is granted the door decides, each time.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from web.parsing import malformed
from web.settings import WebSettings

LONGEST = 200_000
_SHAPE = re.compile(r"[A-Za-z0-9._-]+")
Known = list[list[list[str]]]
"""Of each target, in the order in which they are named, the stretches that were granted."""


def make_cursor(index: int, question: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> str:
    """Return the cursor of a hand-over that stands at `index`.

    `question` is what must be asked again in the same words: targets, granularity, directions. The period may move.
    """
    kinds: dict[str, int] = {}
    which = []
    for answer in answers:
        granted = json.dumps([[one["from"], one["until"]] for one in answer["granted"]])
        which.append(kinds.setdefault(granted, len(kinds)))
    told = [index, _digest(question), [json.loads(one) for one in kinds], which if len(kinds) > 1 else []]
    return str(_serializer().dumps(told))


def known_by(cursor: str | None, question: Mapping[str, Any], targets: int) -> dict[str, Any]:
    """Return a cursor as arguments for the door; none where none came.

    Raises:
        MalformedBodyError: it was not made here, was changed, or is of another question.
    """
    if cursor is None:
        return {}
    try:
        index, digest, kinds, which = _serializer().loads(cursor if _SHAPE.fullmatch(cursor) else "")
    except (BadData, ValueError, TypeError) as error:
        raise malformed("since", "this is not a cursor of changes") from error
    if digest != _digest(question):
        raise malformed("since", "this cursor is of other targets, another granularity or other directions")
    known: Known = [kinds[kind] for kind in which or [0] * targets]
    return {"since": index, "known": known}


def _digest(question: Mapping[str, Any]) -> str:
    # Keyed: the code of an access point is in it, and would be found by trying all.
    spelled = json.dumps(question, sort_keys=True).encode()
    return hmac.new(_secret().encode(), b"web.api.changes.v1\0" + spelled, "sha256").hexdigest()[:32]


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(_secret(), salt="web.api.changes.v1")


def _secret() -> str:
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return settings.secret_key
