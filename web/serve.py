"""What gunicorn loads: `gunicorn --config python:web.gunicorn_settings "web.serve:application()"`."""

from __future__ import annotations

from flask import Flask

from databeheer.logs import configure
from web.app import create_app
from web.settings import WebSettings


def application() -> Flask:
    """Build the application from the environment; a missing setting stops the start, by name."""
    configure()
    return create_app(WebSettings.from_environment())
