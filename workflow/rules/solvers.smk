# Only on request: compares the solvers' cost, depending on the size of the cell, and their errors.

SCALING = [
    f"{STUDY}/solvers/{solver}_{supercell}.csv"
    for solver, supercells in config["derivative"]["scaling_supercells"].items()
    for supercell in supercells
]
SCALING_TABLE = f"{STUDY}/solver_scaling.csv"
SCALING_FIGURES = figures_of("plot_solver_scaling")
ACCURACY_FIGURES = figures_of("plot_solver_accuracy")
FIRST = next(iter(STRUCTURES))
ALL_CORES = min(workflow.resource_settings.cores or 1, os.cpu_count())


rule relax_vacancy:
    input:
        posterior=f"{STUDY}/posterior.nc",
    output:
        f"{STUDY}/solvers/reference_{{supercell}}.nc",
    log:
        f"{STUDY}/logs/relax_vacancy_{{supercell}}.log",
    params:
        crystal=CRYSTAL,
        code=code_of("relax_vacancy"),
    threads: 1
    resources:
        mem_mb=4000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/relax_vacancy.py"


rule measure_solver:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{STUDY}/solvers/reference_{{supercell}}.nc",
    output:
        f"{STUDY}/solvers/{{solver}}_{{supercell}}.csv",
    log:
        f"{STUDY}/logs/measure_solver_{{solver}}_{{supercell}}.log",
    params:
        crystal=CRYSTAL,
        code=code_of("measure_solver"),
    # It uses one core, but no other job may run at the same time and change its timing.
    threads: ALL_CORES
    resources:
        mem_mb=4000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/measure_solver.py"


rule plot_solver_scaling:
    input:
        SCALING,
    output:
        table=SCALING_TABLE,
        figures=figure_outputs(SCALING_FIGURES, f"{STUDY}/figures", "solvers"),
    log:
        f"{STUDY}/logs/plot_solver_scaling.log",
    params:
        dpi=config["figures"]["dpi"],
        code=code_of("plot_solver_scaling"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/plot_solver_scaling.py"


# For the first structure.
rule compare_solvers:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{STUDY}/{FIRST}/reference.nc",
        truth=f"{STUDY}/{FIRST}/truth/{chunks()[0]}.nc",
    output:
        displacements=f"{STUDY}/solvers/displacements.csv",
        alphas=f"{STUDY}/solvers/alphas.csv",
    log:
        f"{STUDY}/logs/compare_solvers.log",
    params:
        crystal=CRYSTAL,
        supercell=STRUCTURES[FIRST].get("supercell"),
        code=code_of("compare_solvers"),
    threads: 1
    resources:
        mem_mb=2000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/compare_solvers.py"


rule plot_solver_accuracy:
    input:
        displacements=f"{STUDY}/solvers/displacements.csv",
        alphas=f"{STUDY}/solvers/alphas.csv",
    output:
        figures=figure_outputs(ACCURACY_FIGURES, f"{STUDY}/figures", "solvers"),
    log:
        f"{STUDY}/logs/plot_solver_accuracy.log",
    params:
        dpi=config["figures"]["dpi"],
        code=code_of("plot_solver_accuracy"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/plot_solver_accuracy.py"


rule solver_scaling:
    input:
        SCALING_TABLE,
        figure_files(SCALING_FIGURES, f"{STUDY}/figures"),


rule solver_accuracy:
    input:
        figure_files(ACCURACY_FIGURES, f"{STUDY}/figures"),
