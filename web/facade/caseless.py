"""Paths without regard to case: EDDIE asks `/esco/v3/api/Mandate/energy` and `/oauth2/V2.0/token`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_TOKEN = re.compile(r"(?:/[^/]{1,100})?/oauth2/v2\.0/token/?", re.IGNORECASE)
_CALL = re.compile(r"/esco(?:-(live|sbx))?((?:/.*)?)", re.IGNORECASE | re.DOTALL | re.ASCII)
_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
TOKEN_PATH = "/oauth2/v2.0/token"
ENVIRONMENT = "databeheer.esco"
"""In the WSGI environment: `live` or `sbx` where the address names one, as those of Fluvius do."""


def canonical_path(path: str) -> str:
    """Return the one spelling under which the facade's routes are registered; other paths stay as they are.

    The tenant in front of the token address says nothing here: it names a tenant at another company.
    """
    if _TOKEN.fullmatch(path):
        return TOKEN_PATH
    if call := _CALL.fullmatch(path):
        return "/esco" + call[2].translate(_ASCII_LOWER).rstrip("/")
    return path


def named_environment(path: str) -> str:
    """Return which environment of Fluvius' the address names: `live`, `sbx` or none."""
    call = _CALL.fullmatch(path)
    return (call[1] or "").lower() if call else ""


class CaselessPaths:
    """WSGI middleware before routing, which is case-sensitive."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        environ[ENVIRONMENT] = named_environment(path)
        environ["PATH_INFO"] = canonical_path(path)
        return self._application(environ, start_response)
