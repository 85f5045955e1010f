# What a run does before its first job and after its last one.

import logging
import tempfile
import time

from snakemake.logging import logger

from relaxdiff.files.checksums import damaged_files, set_aside
from relaxdiff.running.progress import duration

STARTED = time.monotonic()
DRY_RUN = re.compile(r"--dry-?run|-[a-zA-Z]*n[a-zA-Z]*")


def set_damaged_files_aside():
    """Runs before Snakemake looks for existing files: it judges them only by their age."""
    for path in (damaged := damaged_files(STUDY)):
        print(f"{path} is damaged: it is not what its job left.", file=sys.stderr)
    # A dry run changes nothing. If the folder is locked, another run is writing files.
    if not damaged or any(map(DRY_RUN.fullmatch, sys.argv[1:])) or locked():
        return
    try:
        removed = set_aside(damaged, STUDY)
    except OSError as error:
        print(f"Error: cannot change {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
    print(
        f"Set aside as NAME.damaged, to be made again: {len(damaged)} files; removed, because "
        f"made from them: {len(removed)} files.",
        file=sys.stderr,
    )


def locked():
    """Whether Snakemake runs in this folder, or was killed and not unlocked yet."""
    return any(Path(".snakemake/locks").glob("*"))


def need_writable_results():
    """Ends with one sentence, instead of Snakemake's traceback, if results cannot be written."""
    try:
        Path(STUDY).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=STUDY) as probe:
            probe.write(bytes(4096))
    except OSError as error:
        print(f"Error: cannot write to {STUDY}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


def print_outcome(took=True):
    """At the end of a run that made the summaries, or found them up to date.

    took: whether the run did anything, so that it is worth saying how long it took.
    """
    tables = {name: tables_of(name) for name in STRUCTURES}
    known = {name: found for name, found in tables.items() if "summary" in found}
    if known:
        from relaxdiff.statistics.closing_table import closing_table

        lines = [
            "",
            *closing_table(known),
            "",
            (f"The run took {duration(time.monotonic() - STARTED)}. " if took else "")
            + "Where to look:",
            f"  numbers   {STUDY}/*/summary.csv, explained in docs/files.md",
            f"  figures   {STUDY}/*/figures/",
            f"  one page  snakemake --report report.html{own_options()}",
        ]
        print(*lines, sep="\n", file=sys.stderr)


class OutcomeOfNothing(logging.Handler):
    """Snakemake calls no hook when nothing is to be done; it only says so."""

    def emit(self, record):
        if record.getMessage().startswith("Nothing to be done"):
            print_outcome(took=False)
            print_verdict()


def print_verdict():
    """At the end of a run, what came of the fit, if it was made and is not older than its parts."""
    summary, parts = Path(STUDY, "fit/fit.csv"), Path(STUDY, "fit/fit.nc")
    made = [path.stat().st_mtime for path in (parts, summary) if path.exists()]
    if FIT and of_properties(FIT):
        print_quantities(parts.with_name("quantities.csv"))
    elif FIT and summary.exists() and made == sorted(made):
        import pandas as pd

        found = pd.read_csv(summary, index_col="item")["value"]
        print(
            "",
            f"Fit of {found['structure']} to {found['target']}, {found['method']}: parameters "
            f"changed by {float(found['change_of_parameters']):.3g} %.",
            f"Verdict: {found['verdict']}.",
            f"  numbers   {STUDY}/fit/*.csv    potential   {STUDY}/fit/potential.snap    page   "
            f"{STUDY}/fit/fit.html",
            sep="\n",
            file=sys.stderr,
        )


def print_quantities(table):
    """What a fit has made of its targets, and of all else that it knows."""
    if not table.exists():
        return
    import pandas as pd

    found = pd.read_csv(table)
    print(
        "",
        found.to_string(index=False, na_rep="", float_format="{:.6g}".format),
        f"  numbers   {STUDY}/fit/*.csv    potential   {STUDY}/fit/potential.*    posterior about "
        f"it   {STUDY}/fit/posterior.nc",
        sep="\n",
        file=sys.stderr,
    )


def print_fit_warnings():
    """At the end of a run, also of a failed one, as a bad fit is often the reason.

    For a posterior from a file, only warnings on the structures of this study.
    """
    fit = Path(POSTERIOR_SOURCE)
    if not ENSEMBLE and fit.exists():
        from relaxdiff.files.datasets import read_dataset
        from relaxdiff.posterior.coverage import coverage_warnings
        from relaxdiff.posterior.fit_quality import fit_warnings

        posterior = read_dataset(fit)
        found = fit_warnings(posterior) if TRAINING else []
        for warning in [*found, *coverage_warnings(posterior, config["structures"])]:
            print(f"Warning: {printable(warning)} ({fit})", file=sys.stderr)


def tables_of(structure):
    """A structure's tables for `closing_table`, a dict; {} if its summary is older than results."""
    import pandas as pd

    here = Path(STUDY, structure)
    results = [Path(STUDY, "posterior.nc"), here / "predictions.nc", here / "truth.nc"]
    made = [path.stat().st_mtime for path in results if path.exists()]
    tables = {
        "summary": here / "summary.csv",
        "windows": here / "errors_by_window.csv",
        "check": here / "truth_check.csv",
    }
    tables = {name: path for name, path in tables.items() if path.exists()}
    if "summary" in tables and tables["summary"].stat().st_mtime < max(made, default=0):
        return {}
    return {name: pd.read_csv(path) for name, path in tables.items()}


def files_in_place_of_folders():
    """A sentence for each; otherwise Snakemake ends with a traceback when it looks for results."""
    study = Path(STUDY)
    folders = [*study.parents, study, *[study / name for name in STRUCTURES]]
    return [
        f"{path} is a file, where the folder for results has to be: move it away"
        for path in folders
        if path.exists() and not path.is_dir()
    ]


if workflow.is_main_process:
    refuse(files_in_place_of_folders())
    set_damaged_files_aside()
    logger.addHandler(OutcomeOfNothing())
