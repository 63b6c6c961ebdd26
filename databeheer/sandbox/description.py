"""What somebody who tries a sandbox needs: its address, the parties' credentials, the access points by state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from databeheer.sandbox.access_points import ACCESS_POINTS
from databeheer.sandbox.codes import SandboxCode
from databeheer.sandbox.filling import name_of, subject_of
from databeheer.sandbox.story import window
from databeheer.site.home import Home
from databeheer.values import format_instant

TENANT = "sandbox"
"""What stands in the tenant's place of the facade's token address."""
FACADE_AUDIENCE = f"https://login.microsoftonline.com/{TENANT}/v2.0"
"""What the clients of the Fluvius API write into an assertion when this is their tenant."""


def describe(home: Home, base_url: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """URL, credentials and access points: what `--json` prints."""
    return {
        "url": base_url,
        "login_url": f"{base_url}/aanmelden",
        "parties": [
            {
                "key": key,
                "name": party["name"],
                "party_id": party["party_id"],
                "client_id": party.get("client_id"),
                "client_secret": party.get("client_secret"),
                "subscription_key": party.get("subscription_key"),
                "signing_client_id": party["signing"]["client_id"],
                "signing_subscription_key": party["signing"]["subscription_key"],
                "private_key": party["private_key"],
                "token_url": f"{base_url}/oauth2/token",
                "api_url": f"{base_url}/api/v1",
                "facade_token_url": f"{base_url}/{TENANT}/oauth2/v2.0/token",
                "facade_url": f"{base_url}/esco-sbx/v3",
                "facade_audience": FACADE_AUDIENCE,
            }
            for key, party in facts["parties"].items()
        ],
        "access_points": list(_points(facts)),
        "ledger": {
            "url": f"{base_url}/ledger",
            "origin": home.origin,
            "vkey": home.log_signer().vkey,
            "door_vkey": home.door_signer().vkey,
        },
        "home": str(home.path),
    }


def who_logs_in(ordinary: Iterable[SandboxCode]) -> list[dict[str, Any]]:
    """Whom the stand-in for the identity provider offers: the customer of each access point."""
    states = {point.code: point.about for point in ACCESS_POINTS if point.is_registered}
    kinds = {code: _kind(code) for code in ordinary}
    return [
        {
            "sub": subject_of(code),
            "name": name_of(code),
            "age": None,
            "story": f"{code.text}: {text}",
            "role": "customer",
        }
        for code, text in (kinds | states).items()
    ]


def as_lines(description: Mapping[str, Any]) -> list[str]:
    """The same, for a person at a terminal."""
    ready = description["parties"][0]
    lines = [
        f"The sandbox is ready: {description['url']}",
        "",
        f"Party: {ready['name']}",
        f"  client id         {ready['client_id']}",
        f"  client secret     {ready['client_secret']}",
        f"  subscription key  {ready['subscription_key']}  (Fluvius-compatible interface)",
        f"  own API           {ready['api_url']}, tokens at {ready['token_url']}",
        f"  facade            {ready['facade_url']}, tokens at {ready['facade_token_url']}",
        f"  or, signed        client {ready['signing_client_id']} with the key {ready['private_key']}:",
        "                    docs/how-to/tokens.md, with that file as my-key.pem (private_key_jwt)",
        f"The customers log in at {description['login_url']}, without a password.",
        "",
        "Access points by state (docs/reference/sandbox.md says what each answers):",
    ]
    lines += [
        f"  {one['code']}  {one['ean']}  {one['reference']:<26}{one['about']}"
        + ("" if one["party"] == "ready" else f"  (as party {one['party']!r} of --json)")
        for one in description["access_points"]
    ]
    return lines


def _points(facts: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    last_day = date.fromisoformat(facts["last_day"])
    for point in ACCESS_POINTS:
        start, end = window(point, last_day)
        yield {
            "key": point.key,
            "about": point.about,
            "party": point.party,
            "code": point.code.text,
            "ean": point.code.ean.digits,
            "reference": point.reference,
            "permission_id": facts["permissions"].get(point.key),
            "granularity": point.asked.value,
            "from": format_instant(start),
            "until": format_instant(end),
            "api": {"status": point.own.status, "says": point.own.says},
            "facade": {"status": point.facade.status, "says": point.facade.says},
        }


def _kind(code: SandboxCode) -> str:
    fine = "by quarter-hours or hours" if code.by_quarter else "by days"
    return f"{code.commodity.value}, {fine}{', with injection' if code.has_injection else ''}"
