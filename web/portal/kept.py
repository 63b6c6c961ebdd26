"""Work that a log-in came in between of: kept until its visitor is back, who then confirms it herself.

It stays in her own browser, sealed with the web's secret: nobody reads it there, and nobody makes another one. It is
hers alone, by the mark that the door gave her log-in: whoever logs in next in the same browser gets none of it.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar

from flask import current_app, request, session
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from werkzeug.wrappers import Response

from web.forms import FORM_GUARD
from web.settings import WebSettings

AnyResponse = TypeVar("AnyResponse", bound=Response)

PAGE = "/mijn/verder"
"""Where a visitor goes on with it."""
COOKIE = "kept"
SECONDS = 1800
LONGEST = 3600
"""Of what browsers keep in one cookie; what is longer is not kept."""
VISITOR = "visitor"
"""Under which name the form cookie holds whose browser this is."""


@dataclass(frozen=True)
class Work:
    """A form that was sent: to which page, with what. `freshly`: it needs somebody who has just shown who she is."""

    endpoint: str
    arguments: dict[str, str]
    fields: dict[str, str]
    freshly: bool


def keep(response: Response, *, freshly: bool = False) -> bool:
    """Keep the form of this request with the answer; False where that cannot be, and nothing is kept then."""
    whose, fields = session.get(VISITOR), {**request.form.to_dict()}
    fields.pop(FORM_GUARD, None)
    is_simple = not request.files and all(len(values) == 1 for _, values in request.form.lists())
    if request.method != "POST" or whose is None or not is_simple:
        return False
    work = {
        "endpoint": request.endpoint,
        "arguments": {name: str(value) for name, value in (request.view_args or {}).items()},
        "fields": fields,
        "freshly": freshly,
        "whose": whose,
        "until": _now() + SECONDS,
    }
    sealed = urlsafe_b64encode(_box().encrypt(zlib.compress(json.dumps(work).encode()))).decode()
    if len(sealed) > LONGEST:
        return False
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    response.set_cookie(
        COOKIE, sealed, max_age=SECONDS, httponly=True, samesite="Lax", secure=settings.is_secure
    )
    return True


def kept() -> Work | None:
    """Return what was kept for who is logged in now; None where there is nothing, or it is somebody else's."""
    try:
        sealed = urlsafe_b64decode(request.cookies.get(COOKIE, "")[:LONGEST])
        work: dict[str, Any] = json.loads(zlib.decompress(_box().decrypt(sealed)))
    except (CryptoError, ValueError, zlib.error):
        return None
    if work.pop("whose") != session.get(VISITOR) or work.pop("until") <= _now():
        return None
    return Work(**work)


def forget(response: AnyResponse) -> AnyResponse:
    """Take it back from the browser."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax")
    return response


def _now() -> int:
    return int(current_app.config["WEB_CLOCK"].now().timestamp())


def _box() -> SecretBox:
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return SecretBox(blake2b(settings.secret_key.encode(), digest_size=32, person=b"web.kept").digest())
