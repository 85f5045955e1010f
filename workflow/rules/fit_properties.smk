# On request: parameters changed until quantities of crystal and structures are what is wanted.

from relaxdiff.study.fit_settings import fit_settings
from relaxdiff.study.property_settings import lammps_suffixes, of_properties

FIT = fit_settings(config)

if FIT and of_properties(FIT):
    FIT_STRUCTURES = {
        each["structure"]: STRUCTURES[each["structure"]]["cell"]
        for each in FIT["targets"]
        if each["structure"]
    }
    # None for an energy that LAMMPS does not have.
    FITTED_FILES = [
        f"{STUDY}/fit/potential{suffix}" for suffix in lammps_suffixes(config["posterior"])
    ]
    FIT_FIGURES = figures_of("plot_property_fit")
    # Force constants have phonons.
    FIT_PHONONS = {
        "phonons": f"{STUDY}/fit/phonons.nc"
        for each in FIT["targets"]
        if each["quantity"] == "force_constants"
    }
    PHONON_FIGURES = figures_of("plot_fit_phonons") if FIT_PHONONS else []
    FIT_RESULTS = [
        *FIT_PHONONS.values(),
        f"{STUDY}/fit/fit.nc",
        f"{STUDY}/fit/posterior.nc",
        *FITTED_FILES,
        f"{STUDY}/fit/quantities.csv",
        f"{STUDY}/fit/tables/quantities.html",
        *figure_files([*FIT_FIGURES, *PHONON_FIGURES], f"{STUDY}/fit/figures"),
    ]

    localrules:
        plot_property_fit,
        write_property_tables,

    rule fit_properties:
        input:
            references=[f"{STUDY}/{name}/reference.nc" for name in FIT_STRUCTURES],
            files=[
                each[key]
                for each in FIT["targets"]
                for key in ("file", "supercell")
                if each.get(key)
            ],
            posterior=f"{STUDY}/posterior.nc",
            crystal=CRYSTAL_FILE,
        output:
            FITTED_FILES,
            **FIT_PHONONS,
            fit=f"{STUDY}/fit/fit.nc",
            posterior=f"{STUDY}/fit/posterior.nc",
            table=f"{STUDY}/fit/quantities.csv",
        log:
            f"{STUDY}/logs/fit_properties.log",
        params:
            fit=FIT,
            crystal=CRYSTAL,
            supercell=config["crystal"]["supercell"],
            structures=FIT_STRUCTURES,
            unfinished=f"{STUDY}/fit/.evaluations",
            code=code_of("fit_properties"),
        threads: 1
        resources:
            mem_mb=grows(3000),
            runtime=grows(60),
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/fit_properties.py"

    rule plot_property_fit:
        input:
            quantities=f"{STUDY}/fit/fit.nc",
        output:
            figures=figure_outputs(
                FIT_FIGURES, f"{STUDY}/fit/figures", "figures", category=CATEGORIES["fit"]
            ),
        log:
            f"{STUDY}/logs/plot_property_fit.log",
        params:
            dpi=config["figures"]["dpi"],
            code=code_of("plot_property_fit"),
        threads: 1
        resources:
            mem_mb=1500,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/plot_property_fit.py"

    if FIT_PHONONS:

        localrules:
            plot_fit_phonons,

        rule plot_fit_phonons:
            input:
                **FIT_PHONONS,
            output:
                figures=figure_outputs(
                    PHONON_FIGURES, f"{STUDY}/fit/figures", "figures", category=CATEGORIES["fit"]
                ),
            log:
                f"{STUDY}/logs/plot_fit_phonons.log",
            params:
                dpi=config["figures"]["dpi"],
                code=code_of("plot_fit_phonons"),
            threads: 1
            resources:
                mem_mb=1500,
            conda:
                "../../envs/relaxdiff.yaml"
            script:
                "../../scripts/plot_fit_phonons.py"

    use rule write_tables as write_property_tables with:
        input:
            f"{STUDY}/fit/quantities.csv",
        output:
            table_output(
                f"{STUDY}/fit/tables/quantities.html",
                "quantities before and after",
                "quantities_table",
                "tables",
                CATEGORIES["fit"],
            ),
        log:
            f"{STUDY}/logs/write_property_tables.log",
        params:
            titles=["quantities before and after"],
            code=code_of("write_tables"),
