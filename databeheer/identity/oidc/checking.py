"""A provider tried before anybody logs in: what it says of itself, its keys, and whether it knows us.

The dry run redeems a code that does not exist. A provider that knows our key says that the code is wrong
(`invalid_grant`); one that does not, that we are (`invalid_client`). Nobody is logged in by it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from databeheer.identity.oidc import metadata
from databeheer.identity.oidc.errors import ProviderAwayError
from databeheer.identity.oidc.metadata import document
from databeheer.identity.oidc.provider import OpenIDProvider, token_form
from databeheer.identity.oidc.provider_keys import parse

ADVICE = {
    "courier-away": "start the courier (`python -m databeheer.site.courier`)",
    "address-not-allowed": "an address of the provider is not https, or at a host that is neither the issuer's nor in"
    " `hosts`",
    "address-not-public": "the provider's name leads to a number inside a network; the courier goes out to public"
    " ones only",
    "unreachable": "nobody answers there; can this machine go out to that host, on that port?",
    "timeout": "it takes too long; can this machine go out to that host, on that port?",
    "tls-failed": "its certificate is not good for that name, or this machine's list of authorities is old",
    "another-issuer": "it says that it is another issuer; write `issuer` to the letter as the provider does",
    "not-json": "no document of a provider is there; is `issuer` its address?",
    "no-signing-key": "none of its keys can sign (RSA of 2048 bits or more, or P-256)",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; where it is not good, the text says what to do."""

    is_good: bool
    text: str


def check(provider: OpenIDProvider, redirect_uri: str, now: datetime) -> Iterator[Finding]:
    """Look at one thing after the other; ends early where the rest cannot be looked at."""
    settings = provider.settings
    try:
        known = metadata.discover(provider.errands, settings)
    except ProviderAwayError as error:
        yield _failed("discovery", error)
        return
    yield Finding(True, f"discovery: {settings.issuer} says where it is")
    yield from _stated(provider, known.said)
    try:
        keys = parse(document(provider.errands.fetch(known.jwks_uri)))
        yield Finding(True, f"keys: {len(keys)} that can sign")
        fetched = provider.errands.fetch(
            known.token_endpoint,
            token_form(settings, provider.own, known, secrets.token_urlsafe(24), redirect_uri, "x" * 43, now),
        )
    except ProviderAwayError as error:
        yield _failed("keys and token end point", error)
        return
    yield _dry_run(fetched.status, fetched.body, redirect_uri)


def _stated(provider: OpenIDProvider, said: Any) -> Iterator[Finding]:
    """What the provider says that it can do, against what is asked of it; what it does not state counts as there."""
    settings = provider.settings
    wanted = [
        ("signed_with", settings.signed_with, "id_token_signing_alg_values_supported"),
        ("levels", settings.levels, "acr_values_supported"),
        ("scopes", settings.scopes, "scopes_supported"),
        ("client authentication", ("private_key_jwt",), "token_endpoint_auth_methods_supported"),
        ("PKCE", ("S256",), "code_challenge_methods_supported"),
    ]
    if settings.encrypted:
        used = tuple(str(key["alg"]) for key in provider.own.opening)
        wanted.append(("encrypted", used, "id_token_encryption_alg_values_supported"))
    for name, ours, stated in wanted:
        theirs = said.get(stated)
        if not isinstance(theirs, list):
            yield Finding(True, f"{name}: the provider does not state {stated}")
        elif missing := [one for one in ours if one not in theirs]:
            offered = ", ".join(str(one) for one in theirs[:20])
            yield Finding(False, f"{name}: the provider has no {', '.join(missing)}; it has {offered}")
        else:
            yield Finding(True, f"{name}: {', '.join(ours)}")


def _dry_run(status: int, body: str, redirect_uri: str) -> Finding:
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        error = ""
    if error == "invalid_grant":
        return Finding(True, "dry run: the provider knows our key, and refuses a code that was made up")
    if error in ("invalid_client", "unauthorized_client"):
        return Finding(
            False,
            "dry run: the provider does not know us; register `client_id` there with the keys that `databeheer login"
            f" keys` prints, {redirect_uri} and private_key_jwt, or set `assertion_audience` to token_endpoint",
        )
    return Finding(
        False, f"dry run: the token end point answers {status}, and not as RFC 6749 says; ask the provider"
    )


def _failed(what: str, error: ProviderAwayError) -> Finding:
    advice = ADVICE.get(error.slug, "ask the provider")
    return Finding(False, f"{what}: {error.slug}: {advice}")
