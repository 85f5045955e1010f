"""Relaxation of a structure, and of the reference that a study differentiates."""

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr
from ase import Atoms
from scipy.sparse import csr_array

from relaxdiff.coordinates import Coordinates, coordinates_of
from relaxdiff.datasets import variable
from relaxdiff.evaluation import evaluator_for
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.lattice_green import crystal_green
from relaxdiff.potential import SnapPotential
from relaxdiff.quasi_newton import DenseModel, LimitedMemory, quasi_newton
from relaxdiff.structures import bulk_cell, tabulated_lattice_parameter, vacancy_cell

LARGEST_MISMATCH = 0.15  # of the tabulated lattice parameter; beyond it E(a) is not looked at
# Supercell from which on the crystal's Green's function saves more evaluations than it costs.
LARGE = 12
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


def relax(
    atoms,
    potential,
    strain=True,
    tolerance=1e-8,
    max_steps=300,
    symmetry=True,
    preconditioner=None,
    fixed=None,
):
    """Relax a periodic structure, atoms and (if `strain`) isotropic volume.

    atoms: ASE Atoms; potential: SnapPotential; tolerance: largest |gradient| in eV/A, over
    Cartesian force components and dU/dstrain divided by the edge of the cell; symmetry: keep the
    structure's own symmetry, which makes it fast; turn it off (or shake the atoms) to leave a
    symmetric saddle point; preconditioner: for large cells, such as LatticeGreen: its `apply` maps
    forces (N, 3) to displacements like the inverse of a Hessian would; fixed: mask (N,) of atoms
    that keep their scaled positions. Returns a Minimum whose `status` says whether it converged.
    Raises LammpsError when LAMMPS cannot evaluate the structure.
    """
    coordinates = coordinates_of(atoms, strain=strain, symmetry=symmetry, fixed=fixed)
    start = np.zeros(coordinates.size)
    model = _guess(coordinates, preconditioner)
    with evaluator_for(coordinates, potential) as evaluator:
        end = quasi_newton(evaluator, potential.weights, start, model, tolerance, max_steps)
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

    supercell: conventional cubic cells along each edge. Raises InputError when the potential is for
    another element, RelaxationError when crystal or defect do not converge, LammpsError.
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
    atoms = vacancy_cell(element, edge, supercell, lattice)
    green = crystal_green(potential, atoms, lattice, supercell) if supercell >= LARGE else None
    minimum = relax(atoms, potential, preconditioner=green)
    if not minimum.converged:
        raise RelaxationError(f"vacancy of {potential.name}, {supercell}^3: {minimum.status}")
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
            "mode_displacements": mode_displacements(minimum.coordinates),
        },
        coords={"xyz": ["x", "y", "z"]},
        attrs={
            "potential": minimum.potential.name,
            "status": minimum.status,
            "cell_relaxes": int(minimum.coordinates.strain),
        },
    )


def mode_displacements(coordinates):
    """The modes of coordinates as a Variable; mostly zeros, compressed when written."""
    modes = variable(
        ("displacement_mode", "atom", "xyz"),
        coordinates.modes.T.toarray().reshape(-1, len(coordinates.reference), 3),
        "1",
        "orthonormal displacement modes that coordinates are amplitudes of",
    )
    modes.encoding = {"zlib": True, "complevel": 1}
    return modes


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


def inverse_in(coordinates, preconditioner):
    """Maps gradients (n,) to steps: the preconditioner on the atoms, a guess on the strain."""
    modes, on_strain = coordinates.modes, _strain_curvature(coordinates)

    def inverse(gradient):
        forces = (modes @ gradient[: modes.shape[1]]).reshape(-1, 3)
        moved = modes.T @ preconditioner.apply(forces).ravel()
        return np.append(moved, gradient[modes.shape[1] :] / on_strain)

    return inverse


def _guess(coordinates, preconditioner):
    """What is known of the Hessian beforehand: without a preconditioner a diagonal."""
    if preconditioner is not None:
        return LimitedMemory(inverse_in(coordinates, preconditioner))
    on_atoms = np.full(coordinates.modes.shape[1], GUESSED_CURVATURE)
    diagonal = np.append(on_atoms, _strain_curvature(coordinates))
    return DenseModel(np.diag(diagonal[: coordinates.size]), coordinates.scale)


def _strain_curvature(coordinates):
    """A guess: the strain feels every bond of the cell, an atom only its own; eV."""
    return 10 * GUESSED_CURVATURE * len(coordinates.reference)


def _advice(end, tolerance):
    return (
        f"not converged: |gradient| = {end.max_gradient:.1e} eV/A after {end.n_evaluations} "
        f"evaluations, wanted {tolerance:.0e}; start closer to the minimum or allow more steps"
    )
