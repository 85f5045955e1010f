# Where parameter sets come from: a file, a table of samples, or a fit to training data.

ENSEMBLE = config["posterior"]["ensemble"]
TRAINING = config["posterior"]["training"]
ANALYTIC = config["posterior"]["analytic"]

if ENSEMBLE:
    from relaxdiff.posterior.ensemble import ENSEMBLE_SOURCES

    # The key that gives the uncertainty of the potential.
    ENSEMBLE_SOURCE = next(key for key in ENSEMBLE_SOURCES if ENSEMBLE.get(key))
    POSTERIOR_SOURCE = f"{STUDY}/ensemble.nc"

    localrules:
        convert_posterior,

    rule convert_posterior:
        input:
            coefficients=ENSEMBLE["coefficients"],
            parameters=ENSEMBLE["parameters"],
            uncertainty=ENSEMBLE[ENSEMBLE_SOURCE],
            reference=reference_file(ENSEMBLE),
        output:
            POSTERIOR_SOURCE,
        log:
            f"{STUDY}/logs/convert_posterior.log",
        params:
            source=ENSEMBLE_SOURCE,
            reference=ENSEMBLE.get("reference"),
            code=code_of("convert_posterior"),
        threads: 1
        resources:
            mem_mb=1000,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/convert_posterior.py"

elif ANALYTIC:
    POSTERIOR_SOURCE = f"{STUDY}/analytic.nc"

    localrules:
        describe_analytic,

    rule describe_analytic:
        input:
            [ANALYTIC[key] for key in ("covariance", "samples") if ANALYTIC.get(key)],
            potential=own_file(ANALYTIC["potential"]),
        output:
            POSTERIOR_SOURCE,
        log:
            f"{STUDY}/logs/describe_analytic.log",
        params:
            settings=ANALYTIC,
            code=code_of("describe_analytic"),
        threads: 1
        resources:
            mem_mb=1000,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/describe_analytic.py"

elif TRAINING:
    from relaxdiff.posterior.extended_xyz import XyzKeys
    from relaxdiff.posterior.group_weights import read_weights

    POSTERIOR_SOURCE = f"{STUDY}/training/fit.nc"
    TRAINING_GROUPS = list(read_weights(TRAINING["group_weights"]))

    rule build_design_matrix:
        input:
            TRAINING["data"],
            reference=reference_file(TRAINING),
        output:
            f"{STUDY}/training/design_{{group}}.nc",
        log:
            f"{STUDY}/logs/build_design_matrix_{{group}}.log",
        wildcard_constraints:
            group="|".join(re.escape(group) for group in TRAINING_GROUPS),
        params:
            groups=TRAINING_GROUPS,
            element=TRAINING["element"],
            hyperparameters=TRAINING["hyperparameters"],
            reference=TRAINING["reference"],
            xyz_keys=vars(XyzKeys.of(TRAINING)),
            code=code_of("build_design_matrix"),
        threads: 1
        resources:
            mem_mb=1500,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/build_design_matrix.py"

    rule fit_posterior:
        input:
            designs=expand(f"{STUDY}/training/design_{{group}}.nc", group=TRAINING_GROUPS),
            weights=TRAINING["group_weights"],
        output:
            f"{STUDY}/training/fit.nc",
            multiext(f"{STUDY}/training/fit", ".snapcoeff", ".snapparam", ".snap"),
            coverage=f"{STUDY}/training/coverage.csv",
        log:
            f"{STUDY}/logs/fit_posterior.log",
        params:
            study=config["study"],
            held_out_fraction=TRAINING["held_out_fraction"],
            seed=TRAINING["seed"],
            pops=TRAINING["pops"],
            code=code_of("fit_posterior"),
        threads: 1
        resources:
            mem_mb=12000 if TRAINING["hyperparameters"].get("quadratic") else 3000,
        conda:
            "../../envs/relaxdiff.yaml"
        script:
            "../../scripts/fit_posterior.py"

else:
    POSTERIOR_SOURCE = config["posterior"]["file"]


rule sample_posterior:
    input:
        POSTERIOR_SOURCE,
    output:
        f"{STUDY}/posterior.nc",
    log:
        f"{STUDY}/logs/sample_posterior.log",
    params:
        samples=config["posterior"]["samples"],
        seed=config["posterior"]["seed"],
        code=code_of("sample_posterior"),
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/sample_posterior.py"
