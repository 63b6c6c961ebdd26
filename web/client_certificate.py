"""The certificate of the caller, as the proxy that ends TLS tells it (RFC 8705, RFC 9440); nobody else is believed.

Whoever can reach this process could send such a header. So it counts only from the proxy's address, and with the
proxy's key beside it; from anybody else, and where no proxy is set up, both headers are gone before anything sees them.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from flask import Flask, current_app, request

from databeheer.door.client import Proof
from databeheer.errors import UnauthenticatedError
from web.errors import PROGRAM_PATHS
from web.settings import CertificateHeader, WebSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEY_HEADER = "Databeheer-Proxy-Key"
_PRINT, _KEY = "databeheer.certificate", "databeheer.proxy_key"
_LONGEST = 16_384
_FIELD = re.compile(r":([A-Za-z0-9+/]+={0,2}):")
_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END CERTIFICATE-----\s*", re.ASCII
)
# What anybody may read without showing who he is; the rest of the machine interfaces can ask for a certificate.
_OPEN = re.compile(
    r"/(api/v1/openapi\.json|oauth2/jwks|\.well-known/oauth-authorization-server)", re.IGNORECASE
)


class BelievedCertificate:
    """WSGI: takes both headers out of every request, and leaves the certificate's print where the proxy sent them."""

    def __init__(self, app: WSGIApplication, setting: CertificateHeader | None) -> None:
        self._app, self._setting = app, setting

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the request on."""
        environ.pop(_PRINT, None)
        key = environ.pop(_variable(KEY_HEADER), "")
        if self._setting is not None:
            given = environ.pop(_variable(self._setting.name), "")
            if given and _is_proxy(environ, key, self._setting):
                found = fingerprint(given)
                if found is not None:
                    environ[_PRINT], environ[_KEY] = found, key
        return self._app(environ, start_response)


def register(app: Flask) -> None:
    """Put the guard before everything else, and refuse programs without a certificate where the house asks for one."""
    settings: WebSettings = app.config["WEB_SETTINGS"]
    app.wsgi_app = BelievedCertificate(app.wsgi_app, settings.certificate_header)  # type: ignore[method-assign]
    if settings.certificate_header is not None and settings.certificate_header.is_required:
        app.before_request(_require)


def print_of_request() -> str:
    """Return the print (x5t#S256) of the caller's certificate; empty where there is none that is believed."""
    return str(request.environ.get(_PRINT, ""))


def proxy_proof() -> Proof | None:
    """Return the proxy's key, with which the door believes this request's certificate; None where there is none."""
    key: Any = request.environ.get(_KEY)
    return None if key is None else Proof.proxy(str(key))


def is_set_up() -> bool:
    """Whether certificates can show who a client is, and bind tokens."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return settings.certificate_header is not None


def fingerprint(value: str) -> str | None:
    """Return the print of a certificate in a header: `:base64 of DER:` (RFC 9440) or URL-encoded PEM; else None."""
    if len(value) > _LONGEST:
        return None
    field, pem = _FIELD.fullmatch(value), _PEM.fullmatch(unquote_to_bytes(value))
    try:
        if field is not None:
            der = b64decode(field[1], validate=True)
        elif pem is not None:
            der = b64decode(b"".join(pem[1].split()), validate=True)
        else:
            return None
    except ValueError:
        return None
    return urlsafe_b64encode(sha256(der).digest()).decode().rstrip("=")


def _require() -> None:
    if PROGRAM_PATHS.match(request.path) and not _OPEN.fullmatch(request.path) and not print_of_request():
        raise UnauthenticatedError(
            "connect with your client certificate: this house takes programs with one only"
        )


def _is_proxy(environ: WSGIEnvironment, key: str, setting: CertificateHeader) -> bool:
    given = sha256(key.encode("latin-1", errors="replace")).digest()
    return hmac.compare_digest(given, setting.key_hash) and _is_near(
        str(environ.get("REMOTE_ADDR", "")), setting
    )


def _is_near(remote: str, setting: CertificateHeader) -> bool:
    if not remote:  # over a Unix socket a caller has no address
        return setting.takes_socket
    try:
        address = ip_address(remote)
    except ValueError:
        return False
    return any(address in network for network in setting.proxies)


def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")
