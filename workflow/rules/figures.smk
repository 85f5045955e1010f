# Predictions compared with truth: tables, figures and the HTML report's captions.


report: "../report/workflow.rst"


WITH_TRUTH = config["truth"]["enabled"]
FIGURES = ["formation_curves"]
if WITH_TRUTH:
    FIGURES += ["volume_error", "energy_error"]
FIGURES += ["posterior_distribution"]
if WITH_TRUTH:
    FIGURES += ["error_scaling", "calibration"]
ERROR_TABLES = {
    "by_lambda": f"{STUDY}/errors.csv",
    "by_window": f"{STUDY}/errors_by_window.csv",
    "slopes": f"{STUDY}/error_slopes.csv",
    "calibration": f"{STUDY}/calibration.csv",
}
SUMMARY = {
    "table": f"{STUDY}/summary.csv",
    "posterior": f"{STUDY}/posterior_distribution.csv",
    "captions": f"{STUDY}/summary.rst",
}
FIGURE_RESULTS = [
    *(ERROR_TABLES.values() if WITH_TRUTH else []),
    *SUMMARY.values(),
    *expand(f"{STUDY}/figures/{{figure}}.{{format}}", figure=FIGURES, format=["pdf", "png"]),
]


rule compare_errors:
    input:
        posterior=f"{STUDY}/posterior.nc",
        derivative=f"{STUDY}/derivative.nc",
        predictions=f"{STUDY}/predictions.nc",
        truth=f"{STUDY}/truth.nc",
        **EVALUATIONS,
    output:
        by_lambda=ERROR_TABLES["by_lambda"],
        by_window=report(
            ERROR_TABLES["by_window"],
            caption="../report/errors_by_window.rst",
            category="Tables",
            labels={"table": "errors by window of lambda"},
        ),
        slopes=ERROR_TABLES["slopes"],
        calibration=report(
            ERROR_TABLES["calibration"],
            caption="../report/calibration_table.rst",
            category="Tables",
            labels={"table": "calibration of error estimates"},
        ),
    log:
        f"{STUDY}/logs/compare_errors.log",
    params:
        code=code_digest("errors"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/compare_errors.py"


rule summarise_study:
    input:
        bulk=f"{STUDY}/bulk.nc",
        derivative=f"{STUDY}/derivative.nc",
        predictions=f"{STUDY}/predictions.nc",
        **EVALUATIONS,
        **(
            {
                "truth": f"{STUDY}/truth.nc",
                "windows": ERROR_TABLES["by_window"],
                "slopes": ERROR_TABLES["slopes"],
                "calibration": ERROR_TABLES["calibration"],
                "check": f"{STUDY}/truth_check.csv",
            }
            if WITH_TRUTH
            else {}
        ),
    output:
        table=report(
            SUMMARY["table"],
            caption="../report/summary.rst",
            category="Tables",
            labels={"table": "summary"},
        ),
        posterior=report(
            SUMMARY["posterior"],
            caption="../report/posterior_table.rst",
            category="Tables",
            labels={"table": "distribution over the posterior"},
        ),
        captions=SUMMARY["captions"],
    log:
        f"{STUDY}/logs/summarise_study.log",
    params:
        code=code_digest("summary"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/summarise_study.py"


rule plot_figures:
    input:
        predictions=f"{STUDY}/predictions.nc",
        **EVALUATIONS,
        **(
            {
                "posterior": f"{STUDY}/posterior.nc",
                "derivative": f"{STUDY}/derivative.nc",
                "truth": f"{STUDY}/truth.nc",
            }
            if WITH_TRUTH
            else {}
        ),
    output:
        expand(f"{STUDY}/figures/{{figure}}.pdf", figure=FIGURES),
        [
            report(
                f"{STUDY}/figures/{figure}.png",
                caption=f"../report/{figure}.rst",
                category="Figures",
                labels={"figure": f"{number}. {figure.replace('_', ' ')}"},
            )
            for number, figure in enumerate(FIGURES, start=1)
        ],
    log:
        f"{STUDY}/logs/plot_figures.log",
    params:
        figures=config["figures"],
        code=code_digest("figures"),
    threads: 1
    resources:
        mem_mb=1500,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/plot_figures.py"
