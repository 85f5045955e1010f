"""Certify the predictions of a few samples, and relax the variants without a certified one."""

from common import job

from relaxdiff.crystals.walked_variants import walked
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.minima.reference import Reference
from relaxdiff.minima.relaxers import TOLERANCE
from relaxdiff.minima.symmetry_blocks import tensor_hessian
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.posterior.variants import Variants
from relaxdiff.predictions.adaptive import AdaptiveWalks
from relaxdiff.running.checkpoints import Checkpoints
from relaxdiff.running.progress import Progress
from relaxdiff.running.ranks import is_first

with job(snakemake) as log:
    first, last = map(int, snakemake.wildcards.chunk.split("-"))
    params, given = snakemake.params, snakemake.input
    posterior = read_posterior(given.posterior)
    potential = potential_from_posterior(posterior)
    minimum = minimum_from_dataset(read_dataset(given.reference), potential)
    hessian = tensor_hessian(read_dataset(given.force_constants), minimum.coordinates)
    reference = Reference(minimum, read_dataset(given.derivative), hessian)
    crystal = read_dataset(given.crystal)
    variants = Variants(posterior, crystal["lambda"].values)
    predictions = read_dataset(given.predictions)
    with AdaptiveWalks(reference, variants, crystal, predictions, params.tolerance / 1000) as walks:
        adapted = walked(
            walks,
            range(first, last + 1),
            Progress(log, last + 1 - first),
            Checkpoints(params.finished, given, [params.tolerance, params.code]),
        )
    if is_first():
        adapted.attrs |= {"tolerance": TOLERANCE, "n_atoms": len(minimum.atoms)}
        write_dataset(adapted, snakemake.output[0], {"tolerance_meV": params.tolerance})
