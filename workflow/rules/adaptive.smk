# On request: each variant at the cheapest level that is certified to a tolerance, the rest relaxed.

ADAPTIVE_RESULTS = {"variants": f"{STUDY}/adaptive.nc", "table": f"{STUDY}/adaptive.csv"}


rule adapt_variants:
    input:
        posterior=f"{STUDY}/posterior.nc",
        bulk=f"{STUDY}/bulk.nc",
        reference=f"{STUDY}/reference.nc",
        derivative=f"{STUDY}/derivative.nc",
        force_constants=f"{STUDY}/force_constants.nc",
        predictions=f"{STUDY}/predictions.nc",
    output:
        f"{STUDY}/adaptive/{{chunk}}.nc",
    log:
        f"{STUDY}/logs/adapt_variants_{{chunk}}.log",
    params:
        tolerance=config["prediction"]["tolerance"],
        finished=f"{STUDY}/adaptive/.finished",
        code=code_digest("adaptive", "posterior"),
    threads: RANKS
    group:
        "adaptive" if RANKS == 1 else None
    resources:
        mem_mb=grows(BASE_MB + RANKS * FORCE_CONSTANTS_MB),
        runtime=grows(minutes_to_relax),
        **MPI,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/adapt_variants.py"


rule gather_adaptive:
    input:
        chunks=expand(f"{STUDY}/adaptive/{{chunk}}.nc", chunk=chunks()),
        predictions=f"{STUDY}/predictions.nc",
        **({"truth": f"{STUDY}/truth.nc"} if WITH_TRUTH else {}),
    output:
        **ADAPTIVE_RESULTS,
    log:
        f"{STUDY}/logs/gather_adaptive.log",
    params:
        tolerance=config["prediction"]["tolerance"],
        finished=f"{STUDY}/adaptive/.finished",
        code=code_digest("adaptive"),
    threads: 1
    resources:
        mem_mb=grows(1000 + 0.001 * VARIANTS),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/gather_adaptive.py"


rule adaptive:
    input:
        ADAPTIVE_RESULTS.values(),
