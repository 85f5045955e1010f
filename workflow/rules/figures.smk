# Predictions compared with truth: tables, figures and the HTML report's captions.


if not IS_MODULE:  # a workflow around this one has its own report

    report: "../report/workflow.rst"


from relaxdiff.figures.registry import figures_of

WITH_TRUTH = config["truth"]["enabled"]
FIGURES = figures_of("plot_figures", with_truth=WITH_TRUTH)
ERROR_TABLES = {
    "by_lambda": f"{HERE}/errors.csv",
    "by_window": f"{HERE}/errors_by_window.csv",
    "slopes": f"{HERE}/error_slopes.csv",
    "calibration": f"{HERE}/calibration.csv",
}
SUMMARY = {
    "table": f"{HERE}/summary.csv",
    "posterior": f"{HERE}/posterior_distribution.csv",
    "captions": f"{HERE}/summary.rst",
    "negative": f"{HERE}/negative_formation_energies.csv",
}
FIGURE_RESULTS = [
    *(ERROR_TABLES.values() if WITH_TRUTH else []),
    *SUMMARY.values(),
    *figure_files(FIGURES, f"{HERE}/figures"),
]


rule compare_errors:
    input:
        **EVALUATIONS,
        posterior=f"{STUDY}/posterior.nc",
        derivative=f"{HERE}/derivative.nc",
        predictions=f"{HERE}/predictions.nc",
        truth=f"{HERE}/truth.nc",
    output:
        by_lambda=ERROR_TABLES["by_lambda"],
        by_window=ERROR_TABLES["by_window"],
        slopes=ERROR_TABLES["slopes"],
        calibration=ERROR_TABLES["calibration"],
    log:
        f"{LOGS}/compare_errors.log",
    params:
        code=code_of("compare_errors"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/compare_errors.py"


rule summarise_study:
    input:
        **EVALUATIONS,
        **(
            {
                "truth": f"{HERE}/truth.nc",
                "windows": ERROR_TABLES["by_window"],
                "slopes": ERROR_TABLES["slopes"],
                "calibration": ERROR_TABLES["calibration"],
                "check": f"{HERE}/truth_check.csv",
            }
            if WITH_TRUTH
            else {}
        ),
        fit=f"{STUDY}/posterior.nc",
        crystal=f"{HERE}/crystal.nc",
        reference=f"{HERE}/reference.nc",
        derivative=f"{HERE}/derivative.nc",
        predictions=f"{HERE}/predictions.nc",
        draws=DRAWS,
    output:
        table=SUMMARY["table"],
        posterior=SUMMARY["posterior"],
        captions=SUMMARY["captions"],
        negative=SUMMARY["negative"],
    log:
        f"{LOGS}/summarise_study.log",
    params:
        structure=entry_of,
        code=code_of("summarise_study"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/summarise_study.py"


rule plot_figures:
    input:
        **EVALUATIONS,
        **(
            {
                "posterior": f"{STUDY}/posterior.nc",
                "derivative": f"{HERE}/derivative.nc",
                "truth": f"{HERE}/truth.nc",
            }
            if WITH_TRUTH
            else {}
        ),
        predictions=f"{HERE}/predictions.nc",
        draws=DRAWS,
    output:
        figures=figure_outputs(FIGURES, f"{HERE}/figures", "{structure}", numbered=True),
    log:
        f"{LOGS}/plot_figures.log",
    params:
        figures=config["figures"],
        code=code_of("plot_figures"),
    threads: 1
    resources:
        mem_mb=1500,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/plot_figures.py"


ALLOYS = [entry["name"] for entry in config["structures"] if kind_of(entry).is_alloy]
ALLOY_FIGURES = figures_of("plot_distortion", with_truth=WITH_TRUTH)
DISTORTIONS = [
    path for name in ALLOYS for path in figure_files(ALLOY_FIGURES, f"{STUDY}/{name}/figures")
]

if ALLOYS and WITH_TRUTH:

    localrules:
        plot_distortion,

    rule plot_distortion:
        input:
            reference=f"{HERE}/reference.nc",
            derivative=f"{HERE}/derivative.nc",
            predictions=f"{HERE}/predictions.nc",
            truth=f"{HERE}/truth.nc",
            posterior=f"{STUDY}/posterior.nc",
        output:
            figures=figure_outputs(ALLOY_FIGURES, f"{HERE}/figures", "{structure}"),
        log:
            f"{LOGS}/plot_distortion.log",
        wildcard_constraints:
            structure="|".join(ALLOYS),
        params:
            figures=config["figures"],
            code=code_of("plot_distortion"),
        threads: 1
        resources:
            mem_mb=1500,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/plot_distortion.py"
