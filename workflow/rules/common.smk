# What all rules share: the library of this clone, the checked config, and the names of results.

import os
import re
import shlex
import sys
from pathlib import Path

import yaml

# Not `basedir`: if another Snakefile uses this one as a module, that is the other one's folder.
CLONE = Path(str(workflow.current_basedir)).parent.parent
# Whether this is a module with a given config, which `configfile` does not change.
IS_MODULE = workflow.modifier.skip_configfile
if not (CLONE / "src").is_dir():
    # Snakemake fetches a remote workflow's rules and scripts, but not the library beside them.
    print(
        "Error: relaxdiff runs from a clone on this disk: clone the repository and name the "
        "Snakefile in it",
        file=sys.stderr,
    )
    sys.exit(1)

# Jobs, also those in conda environments and on other hosts, import the library of this clone.
LIBRARY = str(CLONE / "src")
sys.path.insert(0, LIBRARY)
os.environ["PYTHONPATH"] = os.pathsep.join([LIBRARY, *filter(None, [os.environ.get("PYTHONPATH")])])


envvars:
    "PYTHONPATH",


# One thread in each job: the parallelism is between jobs.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

from snakemake.utils import update_config

from relaxdiff.study.config import file_problems, with_shipped_files
from relaxdiff.files.code_digest import code_digest
from relaxdiff.exceptions import SlurmError
from relaxdiff.study.input_check import check_input, printable
from relaxdiff.running.slurm import cancel_leftovers, closing_summary
from relaxdiff.structures.kinds import kind_of
from relaxdiff.structures.lattices import LATTICES


