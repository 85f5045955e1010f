# Every stable variant is really relaxed, in chunks of samples, and some again by plain LAMMPS.

TRUTH_RESULTS = [f"{HERE}/truth.nc", f"{HERE}/truth_check.csv"]
# Finished samples of unfinished chunks.
FINISHED = f"{HERE}/truth/.finished"
RELAXER = config["truth"]["relaxer"]
FORCE_CONSTANTS = {} if RELAXER == "sparse" else {"force_constants": f"{HERE}/force_constants.nc"}


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
        crystal=CRYSTAL,
        supercell=lambda wildcards: entry_of(wildcards).get("supercell"),
        finished=FINISHED,
        code=code_of("relax_variants"),
    threads: RANKS
    group:
        "truth" if RANKS == 1 else None
    resources:
        **MPI,
        mem_mb=grows(mb_of_force_constants if FORCE_CONSTANTS else mb_of_sparse),
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
        code=code_of("gather_truth"),
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
        code=code_of("check_truth"),
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
        code=code_of("gather_truth_check"),
    threads: 1
    resources:
        mem_mb=500,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/gather_truth_check.py"
