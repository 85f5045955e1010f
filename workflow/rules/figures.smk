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
    "by_lambda": f"{HERE}/errors.csv",
    "by_window": f"{HERE}/errors_by_window.csv",
    "slopes": f"{HERE}/error_slopes.csv",
    "calibration": f"{HERE}/calibration.csv",
}
SUMMARY = {
    "table": f"{HERE}/summary.csv",
    "posterior": f"{HERE}/posterior_distribution.csv",
    "captions": f"{HERE}/summary.rst",
}
FIGURE_RESULTS = [
    *(ERROR_TABLES.values() if WITH_TRUTH else []),
    *SUMMARY.values(),
    *[f"{HERE}/figures/{name}.{format}" for name in FIGURES for format in ("pdf", "png")],
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
        by_window=report(
            ERROR_TABLES["by_window"],
            caption="../report/errors_by_window.rst",
            category="Tables",
            subcategory="{structure}",
            labels={"table": "errors by window of lambda"},
        ),
        slopes=ERROR_TABLES["slopes"],
        calibration=report(
            ERROR_TABLES["calibration"],
            caption="../report/calibration_table.rst",
            category="Tables",
            subcategory="{structure}",
            labels={"table": "calibration of error estimates"},
        ),
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
        crystal=f"{HERE}/crystal.nc",
        reference=f"{HERE}/reference.nc",
        derivative=f"{HERE}/derivative.nc",
        predictions=f"{HERE}/predictions.nc",
    output:
        table=report(
            SUMMARY["table"],
            caption="../report/summary.rst",
            category="Tables",
            subcategory="{structure}",
            labels={"table": "summary"},
        ),
        posterior=report(
            SUMMARY["posterior"],
            caption="../report/posterior_table.rst",
            category="Tables",
            subcategory="{structure}",
            labels={"table": "distribution over the posterior"},
        ),
        captions=SUMMARY["captions"],
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
    output:
        [f"{HERE}/figures/{figure}.pdf" for figure in FIGURES],
        [
            report(
                f"{HERE}/figures/{figure}.png",
                caption=f"../report/{figure}.rst",
                category="Figures",
                subcategory="{structure}",
                labels={"figure": f"{number}. {figure.replace('_', ' ')}"},
            )
            for number, figure in enumerate(FIGURES, start=1)
        ],
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