def refuse(problems):
    """End the run with a sentence for each of the problems, if there are any."""
    # Not a WorkflowError: that would wrap the sentences in file names and line numbers.
    for problem in problems:
        print(f"Error: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)


# Defaults are the clone's; a config.yaml in the folder where Snakemake runs overrides them.
DEFAULTS = CLONE / "config.yaml"
# Snakemake's own message on an unreadable file is long.
refuse(
    [printable(problem) for path in (DEFAULTS, "config.yaml") for problem in file_problems(path)]
)


configfile: DEFAULTS


if Path("config.yaml").exists() and not DEFAULTS.samefile("config.yaml"):

    configfile: "config.yaml"


if IS_MODULE:
    given, config = config, yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    update_config(config, given)
config = with_shipped_files(config, CLONE)
# Each job reads this file again; the contents of users' files are checked once, before all jobs.
PROBLEMS, ATOMS = check_input(
    config,
    CLONE / "workflow/schemas/config.schema.yaml",
    workflow.configfiles if workflow.is_main_process and not IS_MODULE else [],
    contents=workflow.is_main_process,
)
refuse(PROBLEMS)

STUDY = f"results/{config['study']}"
STRUCTURES = {entry["name"]: entry for entry in config["structures"]}
# What belongs to one structure, and its logs.
HERE = f"{STUDY}/{{structure}}"
LOGS = f"{STUDY}/logs/{{structure}}"
VARIANT = r"sample\d\d\d+_lambda[+-]\d+(\.\d+)?"


wildcard_constraints:
    structure="|".join(map(re.escape, STRUCTURES)),
    element="[A-Z][a-z]?",
    variant=VARIANT,
    chunk=r"\d+-\d+",
    part=r"\d+",
    supercell=r"\d+",
    solver="dense|sparse|energy|lammps",


def code_of(script):
    """A digest of a script in scripts/ and its code, a parameter of each rule that runs one."""
    return code_digest(CLONE / "scripts" / f"{script}.py")


def chunks():
    """Names of the truth jobs: ranges of samples such as 000-004, both ends included."""
    size, total = config["truth"]["samples_per_job"], config["posterior"]["samples"]
    return [f"{first:03d}-{min(first + size, total) - 1:03d}" for first in range(0, total, size)]


def certified_chunks(wildcards):
    """All chunks; ends the run, before any job starts, if nothing can be certified."""
    if config["derivative"]["solver"] != "dense":
        print(
            f"Error: derivative.solver: {config['derivative']['solver']} makes no "
            "second derivatives, which the target adaptive certifies predictions with: use dense",
            file=sys.stderr,
        )
        sys.exit(1)
    return expand(f"{HERE}/adaptive/{{chunk}}.nc", chunk=chunks(), allow_missing=True)


def fit_results(wildcards):
    """What the target fit makes; ends the run, before any job starts, without a `fit` to make."""
    if FIT is None:
        refuse(["fit: is null, so that the target fit has nothing to make: see config.yaml"])
    return FIT_RESULTS


def of_all_structures(paths):
    """Paths below HERE, for each structure of the study."""
    return expand(paths, structure=STRUCTURES)


def entry_of(wildcards):
    """A job's structure as in config.yaml, a parameter of the rules that depend on it."""
    return STRUCTURES[wildcards.structure]


def reference_file(source):
    """The fixed pair style's file, an input of rules that read a source; nothing if it has none."""
    return (source["reference"] or {}).get("file", []) if "reference" in source else []


def own_file(potential):
    """A potential's Python file of the user's, an input; nothing for one of the library's."""
    return potential if potential.endswith(".py") else []


def solutes_of(wildcards):
    """The solutes that a structure may have in addition to its crystal, a dict as in the config."""
    entry, solutes = entry_of(wildcards), config["crystal"]["solutes"]
    if config["crystal"]["lattice"] not in LATTICES:  # a compound may lack atoms of any
        return solutes
    return {element: solutes[element] for element in kind_of(entry).solutes_in(entry, solutes)}


def solute_bulks_of(wildcards):
    """The crystals of these solutes, inputs; solutes with a chemical potential have none."""
    lattices = solutes_of(wildcards).items()
    return [f"{STUDY}/bulk_{element}.nc" for element, given in lattices if isinstance(given, str)]


def file_of(wildcards):
    """The file that a structure is read from, an input; nothing if the structure is built."""
    return entry_of(wildcards).get("path", [])


def own_options():
    """Options of further commands for this run: its Snakefile, if not the default, and configs."""
    main = os.path.relpath(workflow.main_snakefile)
    configs = [os.path.relpath(path) for path in workflow.overwrite_configfiles]
    options = [] if main in ("Snakefile", "workflow/Snakefile") else ["-s", main]
    options += ["--configfile", *configs] if configs else []
    return f" {shlex.join(options)}" if options else ""


def cancel_leftover_jobs():
    """At the start of a run: jobs left by a killed run would write the same files."""
    try:
        cancelled = cancel_leftovers(os.getcwd())
    except SlurmError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
    if cancelled:
        print(
            f"Cancelled {len(cancelled)} Slurm jobs that an earlier, killed run left here: "
            + ", ".join(cancelled),
            file=sys.stderr,
        )


def print_closing_summary(logs):
    """At the end of a run under Slurm: what became of its jobs."""
    for line in closing_summary(logs):
        print(line, file=sys.stderr)


def figure_files(figures, folder):
    """Paths of figures in a folder, each as PDF and PNG."""
    return [f"{folder}/{figure.name}.{format}" for figure in figures for format in ("pdf", "png")]


# Of the report, which sorts them by name.
CATEGORIES = {
    "overview": "1. Overview",
    "table": "2. Tables",
    "structure": "3. Structures",
    "figure": "4. Figures",
    "page": "5. Interactive pages",
    "fit": "6. Fit",
}


def figure_outputs(figures, folder, subcategory, numbered=False, category=CATEGORIES["figure"]):
    """The same files as outputs of the rule that draws them, the PNGs in the report."""
    pdfs = [f"{folder}/{figure.name}.pdf" for figure in figures]
    pngs = []
    others = [figure for figure in figures if figure.name != "overview"]
    numbers = {figure.name: number for number, figure in enumerate(others, start=1)}
    for figure in figures:
        alone = figure not in others  # in a category of its own
        png = report(
            f"{folder}/{figure.name}.png",
            caption=f"../report/{figure.caption}",
            category=CATEGORIES["overview"] if alone else category,
            subcategory=subcategory,
            labels={
                "figure": (
                    f"{numbers[figure.name]}. {figure.title}"
                    if numbered and not alone
                    else figure.title
                )
            },
        )
        pngs.append(png)
    return pdfs + pngs


def table_output(path, title, caption, subcategory, category=CATEGORIES["table"]):
    """A table's page as an output."""
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=category,
        subcategory=subcategory,
        labels={"table": title},
    )
