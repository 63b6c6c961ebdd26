"""The application factory: settings in, one Flask application out."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from flask import Flask

from databeheer.clock import Clock, SystemClock
from web import assets, client_certificate, database, door, errors, language, limits, links, saying, security
from web.said_templates import SaidTemplates
from web.settings import WebSettings

AREAS: tuple[str, ...] = (
    "web.public",
    "web.portal",
    "web.api",
    "web.oversight",
    "web.party",
    "web.staff",
    "web.registers",
)
"""Every area of the site: a package with `register(app: Flask) -> None`. A missing one stops the start."""

MAX_BODY_BYTES = 1024 * 1024


def create_app(settings: WebSettings, areas: Sequence[str] = AREAS, clock: Clock | None = None) -> Flask:
    """Build the application over one `WebSettings`; `clock` is for tests.

    Raises:
        ImportError: an area of the site cannot be imported; half a site never starts.
    """
    app = Flask("web", static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
        TRUSTED_HOSTS=settings.trusted_hosts,
        WEB_SETTINGS=settings,
        WEB_CLOCK=clock or SystemClock(),
    )
    app.jinja_environment = SaidTemplates
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    app.jinja_env.globals.update(
        demo=settings.demo,
        contact_link=settings.contact_link,
        contact_mail=settings.contact_mail,
        postal_address=settings.postal_address,
    )
    for part in (security, door, database, assets, language, saying, links, limits):
        part.register(app)
    for name in areas:
        import_module(name).register(app)
    errors.register(app)
    client_certificate.register(app)
    return app


def close(app: Flask) -> None:
    """Give back what an application holds: this thread's connection to the door, the database's connections."""
    door.close(app)
    database.dispose(app)
