# One page per structure that opens in a browser: pick a sample, see its curves and parameters.

INTERACTIVE = f"{HERE}/figures/interactive.html"
COMMANDS = {  # what a page offers to write
    what: f"snakemake --cores 1 {target}{own_options()}"
    for what, target in {
        "its potential": f"{STUDY}/potentials/{{variant}}.snap",
        "its predicted structure": f"{HERE}/structures/{{variant}}.extxyz",
    }.items()
}


rule write_interactive:
    input:
        **EVALUATIONS,
        **({"truth": f"{HERE}/truth.nc"} if WITH_TRUTH else {}),
        posterior=f"{STUDY}/posterior.nc",
        predictions=f"{HERE}/predictions.nc",
    output:
        report(
            INTERACTIVE,
            caption="../report/interactive.rst",
            category="Interactive",
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
