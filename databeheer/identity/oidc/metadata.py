"""What a provider says of itself (OpenID Connect Discovery 1.0, RFC 8414), read strictly where we rely on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from databeheer.identity.oidc.errands import Errands, Fetched
from databeheer.identity.oidc.errors import ProviderAwayError, ProviderSettingsError
from databeheer.identity.oidc.settings import ProviderSettings

PATH = "/.well-known/openid-configuration"
_OK = 200


@dataclass(frozen=True)
class Metadata:
    """The addresses of a provider. `names_itself`: its answers carry `iss`, and one without is not taken (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)


def discover(errands: Errands, settings: ProviderSettings) -> Metadata:
    """Fetch and read what the provider says of itself.

    Raises:
        ProviderAwayError: it does not answer, or not as one should; the slug says how.
    """
    said = document(errands.fetch(settings.issuer.rstrip("/") + PATH))
    # The very same spelling: a provider that says it is another one is another one (Discovery, 4.3).
    if said.get("issuer") != settings.issuer:
        raise ProviderAwayError("another-issuer")
    try:
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            settings.address(said.get(name), name)
    except ProviderSettingsError as error:
        raise ProviderAwayError("address-not-allowed") from error
    return Metadata(
        said["authorization_endpoint"],
        said["token_endpoint"],
        said["jwks_uri"],
        said.get("authorization_response_iss_parameter_supported") is True,
        said,
    )


def document(fetched: Fetched) -> dict[str, Any]:
    """Return the JSON object that was fetched.

    Raises:
        ProviderAwayError: another status than 200, or no JSON object.
    """
    if fetched.status != _OK:
        raise ProviderAwayError(f"http-{fetched.status}")
    try:
        value = json.loads(fetched.body)
    except (ValueError, RecursionError) as error:
        raise ProviderAwayError("not-json") from error
    if not isinstance(value, dict):
        raise ProviderAwayError("not-json")
    return value
