"""Shapes of what is told about tokens: the keys that sign them, and how the server works."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields


def _text(description: str) -> fields.String:
    return fields.String(required=True, metadata={"description": description})


def _texts(description: str) -> fields.List[str]:
    return fields.List(fields.String(), required=True, metadata={"description": description})


class TokenKey(Schema):
    """A public key (RFC 7517)."""

    kid = _text("As the header of a token names it.")
    kty = _text("EC or RSA.")
    alg = _text("ES256, or RS256 for the tokens of the Fluvius-compatible interface.")
    use = _text("Always sig.")
    crv = fields.String()
    x = fields.String()
    y = fields.String()
    n = fields.String()
    e = fields.String()


class KeySet(Schema):
    """A JSON Web Key Set (RFC 7517)."""

    keys = fields.List(fields.Nested(TokenKey), required=True)


class Revoked(Schema):
    """Nothing more is to be said (RFC 7009, 2.2)."""


class ServerMetadata(Schema):
    """RFC 8414."""

    issuer = _text("What `iss` says, and the only audience of your assertions.")
    token_endpoint = _text("Where tokens are had.")
    revocation_endpoint = _text("Where they are ended.")
    jwks_uri = _text("The keys that sign them.")
    grant_types_supported = _texts("client_credentials, and no other.")
    response_types_supported = _texts("None: nobody logs in here.")
    token_endpoint_auth_methods_supported = _texts("How a client shows itself.")
    token_endpoint_auth_signing_alg_values_supported = _texts("How its assertions may be signed.")
    revocation_endpoint_auth_methods_supported = _texts("The same.")
    revocation_endpoint_auth_signing_alg_values_supported = _texts("The same.")
    tls_client_certificate_bound_access_tokens = fields.Boolean(
        required=True, metadata={"description": "Whether a client certificate binds a token (RFC 8705)."}
    )
    service_documentation = _text("The description of this interface.")


KEY_SET: dict[str, Any] = {
    "keys": [
        {
            "kid": "jev8PpvCdwqCJJtfHbAo6KBUiuSRbOINbtpfbD5tUBQ",
            "kty": "EC",
            "crv": "P-256",
            "x": "4krippyiT_enDM6M_DMm5cu4-Lgfyp_VeE2pooexZAQ",
            "y": "jZsed-tHjwlQAUTm12R8JTpTdXny4rWPafvHh6my8tk",
            "alg": "ES256",
            "use": "sig",
        }
    ]
}
_ADDRESS = "https://databeheer.example"
_METHODS = ["private_key_jwt", "client_secret_basic", "client_secret_post"]
_ALGORITHMS = ["PS256", "ES256", "EdDSA", "Ed25519", "RS256"]
SERVER_METADATA: dict[str, Any] = {
    "issuer": _ADDRESS,
    "token_endpoint": f"{_ADDRESS}/oauth2/token",
    "revocation_endpoint": f"{_ADDRESS}/oauth2/revoke",
    "jwks_uri": f"{_ADDRESS}/oauth2/jwks",
    "grant_types_supported": ["client_credentials"],
    "response_types_supported": [],
    "token_endpoint_auth_methods_supported": _METHODS,
    "token_endpoint_auth_signing_alg_values_supported": _ALGORITHMS,
    "revocation_endpoint_auth_methods_supported": _METHODS,
    "revocation_endpoint_auth_signing_alg_values_supported": _ALGORITHMS,
    "tls_client_certificate_bound_access_tokens": False,
    "service_documentation": f"{_ADDRESS}/api/v1/openapi.json",
}
