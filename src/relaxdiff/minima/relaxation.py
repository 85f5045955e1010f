"""Relaxation of a structure, and how it is written to a file."""

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr
from ase import Atoms
from scipy.sparse import csr_array

from relaxdiff.files.datasets import variable
from relaxdiff.lammps.all_atoms import evaluator_for
from relaxdiff.minima.quasi_newton import DenseModel, LimitedMemory, quasi_newton
from relaxdiff.potentials.snap.potential import SnapPotential
from relaxdiff.structures.coordinates import (
    Coordinates,
    Freedom,
    cell_strains,
    coordinates_of,
    face_normals,
)

GUESSED_CURVATURE = 20.0  # eV/A^2, only the starting guess when no Hessian is at hand


@dataclass(frozen=True)
class Minimum:
    """A relaxed structure and how well it is relaxed.

    atoms: the relaxed Atoms; strain: symmetric matrix (3, 3), relative to the cell that was given;
    energy: eV, with the fixed reference and the energy shift; max_gradient: eV/A; status:
    'converged', or what went wrong and what to try; coordinates: those of `atoms`, q = 0 there.
    """

    atoms: Atoms
    strain: np.ndarray
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
    cell="isotropic",
    tolerance=1e-8,
    max_steps=300,
    symmetry=True,
    preconditioner=None,
    fixed=None,
    normal_only=False,
):
    """Relax a periodic structure, atoms and as much of the cell as wanted.

    atoms: ASE Atoms; potential: SnapPotential; cell: 'fixed', 'isotropic', 'full' or
    'in_plane_fixed', see `cell_strains`; tolerance: largest |gradient| in eV/A, over
    Cartesian force components and dU/dstrain divided by the edge of the cell; symmetry: keep the
    structure's own symmetry, which makes it fast; turn it off (or shake the atoms) to leave a
    symmetric saddle point; preconditioner: for large cells, such as LatticeGreen: its `apply` maps
    forces (N, 3) to displacements like the inverse of a Hessian would; fixed: mask (N,) of atoms
    that keep their scaled positions; normal_only: atoms move only along the normal of the plane of
    the first two cell vectors, as in a gamma surface. Returns a Minimum whose `status` says whether
    it converged. Raises InputError for a cell that cannot relax so, LammpsError when LAMMPS cannot
    evaluate the structure.
    """
    strains = cell_strains(cell, atoms, potential.reach)
    directions = face_normals(atoms)[2:] if normal_only else np.eye(3)
    coordinates = coordinates_of(atoms, Freedom(strains, directions, fixed), symmetry)
    start = np.zeros(coordinates.size)
    model = _guess(coordinates, preconditioner)
    with evaluator_for(coordinates, potential) as evaluator:
        end = quasi_newton(evaluator, potential.weights, start, model, tolerance, max_steps)
    relaxed = coordinates.structure(end.q)
    return Minimum(
        atoms=relaxed,
        strain=coordinates.strain_of(end.q),
        energy=float(end.values @ potential.weights) + potential.shift_of(atoms),
        max_gradient=end.max_gradient,
        status="converged" if end.converged else _advice(end, tolerance),
        n_evaluations=end.n_evaluations,
        potential=potential,
        coordinates=replace(coordinates, reference=relaxed),
    )


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
            "strain": variable(
                ("xyz", "xyz_2"), minimum.strain, "1", "strain from the unrelaxed cell"
            ),
            "strain_basis": strain_basis(minimum.coordinates.strains),
            "allowed_strains": variable(
                ("allowed_strain", "xyz", "xyz_2"),
                minimum.coordinates.freedom.strains,
                "1",
                "what the cell may strain by, symmetry apart",
            ),
            "directions": variable(
                ("direction", "xyz"),
                minimum.coordinates.freedom.directions,
                "1",
                "directions that atoms may move in",
            ),
            "max_gradient": variable(
                (), minimum.max_gradient, "eV/Angstrom", "largest gradient component left"
            ),
            "evaluations": variable((), minimum.n_evaluations, "1", "evaluations of descriptors"),
            "orbit": variable(
                "atom", minimum.coordinates.orbits, "1", "first atom of each atom's symmetry orbit"
            ),
            "mode_displacements": mode_displacements(minimum.coordinates),
        },
        coords={"xyz": ["x", "y", "z"], "xyz_2": ["x", "y", "z"]},
        attrs={"potential": minimum.potential.name, "status": minimum.status},
    )


def strain_basis(strains):
    """The matrices (strain, 3, 3) that coordinates are amplitudes of, as a Variable."""
    return variable(
        ("strain", "xyz", "xyz_2"), strains, "1", "strain of the cell per unit of its coordinate"
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
        strain=dataset["strain"].values,
        energy=float(dataset["energy"]),
        max_gradient=float(dataset["max_gradient"]),
        status=dataset.attrs["status"],
        n_evaluations=int(dataset["evaluations"]),
        potential=potential,
        coordinates=Coordinates(
            reference=atoms,
            modes=csr_array(dataset["mode_displacements"].values.reshape(-1, 3 * len(atoms)).T),
            orbits=dataset["orbit"].values,
            strains=dataset["strain_basis"].values,
            freedom=Freedom(dataset["allowed_strains"].values, dataset["directions"].values),
        ),
    )


def inverse_in(coordinates, preconditioner):
    """Maps gradients (n,) to steps: the preconditioner on the atoms, a guess on the strains."""
    modes, on_strains = coordinates.modes, _strain_curvature(coordinates)

    def inverse(gradient):
        forces = (modes @ gradient[: coordinates.n_modes]).reshape(-1, 3)
        moved = modes.T @ preconditioner.apply(forces).ravel()
        return np.append(moved, gradient[coordinates.n_modes :] / on_strains)

    return inverse


def _guess(coordinates, preconditioner):
    """What is known of the Hessian beforehand: without a preconditioner a diagonal."""
    if preconditioner is not None:
        return LimitedMemory(inverse_in(coordinates, preconditioner))
    on_atoms = np.full(coordinates.n_modes, GUESSED_CURVATURE)
    on_strains = np.full(len(coordinates.strains), _strain_curvature(coordinates))
    return DenseModel(np.diag(np.append(on_atoms, on_strains)), coordinates.scale)


def _strain_curvature(coordinates):
    """A guess: the strain feels every bond of the cell, an atom only its own; eV."""
    return 10 * GUESSED_CURVATURE * len(coordinates.reference)


def _advice(end, tolerance):
    return (
        f"not converged: |gradient| = {end.max_gradient:.1e} eV/A after {end.n_evaluations} "
        f"evaluations, wanted {tolerance:.0e}; start closer to the minimum or allow more steps"
    )
