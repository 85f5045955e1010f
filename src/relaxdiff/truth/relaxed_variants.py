"""Truth: every variant really relaxed with its own potential, from lambda = 0 outwards.

The walk extrapolates the minima found so far and takes quasi-Newton steps with H(q0; Theta), which
is linear in Theta, or in large cells with the crystal's Hessian at the mean. These only choose
where to look: a variant counts as relaxed when the gradient of its own potential, evaluated by
LAMMPS, is below the tolerance.
"""

from collections.abc import Callable, Iterable

import xarray as xr

from relaxdiff.crystals import VariantWalks, walked
from relaxdiff.exceptions import InputError
from relaxdiff.minima import (
    RELAXERS,
    TOLERANCE,
    FactorisedCrystal,
    LatticeGreen,
    Minimum,
    Reference,
    StabilityTest,
    crystal_hessian,
    tensor_hessian,
)
from relaxdiff.posterior import Variants
from relaxdiff.running import Checkpoints


def relax_variants(
    minimum: Minimum,
    posterior: xr.Dataset,
    crystal: xr.Dataset,
    derivative: xr.Dataset,
    constants: xr.Dataset | LatticeGreen | FactorisedCrystal,
    samples: Iterable[int],
    relaxer: str,
    report: Callable,
    checkpoints: Checkpoints | None = None,
) -> xr.Dataset:
    """Relax all stable variants of some samples.

    minimum: the reference Minimum, at the mean; posterior, crystal, derivative: the Datasets of
    those names, where the derivative only gives first guesses; constants: of second
    derivatives, the Dataset of `force_constants` or, for the relaxer 'sparse', that of
    `inverse_of_crystal`; samples: indices into the posterior's samples; relaxer:
    'newton', 'sparse' or 'lammps' (with either constants); report: called with a line of text after
    each sample, and found=True for one that `checkpoints` had; checkpoints: Checkpoints that keep
    finished samples, if wanted. Returns a Dataset over (sample, lambda) with `status`, energies,
    volumes and coordinates; NaN in every row whose status is not 'converged'. Raises InputError for
    an unknown relaxer, RelaxationError when the reference turns out to be a saddle point (see
    StabilityTest).
    """
    if relaxer not in RELAXERS:
        raise InputError(f"truth.relaxer: '{relaxer}' is not one of {', '.join(RELAXERS)}")
    known = tensor_hessian if isinstance(constants, xr.Dataset) else crystal_hessian
    reference = Reference(minimum, derivative, known(constants, minimum.coordinates))
    variants = Variants(posterior, crystal["lambda"].values)
    with (
        RELAXERS[relaxer](minimum, reference.hessian) as engine,
        StabilityTest(minimum, reference.hessian) as test,
    ):
        walks = VariantWalks(reference, variants, crystal, engine, test)
        truth = walked(walks, samples, report, checkpoints)
    return truth.assign_attrs(relaxer=relaxer, tolerance=TOLERANCE, n_atoms=len(minimum.atoms))
