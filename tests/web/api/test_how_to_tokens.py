"""The commands of docs/how-to/tokens.md run as they stand there, from making a key to ending a token."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests.house import Party, TheHouse
from tests.web.programs import serving

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "tokens.md"
KNOWN_FROM_HERE = "# from here the client is known"


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="this machine has no curl or no openssl"
)
def test_the_page_is_one_session_that_works(
    house: TheHouse, program_app: Flask, bram: Party, tmp_path: Path
) -> None:
    first = next(number for number, block in enumerate(blocks()) if KNOWN_FROM_HERE in block)
    with serving(program_app) as port:
        given = {**os.environ, "HOST": f"http://127.0.0.1:{port}"}

        def session(script: list[str], **more: str) -> str:
            done = subprocess.run(
                ["sh", "-eu", "-c", "\n".join(script)],
                env=given | more,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        session(blocks()[:first])
        added = house.operator(
            "registry.client.add",
            party_id=bram.party_id,
            profiles=["own"],
            public_key=(tmp_path / "my-certificate.pem").read_text(),
        )
        house.clock.advance(
            timedelta(minutes=1)
        )  # it stands still, and the certificate begins a moment later
        now = str(int(house.clock.now().timestamp()))
        told = session(
            [blocks()[0].splitlines()[0], *blocks()[first:]], CLIENT_ID=added["client_id"], NOW=now
        )
    assert bram.name in told
    assert told.rstrip().endswith("401")
