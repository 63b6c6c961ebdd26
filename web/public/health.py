"""Whether this process lives, whether the house is ready, and figures for monitoring; nothing personal in any."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from databeheer.errors import DatabeheerError
from web.answers import json_response
from web.database import engine
from web.door import NO_PROOF, ask
from web.public.log import newest_checkpoint
from web.settings import WebSettings

blueprint = Blueprint("health", __name__)


@blueprint.get("/health/live")
def live() -> ResponseReturnValue:
    """This process answers."""
    return json_response({"status": "live"})


@blueprint.get("/health/ready")
def ready() -> ResponseReturnValue:
    """Everything that a visitor needs answers: database, door, a published checkpoint."""
    parts = {name: check() for name, check in PARTS.items()}
    is_ready = all(parts.values())
    members = {
        "status": "ready" if is_ready else "not ready",
        "parts": {name: "up" if is_up else "down" for name, is_up in parts.items()},
    }
    return json_response(members, 200 if is_ready else 503)


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Figures of the house, measured when asked: the web has several processes, so none of them counts alone."""
    registry = CollectorRegistry()
    up = Gauge("databeheer_up", "Whether a part of the house answers", ["part"], registry=registry)
    for name, check in PARTS.items():
        up.labels(name).set(check())
    checkpoint = newest_checkpoint()
    if checkpoint is not None:
        Gauge(
            "databeheer_ledger_published_entries", "Entries under the newest checkpoint", registry=registry
        ).set(checkpoint.size)
        Gauge(
            "databeheer_ledger_checkpoint_age_seconds", "Age of the newest checkpoint", registry=registry
        ).set(_checkpoint_age_seconds())
    stopped = _is_stopped()
    if stopped is not None:
        Gauge("databeheer_handover_stopped", "1 while no data may leave", registry=registry).set(stopped)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        with engine().connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one() == 1)
    except SQLAlchemyError:
        return False


def _door_answers() -> bool:
    try:
        ask("ping", NO_PROOF)
    except DatabeheerError:
        return False
    return True


def _is_published() -> bool:
    return newest_checkpoint() is not None


def _is_stopped() -> bool | None:
    try:
        with engine().connect() as connection:
            found = connection.execute(
                text("SELECT stopped FROM oversight.stop ORDER BY stop_no DESC LIMIT 1")
            ).scalar_one_or_none()
    except SQLAlchemyError:
        return None
    return bool(found)


def _checkpoint_age_seconds() -> float:
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return max(0.0, time.time() - (settings.ledger_directory / "checkpoint").stat().st_mtime)


PARTS: dict[str, Callable[[], bool]] = {
    "database": _database_answers,
    "door": _door_answers,
    "checkpoint": _is_published,
}
