# Every stable variant really relaxed, in chunks of samples, and some of them by LAMMPS alone.

TRUTH_RESULTS = [f"{HERE}/truth.nc", f"{HERE}/truth_check.csv"]
CHECK_JOBS = min(4, config["truth"]["checked_variants"])
# Finished samples of chunks that are not finished.
FINISHED = f"{HERE}/truth/.finished"
RELAXER = config["truth"]["relaxer"]
FORCE_CONSTANTS = {} if RELAXER == "sparse" else {"force_constants": f"{HERE}/force_constants.nc"}
# Seconds for one variant of a 4^3 cell with a vacancy, several times what was measured, and how
# they grow with the number of atoms. LAMMPS knows no symmetry.
SECONDS_4 = {"newton": 0.05, "sparse": 0.3, "lammps": 10.0}
GROWTH = {"newton": 0.8, "sparse": 0.8, "lammps": 1.3}


def seconds_per_variant(relaxer, wildcards):
    slower = 1 if relaxer == "lammps" else asymmetry(wildcards)
    return slower * SECONDS_4[relaxer] * (ATOMS[wildcards.structure] / 128) ** GROWTH[relaxer]


def minutes_to_relax(wildcards):
    """Time limit of one chunk, if all its variants are stable."""
    first, last = map(int, wildcards.chunk.split("-"))
    variants = (last - first + 1) * LAMBDAS
    return minutes_to_set_up(wildcards) + variants * seconds_per_variant(RELAXER, wildcards) / 60


def minutes_to_check(wildcards):
    """Time limit of one share of the checks by plain LAMMPS."""
    variants = math.ceil(config["truth"]["checked_variants"] / CHECK_JOBS)
    return minutes_to_set_up(wildcards) + variants * seconds_per_variant("lammps", wildcards) / 60


rule relax_variants:
    input:
        **FORCE_CONSTANTS,
        posterior=f"{STUDY}/posterior.nc",
        crystal=f"{HERE}/crystal.nc",
        reference=f"{HERE}/reference.nc",
        derivative=f"{HERE}/derivative.nc",
    output:
        f"{HERE}/truth/{{chunk}}.nc",
    log:
        f"{LOGS}/relax_variants_{{chunk}}.log",
    params:
        relaxer=RELAXER,
        lattice=config["crystal"]["lattice"],
        supercell=lambda wildcards: entry_of(wildcards).get("supercell"),
        finished=FINISHED,
        code=code_digest("truth", "posterior"),
    threads: RANKS
    group:
        "truth" if RANKS == 1 else None
    resources:
        **MPI,
        mem_mb=grows(mb_of_force_constants if FORCE_CONSTANTS else mb_of_cell),
        runtime=grows(minutes_to_relax),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_variants.py"


rule gather_truth:
    input:
        expand(f"{HERE}/truth/{{chunk}}.nc", chunk=chunks(), allow_missing=True),
    output:
        f"{HERE}/truth.nc",
    log:
        f"{LOGS}/gather_truth.log",
    params:
        finished=FINISHED,
        code=code_digest("truth"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/gather_truth.py"


rule check_truth:
    input:
        posterior=f"{STUDY}/posterior.nc",
        crystal=f"{HERE}/crystal.nc",
        reference=f"{HERE}/reference.nc",
        truth=f"{HERE}/truth.nc",
    output:
        f"{HERE}/truth/check_{{part}}.csv",
    log:
        f"{LOGS}/check_truth_{{part}}.log",
    params:
        structure=entry_of,
        variants=config["truth"]["checked_variants"],
        seed=config["posterior"]["seed"],
        parts=CHECK_JOBS,
        code=code_digest("truth_check", "posterior"),
    threads: RANKS
    resources:
        **MPI,
        mem_mb=grows(mb_of_cell),
        runtime=grows(minutes_to_check),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/check_truth.py"


rule gather_truth_check:
    input:
        expand(f"{HERE}/truth/check_{{part}}.csv", part=range(CHECK_JOBS), allow_missing=True),
    output:
        f"{HERE}/truth_check.csv",
    log:
        f"{LOGS}/gather_truth_check.log",
    params:
        code=code_digest("truth_check"),
    threads: 1
    resources:
        mem_mb=500,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/gather_truth_check.py"
