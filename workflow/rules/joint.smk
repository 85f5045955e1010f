# On request: all quantities of each posterior sample together, and the parameters they depend on.

JOINT_FIGURES = figures_of("plot_joint")
JOINT_RESULTS = {"joint": f"{STUDY}/joint.nc", "table": f"{STUDY}/joint.csv"}
JOINT_PAGE = f"{STUDY}/tables/joint.html"


rule join_quantities:
    input:
        **{kind: of_all_structures(path) for kind, path in EVALUATIONS.items()},
        **({"truth": of_all_structures(f"{HERE}/truth.nc")} if WITH_TRUTH else {}),
        posterior=f"{STUDY}/posterior.nc",
        bulk=f"{STUDY}/bulk.nc",
        crystal=of_all_structures(f"{HERE}/crystal.nc"),
        derivative=of_all_structures(f"{HERE}/derivative.nc"),
        predictions=of_all_structures(f"{HERE}/predictions.nc"),
        draws=of_all_structures(DRAWS),
    output:
        joint=JOINT_RESULTS["joint"],
        table=JOINT_RESULTS["table"],
    log:
        f"{STUDY}/logs/join_quantities.log",
    params:
        structures=STRUCTURES,
        code=code_of("join_quantities"),
    threads: 1
    resources:
        mem_mb=grows(1000 + 0.001 * VARIANTS * len(STRUCTURES)),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/join_quantities.py"


use rule write_tables as write_joint_table with:
    input:
        JOINT_RESULTS["table"],
    output:
        table_output(JOINT_PAGE, "all quantities of the posterior", "joint_table", "all structures"),
    log:
        f"{STUDY}/logs/write_joint_table.log",
    params:
        titles=["all quantities of the posterior"],
        code=code_of("write_tables"),


rule plot_joint:
    input:
        JOINT_RESULTS["joint"],
    output:
        figures=figure_outputs(JOINT_FIGURES, f"{STUDY}/figures", "all structures"),
    log:
        f"{STUDY}/logs/plot_joint.log",
    params:
        dpi=config["figures"]["dpi"],
        code=code_of("plot_joint"),
    threads: 1
    resources:
        mem_mb=1500,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/plot_joint.py"


rule joint:
    input:
        JOINT_RESULTS.values(),
        JOINT_PAGE,
        figure_files(JOINT_FIGURES, f"{STUDY}/figures"),
