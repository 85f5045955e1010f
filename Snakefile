# The targets a user may ask for, and the includes. Settings: config.yaml. How to use it: README.md.


include: "workflow/rules/common.smk"
include: "workflow/rules/posterior.smk"
include: "workflow/rules/reference.smk"
include: "workflow/rules/prediction.smk"
include: "workflow/rules/truth.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/solvers.smk"


rule all:
    default_target: True
    input:
        f"{STUDY}/predictions.nc",
        TRUTH_RESULTS if config["truth"]["enabled"] else [],
        FIGURE_RESULTS,


rule posterior:
    input:
        f"{STUDY}/posterior.nc",


rule truth:
    input:
        TRUTH_RESULTS,


rule figures:
    input:
        FIGURE_RESULTS,
