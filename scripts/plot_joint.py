"""Draw the sensitivities and the joint posterior of all quantities, each as PDF and PNG."""

import logging
from pathlib import Path

from common import job

from relaxdiff.figures import joint as joint_figures
from relaxdiff.figures.style import save_figure
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every glyph
    joint = read_dataset(snakemake.input[0])
    drawn = {
        "sensitivities": joint_figures.sensitivities(joint),
        "joint_posterior": joint_figures.joint_posterior(joint),
    }
    for path in map(Path, snakemake.output):
        save_figure(drawn[path.stem], path, snakemake.params.dpi)
        log.info("%s", path)
