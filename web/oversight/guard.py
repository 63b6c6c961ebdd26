"""Only an inspector's session opens these pages; anybody else is told so plainly."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask.typing import ResponseReturnValue

from web import errors
from web.door import ask
from web.portal.login import require_session

View = Callable[..., ResponseReturnValue]

NOT_FOR_YOU = errors.Page(
    403,
    "Deze pagina is voor de toezichthouder",
    "U bent aangemeld als klant. De pagina’s van de toezichthouder gaan over het hele huis, niet over uw gegevens.",
    "Uw eigen gegevens, en wie ze las, vindt u in uw overzicht. Bent u toezichthouder, meld u dan eerst af.",
)


def require_inspector(view: View) -> View:
    """Let only an inspector see a page; who is not logged in logs in first."""

    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
        if ask("me")["role"] != "inspector":
            return errors.render(NOT_FOR_YOU)
        return view(*args, **kwargs)

    return require_session(guarded)
