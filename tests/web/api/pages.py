"""Pages of docs/how-to whose commands are run as they stand there, against a served house."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[str]:
    """Return the blocks of commands of a page, `page.md`, in their order."""
    return _BLOCK.findall((HOW_TO / page).read_text(encoding="utf-8"))


def where(blocks_of_page: Sequence[str], words: str) -> int:
    """Return the place of the first block that says this."""
    return next(number for number, block in enumerate(blocks_of_page) if words in block)


@dataclass(frozen=True)
class Shell:
    """A reader's shell, in a folder of its own, with what the page says to fill in; no command may fail."""

    folder: Path
    known: Mapping[str, str]

    def run(self, script: Sequence[str], **more: str) -> str:
        """Run blocks as one session; return what they printed."""
        done = subprocess.run(
            ["sh", "-eu", "-c", "\n".join(script)],
            env={**os.environ, **self.known, **more},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
