# Every stable variant really relaxed, in chunks of samples, and some of them by LAMMPS alone.

TRUTH_RESULTS = [f"{STUDY}/truth.nc", f"{STUDY}/truth_check.csv"]
CHECK_JOBS = min(4, config["truth"]["checked_variants"])


rule relax_variants:
    input:
        posterior=f"{STUDY}/posterior.nc",
        bulk=f"{STUDY}/bulk.nc",
        reference=f"{STUDY}/reference.nc",
        derivative=f"{STUDY}/derivative.nc",
        force_constants=f"{STUDY}/force_constants.nc",
    output:
        f"{STUDY}/truth/{{chunk}}.nc",
    log:
        f"{STUDY}/logs/relax_variants_{{chunk}}.log",
    params:
        relaxer=config["truth"]["relaxer"],
        code=code_digest("truth", "posterior"),
    threads: 1
    resources:
        mem_mb=1000,
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
    threads: 1
    resources:
        mem_mb=1000,
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
