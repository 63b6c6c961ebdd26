"""Log lines as JSON; the processes say what happened, never to whom (no identifier in a log line)."""

from __future__ import annotations

import logging
import sys

import structlog


def configure() -> None:
    """Write structlog's lines, and the standard library's warnings, to standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        # Standard error as it is when a line is written: whoever runs us inside another program may replace it.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
