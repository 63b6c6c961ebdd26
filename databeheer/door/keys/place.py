"""Where the epoch keys of a store lie: in files beside it, or under a token that the environment names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from databeheer.door.keys.epochs import EpochKey, EpochKeys, KeyStoreError
from databeheer.door.keys.files import FileEpochKeys

MODULE, TOKEN, PIN_FILE = SETTINGS = (
    "DATABEHEER_PKCS11_MODULE",
    "DATABEHEER_PKCS11_TOKEN",
    "DATABEHEER_PKCS11_PIN_FILE",
)
MOVE = "DATABEHEER_PKCS11_MOVE"


def epoch_keys(folder: Path, environment: Mapping[str, str]) -> EpochKeys:
    """Return the place of the epoch keys of the store in `folder`, or of one that is made there.

    Raises:
        KeyStoreError: a setting of the token is missing, by name; or the store that is there is of the other kind.
    """
    given = [name for name in SETTINGS if environment.get(name)]
    in_token = (folder / "store.token").exists()
    if not given:
        if in_token:
            raise KeyStoreError(
                f"the roots of this key store are in a token: name it by {', '.join(SETTINGS)}"
            )
        return FileEpochKeys(folder)
    if len(given) < len(SETTINGS):
        missing = next(name for name in SETTINGS if name not in given)
        raise KeyStoreError(f"a token is named, and {missing} is not")
    # Here, not above: a house without a token needs no PKCS#11.
    from databeheer.door.keys.token import TokenSettings
    from databeheer.door.keys.token_keys import TokenEpochKeys

    settings = TokenSettings(Path(environment[MODULE]), environment[TOKEN], Path(environment[PIN_FILE]))
    files, token = FileEpochKeys(folder), TokenEpochKeys(folder, settings)
    if not files.numbers():
        return token
    if environment.get(MOVE) != "1":
        raise KeyStoreError(
            f"the epoch keys of this store are files, and a token is named: with {MOVE}=1 the next rotation moves them"
        )
    return MovingEpochKeys(files, token)


class MovingEpochKeys:
    """Epoch keys that are files yet, of which the next comes under a token."""

    def __init__(self, files: EpochKeys, token: EpochKeys) -> None:
        self._files, self._token = files, token

    def put(self, number: int, key: bytes) -> EpochKey:
        return self._token.put(number, key)

    def open(self, number: int) -> EpochKey:
        return (self._files if number in self._files.numbers() else self._token).open(number)

    def destroy(self, number: int) -> None:
        if number in self._token.numbers():
            self._token.destroy(number)
        self._files.destroy(number)

    def numbers(self) -> list[int]:
        return sorted({*self._files.numbers(), *self._token.numbers()})
