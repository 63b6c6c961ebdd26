"""`/demo/postbus`: the e-mails and web hooks that the demo sent, as they arrived. Demo only.

They come from the demo's supervisor; in earnest they are in somebody's mailbox, and no page has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from databeheer.values import parse_instant
from web.supervisor import ask_supervisor, has_supervisor

blueprint = Blueprint("demo_post", __name__)


@dataclass(frozen=True)
class Email:
    """One e-mail as it arrived."""

    at: datetime
    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class Hook:
    """One web hook as it arrived; `is_ours`: the party knows its signature."""

    at: datetime
    kind: str
    id: str
    body: str
    is_ours: bool

    @classmethod
    def of(cls, one: Mapping[str, Any]) -> Hook:
        try:
            says = json.loads(one["body"])
            kind, body = str(says["type"]), json.dumps(says, indent=2, ensure_ascii=False)
        except (ValueError, KeyError, TypeError):  # anybody on this machine can knock there
            kind, body = "", str(one["body"])
        return cls(parse_instant(one["at"]), kind, str(one["id"]), body, bool(one["is_ours"]))


@blueprint.get("/demo/postbus")
def show() -> ResponseReturnValue:
    """List what arrived, newest first."""
    if not has_supervisor():
        abort(404)
    arrived = ask_supervisor("post")
    return render_template(
        "public/demo_post.html",
        emails=[
            Email(parse_instant(one["at"]), one["to"], one["subject"], one["body"])
            for one in arrived["emails"]
        ],
        hooks=[Hook.of(one) for one in arrived["hooks"]],
    )
