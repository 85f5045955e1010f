# The mean's relaxed structure, its derivative, and the perfect crystal of every variant.


rule relax_bulk:
    input:
        posterior=f"{STUDY}/posterior.nc",
    output:
        f"{STUDY}/bulk.nc",
    log:
        f"{STUDY}/logs/relax_bulk.log",
    params:
        perturbation=config["perturbation"],
        lattice=config["structure"]["lattice"],
        supercell=config["structure"]["supercell"],
        code=code_digest("bulk", "posterior"),
    threads: 1
    resources:
        mem_mb=grows(BASE_MB + 400 + 0.006 * VARIANTS),
        runtime=grows(5 + VARIANTS / 50_000),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_bulk.py"


rule relax_reference:
    input:
        posterior=f"{STUDY}/posterior.nc",
    output:
        f"{STUDY}/reference.nc",
    log:
        f"{STUDY}/logs/relax_reference.log",
    params:
        structure=config["structure"],
        code=code_digest("minimise", "posterior"),
    threads: RANKS
    group:
        "reference" if RANKS == 1 else None
    resources:
        mem_mb=grows(BASE_MB + RANKS * SPARSE_MB),
        runtime=grows(5 + SET_UP_MINUTES),
        **MPI,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_reference.py"


rule compute_force_constants:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{STUDY}/reference.nc",
    output:
        f"{STUDY}/force_constants.nc",
    log:
        f"{STUDY}/logs/compute_force_constants.log",
    params:
        code=code_digest("curvature", "minimise", "posterior"),
    threads: RANKS
    group:
        "reference" if RANKS == 1 else None
    resources:
        mem_mb=grows(BASE_MB + RANKS * FORCE_CONSTANTS_MB),
        runtime=grows(5 + SET_UP_MINUTES),
        **MPI,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/compute_force_constants.py"


rule differentiate_reference:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{STUDY}/reference.nc",
    output:
        f"{STUDY}/derivative.nc",
    log:
        f"{STUDY}/logs/differentiate_reference.log",
    params:
        solver=config["derivative"]["solver"],
        lattice=config["structure"]["lattice"],
        supercell=config["structure"]["supercell"],
        code=code_digest("implicit", "solver_study", "posterior"),
    threads: RANKS
    group:
        "reference" if RANKS == 1 else None
    resources:
        mem_mb=grows(BASE_MB + RANKS * SPARSE_MB),
        runtime=grows(5 + SET_UP_MINUTES),
        **MPI,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/differentiate_reference.py"
