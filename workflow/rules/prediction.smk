# Predictions from the one derivative, and what a user may ask for of any single variant.

# Only the dense solver makes the second derivatives that evaluated predictions take.
EVALUATED = config["prediction"]["evaluate"] and config["derivative"]["solver"] == "dense"
EVALUATIONS = {"evaluations": f"{STUDY}/evaluations.nc"} if EVALUATED else {}


def minutes_to_evaluate(wildcards):
    """Time limit of one chunk: two evaluations for each variant, if all are stable."""
    first, last = map(int, wildcards.chunk.split("-"))
    variants = (last - first + 1) * LAMBDAS
    return 2 + SET_UP_MINUTES + variants * 0.05 * (ATOMS / 128) ** 0.8 / 60


rule predict_variants:
    input:
        posterior=f"{STUDY}/posterior.nc",
        bulk=f"{STUDY}/bulk.nc",
        derivative=f"{STUDY}/derivative.nc",
    output:
        f"{STUDY}/predictions.nc",
    log:
        f"{STUDY}/logs/predict_variants.log",
    params:
        code=code_digest("formation"),
    threads: 1
    resources:
        mem_mb=2000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/predict_variants.py"


rule evaluate_predictions:
    input:
        posterior=f"{STUDY}/posterior.nc",
        bulk=f"{STUDY}/bulk.nc",
        reference=f"{STUDY}/reference.nc",
        derivative=f"{STUDY}/derivative.nc",
    output:
        f"{STUDY}/evaluations/{{chunk}}.nc",
    log:
        f"{STUDY}/logs/evaluate_predictions_{{chunk}}.log",
    params:
        code=code_digest("evaluated", "minimise", "posterior"),
    threads: RANKS
    group:
        "evaluations" if RANKS == 1 else None
    resources:
        mem_mb=grows(BASE_MB + RANKS * SPARSE_MB),
        runtime=grows(minutes_to_evaluate),
        **MPI,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/evaluate_predictions.py"


rule gather_evaluations:
    input:
        expand(f"{STUDY}/evaluations/{{chunk}}.nc", chunk=chunks()),
    output:
        f"{STUDY}/evaluations.nc",
    log:
        f"{STUDY}/logs/gather_evaluations.log",
    params:
        code=code_digest("evaluated"),
    threads: 1
    resources:
        mem_mb=grows(1000 + 0.001 * VARIANTS * ATOMS),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/gather_evaluations.py"


rule predict_structure:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{STUDY}/reference.nc",
        derivative=f"{STUDY}/derivative.nc",
    output:
        f"{STUDY}/structures/{{variant}}.extxyz",
    log:
        f"{STUDY}/logs/predict_structure_{{variant}}.log",
    params:
        code=code_digest("expansion", "variants", "posterior"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/predict_structure.py"


rule write_potential:
    input:
        posterior=f"{STUDY}/posterior.nc",
    output:
        multiext(f"{STUDY}/potentials/{{variant}}", ".snapcoeff", ".snapparam", ".snap"),
    log:
        f"{STUDY}/logs/write_potential_{{variant}}.log",
    params:
        code=code_digest("variants", "posterior"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/write_potential.py"
