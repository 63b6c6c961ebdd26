"""What people will read of a breach, before it is sent: what is sent, nobody takes back (GDPR 34; R140)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flask import json

from databeheer.governance.words import TOLD, told
from databeheer.post import catalogue
from databeheer.post.catalogue import Recipient
from databeheer.post.languages import SOURCE
from databeheer.sentences import in_dutch

REGISTER = "breach_told"
_UNJUDGED = "De inbreuk is nog niet beoordeeld."
_WAITS = "De beoordeling van de inbreuk wacht nog op een tweede persoon."
_MAY = "U mag de mensen nu al inlichten: dat moet zonder onnodige vertraging. Wat u verstuurt, neemt u niet terug."


@dataclass(frozen=True)
class Preview:
    """The message as each of them gets it, and whether the judgement that it rests on counts already."""

    title: str
    more: str
    words: str
    connections: int
    since: str
    warning: str
    seen: str


def seen(said: Mapping[str, Any], within: str) -> str:
    """What a form carries that was sent after this very message was shown."""
    return sha256(json.dumps([within, said], sort_keys=True).encode()).hexdigest()


def preview(said: Mapping[str, Any], breach: Mapping[str, Any]) -> Preview:
    """Show it; `breach` is what `governance.show` says of the breach."""
    message = catalogue.kind(TOLD).words[Recipient.CUSTOMER][SOURCE]
    judgements = [one for one in breach["inside"] if one["register"] == "breach_assessment"]
    return Preview(
        message.title,
        message.more,
        in_dutch([told(said)]),
        len(said["eans"]),
        said["since"],
        _warning(judgements),
        seen(said, breach["record"]["record_id"]),
    )


def _warning(judgements: list[Mapping[str, Any]]) -> str:
    if any(one["state"] == "waiting" for one in judgements):
        return f"{_WAITS} {_MAY}"
    return "" if any(one["says"] for one in judgements) else f"{_UNJUDGED} {_MAY}"
