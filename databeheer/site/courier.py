"""The courier's process: goes out to the identity provider for the door. It has no key and no login, and needs none."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from databeheer.errors import DatabeheerError
from databeheer.identity.oidc.courier import Courier, DirectErrands
from databeheer.identity.oidc.settings import LOOPBACK_VARIABLE, VARIABLE, ProviderSettings
from databeheer.logs import configure

SOCKET_VARIABLE = "DATABEHEER_COURIER_SOCKET"


def courier_from(environment: Mapping[str, str]) -> Courier:
    """Build the courier from its environment.

    Raises:
        KeyError: a setting is missing.
        ProviderSettingsError: the provider's file cannot be used.
    """
    loopback = environment.get(LOOPBACK_VARIABLE) == "1"
    settings = ProviderSettings.read(Path(environment[VARIABLE]), loopback=loopback)
    return Courier(Path(environment[SOCKET_VARIABLE]), DirectErrands(settings))


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Run errands until SIGTERM or SIGINT."""
    configure()
    try:
        courier = courier_from(environment)
    except KeyError as error:
        sys.stderr.write(f"the courier does not start: it needs {error.args[0]}\n")
        return 2
    except (DatabeheerError, OSError) as error:
        sys.stderr.write(f"the courier does not start: {error}\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    courier.start()
    stop.wait()
    courier.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
