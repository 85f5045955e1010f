# What only the report shows: tables as pages to read, and a picture of each structure.

STRUCTURE_FIGURES = figures_of("plot_structure")
TABLES = {  # file -> what the report calls it
    **({"errors_by_window": "errors by window of lambda"} if WITH_TRUTH else {}),
    **({"calibration": "calibration of error estimates"} if WITH_TRUTH else {}),
    "posterior_distribution": "distribution over the posterior",
    "summary": "summary",
}
TABLE_CAPTIONS = {
    "calibration": "calibration_table",
    "posterior_distribution": "posterior_table",
}
REPORT_RESULTS = [
    *expand(f"{HERE}/tables/{{table}}.html", table=TABLES, allow_missing=True),
    *figure_files(STRUCTURE_FIGURES, f"{HERE}/figures"),
]


rule write_tables:
    input:
        [f"{HERE}/{table}.csv" for table in TABLES],
    output:
        [
            table_output(
                f"{HERE}/tables/{table}.html",
                title,
                TABLE_CAPTIONS.get(table, table),
                "{structure}",
            )
            for table, title in TABLES.items()
        ],
    log:
        f"{LOGS}/write_tables.log",
    params:
        titles=lambda wildcards: [f"{wildcards.structure}: {title}" for title in TABLES.values()],
        code=code_of("write_tables"),
    threads: 1
    resources:
        mem_mb=500,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/write_tables.py"


rule plot_structure:
    input:
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{HERE}/reference.nc",
        derivative=f"{HERE}/derivative.nc",
    output:
        figures=figure_outputs(
            STRUCTURE_FIGURES,
            f"{HERE}/figures",
            "{structure}",
            category=CATEGORIES["structure"],
        ),
    log:
        f"{LOGS}/plot_structure.log",
    params:
        dpi=config["figures"]["dpi"],
        code=code_of("plot_structure"),
    threads: 1
    resources:
        mem_mb=1500,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/plot_structure.py"
