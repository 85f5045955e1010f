# On request: parameters changed until a structure relaxes to what is wanted, and judged.


rule fit:
    input:
        fit_results,


if FIT and not of_properties(FIT):
    from relaxdiff.fit.verdict import ENDS

    FIT_TARGET = FIT["targets"][0]
    FITTED = {
        "posterior": f"{STUDY}/posterior.nc",
        "fit": f"{STUDY}/fit/fit.nc",
        "potential": multiext(f"{STUDY}/fit/potential", ".snapcoeff", ".snapparam", ".snap"),
    }
    FIT_START = f"{STUDY}/{FIT_TARGET['structure']}/reference.nc"
    FIT_PARTS = {"fit": FITTED["fit"], "verdict": f"{STUDY}/fit/verdict.nc"}
    FIT_FIGURES = figures_of("plot_fit")
    FIT_TABLES = {  # file -> what the report calls it
        "fit": "the fit in numbers",
        "verdict": "where plain LAMMPS relaxes to",
        "in_crystal": "alone in the crystal, before and after",
    }
    FIT_RESULTS = [
        FITTED["fit"],
        *FITTED["potential"],
        *[f"{STUDY}/fit/{table}.csv" for table in FIT_TABLES],
        *[f"{STUDY}/fit/tables/{table}.html" for table in FIT_TABLES],
        *figure_files(FIT_FIGURES, f"{STUDY}/fit/figures"),
        f"{STUDY}/fit/fit.html",
    ]

    localrules:
        judge_fit,
        plot_fit,
        write_fit_page,
        write_fit_tables,

    rule fit_parameters:
        input:
            posterior=f"{STUDY}/posterior.nc",
            start=FIT_START,
            target=FIT_TARGET["file"] or f"{STUDY}/{FIT_TARGET['like']}/reference.nc",
            crystal=CRYSTAL_FILE,
        output:
            fit=FITTED["fit"],
            potential=FITTED["potential"],
        log:
            f"{STUDY}/logs/fit_parameters.log",
        params:
            fit=FIT,
            crystal=CRYSTAL,
            code=code_of("fit_parameters"),
        threads: 1
        resources:
            mem_mb=grows(mb_of_fit),
            runtime=grows(minutes_to_fit),
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/fit_parameters.py"

    rule relax_fitted:
        input:
            **FITTED,
        output:
            f"{STUDY}/fit/ends/{{end}}.nc",
        log:
            f"{STUDY}/logs/relax_fitted_{{end}}.log",
        wildcard_constraints:
            end="|".join(ENDS),
        params:
            code=code_of("relax_fitted"),
        threads: 1
        resources:
            mem_mb=grows(mb_of_fit),
            runtime=grows(minutes_to_fit),
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/relax_fitted.py"

    rule judge_fit:
        input:
            **FITTED,
            ends=expand(f"{STUDY}/fit/ends/{{end}}.nc", end=ENDS),
        output:
            verdict=FIT_PARTS["verdict"],
            table=f"{STUDY}/fit/verdict.csv",
            summary=f"{STUDY}/fit/fit.csv",
            captions=f"{STUDY}/fit/fit.rst",
        log:
            f"{STUDY}/logs/judge_fit.log",
        params:
            free=FIT["free"],
            crystal=CRYSTAL,
            code=code_of("judge_fit"),
        threads: 1
        resources:
            mem_mb=grows(mb_of_fit),
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/judge_fit.py"

    rule fit_in_crystal:
        input:
            **FITTED,
        output:
            f"{STUDY}/fit/in_crystal.csv",
        log:
            f"{STUDY}/logs/fit_in_crystal.log",
        params:
            crystal=CRYSTAL,
            code=code_of("fit_in_crystal"),
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/fit_in_crystal.py"

    rule plot_fit:
        input:
            **FIT_PARTS,
        output:
            figures=figure_outputs(
                FIT_FIGURES, f"{STUDY}/fit/figures", "figures", category=CATEGORIES["fit"]
            ),
        log:
            f"{STUDY}/logs/plot_fit.log",
        params:
            dpi=config["figures"]["dpi"],
            code=code_of("plot_fit"),
        threads: 1
        resources:
            mem_mb=1500,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/plot_fit.py"

    rule write_fit_page:
        input:
            **FIT_PARTS,
        output:
            page=report(
                f"{STUDY}/fit/fit.html",
                caption="../report/fit_page.rst",
                category=CATEGORIES["fit"],
                subcategory="page",
                labels={"page": "the fit, step by step"},
            ),
        log:
            f"{STUDY}/logs/write_fit_page.log",
        params:
            code=code_of("write_fit_page"),
        threads: 1
        resources:
            mem_mb=1500,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/write_fit_page.py"

    use rule write_tables as write_fit_tables with:
        input:
            [f"{STUDY}/fit/{table}.csv" for table in FIT_TABLES],
        output:
            [
                table_output(
                    f"{STUDY}/fit/tables/{table}.html",
                    title,
                    f"{table}_table",
                    "tables",
                    CATEGORIES["fit"],
                )
                for table, title in FIT_TABLES.items()
            ],
        log:
            f"{STUDY}/logs/write_fit_tables.log",
        params:
            titles=list(FIT_TABLES.values()),
            code=code_of("write_tables"),
