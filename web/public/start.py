"""`/`: in the demo three doors and one story; otherwise who we are and where to go."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template
from flask.typing import ResponseReturnValue

from web.public.log import newest_checkpoint, published_keys
from web.settings import WebSettings
from web.supervisor import ask_supervisor, has_supervisor

blueprint = Blueprint("start", __name__)


@blueprint.get("/")
def page() -> ResponseReturnValue:
    """Show the start page."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    if not settings.demo:
        return render_template("public/start.html")
    return render_template(
        "public/demo.html",
        checkpoint=newest_checkpoint(),
        keys=published_keys(),
        base_url=settings.base_url,
        has_supervisor=has_supervisor(),
    )


@blueprint.get("/demo/opnieuw")
def ask_reset() -> ResponseReturnValue:
    """Ask whether to start over: it cannot be undone."""
    if not has_supervisor():
        abort(404)
    return render_template("public/reset.html", started=False)


@blueprint.post("/demo/opnieuw")
def reset() -> ResponseReturnValue:
    """Start the demo over: a new log with a new name and key, the story anew."""
    if not has_supervisor():
        abort(404)
    ask_supervisor("reset")
    return render_template("public/reset.html", started=True)
