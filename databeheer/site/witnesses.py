"""Witnesses of the house: the policy that the publisher keeps to, and the demo's own witness.

The demo's witness runs on the same machine and under the same user as the log. It shows what cosignatures are
and protects nobody; every place that names it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from databeheer.clock import Clock
from databeheer.site.home import Home
from ledger.errors import MalformedError
from ledger.files import make_directory, write_atomically
from ledger.policy import MAX_POLICY_LENGTH, parse_policy
from ledger.tiles import TileDirectory
from ledger.witness.gather import Gathering
from ledger.witness.keyfile import make_key_file, read_key_file

POLICY_VARIABLE = "DATABEHEER_WITNESS_POLICY"
FAIL_OPEN_VARIABLE = "DATABEHEER_WITNESS_FAIL_OPEN"


def gathering(environment: Mapping[str, str], origin: str, public: Path, clock: Clock) -> Gathering | None:
    """Return the witnesses of the policy file that is set, and publish that file; None where none is set.

    Raises:
        MalformedError: the file is no policy, or one of other logs; names the line.
    """
    file = environment.get(POLICY_VARIABLE)
    if not file:
        return None
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(MAX_POLICY_LENGTH + 1)
    except OSError as error:
        raise MalformedError(f"{POLICY_VARIABLE}: {error}") from error
    policy = parse_policy(data)
    if not policy.log_keys(origin):
        raise MalformedError(f"{POLICY_VARIABLE}: the policy has no line for the log {origin}")
    TileDirectory(public).write_policy(data)
    fails_open = environment.get(FAIL_OPEN_VARIABLE) == "1"
    return Gathering(policy, lambda: int(clock.now().timestamp()), fail_open=fails_open)


def make_demo_witness(home: Home, log_url: str, witness_url: str) -> None:
    """Make the demo's witness a key where it has none, and write the policy that asks for its cosignature."""
    if not home.witness_key.exists():
        make_directory(home.witness_key.parent)
        make_key_file(home.witness_key, f"{home.origin}/demo-witness")
    vkey = read_key_file(home.witness_key).vkey
    policy = (
        "# The demo's own witness. It is NOT independent: it runs on the same machine and under the same user as\n"
        "# the log, so it shows what cosignatures are and protects nobody. In earnest others run the witnesses:\n"
        "# the regulator, a consumers' body, another operator.\n"
        f"log {home.log_signer().vkey} {log_url}\n"
        f"witness demo-not-independent {vkey} {witness_url}\n"
        "quorum demo-not-independent\n"
    )
    write_atomically(home.witness_policy, policy.encode())
