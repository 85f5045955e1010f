"""Relaxation to a minimum by a quasi-Newton method that looks at gradients only.

Line searches on the energy stall near |gradient| = 1e-6 eV/A, where the energy no longer resolves a
step; the reference has to be converged to 1e-8. Hence our own iteration: a BFGS-updated Hessian
(Nocedal & Wright, Numerical Optimization, eq 6.19) with bounded steps.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.linalg
import xarray as xr
from ase import Atoms
from scipy.sparse import csr_array

from relaxdiff.coordinates import Coordinates, coordinates_of
from relaxdiff.datasets import variable
from relaxdiff.evaluation import evaluator_for
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.potential import SnapPotential
from relaxdiff.structures import bulk_cell, tabulated_lattice_parameter, vacancy_cell

LARGEST_STEP = 0.1  # Angstrom of the largest scaled coordinate change in one step
LARGEST_MISMATCH = 0.15  # of the tabulated lattice parameter; beyond it E(a) is not looked at
GUESSED_CURVATURE = 20.0  # eV/A^2, only the starting guess when no Hessian is at hand


@dataclass(frozen=True)
class Minimum:
    """A relaxed structure and how well it is relaxed.

    atoms: the relaxed Atoms; strain: isotropic strain relative to the cell that was given;
    energy: eV, with the fixed reference and the energy shift; max_gradient: eV/A; status:
    'converged', or what went wrong and what to try; coordinates: those of `atoms`, q = 0 there.
    """

    atoms: Atoms
    strain: float
    energy: float
    max_gradient: float
    status: str
    n_evaluations: int
    potential: SnapPotential = field(repr=False)
    coordinates: Coordinates = field(repr=False)

    @property
    def converged(self):
        """Whether the gradient fell below the tolerance."""
        return self.status == "converged"


@dataclass
class Iteration:
    """Where a quasi-Newton iteration ended: q, values and columns there, and the last Hessian.

    ahead: where one more step, not evaluated, would lead from there.
    """

    q: np.ndarray
    ahead: np.ndarray
    values: np.ndarray
    columns: np.ndarray
    max_gradient: float
    hessian: np.ndarray
    n_evaluations: int
    converged: bool


def relax(atoms, potential, strain=True, tolerance=1e-8, max_steps=300, symmetry=True):
    """Relax a periodic structure, atoms and (if `strain`) isotropic volume.

    atoms: ASE Atoms; potential: SnapPotential; tolerance: largest |gradient| in eV/A, over
    Cartesian force components and dU/dstrain divided by the edge of the cell; symmetry: keep the
    structure's own symmetry, which makes it fast; turn it off (or shake the atoms) to leave a
    symmetric saddle point. Returns a Minimum whose `status` says whether it converged.
    Raises LammpsError when LAMMPS cannot evaluate the structure.
    """
    coordinates = coordinates_of(atoms, strain=strain, symmetry=symmetry)
    start = np.zeros(coordinates.size)
    hessian = _guessed_hessian(coordinates, len(atoms))
    with evaluator_for(coordinates, potential) as evaluator:
        end = quasi_newton(evaluator, potential.weights, start, hessian, tolerance, max_steps)
    relaxed = coordinates.structure(end.q)
    return Minimum(
        atoms=relaxed,
        strain=coordinates.strain_of(end.q),
        energy=float(end.values @ potential.weights) + len(atoms) * potential.energy_shift,
        max_gradient=end.max_gradient,
        status="converged" if end.converged else _advice(end, tolerance),
        n_evaluations=end.n_evaluations,
        potential=potential,
        coordinates=replace(coordinates, reference=relaxed),
    )


def relax_reference(potential, element, lattice, supercell):
    """The defect's minimum at the mean parameters, started from the relaxed perfect crystal.

    Raises InputError when the potential is for another element, RelaxationError when crystal or
    defect do not converge.
    """
    if element != potential.hyperparameters.element:
        raise InputError(
            f"structure.element is {element}, but the potential {potential.name} is for "
            f"{potential.hyperparameters.element}"
        )
    crystal = relax(
        bulk_cell(element, tabulated_lattice_parameter(element), lattice=lattice), potential
    )
    if not crystal.converged:
        raise RelaxationError(f"{lattice} crystal of {potential.name}: {crystal.status}")
    edge = crystal.atoms.cell.lengths()[0]
    if not abs(crystal.strain) < LARGEST_MISMATCH:
        raise RelaxationError(
            f"{lattice} crystal of {potential.name}: relaxes to {edge:.3f} Angstrom, more than "
            f"{LARGEST_MISMATCH:.0%} from the tabulated lattice parameter of {element}: is it a "
            "potential for this element and lattice?"
        )
    minimum = relax(vacancy_cell(element, edge, supercell, lattice), potential)
    if not minimum.converged:
        raise RelaxationError(f"vacancy of {potential.name}: {minimum.status}")
    return minimum


def minimum_dataset(minimum):
    """A relaxed structure as a Dataset, from which `minimum_from_dataset` makes it again."""
    atoms = minimum.atoms
    return xr.Dataset(
        {
            "positions": variable(
                ("atom", "xyz"), atoms.positions, "Angstrom", "positions of the relaxed structure"
            ),
            "cell": variable(("vector", "xyz"), atoms.cell.array, "Angstrom", "cell vectors, rows"),
            "atomic_numbers": variable("atom", atoms.numbers, "1", "atomic numbers"),
            "energy": variable((), minimum.energy, "eV", "energy of the relaxed structure"),
            "strain": variable((), minimum.strain, "1", "isotropic strain from the unrelaxed cell"),
            "max_gradient": variable(
                (), minimum.max_gradient, "eV/Angstrom", "largest gradient component left"
            ),
            "evaluations": variable((), minimum.n_evaluations, "1", "evaluations of descriptors"),
            "orbit": variable(
                "atom", minimum.coordinates.orbits, "1", "first atom of each atom's symmetry orbit"
            ),
            "mode_displacements": variable(
                ("displacement_mode", "atom", "xyz"),
                minimum.coordinates.modes.T.toarray().reshape(-1, len(atoms), 3),
                "1",
                "orthonormal displacement modes in which it was relaxed",
            ),
        },
        coords={"xyz": ["x", "y", "z"]},
        attrs={
            "potential": minimum.potential.name,
            "status": minimum.status,
            "cell_relaxes": int(minimum.coordinates.strain),
        },
    )


def minimum_from_dataset(dataset, potential):
    """The Minimum in a Dataset of `minimum_dataset`; potential: the one it was relaxed with."""
    atoms = Atoms(
        numbers=dataset["atomic_numbers"].values,
        positions=dataset["positions"].values,
        cell=dataset["cell"].values,
        pbc=True,
    )
    return Minimum(
        atoms=atoms,
        strain=float(dataset["strain"]),
        energy=float(dataset["energy"]),
        max_gradient=float(dataset["max_gradient"]),
        status=dataset.attrs["status"],
        n_evaluations=int(dataset["evaluations"]),
        potential=potential,
        coordinates=Coordinates(
            reference=atoms,
            modes=csr_array(dataset["mode_displacements"].values.reshape(-1, 3 * len(atoms)).T),
            orbits=dataset["orbit"].values,
            strain=bool(dataset.attrs["cell_relaxes"]),
        ),
    )


def quasi_newton(
    evaluator, weights, start, hessian, tolerance, max_steps, inside=lambda q: True, known=None
):
    """Walk from `start` until the largest gradient component is below `tolerance` (eV/A).

    evaluator: of descriptors in its coordinates; weights: shape (P + 1,), Theta and the 1 of the
    reference; hessian: shape (n, n), the guess at the start; inside: says of a q whether to go on
    from there; known: a pair (q, columns) evaluated earlier, for whatever parameters: the columns
    give the gradient for these too, and so improve the guess for nothing. Returns an Iteration; the
    caller decides what a missing convergence means.
    """
    q = np.array(start, dtype=float)
    coordinates = evaluator.coordinates
    columns = evaluator.gradient(q)
    gradient = columns @ weights
    if known is not None:
        place, there = known
        hessian = bfgs_update(hessian, q - place, gradient - there @ weights)
    reach, rejected = LARGEST_STEP, False
    for evaluations in range(1, max_steps + 2):
        max_gradient = largest_component(coordinates, gradient)
        step = bounded_step(hessian, gradient, coordinates.scale, reach)
        if max_gradient < tolerance or not inside(q) or evaluations > max_steps:
            break
        tried = evaluator.gradient(q + step)
        ahead = tried @ weights
        hessian = bfgs_update(hessian, step, ahead - gradient)
        uphill = (gradient + ahead) @ step > 0  # twice the change in energy, to third order
        rejected = uphill and largest_component(coordinates, ahead) > max_gradient
        if rejected:
            reach = 0.25 * np.abs(step * coordinates.scale).max()  # stay, and look nearer by
        else:
            q, columns, gradient = q + step, tried, ahead
            reach = min(2 * reach, LARGEST_STEP)
    if rejected:  # the evaluator stands elsewhere
        evaluator.gradient(q)
    return Iteration(
        q=q,
        ahead=q + step,
        values=evaluator.values(),
        columns=columns,
        max_gradient=max_gradient,
        hessian=hessian,
        n_evaluations=evaluations,
        converged=max_gradient < tolerance,
    )


def largest_component(coordinates, gradient):
    """Largest |gradient| over the atoms' Cartesian components and dU/dstrain / edge, eV/A."""
    n_modes = coordinates.modes.shape[1]
    on_atoms = np.abs(coordinates.modes @ gradient[:n_modes]).max(initial=0.0)
    on_strain = np.abs(gradient[n_modes:] / coordinates.scale[n_modes:]).max(initial=0.0)
    return float(max(on_atoms, on_strain))


