"""Tokens for tests: SoftHSM, which is software, behind the same PKCS#11 as a device. `make test` installs it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from databeheer.door.keys.token import TokenSettings

_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@cache
def module() -> Path:
    """Where SoftHSM's module is; skips the test where there is none."""
    found = next((Path(name) for name in _MODULES if Path(name).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("no SoftHSM (Debian's softhsm2, which `make test` installs)")
    return found


@dataclass
class SoftToken:
    """A token of its own, which can be pulled out."""

    shelf: Path
    label: str
    pin: str
    inside: Path
    pin_file: Path

    @property
    def settings(self) -> TokenSettings:
        return TokenSettings(module(), self.label, self.pin_file)

    @property
    def environment(self) -> dict[str, str]:
        """What names it to a door process."""
        return {
            "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"],
            "DATABEHEER_PKCS11_MODULE": str(module()),
            "DATABEHEER_PKCS11_TOKEN": self.label,
            "DATABEHEER_PKCS11_PIN_FILE": str(self.pin_file),
        }

    def pull(self) -> None:
        """Pull it out of the machine."""
        self.inside.rename(self.shelf / "away" / self.inside.name)

    def put_back(self) -> None:
        (self.shelf / "away" / self.inside.name).rename(self.inside)


@dataclass
class Shelf:
    """Where SoftHSM keeps the tokens of a test run."""

    folder: Path

    def token(self, label: str | None = None, pin_folder: Path | None = None) -> SoftToken:
        """A fresh token, initialised, with its PIN in a file."""
        label, pin = label or f"test-{secrets.token_hex(6)}", secrets.token_hex(8)
        tokens = self.folder / "tokens"
        before = set(tokens.iterdir())
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", pin]
        subprocess.run(command, check=True, capture_output=True)
        (inside,) = set(tokens.iterdir()) - before
        pin_file = (pin_folder or self.folder) / f"{inside.name}.pin"
        write_pin(pin_file, pin)
        return SoftToken(self.folder, label, pin, inside, pin_file)


def write_pin(file: Path, pin: str) -> None:
    """Write a PIN as its owner should: nobody else reads it."""
    file.touch(mode=0o600)
    file.write_text(f"{pin}\n")


def make_shelf(folder: Path) -> Shelf:
    """Make the place of the tokens, and tell SoftHSM, here and in processes that are started, where it is."""
    module()
    (folder / "tokens").mkdir()
    (folder / "away").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nslots.removable = true\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return Shelf(folder)
