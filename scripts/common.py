"""What every script of the workflow shares: its log, and one sentence instead of a traceback."""

import logging
import sys
import time
from contextlib import contextmanager

from relaxdiff.exceptions import InputError, LammpsError, RelaxationError


@contextmanager
def job(snakemake):
    """Log to the rule's log file and to the terminal; end with exit code 1 on an expected error."""
    handlers = [logging.StreamHandler(sys.stderr)]
    if snakemake.log:
        handlers.append(logging.FileHandler(snakemake.log[0], mode="w"))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers
    )
    log = logging.getLogger(snakemake.rule)
    start = time.perf_counter()
    try:
        yield log
        log.info("done in %.2f s", time.perf_counter() - start)
    except (InputError, LammpsError, RelaxationError) as error:
        log.error("Error: %s", error)
        sys.exit(1)
    except Exception:
        log.exception("unexpected error")
        raise
