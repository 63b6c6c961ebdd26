"""The demo's web asks the demo's supervisor for what no web may do: start over, or harm a copy of the log.

One JSON object a line, one question a connection. Only where `supervisor_socket` is set: in the demo.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from flask import current_app

from databeheer.errors import UnavailableError
from web.settings import WebSettings

PATIENCE_SECONDS = 120.0
_LARGEST = 4 * 1024 * 1024


class SupervisorUnreachableError(UnavailableError):
    """The demo's supervisor does not answer; nothing was done."""


def has_supervisor() -> bool:
    """Say whether this is a demo with a supervisor to ask."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return settings.demo and settings.supervisor_socket is not None


def ask_supervisor(do: str, **wish: str) -> dict[str, Any]:
    """Ask for one thing and return the answer.

    Raises:
        SupervisorUnreachableError: it does not answer, or answers with an error.
    """
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(settings.supervisor_socket))
            connection.sendall(json.dumps({"do": do} | wish).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer = json.loads(lines.readline(_LARGEST))
    except (OSError, ValueError) as error:
        raise SupervisorUnreachableError("the demo's supervisor does not answer") from error
    if not isinstance(answer, dict) or answer.get("error"):
        raise SupervisorUnreachableError("the demo's supervisor did not do it")
    return answer
