"""The door's process: reads its settings, opens its key store, serves its socket until SIGTERM."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import threading
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError

from databeheer.access import catalogue
from databeheer.clock import Clock, SystemClock
from databeheer.door.bodies.opened import check_keys
from databeheer.door.house import House
from databeheer.door.keys.place import epoch_keys
from databeheer.door.keys.store import KeyStore
from databeheer.door.restore.gap_watch import LedgerSetBackError
from databeheer.door.server import DoorServer
from databeheer.door.service import DoorService
from databeheer.errors import DatabeheerError
from databeheer.identity.oidc.errands import CourierErrands
from databeheer.identity.oidc.own_keys import OwnKeys
from databeheer.identity.oidc.provider import OpenIDProvider
from databeheer.identity.oidc.settings import LOOPBACK_VARIABLE, VARIABLE, ProviderSettings
from databeheer.identity.provider import DEMO_ISSUER, IdentityProvider, Provider
from databeheer.identity.sessions import FRESH_TERM, IDLE_TERM, SESSION_TERM
from databeheer.joins.signature import JoinListFiles
from databeheer.logs import configure
from databeheer.storage.engine import make_engine
from ledger.checkpoint import parse_checkpoint
from ledger.errors import MalformedError
from ledger.note import SigningKey

AUDIENCE = "databeheer"
LONGEST_MINUTES = SESSION_TERM // timedelta(minutes=1)


LONGEST_SECRET_LINE = 200


class SettingsError(DatabeheerError):
    """A setting is missing; the message names it."""

    code = "settings"


def house_from(environment: Mapping[str, str], clock: Clock | None = None) -> House:
    """Build the door's means from its environment; `clock` is for the demo's storyteller.

    Raises:
        SettingsError: a setting is missing, by name.
        KeyStoreError, KeysAwayError: the key store does not open; why, in words.
    """

    def required(name: str) -> str:
        if not environment.get(name):
            raise SettingsError(f"the door needs {name}")
        return environment[name]

    origin, keys = required("DATABEHEER_LEDGER_ORIGIN"), Path(required("DATABEHEER_KEYS"))
    seed = bytes.fromhex(Path(required("DATABEHEER_PROMISE_KEY")).read_text())
    return House(
        engine=make_engine(required("DATABEHEER_DOOR_DATABASE_URL"), pool_size=20, max_overflow=20),
        keys=KeyStore(keys, epoch_keys(keys, environment)),
        clock=clock or SystemClock(),
        catalogue=catalogue.load(),
        origin=origin,
        promise_key=SigningKey(f"{origin}/door", seed),
        operator_key_hash=bytes.fromhex(Path(required("DATABEHEER_OPERATOR_KEY_HASH")).read_text()),
        intake_key_hash=bytes.fromhex(Path(required("DATABEHEER_INTAKE_KEY_HASH")).read_text()),
        clerk_key_hash=bytes.fromhex(Path(required("DATABEHEER_CLERK_KEY_HASH")).read_text()),
        provider=_provider(environment),
        public_url=required("DATABEHEER_BASE_URL"),
        facade_audience=environment.get("DATABEHEER_FACADE_AUDIENCE", ""),
        joins=JoinListFiles.from_environment(environment),
        postman_key_hash=_hash_in(environment.get("DATABEHEER_POSTMAN_KEY_HASH")),
        proxy_key_hash=_hash_in(environment.get("DATABEHEER_PROXY_KEY_HASH")),
        sends_email=environment.get("DATABEHEER_SENDS_EMAIL") == "1",
        sends_sms=environment.get("DATABEHEER_SENDS_SMS") == "1",
        ocmw_channel=_secret_line(environment, "DATABEHEER_OCMW_CHANNEL_FILE"),
        data_manager_email=_address_in(environment, "DATABEHEER_DATA_MANAGER_EMAIL"),
        loopback_webhooks=environment.get("DATABEHEER_LOOPBACK_WEBHOOKS") == "1",
        fresh_log_in=_minutes_in(environment, "DATABEHEER_FRESH_LOGIN_MINUTES", FRESH_TERM),
        idle=_minutes_in(environment, "DATABEHEER_IDLE_MINUTES", IDLE_TERM),
    )


def _minutes_in(environment: Mapping[str, str], name: str, otherwise: timedelta) -> timedelta:
    given = environment.get(name, "")
    if not given:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,2}", given) or not 1 <= int(given) <= LONGEST_MINUTES:
        raise SettingsError(f"{name} is a whole number of minutes from 1 to {LONGEST_MINUTES}")
    return timedelta(minutes=int(given))


def _secret_line(environment: Mapping[str, str], name: str) -> str:
    """Read one line from a file that its owner alone can read; empty where none is named."""
    given = environment.get(name)
    if not given:
        return ""
    path = Path(given)
    try:
        is_private = path.stat().st_mode & 0o077 == 0
        line = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: this file cannot be read") from error
    if not is_private or not 0 < len(line) <= LONGEST_SECRET_LINE or not line.isprintable():
        raise SettingsError(f"{name}: one line of at most 200 signs, in a file with mode 0600")
    return line


def _address_in(environment: Mapping[str, str], name: str) -> str:
    given = environment.get(name, "")
    if given and not re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", given):
        raise SettingsError(f"{name} is one e-mail address: name@house.example")
    return given


def _hash_in(file: str | None) -> bytes | None:
    return bytes.fromhex(Path(file).read_text()) if file else None


def _provider(environment: Mapping[str, str]) -> Provider | None:
    """The one identity provider that is believed, if one is set up: the stand-in by the demo's house alone (R134)."""
    issuer, file = environment.get("DATABEHEER_PROVIDER_ISSUER"), environment.get(VARIABLE)
    if file:
        if issuer or environment.get("DATABEHEER_DEMO") == "1":
            raise SettingsError(
                f"{VARIABLE}: a house has one identity provider, so unset DATABEHEER_PROVIDER_ISSUER; and a demo has"
                " the stand-in alone"
            )
        return _openid_provider(Path(file), environment)
    if not issuer:
        return None
    if (issuer == DEMO_ISSUER) != (environment.get("DATABEHEER_DEMO") == "1"):
        raise SettingsError(
            "DATABEHEER_PROVIDER_ISSUER: the demo's stand-in is believed in a demo (DATABEHEER_DEMO=1) and nowhere"
            " else, and a demo believes nobody else"
        )
    text = Path(environment["DATABEHEER_PROVIDER_PUBLIC_KEY"]).read_text().strip()
    key = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return IdentityProvider(issuer, AUDIENCE, key, environment["DATABEHEER_PROVIDER_URL"])


