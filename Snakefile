# The targets a user may ask for, and the includes. Settings: config.yaml. How to use it: README.md.


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/hooks.smk"
include: "workflow/rules/posterior.smk"
include: "workflow/rules/reference.smk"
include: "workflow/rules/prediction.smk"
include: "workflow/rules/truth.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/interactive.smk"
include: "workflow/rules/adaptive.smk"
include: "workflow/rules/joint.smk"
include: "workflow/rules/solvers.smk"
include: "workflow/rules/fit_properties.smk"
include: "workflow/rules/fit.smk"


# Seconds of work: not worth a place in a cluster's queue.
localrules:
    sample_posterior,
    relax_crystal,
    predict_variants,
    predict_structure,
    write_potential,
    gather_evaluations,
    gather_truth,
    gather_truth_check,
    gather_adaptive,
    compare_errors,
    summarise_study,
    plot_figures,
    write_tables,
    plot_structure,
    write_interactive,
    join_quantities,
    write_joint_table,
    plot_joint,
    plot_solver_scaling,
    plot_solver_accuracy,


onstart:
    need_writable_results()
    cancel_leftover_jobs()


onsuccess:
    print_closing_summary(log)
    print_outcome()
    print_verdict()
    print_fit_warnings()


onerror:
    print_closing_summary(log)
    print_fit_warnings()


rule all:
    default_target: True
    input:
        of_all_structures(f"{HERE}/predictions.nc"),
        of_all_structures(TRUTH_RESULTS) if config["truth"]["enabled"] else [],
        of_all_structures(FIGURE_RESULTS),
        DISTORTIONS,
        of_all_structures(REPORT_RESULTS),
        of_all_structures(INTERACTIVE),


rule posterior:
    input:
        f"{STUDY}/posterior.nc",


rule truth:
    input:
        of_all_structures(TRUTH_RESULTS),


rule figures:
    input:
        of_all_structures(FIGURE_RESULTS),
        DISTORTIONS,
        of_all_structures(REPORT_RESULTS),
        of_all_structures(INTERACTIVE),
