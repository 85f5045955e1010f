"""The lowest curvature of a relaxed structure, with exact products."""

import numpy as np

from relaxdiff.minima import FactorisedCrystal, axes_of, lowest_relative_curvature, relax

SETTLED = 1e-5  # eV/Angstrom


def lowest_curvature(fit, atoms, potential, force_constants):
    """Relative to the crystal's; a negative one proves a saddle point.

    fit: Dataset of `fit_parameters`, of which the held atoms are taken; atoms: relaxed with the
    potential, a RestrictedPotential; force_constants: of the crystal. The structure is
    relaxed further, to SETTLED, from where plain LAMMPS has left it.
    """
    held = fit["fixed"].values.astype(bool)
    held = held if held.any() else None
    axes = axes_of(atoms, force_constants.unit)
    crystal = FactorisedCrystal(force_constants, atoms, held, axes)
    minimum = relax(
        atoms, potential, "fixed", SETTLED, symmetry=False, preconditioner=crystal, fixed=held
    )
    return float(lowest_relative_curvature(minimum, crystal)) if minimum.converged else np.nan
