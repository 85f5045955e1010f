"""From a potential, parameter sets and a structure to predictions, in one call."""

import numpy as np
import xarray as xr
from ase import Atoms

from relaxdiff.crystals import (
    beyond_crystal,
    bulk_of_variants,
    crystal_of_variants,
    strain_basis_of,
)
from relaxdiff.derivative import implicit_derivative
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.minima import blocks_at, relax, saddle_point
from relaxdiff.posterior import start_posterior, with_draws
from relaxdiff.potentials.snap import SnapPotential
from relaxdiff.predictions.predicted_variants import predict_variants
from relaxdiff.structures import PerfectCrystal

CELLS = ("isotropic", "full")
LAMBDAS = np.array([0.0, 1.0])  # the potential itself, and the samples


def predict(
    potential: SnapPotential,
    samples: xr.Dataset | np.ndarray,
    atoms: Atoms,
    crystal: PerfectCrystal,
    cell: str = "isotropic",
    solver: str = "dense",
) -> xr.Dataset:
    """Formation energy and volume of a structure at every sample, from one relaxation.

    potential: SnapPotential, which the structure is relaxed and differentiated with; samples:
    parameter sets, an array (sample, P) in the order of `potential.parameters`, eV, or a posterior
    Dataset with draws; atoms: the unrelaxed structure, a periodic cell near its minimum; crystal:
    the reference crystal, a PerfectCrystal, unrelaxed: it is relaxed here; cell:
    'isotropic' or 'full', what of the cell relaxes; solver: of the derivative, 'dense', or for
    large cells 'sparse', without the level newton and without a test for saddle points.

    Returns a Dataset over (level, sample), the levels as `predict_variants` names them, the best
    one last: `formation_energy` and `error_estimate` in eV, `formation_volume` in Angstrom^3,
    `energy`, `volume`, and `status` (sample) of the crystal. Where that is not 'stable' the numbers
    are NaN. With the solver 'dense' `minimum_in_doubt` (sample) marks samples with a soft curvature
    (`softest_curvature`): there may be no minimum like the structure's.
    `reference_formation_energy` and `reference_formation_volume` are those of `potential` itself.
    Raises InputError for samples of another potential, a structure with other elements than the
    crystal, or another `cell`; RelaxationError when structure or crystal has no minimum; and
    LammpsError.
    """
    posterior = _posterior(potential, samples)
    if cell not in CELLS:
        raise InputError(
            f"cell = '{cell}' is not one of {', '.join(CELLS)}: cells that are held need a study, "
            "which builds the structure with the crystal's lattice parameter"
        )
    composition = atoms.symbols.formula.count()
    _, beyond = beyond_crystal(crystal.attributes, composition)
    if beyond:
        raise InputError(
            f"atoms: {atoms.get_chemical_formula()} has {', '.join(beyond)} in other numbers than "
            f"crystalline {crystal.element}: solutes need a study (crystal.solutes in its config)"
        )
    derivative, blocks = _derivative(relax(atoms, potential, cell), solver)
    cells = len(atoms) / len(crystal.conventional())
    repeats = max(1, round(cells ** (1 / 3)))  # waves of the size of the cell are looked at
    bulk = bulk_of_variants(potential, posterior, LAMBDAS, crystal, repeats)
    basis = strain_basis_of({"cell": cell}, crystal.lattice)
    compared = crystal_of_variants(potential, posterior, bulk, basis)
    found = predict_variants(posterior, compared, derivative, blocks)
    found = found.assign(status=compared["status"])
    predicted = found.sel({"lambda": 1.0}, drop=True)
    reference = found.sel({"lambda": 0.0}, drop=True).isel(level=-1, sample=0, drop=True)
    for name in ("formation_energy", "formation_volume"):
        predicted[f"reference_{name}"] = reference[name]
    return predicted


def _posterior(potential, samples):
    """A posterior Dataset around the potential with the samples as its draws."""
    if not isinstance(samples, xr.Dataset):
        theta = np.asarray(samples, dtype=float)
        shift = np.tile(potential.energy_shifts, (len(theta) if theta.ndim else 0, 1))
    elif "theta" in samples:
        theta, shift = samples["theta"].values, samples["energy_shift"].values
    else:
        raise InputError("samples: the posterior holds no draws: take some with sample_posterior")
    if theta.ndim != 2 or theta.shape[1] != potential.theta.size or not len(theta):
        raise InputError(
            f"samples: shape {theta.shape}, expected (sample, {potential.theta.size}) as "
            f"{potential.name} has parameters"
        )
    if not np.isfinite(theta).all():
        raise InputError("samples: a number is not finite")
    deviations = theta - potential.theta
    covariance = deviations.T @ deviations / len(deviations)
    return with_draws(start_posterior(potential, covariance), theta, shift)


def _derivative(minimum, solver):
    """The derivative of a structure that is a minimum, a Dataset; RelaxationError if it is none.

    Also second derivatives in the blocks of lower symmetry, a list; of the solver 'dense' alone.
    """
    name = minimum.potential.name
    if not minimum.converged:
        raise RelaxationError(f"{name}: {minimum.status}")
    tensors = []
    if solver == "dense":
        blocks, _ = blocks_at(minimum)
        theta = minimum.potential.theta
        lowest = min((block.lowest(theta)[0] for block in blocks), default=np.inf)
        if lowest <= 0:
            raise saddle_point(minimum.potential, f"lowest curvature {lowest:.3f} eV/Angstrom^2")
        tensors = [block.tensor for block in blocks]
    return implicit_derivative(minimum, solver), tensors
