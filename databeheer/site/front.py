"""What visitors of a house on one machine see of it: the web, and the stand-in where invented people log in."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.demo_provider import ISSUER
from databeheer.site.home import Home
from databeheer.site.house import Site

WORKERS, THREADS = 2, 4
"""Of the web. More threads answer no sooner: where requests wait, they take the interpreter from one another, and every
page takes more of the processor."""


def start_web(site: Site, port: int, extra: dict[str, str]) -> None:
    """Serve the web on this port of 127.0.0.1, and wait until it is ready."""
    home = site.home
    environment = {
        "DATABEHEER_WEB_DATABASE_URL": site.storage.url("web"),
        "DATABEHEER_DOOR_SOCKET": str(home.door_socket),
        "DATABEHEER_LEDGER_DIRECTORY": str(home.ledger),
        "DATABEHEER_WEB_SECRET_KEY": home.web_key.read_text(),
        "DATABEHEER_BASE_URL": site.base_url,
        **extra,
    }
    command = ["-m", "gunicorn", "--config", "python:web.gunicorn_settings"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads", str(THREADS)]
    command += ["--worker-class", "gthread", "--graceful-timeout", "5", "--no-control-socket"]
    command += ["--worker-tmp-dir", str(home.run), "web.serve:application()"]
    site.run("web", command, environment)
    site.wait_until("web", lambda: is_ready(port))


def is_ready(port: int) -> bool:
    """Say whether GET /health/ready answers 200 on this port of 127.0.0.1."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def start_stand_in(site: Site, port: int, people: Sequence[dict[str, Any]]) -> None:
    """Start the stand-in for the identity provider, where these invented people log in without a password."""
    file = site.home.path / "identity" / "people.json"
    file.write_text(json.dumps(people))
    command = ["-m", "databeheer.identity.demo_provider", "--demo", "--port", str(port)]
    command += ["--key", str(site.home.provider_key), "--people", str(file)]
    site.run("identity", [*command, "--redirect-uri", f"{site.base_url}/aanmelden/terug"], {})
    site.wait_until("identity", lambda: _listens(port))


def believing_stand_in(home: Home, port: int) -> dict[str, str]:
    """What the door of a house with invented people is told: it believes the stand-in, and nobody else."""
    ProviderKey.open(home.provider_key)
    return {
        "DATABEHEER_DEMO": "1",
        "DATABEHEER_PROVIDER_ISSUER": ISSUER,
        "DATABEHEER_PROVIDER_PUBLIC_KEY": str(home.provider_public_key),
        "DATABEHEER_PROVIDER_URL": f"http://127.0.0.1:{port}/authorize",
    }


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
