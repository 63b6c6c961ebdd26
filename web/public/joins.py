"""`/joins`: the regulator's list of lawful joins, with its version and signature to check (R131)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue

from web.door import NO_PROOF, ask
from web.public.serving import SHORT, public_file, public_json

blueprint = Blueprint("joins", __name__)


@blueprint.get("/joins")
def page() -> ResponseReturnValue:
    """Show the list, and the records of necessity beside it."""
    return render_template(
        "public/joins.html", joins=join_list(), necessities=ask("joins.necessities", NO_PROOF)["records"]
    )


@blueprint.get("/joins.json")
def as_json() -> ResponseReturnValue:
    """The list for programs, with the note that signs it."""
    found = join_list()
    return public_json({name: value for name, value in found.items() if name != "content"})


@blueprint.get("/joins/lawful_joins.toml")
def content() -> Response:
    """The bytes that are signed."""
    return _part("content", "application/toml")


@blueprint.get("/joins/lawful_joins.note")
def note() -> Response:
    """The regulator's signed note over version and SHA-256 of the list."""
    return _part("note", "text/plain; charset=utf-8")


@blueprint.get("/joins/necessities.json")
def necessities() -> ResponseReturnValue:
    """Every record of necessity, its bytes and signatures too: joins beside the list (R130)."""
    return public_json(ask("joins.necessities", NO_PROOF))


def join_list() -> dict[str, Any]:
    """Return the list as the door has it: `in_force` says whether joins run by it."""
    return ask("joins.list", NO_PROOF)


def _part(name: str, content_type: str) -> Response:
    found = join_list()
    if not found.get(name):
        abort(404)
    return public_file(str(found[name]).encode(), content_type, SHORT)
