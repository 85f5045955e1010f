"""What every script of the workflow shares: its log, one sentence instead of a traceback, ranks."""

import errno
import logging
import os
import shlex
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from relaxdiff.exceptions import InputError, LammpsError, RelaxationError
from relaxdiff.files.checksums import forget, record
from relaxdiff.running.mpi_library import LAUNCHER_VARIABLES
from relaxdiff.running.progress import TerminalFilter
from relaxdiff.running.ranks import rank_and_size

DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
RUNS_ON_RANKS = "RELAXDIFF_RUNS_ON_RANKS"  # set for the processes that a job has started as ranks


@contextmanager
def job(snakemake):
    """Log to the rule's log file and to the terminal; end with exit code 1 on an expected error.

    With the resource `tasks` above 1 the whole script runs on so many MPI ranks, started by the
    launcher that the resource `mpi` names. The first rank logs; another rank only reports an error
    that it alone has. The job's outputs are recorded, so that later damage to them is noticed.
    """
    tasks = snakemake.resources.get("tasks", 1)
    if tasks > 1 and RUNS_ON_RANKS not in os.environ:
        _become_ranks(snakemake, tasks)
    rank, ranks = rank_and_size() if tasks > 1 else (0, 1)
    if ranks != tasks:
        sys.exit(f"Error: {tasks} ranks wanted, {ranks} found: is the launcher of another MPI?")
    log = logging.getLogger(snakemake.rule)
    start = time.perf_counter()
    try:
        _set_up_logging(snakemake, rank, tasks)
        if ranks > 1:
            log.info("%d MPI ranks", ranks)
        if not rank:
            for path in snakemake.output:
                forget(path)
        yield log
        if not rank:
            for path in snakemake.output:
                record(path, snakemake.input)
        log.info("done in %.2f s", time.perf_counter() - start)
    except (InputError, LammpsError, RelaxationError) as error:
        if rank:
            time.sleep(1)  # if the first rank has the same error, it reports it and ends all ranks
        log.error("Error: %s", error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            log.exception("unexpected error")
            raise
        log.error("Error: %s: %s", error.filename or snakemake.output[0], error.strerror)
        sys.exit(1)
    except Exception:
        log.exception("unexpected error")
        raise


def _set_up_logging(snakemake, rank, tasks):
    """Everything goes to the log file; progress goes to the terminal only now and then."""
    # A full disk is reported once, not for every line of the log.
    logging.raiseExceptions = False
    terminal = logging.StreamHandler(sys.stderr)
    terminal.addFilter(TerminalFilter())
    handlers = [(terminal, f"{_name(snakemake)}: ")]
    if snakemake.log:
        mode = "a" if tasks > 1 else "w"
        handlers.append((logging.FileHandler(snakemake.log[0], mode=mode), ""))
    for handler, name in handlers:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {name}%(message)s", "%H:%M:%S"))
    logging.basicConfig(
        level=logging.ERROR if rank else logging.INFO,
        handlers=[handler for handler, _ in handlers],
    )


def _name(snakemake):
    """What a job is called on the terminal: 'relax_variants vacancy 010-019'."""
    return " ".join([snakemake.rule, *map(str, snakemake.wildcards)]).replace("%", "%%")


def _become_ranks(snakemake, tasks):
    """Replace this process by the launcher, which runs Snakemake's script again on every rank.

    The script contains the rule's inputs, outputs and parameters. As this process is replaced,
    signals go to the launcher directly, and the exit code is the launcher's.
    """
    name, *options = shlex.split(snakemake.resources.get("mpi", "mpiexec"))
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    launcher = shutil.which(name, path=beside)
    if launcher is None:
        sys.exit(f"Error: the resource mpi names {name}, which is not installed")
    for log in snakemake.log:
        Path(log).unlink(missing_ok=True)
    # Variables that a launcher around Snakemake has set for this process are not for the ranks.
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(LAUNCHER_VARIABLES)
    }
    environment = {
        # MPICH would let Slurm start the ranks, on hosts that are not known here. By default all
        # ranks share this host; other values of these variables in the environment are kept.
        "HYDRA_LAUNCHER": "fork",
        "HYDRA_RMK": "user",
        **own,
        RUNS_ON_RANKS: str(tasks),
        # Snakemake allows a job as many threads as it has cores: here the ranks use them.
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
    ranks = [sys.executable, "-m", "mpi4py", sys.argv[0]]
    os.execve(launcher, [launcher, *options, "-n", str(tasks), *ranks], environment)
