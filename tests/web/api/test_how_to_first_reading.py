"""The commands of docs/how-to/first-reading.md run as they stand there, with a customer who answers in between."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from flask import Flask

from tests.doors import CHECKOUT
from tests.house import Customer, Party
from tests.web.programs import serving

PAGE = CHECKOUT / "docs" / "how-to" / "first-reading.md"
PROGRAM = CHECKOUT / "docs" / "examples" / "python-client" / "first_reading.py"
GRANTED_FROM_HERE = "# from here the permission is active"


def test_the_page_leads_to_a_first_reading(
    program_app: Flask, measured: Customer, bram: Party, tmp_path: Path
) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    asking = [block for block in blocks if GRANTED_FROM_HERE not in block]
    [reading] = [block for block in blocks if GRANTED_FROM_HERE in block]
    with serving(program_app) as port:
        given = {
            **os.environ,
            "HOST": f"http://127.0.0.1:{port}",
            "CLIENT_ID": bram.client_id,
            "CLIENT_SECRET": bram.client_secret,
            "DAY": "2023-10-29",
            "PROGRAM": f"{sys.executable} {PROGRAM}",
        }

        def session(script: str, **more: str) -> str:
            done = subprocess.run(
                ["sh", "-eu", "-c", script],
                env=given | more,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        asked = session("".join(asking))
        assert asked.rstrip().endswith("not yet")
        [permission] = re.findall(r"^permission (\S+)$", asked, re.MULTILINE)
        [code] = re.findall(r"dienstverlener\?id=(\S+)", asked)
        measured.grant({"permission_id": permission, "link_code": code})
        assert "first: 0.294 kWh" in session(reading, PERMISSION=permission)


def test_the_program_that_the_page_names_is_where_it_says() -> None:
    assert f".venv/bin/python {PROGRAM.relative_to(CHECKOUT)}" in PAGE.read_text(encoding="utf-8")
