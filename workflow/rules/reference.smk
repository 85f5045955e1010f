# The perfect crystal of every variant; each structure relaxed at the mean, and its derivative.


def mb_of_reference(wildcards):
    """Second derivatives tell saddle points, but for vacancies, whose cells may be large."""
    on_lattice = entry_of(wildcards)["kind"] in ON_LATTICE
    return (mb_of_cell if on_lattice else mb_of_force_constants)(wildcards)


rule relax_bulk:
    input:
        posterior=f"{STUDY}/posterior.nc",
    output:
        f"{STUDY}/bulk.nc",
    log:
        f"{STUDY}/logs/relax_bulk.log",
    params:
        perturbation=config["perturbation"],
        lattice=config["crystal"]["lattice"],
        supercell=config["crystal"]["supercell"],
        code=code_digest("bulk", "posterior"),
    threads: 1
    resources:
        mem_mb=grows(BASE_MB + 400 + 0.006 * VARIANTS),
        runtime=grows(5 + VARIANTS / 50_000),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_bulk.py"


rule relax_crystal:
    input:
        posterior=f"{STUDY}/posterior.nc",
        bulk=f"{STUDY}/bulk.nc",
    output:
        f"{HERE}/crystal.nc",
    log:
        f"{LOGS}/relax_crystal.log",
    params:
        structure=entry_of,
        code=code_digest("crystal", "posterior"),
    threads: 1
    resources:
        mem_mb=grows(1000 + 0.006 * VARIANTS),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_crystal.py"


rule relax_reference:
    input:
        posterior=f"{STUDY}/posterior.nc",
        file=file_of,
    output:
        f"{HERE}/reference.nc",
    log:
        f"{LOGS}/relax_reference.log",
    params:
        crystal={key: config["crystal"][key] for key in ("element", "lattice")},
        structure=entry_of,
        code=code_digest("reference", "posterior"),
    threads: RANKS
    group:
        "reference" if RANKS == 1 else None
    resources:
        **MPI,
        mem_mb=grows(mb_of_reference),
        runtime=grows(minutes_to_set_up),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_reference.py"


rule compute_force_constants:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{HERE}/reference.nc",
    output:
        f"{HERE}/force_constants.nc",
    log:
        f"{LOGS}/compute_force_constants.log",
    params:
        code=code_digest("blocks", "minimise", "posterior"),
    threads: RANKS
    group:
        "reference" if RANKS == 1 else None
    resources:
        **MPI,
        mem_mb=grows(mb_of_force_constants),
        runtime=grows(minutes_to_set_up),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/compute_force_constants.py"


rule differentiate_reference:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{HERE}/reference.nc",
    output:
        f"{HERE}/derivative.nc",
    log:
        f"{LOGS}/differentiate_reference.log",
    params:
        solver=config["derivative"]["solver"],
        lattice=config["crystal"]["lattice"],
        supercell=lambda wildcards: entry_of(wildcards).get("supercell"),
        code=code_digest("implicit", "solver_study", "posterior"),
    threads: RANKS
    group:
        "reference" if RANKS == 1 else None
    resources:
        **MPI,
        mem_mb=grows(mb_of_cell),
        runtime=grows(minutes_to_set_up),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/differentiate_reference.py"
