"""The commands of docs/how-to/bring-mandates-along.md run as they stand there, with the file that it shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from tests.databeheer.mandate_imports.importing import line, paper, sweep
from tests.house import Customer, Party, TheHouse
from tests.web.programs import serving

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "bring-mandates-along.md"
DOCUMENT = paper("ref-1")


@pytest.mark.skipif(shutil.which("curl") is None, reason="left out: this machine has no curl")
def test_the_page_brings_its_mandate_along_and_hands_its_paper_in(
    house: TheHouse, program_app: Flask, lotte: Customer, bram: Party, tmp_path: Path
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = [one.strip() for one in page.splitlines() if one.startswith("    ") and one.count(",") == 7]
    file = re.sub(r"[0-9a-f]{64}", line("ref-1")["documentSha256"], "\n".join(shown))
    (tmp_path / "mandates.csv").write_text(file)
    (tmp_path / "mandate.pdf").write_bytes(DOCUMENT)
    send, *after = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(after) == 2
    with serving(program_app) as port:

        def run(*blocks: str) -> str:
            done = subprocess.run(
                ["sh", "-eu", "-c", "\n".join(blocks)],
                env={**os.environ, "HOST": f"http://127.0.0.1:{port}", "TOKEN": bram.token},
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        assert '"import":null' in run(send)
        sweep(house)
        out = run(send, *after)  # the same file again is the same import
    assert '"state":"sampled"' in out
    assert '"is_here":true' in out
    assert bram.call("mandate_import.list")["imports"][0]["rows"] == 1
    assert len(bram.call("mandate_import.list")["imports"]) == 1
