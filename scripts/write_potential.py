"""Write one variant as a LAMMPS potential: .snapcoeff, .snapparam and an include file."""

from pathlib import Path

from common import job

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.posterior.variants import variant_potential
from relaxdiff.potentials.snap.potential import SnapPotential, write_snap

with job(snakemake) as log:
    posterior = read_posterior(snakemake.input.posterior)
    mean = potential_from_posterior(posterior)
    if not isinstance(mean, SnapPotential):
        raise InputError(
            f"{mean.name} is not SNAP: relaxdiff export writes what LAMMPS reads of it"
        )
    variant = variant_potential(mean, posterior, snakemake.wildcards.variant)
    write_snap(variant, Path(snakemake.output[0]).with_suffix(""))
