# On request: each variant is predicted by the cheapest level that is certified, or else relaxed.

ADAPTIVE_RESULTS = {"variants": f"{HERE}/adaptive.nc", "table": f"{HERE}/adaptive.csv"}


rule adapt_variants:
    input:
        posterior=f"{STUDY}/posterior.nc",
        crystal=f"{HERE}/crystal.nc",
        reference=f"{HERE}/reference.nc",
        derivative=f"{HERE}/derivative.nc",
        force_constants=f"{HERE}/force_constants.nc",
        predictions=f"{HERE}/predictions.nc",
    output:
        f"{HERE}/adaptive/{{chunk}}.nc",
    log:
        f"{LOGS}/adapt_variants_{{chunk}}.log",
    params:
        tolerance=config["prediction"]["tolerance"],
        finished=f"{HERE}/adaptive/.finished",
        code=code_of("adapt_variants"),
    threads: RANKS
    group:
        "adaptive" if RANKS == 1 else None
    resources:
        **MPI,
        mem_mb=grows(mb_of_force_constants),
        runtime=grows(minutes_to_relax),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/adapt_variants.py"


rule gather_adaptive:
    input:
        **({"truth": f"{HERE}/truth.nc"} if WITH_TRUTH else {}),
        chunks=certified_chunks,
        predictions=f"{HERE}/predictions.nc",
    output:
        **ADAPTIVE_RESULTS,
    log:
        f"{LOGS}/gather_adaptive.log",
    params:
        tolerance=config["prediction"]["tolerance"],
        finished=f"{HERE}/adaptive/.finished",
        code=code_of("gather_adaptive"),
    threads: 1
    resources:
        mem_mb=grows(1000 + 0.001 * VARIANTS),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/gather_adaptive.py"


rule adaptive:
    input:
        of_all_structures(ADAPTIVE_RESULTS.values()),
