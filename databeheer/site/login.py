"""`databeheer login`: the identity provider at which people log in (docs/how-to/log-in.md)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from databeheer.clock import SystemClock
from databeheer.identity.oidc import checking, own_keys
from databeheer.identity.oidc.courier import DirectErrands
from databeheer.identity.oidc.own_keys import OwnKeys
from databeheer.identity.oidc.provider import OpenIDProvider
from databeheer.identity.oidc.settings import (
    ENCRYPTED_WITH,
    LOOPBACK_VARIABLE,
    VARIABLE,
    ProviderSettings,
)
from databeheer.site.home import Home

CALLBACK = "/aanmelden/terug"
_FILE = click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path),
    help=f"The provider's settings; else {VARIABLE}, else identity/provider.toml in the house.",
)


@click.group()
def login() -> None:
    """The identity provider at which people log in (docs/how-to/log-in.md)."""


@login.command()
@_FILE
@click.option(
    "--make",
    is_flag=True,
    help="Make them first: one to sign. An existing file is left as it is.",
)
@click.option(
    "--add-encryption",
    type=click.Choice(ENCRYPTED_WITH),
    help="Add a key to open tokens with, beside those that are there.",
)
def keys(file: Path | None, make: bool, add_encryption: str | None) -> None:
    """Print the public halves of our own keys, as a JWKS: what the provider has to register."""
    settings = _settings(file)
    if make:
        try:
            own_keys.make(settings.keys)
        except FileExistsError as error:
            raise click.ClickException(f"{settings.keys} is there already; nothing was changed") from error
    if add_encryption is not None:
        own_keys.add_opening(settings.keys, add_encryption)
    click.echo(json.dumps(OwnKeys.read(settings.keys).public, indent=2))


@login.command()
@_FILE
def check(file: Path | None) -> None:
    """Try the provider: what it says of itself, its keys, and a dry run with a code that does not exist.

    Goes out from here as the courier would, and logs nobody in. Exit status 1 where something has to be done first.
    """
    settings = _settings(file)
    provider = OpenIDProvider(settings, OwnKeys.read(settings.keys), DirectErrands(settings))
    base = os.environ.get("DATABEHEER_BASE_URL") or "http://127.0.0.1:8000"
    is_good = True
    for finding in checking.check(provider, base + CALLBACK, SystemClock().now()):
        click.echo(("ok   " if finding.is_good else "not  ") + finding.text)
        is_good = is_good and finding.is_good
    raise click.exceptions.Exit(0 if is_good else 1)


def _settings(file: Path | None) -> ProviderSettings:
    named = file or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    return ProviderSettings.read(
        named or Home.from_environment().provider_file, loopback=os.environ.get(LOOPBACK_VARIABLE) == "1"
    )
