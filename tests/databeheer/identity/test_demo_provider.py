"""The stand-in provider: signs for a demo person, for one address only, and never outside the demo."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from databeheer.clock import SettableClock
from databeheer.errors import UnauthenticatedError
from databeheer.identity.demo_key import ProviderKey, ProviderKeyError
from databeheer.identity.demo_provider import (
    ISSUER,
    DemoPerson,
    DemoProvider,
    DemoProviderError,
    main,
    read_people,
)
from databeheer.identity.provider import IdentityProvider

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NONCE, STATE = "n" * 43, "s" * 43
CALLBACK = "http://127.0.0.1:8000/aanmelden/terug"
MARIA = DemoPerson("maria", "Maria Peeters", 70, "Heeft zonnepanelen.", "customer")
INES = DemoPerson("ines", "Ines <Maes>", 45, "Controleert.", "inspector")


class Visitor:
    """Speaks WSGI to the provider."""

    def __init__(self, provider: DemoProvider) -> None:
        self.provider = provider

    def send(
        self, method: str, path: str, fields: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        text = urlencode(fields or {})
        seen: list[tuple[str, list[tuple[str, str]]]] = []
        environ: dict[str, object] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": text if method == "GET" else "",
            "CONTENT_LENGTH": str(len(text)) if method == "POST" else "",
            "wsgi.input": BytesIO(text.encode()),
        }
        body = b"".join(self.provider(environ, lambda status, headers: seen.append((status, headers))))
        status, headers = seen[0]
        return int(status.split()[0]), dict(headers), body.decode()

    def authorize(self, **changed: str) -> tuple[int, dict[str, str], str]:
        fields = {"nonce": NONCE, "redirect_uri": CALLBACK, "state": STATE} | changed
        return self.send("GET", "/authorize", fields)

    def choose(self, sub: str, **changed: str) -> tuple[int, dict[str, str], str]:
        return self.send("POST", "/choose", {"nonce": NONCE, "state": STATE, "sub": sub} | changed)


@pytest.fixture
def key(tmp_path: Path) -> ProviderKey:
    return ProviderKey.open(tmp_path / "provider.key")


@pytest.fixture
def visitor(key: ProviderKey) -> Visitor:
    return Visitor(DemoProvider(key, [MARIA, INES], CALLBACK, SettableClock(NOW)))


@pytest.fixture
def door_side(key: ProviderKey) -> IdentityProvider:
    return IdentityProvider(ISSUER, "databeheer", key.public, "")


def answer_in(headers: dict[str, str]) -> str:
    return parse_qs(urlsplit(headers["Location"]).query)["answer"][0]


def test_the_page_lists_every_demo_person_escaped(visitor: Visitor) -> None:
    status, headers, html = visitor.authorize()
    assert status == 200
    assert "Maria Peeters" in html
    assert "Ines &lt;Maes&gt;" in html
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert " style=" not in html


def test_the_door_believes_the_signed_answer(visitor: Visitor, door_side: IdentityProvider) -> None:
    status, headers, _ = visitor.choose("maria")
    assert status == 303
    assert headers["Location"].startswith(f"{CALLBACK}?")
    assert parse_qs(urlsplit(headers["Location"]).query)["state"] == [STATE]
    identity = door_side.check(answer_in(headers), NONCE, NOW)
    assert (identity.subject, identity.name, identity.role) == ("maria", "Maria Peeters", "customer")


def test_an_inspector_is_signed_as_one(visitor: Visitor, door_side: IdentityProvider) -> None:
    assert door_side.check(answer_in(visitor.choose("ines")[1]), NONCE, NOW).role == "inspector"


@pytest.mark.parametrize(
    ("nonce", "later"),
    [("m" * 43, timedelta()), (NONCE, timedelta(minutes=3))],
    ids=["other nonce", "too late"],
)
def test_an_answer_serves_one_log_in_for_two_minutes(
    visitor: Visitor, door_side: IdentityProvider, nonce: str, later: timedelta
) -> None:
    with pytest.raises(UnauthenticatedError):
        door_side.check(answer_in(visitor.choose("maria")[1]), nonce, NOW + later)


def test_another_providers_key_signs_nothing_here(visitor: Visitor, tmp_path: Path) -> None:
    stranger = ProviderKey.open(tmp_path / "stranger.key")
    with pytest.raises(UnauthenticatedError):
        IdentityProvider(ISSUER, "databeheer", stranger.public, "").check(
            answer_in(visitor.choose("maria")[1]), NONCE, NOW
        )


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://elsewhere.example/aanmelden/terug"},
        {"redirect_uri": f"{CALLBACK}/more"},
        {"redirect_uri": f"{CALLBACK}@elsewhere.example"},
        {"nonce": "short"},
        {"nonce": '"><script>'},
        {"state": ""},
        {"extra": "field"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_wrong_question_gets_no_list_of_people(visitor: Visitor, changed: dict[str, str]) -> None:
    status, _, html = visitor.authorize(**changed)
    assert status == 400
    assert "Maria" not in html
    assert "elsewhere" not in html


@pytest.mark.parametrize(
    ("sub", "changed"),
    [
        ("joris", {}),
        ("maria", {"nonce": "x"}),
        ("maria", {"role": "inspector"}),
        ("maria", {"filler": "f" * 5000}),
    ],
    ids=["unknown person", "short nonce", "a field of one's own", "too long"],
)
def test_a_wrong_choice_is_not_signed(visitor: Visitor, sub: str, changed: dict[str, str]) -> None:
    status, headers, _ = visitor.choose(sub, **changed)
    assert status == 400
    assert "Location" not in headers


def test_it_refuses_to_start_outside_the_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["--key", str(tmp_path / "k"), "--people", str(tmp_path / "p"), "--redirect-uri", CALLBACK]
    with pytest.raises(SystemExit) as stopped:
        main(["--port", "0", *paths])
    assert stopped.value.code == 2
    assert "--demo" in capsys.readouterr().err
    assert not (tmp_path / "k").exists()


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = ProviderKey.open(tmp_path / "provider.key")
    assert ProviderKey.open(tmp_path / "provider.key").public == first.public
    assert (tmp_path / "provider.key").stat().st_mode & 0o077 == 0
    assert len((tmp_path / "provider.key.pub").read_text().strip()) == 43


@pytest.mark.parametrize("text", ["", "AAAA", "not base64 at all!", "é"])
def test_a_damaged_key_file_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "provider.key").write_text(text, encoding="utf-8")
    with pytest.raises(ProviderKeyError):
        ProviderKey.open(tmp_path / "provider.key")


@pytest.mark.parametrize(
    "rows",
    [
        "not json",
        "{}{}",
        json.dumps([{"sub": "maria"}]),
        json.dumps([vars(MARIA) | {"role": "operator"}]),
        json.dumps([vars(MARIA) | {"password": "x"}]),
        json.dumps([vars(MARIA), vars(MARIA)]),
    ],
    ids=["no json", "two values", "half a person", "unknown role", "unknown field", "twice"],
)
def test_a_wrong_file_of_people_stops_the_start(tmp_path: Path, rows: str) -> None:
    (tmp_path / "people.json").write_text(rows)
    with pytest.raises(DemoProviderError):
        read_people(tmp_path / "people.json")