def bounded_step(hessian, gradient, scale, reach):
    """Newton step -H^-1 g, uphill curvatures turned downhill, cut to `reach` Angstrom."""
    try:
        step = -scipy.linalg.cho_solve(scipy.linalg.cho_factor(hessian), gradient)
    except scipy.linalg.LinAlgError:
        scaled = hessian / np.outer(scale, scale)
        curvatures, directions = np.linalg.eigh(scaled)
        curvatures = np.maximum(np.abs(curvatures), 0.1)
        step = -(directions @ (directions.T @ (gradient / scale) / curvatures)) / scale
    return step * min(1.0, reach / np.abs(step * scale).max(initial=1e-300))


def bfgs_update(hessian, step, change):
    """Hessian that maps `step` to the gradient `change`; unchanged where that is not convex."""
    along = step @ change
    image = hessian @ step
    curvature = step @ image
    if along <= 1e-3 * abs(curvature):
        return hessian
    return hessian + np.outer(change, change) / along - np.outer(image, image) / curvature


def _guessed_hessian(coordinates, n_atoms):
    """A diagonal guess; the strain feels every bond of the cell, an atom only its own."""
    diagonal = np.full(coordinates.size, GUESSED_CURVATURE)
    if coordinates.strain:
        diagonal[-1] = 10 * GUESSED_CURVATURE * n_atoms
    return np.diag(diagonal)


def _advice(end, tolerance):
    return (
        f"not converged: |gradient| = {end.max_gradient:.1e} eV/A after {end.n_evaluations} "
        f"evaluations, wanted {tolerance:.0e}; start closer to the minimum or allow more steps"
    )
