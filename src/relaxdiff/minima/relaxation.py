"""Relaxation of a structure, atoms and cell."""

from dataclasses import replace

import numpy as np

from relaxdiff.minima.minimum import Minimum
from relaxdiff.minima.quadratic_models import first_guess
from relaxdiff.minima.quasi_newton import Stop, quasi_newton
from relaxdiff.structures import Freedom, cell_strains, coordinates_of, face_normals


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

    atoms: ASE Atoms; potential: a Potential; cell: 'fixed', 'isotropic', 'full' or
    'in_plane_fixed', see `cell_strains`; tolerance: largest |gradient| in eV/A, over
    Cartesian force components and dU/dstrain divided by the edge of the cell; symmetry: keep the
    structure's own symmetry, which makes it fast; turn it off (or shake the atoms) to leave a
    symmetric saddle point; preconditioner: for large cells, such as LatticeGreen: its `apply` maps
    forces (N, 3) to displacements like the inverse of a Hessian would; fixed: mask (N,) of atoms
    that keep their scaled positions; normal_only: atoms move only along the normal of the plane of
    the first two cell vectors, as in a gamma surface. Returns a Minimum whose `status` says whether
    it converged. Raises InputError for a cell that cannot relax so, EvaluationError when the
    potential has no value for a structure on the way.
    """
    strains = cell_strains(cell, atoms, potential.reach)
    directions = face_normals(atoms)[2:] if normal_only else np.eye(3)
    coordinates = coordinates_of(atoms, Freedom(strains, directions, fixed), symmetry)
    start = np.zeros(coordinates.size)
    model = first_guess(coordinates, preconditioner)
    with potential.evaluator(coordinates) as evaluator:
        stop = Stop(tolerance, max_steps)
        end = quasi_newton(evaluator, potential.theta, start, model, stop)
        energy = evaluator.energy(end.q, potential.theta)
    relaxed = coordinates.structure(end.q)
    return Minimum(
        atoms=relaxed,
        strain=coordinates.strain_of(end.q),
        energy=energy + potential.shift_of(atoms),
        max_gradient=end.max_gradient,
        status="converged" if end.converged else _advice(end, tolerance),
        n_evaluations=end.n_evaluations,
        potential=potential,
        coordinates=replace(coordinates, reference=relaxed),
    )


def _advice(end, tolerance):
    return (
        f"not converged: |gradient| = {end.max_gradient:.1e} eV/A after {end.n_evaluations} "
        f"evaluations, wanted {tolerance:.0e}; start closer to the minimum or allow more steps"
    )
