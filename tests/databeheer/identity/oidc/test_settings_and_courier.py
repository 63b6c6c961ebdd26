"""The settings say what is wrong with them, own keys are kept from others, and the courier goes where it may."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from databeheer.cli import cli
from databeheer.door.main import SettingsError, house_from
from databeheer.identity.oidc import own_keys
from databeheer.identity.oidc.courier import Courier, DirectErrands
from databeheer.identity.oidc.errands import LARGEST_ERRAND, CourierErrands, read_all
from databeheer.identity.oidc.errors import ProviderAwayError, ProviderSettingsError
from databeheer.identity.oidc.own_keys import OwnKeys
from databeheer.identity.oidc.settings import ProviderSettings
from databeheer.site.courier import main
from tests.house import TheHouse
from tests.identity_providers import LEVEL, ROLES, SETTINGS, lying
from tests.security.test_test_and_production import door_environment

GOOD = SETTINGS.format(issuer="https://login.example/op", client_id="us", level=LEVEL, signed_with="ES256")


def read(folder: Path, text: str) -> ProviderSettings:
    file = folder / "provider.toml"
    file.write_text(text)
    return ProviderSettings.read(file)


def test_a_file_of_settings_is_read_whole(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD + ROLES)
    assert settings.keys == tmp_path / "client.jwks"
    assert settings.roles is not None
    assert settings.roles.values["EA"] == "party"
    assert settings.subject == "sub"


@pytest.mark.parametrize(
    ("was", "becomes", "named"),
    [
        ("https://login.example/op", "http://login.example/op", "issuer: only https"),
        ("https://login.example/op", "https://127.0.0.1/op", "issuer: needs a host name"),
        ("https://login.example/op", "https://login.example/op?a=b", "issuer"),
        ('"openid", ', "", "openid"),
        (f'["{LEVEL}"]', "[]", "levels"),
        ('"ES256"', '"none"', "signed_with"),
        ('"ES256"', '"HS256"', "signed_with"),
        ("client_id", "client_secret", "client_"),
        ('keys = "client.jwks"', "", "keys"),
        ("levels", "levels = 3 #", "levels"),
        ("issuer =", "issuer", "TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, was: str, becomes: str, named: str) -> None:
    assert was in GOOD
    with pytest.raises(ProviderSettingsError, match=named):
        read(tmp_path, GOOD.replace(was, becomes))


def test_no_file_and_a_file_of_another_kind_are_told(tmp_path: Path) -> None:
    with pytest.raises(ProviderSettingsError, match="cannot be read"):
        ProviderSettings.read(tmp_path / "none.toml")
    with pytest.raises(ProviderSettingsError, match="larger"):
        read(tmp_path, "#" * 70_000)
    with pytest.raises(ProviderSettingsError, match="roles"):
        read(tmp_path, GOOD + ROLES.replace('"party"', '"operator"'))


def test_own_keys_that_others_can_read_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "client.jwks"
    with pytest.raises(ProviderSettingsError, match="login keys"):
        OwnKeys.read(path)
    own_keys.make(path, "ECDH-ES")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(ProviderSettingsError, match="chmod 600"):
        OwnKeys.read(path)
    path.chmod(0o600)
    path.write_text(json.dumps(OwnKeys.read(path).public))
    with pytest.raises(ProviderSettingsError, match="private keys"):
        OwnKeys.read(path)


def test_the_command_makes_keys_once_and_prints_no_private_half(tmp_path: Path) -> None:
    file = tmp_path / "provider.toml"
    file.write_text(GOOD)

    def keys(*more: str) -> tuple[int, str]:
        ran = CliRunner().invoke(cli, ["login", "keys", "--file", str(file), *more])
        return ran.exit_code, ran.output

    assert keys("--make")[0] == 0
    assert keys("--make")[0] != 0
    status, printed = keys("--add-encryption", "ECDH-ES")
    assert status == 0
    shown = json.loads(printed)["keys"]
    assert [(key["use"], key["alg"]) for key in shown] == [("sig", "ES256"), ("enc", "ECDH-ES")]
    private = json.loads((tmp_path / "client.jwks").read_text())["keys"]
    assert not any(key["d"] in printed for key in private)
    assert not any("d" in key for key in shown)


def test_a_door_has_one_provider_and_a_courier_for_it(house: TheHouse, tmp_path: Path) -> None:
    file = tmp_path / "provider.toml"
    file.write_text(GOOD + "encrypted = true\n")
    real = door_environment(house) | {"DATABEHEER_PROVIDER_FILE": str(file)}
    real.pop("DATABEHEER_PROVIDER_ISSUER", None)
    with_courier = real | {"DATABEHEER_COURIER_SOCKET": str(tmp_path / "courier.sock")}
    for environment, named in [
        (real, "COURIER_SOCKET"),
        (with_courier | {"DATABEHEER_DEMO": "1"}, "PROVIDER_FILE"),
        (with_courier | {"DATABEHEER_PROVIDER_ISSUER": "https://other.example"}, "PROVIDER_FILE"),
    ]:
        with pytest.raises(SettingsError, match=named):
            house_from(environment)
    own_keys.make(tmp_path / "client.jwks")
    with pytest.raises(ProviderSettingsError, match="add-encryption"):
        house_from(with_courier)
    own_keys.add_opening(tmp_path / "client.jwks", "ECDH-ES")
    built = house_from(with_courier)
    built.engine.dispose()
    assert built.provider is not None


def test_a_courier_says_what_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main({}) == 2
    assert main({"DATABEHEER_PROVIDER_FILE": str(tmp_path / "none")}) == 2
    assert "DATABEHEER_PROVIDER_FILE" in capsys.readouterr().err


@pytest.fixture
def settings(tmp_path: Path) -> ProviderSettings:
    return read(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("url", "numbers", "why"),
    [
        ("https://evil.example/", ["93.184.215.14"], "address-not-allowed"),
        ("http://login.example/op", ["93.184.215.14"], "address-not-allowed"),
        ("https://login.example@evil.example/", ["93.184.215.14"], "address-not-allowed"),
        ("https://login.example:22/", ["93.184.215.14"], "address-not-allowed"),
        ("https://login.example/op", ["10.0.0.1"], "address-not-public"),
        ("https://login.example/op", ["93.184.215.14", "169.254.169.254"], "address-not-public"),
        ("https://login.example/op", ["::1"], "address-not-public"),
        ("https://login.example/op", [], "address-not-public"),
    ],
)
def test_the_courier_goes_to_the_provider_on_the_open_internet_and_nowhere_else(
    settings: ProviderSettings, url: str, numbers: list[str], why: str
) -> None:
    with pytest.raises(ProviderAwayError, match=why):
        DirectErrands(settings, resolver=lambda *_: numbers).fetch(url)


@pytest.fixture
def courier(tmp_path: Path) -> Iterator[Path]:
    with lying() as liar:
        liar.answers["/away"] = lambda _: (302, b"")
        file = tmp_path / "provider.toml"
        file.write_text(GOOD.replace("https://login.example/op", liar.issuer))
        running = Courier(
            tmp_path / "courier.sock", DirectErrands(ProviderSettings.read(file, loopback=True))
        )
        running.start()
        yield tmp_path / "courier.sock"
        running.close()
        assert not (tmp_path / "courier.sock").exists()


def test_a_courier_follows_no_redirect_and_survives_what_is_no_errand(courier: Path, tmp_path: Path) -> None:
    file = ProviderSettings.read(tmp_path / "provider.toml", loopback=True)
    assert CourierErrands(courier).fetch(f"{file.issuer}/away").status == 302
    assert courier.stat().st_mode & 0o777 == 0o600
    for sent in (
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"url": 7}',
        b'{"url": "x", "form": {"a": 1}}',
        b'{"url": "x", "form": []}',
        b"x" * (LARGEST_ERRAND + 1),
    ):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(str(courier))
            try:
                caller.sendall(sent)
                caller.shutdown(socket.SHUT_WR)
                said = read_all(caller, 1000)
            except OSError:  # it hung up on too much
                continue
            assert json.loads(said) == {"failed": "errand-not-understood"}, sent
    with pytest.raises(ProviderAwayError, match="address-not-allowed"):
        CourierErrands(courier).fetch("https://evil.example/")
    assert CourierErrands(courier).fetch(f"{file.issuer}/away").status == 302


def test_a_courier_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProviderAwayError, match="courier-away"):
        CourierErrands(tmp_path / "none.sock").fetch("https://login.example/op")
