# Predictions from the one derivative, and files that a user may request for any single variant.

# Only the dense solver makes the second derivatives that evaluated predictions need.
EVALUATED = config["prediction"]["evaluate"] if config["derivative"]["solver"] == "dense" else []
EVALUATIONS = {"evaluations": f"{HERE}/evaluations.nc"} if EVALUATED else {}
# Second derivatives also show which variants' minimum is in doubt. Cells for the relaxer sparse are
# too large for the second derivatives of all symmetry blocks.
BLOCKS = (
    {"force_constants": f"{HERE}/force_constants.nc"}
    if config["derivative"]["solver"] == "dense" and config["truth"]["relaxer"] != "sparse"
    else {}
)

DRAWS = f"{HERE}/posterior_draws.nc"


rule predict_variants:
    input:
        **BLOCKS,
        posterior=f"{STUDY}/posterior.nc",
        crystal=f"{HERE}/crystal.nc",
        derivative=f"{HERE}/derivative.nc",
        # Of a potential that is not linear, newton evaluates each variant at the reference.
        reference=f"{HERE}/reference.nc",
    output:
        predictions=f"{HERE}/predictions.nc",
        draws=DRAWS,
    log:
        f"{LOGS}/predict_variants.log",
    params:
        seed=config["posterior"]["seed"],
        code=code_of("predict_variants"),
    threads: 1
    resources:
        mem_mb=grows(mb_of_predictions),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/predict_variants.py"


rule evaluate_predictions:
    input:
        posterior=f"{STUDY}/posterior.nc",
        crystal=f"{HERE}/crystal.nc",
        reference=f"{HERE}/reference.nc",
        derivative=f"{HERE}/derivative.nc",
    output:
        f"{HERE}/evaluations/{{chunk}}.nc",
    log:
        f"{LOGS}/evaluate_predictions_{{chunk}}.log",
    params:
        code=code_of("evaluate_predictions"),
        levels=EVALUATED,
    threads: RANKS
    group:
        "evaluations" if RANKS == 1 else None
    resources:
        **MPI,
        mem_mb=grows(mb_of_cell),
        runtime=grows(minutes_to_evaluate),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/evaluate_predictions.py"


rule gather_evaluations:
    input:
        chunks=expand(f"{HERE}/evaluations/{{chunk}}.nc", chunk=chunks(), allow_missing=True),
        predictions=f"{HERE}/predictions.nc",
    output:
        f"{HERE}/evaluations.nc",
    log:
        f"{LOGS}/gather_evaluations.log",
    params:
        code=code_of("gather_evaluations"),
    threads: 1
    resources:
        mem_mb=grows(lambda wildcards: 1000 + 0.001 * VARIANTS * ATOMS[wildcards.structure]),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/gather_evaluations.py"


rule predict_structure:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{HERE}/reference.nc",
        derivative=f"{HERE}/derivative.nc",
    output:
        f"{HERE}/structures/{{variant}}.extxyz",
    log:
        f"{LOGS}/predict_structure_{{variant}}.log",
    params:
        code=code_of("predict_structure"),
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
        code=code_of("write_potential"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/write_potential.py"
