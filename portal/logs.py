"""Logging of our processes; a module of its own, so that the small ones need not load the web."""

import logging
import sys


def configure_logging(level: str) -> None:
    """Log to standard error, one line an event; no bodies, no headers, no query strings."""
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for noisy in ("httpx", "httpcore", "fontTools", "weasyprint", "pyhanko", "pyhanko_certvalidator", "arq.worker"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
