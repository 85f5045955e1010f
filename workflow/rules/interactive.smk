# One page per structure that opens in a browser: pick a sample, see its curves and parameters.

INTERACTIVE = f"{HERE}/figures/interactive.html"
# Without what draws the atoms: Chromium shows no larger one in a report.
INTERACTIVE_IN_REPORT = f"{HERE}/figures/interactive_in_report.html"
COMMANDS = {  # what a page offers to write; relaxdiff export writes other potentials than SNAP
    what: f"snakemake --cores 1 {target}{own_options()}"
    for what, target in {
        **({} if ANALYTIC else {"its potential": f"{STUDY}/potentials/{{variant}}.snap"}),
        "its predicted structure": f"{HERE}/structures/{{variant}}.extxyz",
    }.items()
}


rule write_interactive:
    input:
        **EVALUATIONS,
        **({"truth": f"{HERE}/truth.nc"} if WITH_TRUTH else {}),
        posterior=f"{STUDY}/posterior.nc",
        reference=f"{HERE}/reference.nc",
        derivative=f"{HERE}/derivative.nc",
        predictions=f"{HERE}/predictions.nc",
    output:
        page=INTERACTIVE,
        in_report=report(
            INTERACTIVE_IN_REPORT,
            caption="../report/interactive.rst",
            category=CATEGORIES["page"],
            subcategory="{structure}",
            labels={"page": "samples, one by one"},
        ),
    log:
        f"{LOGS}/write_interactive.log",
    params:
        commands=lambda wildcards: {
            what: command.replace("{structure}", wildcards.structure)
            for what, command in COMMANDS.items()
        },
        code=code_of("write_interactive"),
    threads: 1
    resources:
        mem_mb=grows(1500 + 0.001 * VARIANTS),
    conda:
        "../../envs/relaxdiff.yaml"
    script:
        "../../scripts/write_interactive.py"
