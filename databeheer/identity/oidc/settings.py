"""What the house knows of its identity provider: one TOML file, read once at the start, by door and courier.

The file holds no secret: the client's own keys stand in a file beside it (`keys`), which the courier cannot read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from databeheer.errors import MalformedRequestError
from databeheer.identity.oidc.errors import ProviderSettingsError
from databeheer.identity.provider import ROLES
from databeheer.post import addresses

VARIABLE = "DATABEHEER_PROVIDER_FILE"
LOOPBACK_VARIABLE = "DATABEHEER_LOOPBACK_PROVIDER"
SIGNED_WITH = ("ES256", "PS256", "RS256")
ENCRYPTED_WITH = ("RSA-OAEP-256", "ECDH-ES")
CONTENT_ENCRYPTED_WITH = ("A256GCM", "A128CBC-HS256")
_LARGEST = 64 * 1024
_NAME = validate.Regexp(r"[!-~]{1,200}\Z", error="printable ASCII without blanks")
_HOST = validate.Regexp(r"[a-z0-9.-]{1,253}\Z", error="the name of a host, in small letters")


def _names(*, longest: int = 20, shortest: int = 1) -> fields.List[str]:
    return fields.List(fields.String(validate=_NAME), validate=validate.Length(min=shortest, max=longest))


class _Roles(Schema):
    class Meta:
        unknown = RAISE

    claim = fields.String(required=True, validate=_NAME)
    values = fields.Dict(
        keys=fields.String(validate=_NAME),
        values=fields.String(validate=validate.OneOf(ROLES)),
        required=True,
        validate=validate.Length(min=1, max=20),
    )
    enterprise = _names()
    enterprise_name = fields.String(load_default=None, validate=_NAME)


class _File(Schema):
    class Meta:
        unknown = RAISE

    issuer = fields.String(required=True, validate=_NAME)
    client_id = fields.String(required=True, validate=_NAME)
    keys = fields.String(required=True, validate=validate.Length(min=1, max=500))
    scopes = _names()
    levels = fields.List(
        fields.String(validate=_NAME), required=True, validate=validate.Length(min=1, max=20)
    )
    signed_with = fields.List(
        fields.String(validate=validate.OneOf(SIGNED_WITH)), required=True, validate=validate.Length(min=1)
    )
    encrypted = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    subject = fields.String(load_default="sub", validate=_NAME)
    name = _names()
    assertion_audience = fields.String(
        load_default="issuer", validate=validate.OneOf(["issuer", "token_endpoint"])
    )
    gives_auth_time = fields.Boolean(load_default=True, truthy={True}, falsy={False})
    hosts = fields.List(fields.String(validate=_HOST), load_default=list, validate=validate.Length(max=5))
    pinned_keys = fields.String(load_default=None, validate=validate.Length(min=1, max=500))
    roles = fields.Nested(_Roles, load_default=None)


@dataclass(frozen=True)
class Roles:
    """Which claim says what somebody may be here, and which of its values says what.

    `enterprise`: claims that may hold the number of the enterprise for which somebody of role party or business acts,
    the first one that is there counts (ACM/IDM: `wv_orgcode`, then `vo_orgcode`). `enterprise_name`: the claim that
    says what that enterprise is called (`vo_orgnaam`).
    """

    claim: str
    values: Mapping[str, str]
    enterprise: tuple[str, ...] = ()
    enterprise_name: str | None = None


@dataclass(frozen=True)
class ProviderSettings:
    """One provider, as the operator set it up.

    `levels`: values of `acr` that are enough here, which are also asked for. `signed_with`: what ID tokens may be
    signed with. `encrypted`: they are encrypted to one of our keys too, and one that is not is refused. `subject`: the
    claim that names a person for good; it is looked up by keyed hash and logged nowhere. `name`: claims that make a
    name, with blanks between. `gives_auth_time`: False for a provider that has everybody log in anew each time and
    does not say when (itsme); the token's own hour counts then. `pinned_keys`: the provider's public keys, where the
    operator will not take them from the network. `hosts`: other hosts that its addresses may be at.
    """

    issuer: str
    client_id: str
    keys: Path
    levels: tuple[str, ...]
    signed_with: tuple[str, ...]
    scopes: tuple[str, ...] = ("openid", "profile")
    encrypted: bool = False
    subject: str = "sub"
    name: tuple[str, ...] = ("name",)
    assertion_audience: str = "issuer"
    gives_auth_time: bool = True
    hosts: tuple[str, ...] = ()
    pinned_keys: Path | None = None
    roles: Roles | None = None
    loopback: bool = field(default=False)
    """The provider is on this machine and speaks plain HTTP: in a test."""

    def __post_init__(self) -> None:
        self.address(self.issuer, "issuer")
        if "openid" not in self.scopes:
            raise ProviderSettingsError("scopes: openid is one of them, always")
        parts = urlsplit(self.issuer)
        if parts.query or parts.fragment:
            raise ProviderSettingsError("issuer: an address without a query (OpenID Connect Discovery, 3)")

    @classmethod
    def read(cls, path: Path, *, loopback: bool = False) -> ProviderSettings:
        """Read the file.

        Raises:
            ProviderSettingsError: it cannot be read, or a setting of it cannot be used; says which.
        """
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
            if len(content) > _LARGEST:
                raise ProviderSettingsError(f"{path} is larger than {_LARGEST} bytes: that is no such file")
            given: dict[str, Any] = _File().load(tomllib.loads(content.decode("utf-8")))
        except OSError as error:
            raise ProviderSettingsError(f"{path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise ProviderSettingsError(f"{path}: {_first_of(error.messages)}") from error
        except ValueError as error:
            raise ProviderSettingsError(f"{path} is not TOML: {error}") from error
        given["keys"] = path.parent / given["keys"]
        if given["pinned_keys"] is not None:
            given["pinned_keys"] = path.parent / given["pinned_keys"]
        if given["roles"] is not None:
            roles = given["roles"]
            given["roles"] = Roles(
                roles["claim"],
                roles["values"],
                tuple(roles.get("enterprise", ())),
                roles["enterprise_name"],
            )
        listed = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        return cls(**(given | listed), loopback=loopback)

    def address(self, url: object, name: str) -> addresses.Address:
        """Read one of the provider's addresses.

        Raises:
            ProviderSettingsError: it is not https, or at a host that is not the provider's.
        """
        if not isinstance(url, str):
            raise ProviderSettingsError(f"{name}: the provider gives no address for it")
        try:
            address = addresses.parse(url, loopback=self.loopback)
        except MalformedRequestError as error:
            raise ProviderSettingsError(f"{name}: {str(error).removeprefix('url: ')}") from error
        own = (urlsplit(self.issuer).hostname or "").lower()
        if address.host not in (own, *self.hosts):
            raise ProviderSettingsError(
                f"{name}: at another host than the issuer's; is that host the provider's, name it in `hosts`"
            )
        return address


def _first_of(messages: Any, path: str = "") -> str:
    """The first thing that marshmallow says, with where: one is put right at a time."""
    if isinstance(messages, dict):
        name, inner = next(iter(messages.items()))
        return _first_of(inner, f"{path}.{name}" if path else str(name))
    return f"{path}: {messages[0] if isinstance(messages, list) else messages}"
