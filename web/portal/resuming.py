"""`/mijn/verder`: a visitor is back from a log-in, and goes on with what she was doing (`kept`).

Nothing is sent again by itself: she sees what it is, and confirms it or lets it be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import BuildError

from web.forms import Form, parse_or_refuse
from web.language import lazy
from web.portal import attorneys, beside, choosing, doubting, erasing, kept, permissions
from web.portal.businesses import giving
from web.portal.login import require_session, visitor

blueprint = Blueprint("resuming", __name__)

PAGES: Mapping[str, Callable[[Mapping[str, str], Mapping[str, str]], ResponseReturnValue]] = {
    "permissions.answer": permissions.resume,
    "permissions.renew": permissions.resume_renewal,
    "beside.grant": beside.resume,
    "choosing.check": choosing.resume,
    "choosing.confirm": choosing.resume,
    "giving.confirm": giving.resume,
    "attorneys.give": attorneys.resume,
}
"""Forms whose own page shows all that is confirmed: each that gives others access has one. Of others, the page here."""
WORDS = {
    "permissions.withdraw": lazy("een toestemming intrekken"),
    "withdrawing.withdraw": lazy("toestemmingen intrekken"),
    "permissions.take_back": lazy("uw antwoord terugnemen"),
    "permissions.send_on": lazy("een vraag doorsturen naar de netgebruiker"),
    "doubting.doubt_permission": lazy("melden dat er iets niet klopt"),
    "doubting.doubt_read": lazy("melden dat er iets niet klopt"),
    "doubting.retract": lazy("uw melding intrekken"),
    "erasing.send": lazy("vragen om gegevens te wissen"),
    "attorneys.end": lazy("een volmacht stoppen"),
    "rights.rectify": lazy("vragen om iets te verbeteren"),
    "rights.object_to": lazy("bezwaar maken"),
    "rights.take_back": lazy("een vraag terugnemen"),
    "frequency.choose": lazy("kiezen hoe vaak uw meter uitgelezen wordt"),
    "ports.open_port": lazy("een poort openen"),
    "ports.close_port": lazy("een poort sluiten"),
}
ABOUT: Mapping[str, Callable[[Mapping[str, str], Mapping[str, str]], Sequence[tuple[str, str]]]] = {
    "erasing.send": erasing.about,
    "doubting.doubt_permission": doubting.about_doubt,
    "doubting.doubt_read": doubting.about_doubt,
}
"""What is asked, by its address and its form, where these hold it in codes: shown before it is sent."""
ACTS = {
    "doubting.doubt_permission": lazy("Meld en blokkeer de dienst"),
    "doubting.doubt_read": lazy("Meld en blokkeer de dienst"),
    "erasing.send": lazy("Vraag om te wissen"),
}
"""What the button does, where its own page has a word for it."""
DO_IT = lazy("Ja, doe dit nu")
OTHER = lazy("een formulier versturen")
TYPED = {
    "uitleg": lazy("Uw uitleg"),
    "email": lazy("E-mailadres"),
    "ean": lazy("EAN-code"),
    "meter": lazy("Meternummer"),
    "code": lazy("Code"),
}
"""What visitors write, by the name of its field: shown, and still theirs to change."""
LONG = frozenset({"uitleg"})


class Empty(Form):
    """A button without fields."""


@blueprint.get(kept.PAGE)
@require_session
def show() -> ResponseReturnValue:
    """Show what was kept; before that, where the visitor must, ask her to show anew who she is."""
    me, work = visitor(), kept.kept()
    if work is None:
        return kept.forget(make_response(redirect(url_for("overview.show"), 303)))
    if work.freshly and not me["logged_in_freshly"]:
        return render_template("portal/show_anew.html", me=me)
    if work.endpoint in PAGES:
        return PAGES[work.endpoint](work.arguments, work.fields)
    try:
        action = url_for(work.endpoint, **cast("dict[str, Any]", work.arguments))
    except BuildError:  # a page of the release before
        return kept.forget(make_response(redirect(url_for("overview.show"), 303)))
    return render_template(
        "portal/resuming.html",
        me=me,
        doing=WORDS.get(work.endpoint, OTHER),
        action=action,
        act=ACTS.get(work.endpoint, DO_IT),
        about=ABOUT[work.endpoint](work.arguments, work.fields) if work.endpoint in ABOUT else (),
        typed=[
            (name, words, work.fields[name], name in LONG)
            for name, words in TYPED.items()
            if name in work.fields
        ],
        hidden={name: value for name, value in work.fields.items() if name not in TYPED},
    )


@blueprint.post(f"{kept.PAGE}/niet")
@require_session
def let_be() -> ResponseReturnValue:
    """Let it be; a form that was sent is forgotten (`require_session`)."""
    parse_or_refuse(Empty(), request.form)
    return redirect(url_for("overview.show"), 303)
