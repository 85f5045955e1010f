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
        mem_mb=2000,
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
    threads: 1
    resources:
        mem_mb=1000,
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
    threads: 1
    resources:
        mem_mb=2000,
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
    threads: 1
    resources:
        mem_mb=2000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/differentiate_reference.py"
