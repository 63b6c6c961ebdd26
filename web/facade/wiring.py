"""Puts the facade into the application."""

from __future__ import annotations

from flask import Flask

from web import answers
from web.facade.caseless import CaselessPaths
from web.facade.refusals import fluvius_error
from web.facade.views import blueprint
from web.security import csrf


def register(app: Flask) -> None:
    """Add `/esco/v3/api/...` and the token address, in any case."""
    answers.register_dialect(app, "/esco/", fluvius_error)
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)
    app.wsgi_app = CaselessPaths(app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented way
