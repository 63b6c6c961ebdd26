"""The commands of docs/how-to/tokens.md run as they stand there, from making a key to ending a token."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from databeheer.clock import SystemClock
from tests.house import Party, TheHouse
from tests.web.api.pages import Shell, blocks, where
from tests.web.programs import serving

BLOCKS = blocks("tokens.md")
KNOWN_FROM_HERE = "# from here the client is known"


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="this machine has no curl or no openssl"
)
def test_the_page_is_one_session_that_works(
    house: TheHouse, program_app: Flask, bram: Party, tmp_path: Path
) -> None:
    first = where(BLOCKS, KNOWN_FROM_HERE)
    with serving(program_app) as port:
        shell = Shell(tmp_path, {"HOST": f"http://127.0.0.1:{port}"})
        shell.run(BLOCKS[:first])
        added = house.operator(
            "registry.client.add",
            party_id=bram.party_id,
            profiles=["own"],
            public_key=(tmp_path / "my-certificate.pem").read_text(),
        )
        # The house's clock stands still, and the certificate began just now by the machine's.
        house.clock.set(SystemClock().now() + timedelta(minutes=1))
        now = str(int(house.clock.now().timestamp()))
        told = shell.run([BLOCKS[0].splitlines()[0], *BLOCKS[first:]], CLIENT_ID=added["client_id"], NOW=now)
    assert bram.name in told
    assert told.rstrip().endswith("401")
