"""Relaxation of a structure, atoms and cell."""

from dataclasses import replace

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from relaxdiff.minima.minimum import Minimum
from relaxdiff.minima.quadratic_models import first_guess
from relaxdiff.minima.quasi_newton import Stop, quasi_newton
from relaxdiff.potentials import Potential
from relaxdiff.structures import Freedom, cell_strains, coordinates_of, face_normals


def relax(
    atoms: Atoms,
    potential: Potential,
    cell: str = "isotropic",
    tolerance: float = 1e-8,
    max_steps: int = 300,
    symmetry: bool = True,
    preconditioner: object | None = None,
    fixed: np.ndarray | None = None,
    normal_only: bool = False,
) -> Minimum:
    """Relax a periodic structure, atoms and as much of the cell as wanted.

    atoms: ASE Atoms; potential: a Potential; cell: 'fixed', 'isotropic', 'full' or
    'in_plane_fixed', see `cell_strains`; tolerance: largest |gradient| in eV/A, over
    Cartesian force components and dU/dstrain divided by the edge of the cell; symmetry: keep the
    structure's own symmetry, which makes it fast; turn it off (or shake the atoms) to leave a
    symmetric saddle point; preconditioner: for large cells, such as LatticeGreen: its `apply` maps
    forces (N, 3) to displacements, as the inverse of a Hessian does; fixed: mask (N,) of atoms
    that keep their scaled positions or, without symmetry, (N, 3) of components; normal_only: atoms
    move only along the normal of the plane of the first two cell vectors, as in a gamma surface.
    Returns a Minimum whose `status` says whether
    it converged, and whose Atoms carry the energy (eV) and, unless some atoms are held or confined
    to a normal, the remaining forces (eV/A). Raises InputError for a `cell` that is not possible,
    EvaluationError when the potential has no value for a structure on the way.
    """
    strains = cell_strains(cell, atoms, potential.reach)
    directions = face_normals(atoms)[2:] if normal_only else np.eye(3)
    coordinates = coordinates_of(atoms, Freedom(strains, directions, fixed), symmetry)
    start = np.zeros(coordinates.size)
    model = first_guess(coordinates, preconditioner)
    with potential.evaluator(coordinates) as evaluator:
        stop = Stop(tolerance, max_steps)
        end = quasi_newton(evaluator, potential.theta, start, model, stop)
        energy = evaluator.energy(end.q, potential.theta) + potential.shift_of(atoms)
        gradient = evaluator.gradient(end.q, potential.theta)
    relaxed = coordinates.structure(end.q)
    forces = _forces(coordinates, end.q, gradient)
    relaxed.calc = SinglePointCalculator(relaxed, energy=energy, **forces)
    return Minimum(
        atoms=relaxed,
        strain=coordinates.strain_of(end.q),
        energy=energy,
        max_gradient=end.max_gradient,
        status="converged" if end.converged else _advice(end, tolerance),
        n_evaluations=end.n_evaluations,
        potential=potential,
        coordinates=replace(coordinates, reference=relaxed),
    )


def _forces(coordinates, q, gradient):
    """The forces on the atoms (N, 3), eV/A, in a dict; empty where dU/dq lacks some of them.

    With x = (x0 + u) F, the gradient by u, which the modes contain fully, is that by x times F.
    """
    freedom = coordinates.freedom
    if freedom.fixed is not None or len(freedom.directions) < 3:
        return {}
    by_u = (coordinates.modes @ gradient[: coordinates.n_modes]).reshape(-1, 3)
    deformation = np.eye(3) + coordinates.strain_of(q)
    return {"forces": -np.linalg.solve(deformation, by_u.T).T}


def _advice(end, tolerance):
    return (
        f"not converged: |gradient| = {end.max_gradient:.1e} eV/A after {end.n_evaluations} "
        f"evaluations, wanted {tolerance:.0e}; start closer to the minimum or allow more steps"
    )