def _openid_provider(file: Path, environment: Mapping[str, str]) -> OpenIDProvider:
    if not environment.get("DATABEHEER_COURIER_SOCKET"):
        raise SettingsError(
            "the door needs DATABEHEER_COURIER_SOCKET: the courier goes out to the provider for it"
        )
    settings = ProviderSettings.read(file, loopback=environment.get(LOOPBACK_VARIABLE) == "1")
    errands = CourierErrands(Path(environment["DATABEHEER_COURIER_SOCKET"]))
    return OpenIDProvider(settings, OwnKeys.read(settings.keys), errands)


def check_ledger(house: House, published: str | None) -> None:
    """See that the database is not an older one than what was recorded or published, before anything is appended.

    `published` is the directory of the published log, where the door can read it: it tells of a set-back too when
    the journal of ends was put back with the database.

    Raises:
        LedgerSetBackError: it is; `databeheer ledger restore` comes first.
    """
    with house.turn() as turn:  # looks at the journal, and for entries without bodies
        size = turn.size
    if published is None:
        return
    try:
        text = (Path(published) / "checkpoint").read_bytes().decode("utf-8").rpartition("\n\n")[0]
        signed = parse_checkpoint(text + "\n").size
    except (OSError, UnicodeDecodeError, MalformedError):
        return  # nothing is published yet, or not to be read here: the publisher has its own look
    if signed > size:
        raise LedgerSetBackError(
            f"the database's ledger has {size} entries, and {signed} are published: an older backup was put back. "
            "Give: databeheer ledger restore (docs/how-to/restore.md)"
        )


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    configure()
    try:
        house = house_from(os.environ)
        check_keys(house)
        check_ledger(house, os.environ.get("DATABEHEER_LEDGER_DIRECTORY"))
        server = DoorServer(Path(os.environ["DATABEHEER_DOOR_SOCKET"]), DoorService(house))
    except OperationalError:
        sys.stderr.write("the door does not start: the database does not answer\n")
        return 2
    except KeyError as error:
        sys.stderr.write(f"the door does not start: it needs {error.args[0]}\n")
        return 2
    except (DatabeheerError, OSError, ValueError) as error:
        sys.stderr.write(f"the door does not start: {error}\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    gc.freeze()  # what is there now lives as long as the door: a large answer must not have it looked through
    server.start()
    stop.wait()
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
