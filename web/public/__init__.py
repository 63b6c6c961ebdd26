"""What anybody may see: the start page, the log, who may ask for data and on which law, lawful joins, health."""

from __future__ import annotations

from flask import Flask

from web.public import greeting, wording
from web.public.bases import blueprint as basis_pages
from web.public.demo_party import blueprint as demo_party_pages
from web.public.demo_post import blueprint as demo_post_pages
from web.public.health import blueprint as health_answers
from web.public.joins import blueprint as join_pages
from web.public.log import blueprint as log_files
from web.public.parties import blueprint as party_pages
from web.public.privacy import blueprint as privacy_pages
from web.public.retention import blueprint as retention_pages
from web.public.start import blueprint as start_pages
from web.public.statistics import blueprint as statistics_pages
from web.public.validation import blueprint as validation_pages

BLUEPRINTS = (
    start_pages,
    log_files,
    party_pages,
    join_pages,
    basis_pages,
    retention_pages,
    privacy_pages,
    statistics_pages,
    validation_pages,
    health_answers,
)


def register(app: Flask) -> None:
    """Add the public pages and files, and the words they speak."""
    wording.register(app)
    greeting.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if app.config["WEB_SETTINGS"].demo:
        app.register_blueprint(demo_party_pages)
        app.register_blueprint(demo_post_pages)
