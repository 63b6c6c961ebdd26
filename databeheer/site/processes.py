"""Start one process of the house, with the environment that it needs and no other secret."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONWARNINGS")
_PR_SET_PDEATHSIG = 1


def start(
    name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path
) -> subprocess.Popen[bytes]:
    """Start `python -m ...` with exactly this environment (and a few harmless variables).

    Output goes to `<logs>/<name>.log`. The child leads a session of its own, so that Ctrl-C reaches the
    supervisor alone, and ends when the supervisor dies, however it dies (Linux).
    """
    passed = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (logs / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *command],
            env={**passed, **environment},
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )


def end(process: subprocess.Popen[bytes], patience_seconds: float = 10.0) -> None:
    """Ask a process to end; kill it where it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
