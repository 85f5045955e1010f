# The perfect crystal of every variant; each structure relaxed at the mean, and its derivative.

# The crystal of the structures, to start from; and those of solutes.
CRYSTAL = {
    key: config["crystal"][key]
    for key in ("element", "lattice", "lattice_parameter", "sites", "path")
}
CRYSTAL_FILE = config["crystal"]["path"] or []
SOLUTES = {
    element: {"element": element, "lattice": lattice, "lattice_parameter": None}
    for element, lattice in config["crystal"]["solutes"].items()
    if isinstance(lattice, str)
}


rule relax_bulk:
    input:
        posterior=f"{STUDY}/posterior.nc",
        crystal=CRYSTAL_FILE,
    output:
        f"{STUDY}/bulk.nc",
    log:
        f"{STUDY}/logs/relax_bulk.log",
    params:
        perturbation=config["perturbation"],
        crystal=CRYSTAL,
        supercell=config["crystal"]["supercell"],
        code=code_of("relax_bulk"),
    threads: 1
    resources:
        mem_mb=grows(BASE_MB + 400 + 0.006 * VARIANTS),
        runtime=grows(minutes_of_bulk(CRYSTAL["lattice"])),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_bulk.py"


use rule relax_bulk as relax_solute with:
    input:
        posterior=f"{STUDY}/posterior.nc",
    output:
        f"{STUDY}/bulk_{{element}}.nc",
    log:
        f"{STUDY}/logs/relax_bulk_{{element}}.log",
    params:
        perturbation=config["perturbation"],
        crystal=lambda wildcards: SOLUTES[wildcards.element],
        supercell=config["crystal"]["supercell"],
        code=code_of("relax_bulk"),
    resources:
        mem_mb=grows(BASE_MB + 400 + 0.006 * VARIANTS),
        runtime=grows(
            max((minutes_of_bulk(each["lattice"]) for each in SOLUTES.values()), default=5)
        ),


rule relax_crystal:
    input:
        posterior=f"{STUDY}/posterior.nc",
        bulk=f"{STUDY}/bulk.nc",
        solutes=solute_bulks_of,
        reference=lambda wildcards: f"{HERE}/reference.nc" if solutes_of(wildcards) else [],
    output:
        f"{HERE}/crystal.nc",
    log:
        f"{LOGS}/relax_crystal.log",
    params:
        structure=entry_of,
        chemical_potentials=lambda wildcards: {
            element: given
            for element, given in solutes_of(wildcards).items()
            if not isinstance(given, str)
        },
        code=code_of("relax_crystal"),
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
        crystal=CRYSTAL_FILE,
    output:
        f"{HERE}/reference.nc",
    log:
        f"{LOGS}/relax_reference.log",
    params:
        crystal={**CRYSTAL, "solutes": config["crystal"]["solutes"]},
        structure=entry_of,
        code=code_of("relax_reference"),
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
        code=code_of("compute_force_constants"),
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
        crystal=CRYSTAL,
        supercell=lambda wildcards: entry_of(wildcards).get("supercell"),
        code=code_of("differentiate_reference"),
    threads: RANKS
    group:
        "reference" if RANKS == 1 else None
    resources:
        **MPI,
        mem_mb=grows(mb_of_sparse if config["derivative"]["solver"] == "sparse" else mb_of_cell),
        runtime=grows(minutes_to_set_up),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/differentiate_reference.py"
