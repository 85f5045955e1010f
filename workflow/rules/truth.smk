# Every stable variant really relaxed, in chunks of samples, and some of them by LAMMPS alone.

TRUTH_RESULTS = [f"{STUDY}/truth.nc", f"{STUDY}/truth_check.csv"]
CHECK_JOBS = min(4, config["truth"]["checked_variants"])
# Finished samples of chunks that are not finished.
FINISHED = f"{STUDY}/truth/.finished"
RELAXER = config["truth"]["relaxer"]
FORCE_CONSTANTS = (
    {} if RELAXER == "sparse" else {"force_constants": f"{STUDY}/force_constants.nc"}
)
# Seconds for one variant of a 4^3 cell, several times what was measured, and how they grow with it.
SECONDS_4 = {"newton": 0.05, "sparse": 0.3, "lammps": 10.0}
GROWTH = {"newton": 0.8, "sparse": 0.8, "lammps": 1.3}


def seconds_per_variant(relaxer):
    return SECONDS_4[relaxer] * (ATOMS / 128) ** GROWTH[relaxer]


def minutes_to_relax(wildcards):
    """Time limit of one chunk, if all its variants are stable."""
    first, last = map(int, wildcards.chunk.split("-"))
    variants = (last - first + 1) * LAMBDAS
    return 2 + SET_UP_MINUTES + variants * seconds_per_variant(RELAXER) / 60


def minutes_to_check(wildcards):
    """Time limit of one share of the checks by plain LAMMPS."""
    variants = math.ceil(config["truth"]["checked_variants"] / CHECK_JOBS)
    return 2 + SET_UP_MINUTES + variants * seconds_per_variant("lammps") / 60


rule relax_variants:
    input:
        posterior=f"{STUDY}/posterior.nc",
        bulk=f"{STUDY}/bulk.nc",
        reference=f"{STUDY}/reference.nc",
        derivative=f"{STUDY}/derivative.nc",
        **FORCE_CONSTANTS,
    output:
        f"{STUDY}/truth/{{chunk}}.nc",
    log:
        f"{STUDY}/logs/relax_variants_{{chunk}}.log",
    params:
        relaxer=RELAXER,
        lattice=config["structure"]["lattice"],
        supercell=config["structure"]["supercell"],
        finished=FINISHED,
        code=code_digest("truth", "posterior"),
    threads: RANKS
    group:
        "truth" if RANKS == 1 else None
    resources:
        mem_mb=grows(BASE_MB + RANKS * (FORCE_CONSTANTS_MB if FORCE_CONSTANTS else SPARSE_MB)),
        runtime=grows(minutes_to_relax),
        **MPI,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_variants.py"


rule gather_truth:
    input:
        expand(f"{STUDY}/truth/{{chunk}}.nc", chunk=chunks()),
    output:
        f"{STUDY}/truth.nc",
    log:
        f"{STUDY}/logs/gather_truth.log",
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
        bulk=f"{STUDY}/bulk.nc",
        reference=f"{STUDY}/reference.nc",
        truth=f"{STUDY}/truth.nc",
    output:
        f"{STUDY}/truth/check_{{part}}.csv",
    log:
        f"{STUDY}/logs/check_truth_{{part}}.log",
    params:
        structure=config["structure"],
        variants=config["truth"]["checked_variants"],
        seed=config["posterior"]["seed"],
        parts=CHECK_JOBS,
        code=code_digest("truth_check", "posterior"),
    threads: RANKS
    resources:
        mem_mb=grows(BASE_MB + RANKS * SPARSE_MB),
        runtime=grows(minutes_to_check),
        **MPI,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/check_truth.py"


rule gather_truth_check:
    input:
        expand(f"{STUDY}/truth/check_{{part}}.csv", part=range(CHECK_JOBS)),
    output:
        f"{STUDY}/truth_check.csv",
    log:
        f"{STUDY}/logs/gather_truth_check.log",
    params:
        code=code_digest("truth_check"),
    threads: 1
    resources:
        mem_mb=500,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/gather_truth_check.py"
