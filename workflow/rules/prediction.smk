# Predictions from the one derivative, and what a user may ask for of any single variant.


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
