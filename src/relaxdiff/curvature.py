"""Whether a symmetric minimum is a minimum in the full space, or a saddle point.

Relaxation in symmetric coordinates cannot leave a structure that has become unstable against a
displacement of lower symmetry. The lowest curvature tells: its direction comes from the force
constants of the reference, which are linear in Theta, and is refined on exact force differences at
the variant's own minimum. The refined value is a Rayleigh quotient, an upper bound to the lowest
curvature: a negative one proves a saddle point.
"""

import warnings

import numpy as np
import scipy.linalg
import xarray as xr
from scipy.sparse.linalg import LinearOperator, lobpcg

from relaxdiff.datasets import variable
from relaxdiff.descriptors import DescriptorCalculator
from relaxdiff.exceptions import RelaxationError
from relaxdiff.symmetry import find_symmetry

DISPLACEMENT_STEP = 1e-3  # Angstrom, of the atom that moves most
REFINEMENTS = 3  # steps of the eigensolver, two gradients each
SURELY_NEGATIVE = -0.05  # eV/Angstrom^2
STIFF = 1e3  # eV/Angstrom^2, put on rigid translations to keep them out of the way


def force_constants(minimum):
    """Second derivatives of the descriptors for one displaced atom of each orbit.

    minimum: a converged Minimum. Returns a Dataset with `force_constants` (representative, xyz,
    atom, xyz_2, column): columns as in Descriptors, per Angstrom^2. Raises RelaxationError when the
    structure is a saddle point in the full space.
    """
    potential, atoms = minimum.potential, minimum.atoms
    representatives = np.unique(minimum.coordinates.orbits)
    with DescriptorCalculator(potential.hyperparameters, potential.reference) as calculator:
        constants = np.array(
            [[_row(calculator, atoms, atom, axis) for axis in range(3)] for atom in representatives]
        )
    dataset = xr.Dataset(
        {
            "force_constants": variable(
                ("representative", "xyz", "atom", "xyz_2", "column"),
                constants,
                "1/Angstrom^2",
                "second derivatives of descriptors by positions; the last column is the fixed "
                "reference in eV/Angstrom^2",
            ),
            "representative_atom": variable(
                "representative", representatives, "1", "the atom displaced for each orbit"
            ),
        },
        attrs={"potential": potential.name, "evaluations": 6 * len(representatives)},
    )
    hessian = FullSpace(atoms, dataset).hessian(potential.weights)
    lowest = float(scipy.linalg.eigvalsh(hessian, subset_by_index=[0, 0])[0])
    if lowest <= 0:
        raise RelaxationError(
            f"{potential.name}: the relaxed reference is a saddle point (lowest curvature "
            f"{lowest:.2e} eV/Angstrom^2): its defect breaks the symmetry it was relaxed in"
        )
    dataset["lowest_curvature"] = variable(
        (), lowest, "eV/Angstrom^2", "lowest curvature at the reference, all displacements allowed"
    )
    return dataset


class _SaddlePoint(Exception):
    """A direction of negative curvature is found: no need to look for a worse one."""


class FullSpace:
    """The Hessian of a structure in all its coordinates, from one displaced atom of each orbit.

    atoms: the reference; constants: Dataset of `force_constants`.
    """

    def __init__(self, atoms, constants):
        self.atoms = atoms
        self.constants = constants["force_constants"].values
        representatives = constants["representative_atom"].values
        symmetry = find_symmetry(atoms)
        # For each atom: which representative goes to it, and by which operation.
        images = symmetry.permutations[:, representatives]
        where = [np.argwhere(images == atom)[0] for atom in range(len(atoms))]
        self.representative = [int(index) for _, index in where]
        self.rotations = symmetry.rotations[[operation for operation, _ in where]]
        self.permutations = symmetry.permutations[[operation for operation, _ in where]]

    def hessian(self, weights):
        """d2U/dx2 with translations made stiff, shape (3N, 3N), eV/Angstrom^2."""
        count = len(self.atoms)
        rows = self.constants @ weights
        full = np.empty((count, 3, count, 3))
        for atom, (index, turn, to) in enumerate(
            zip(self.representative, self.rotations, self.permutations, strict=True)
        ):
            full[atom][:, to] = np.einsum("ia,ajb,kb->ijk", turn, rows[index], turn)
        matrix = full.reshape(3 * count, 3 * count)
        shift = np.kron(np.full((count, count), STIFF / count), np.eye(3))
        return (matrix + matrix.T) / 2 + shift


class StabilityTest:
    """Lowest curvature of variants at their own minima. A context manager.

    potential: SnapPotential that gives the descriptors; coordinates: those of the variants' q;
    constants: Dataset of `force_constants`.
    """

    def __init__(self, potential, coordinates, constants):
        self.coordinates = coordinates
        self.full_space = FullSpace(coordinates.reference, constants)
        self.calculator = DescriptorCalculator(potential.hyperparameters, potential.reference)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.calculator.close()

    def lowest_curvature(self, weights, q):
        """Upper bound to the lowest curvature at q, translations apart, eV/Angstrom^2.

        Infinite for a structure that was relaxed in all its coordinates anyway.
        """
        if self.coordinates.modes.shape[1] == self.coordinates.modes.shape[0] - 3:
            return np.inf
        guess = self.full_space.hessian(weights)
        values, vectors = scipy.linalg.eigh(guess)
        positive = np.maximum(np.abs(values - values[0]), 0.5)  # a preconditioner must be positive
        size = len(values)
        structure = self.coordinates.structure(q)

        def curve(block):
            images = []
            for direction in block.reshape(size, -1).T:
                images.append(self._curvature_along(structure, weights, direction))
                curvature = direction @ images[-1] / (direction @ direction)
                if curvature < SURELY_NEGATIVE:
                    raise _SaddlePoint(curvature)
            return np.column_stack(images)

        operator = LinearOperator((size, size), matvec=curve, matmat=curve, dtype=float)
        inverse = vectors @ (vectors / positive).T
        rigid = np.tile(np.eye(3), (size // 3, 1)) / np.sqrt(size / 3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of stopping early, which is meant here
            try:
                found, _ = lobpcg(
                    operator,
                    vectors[:, :1],
                    M=inverse,
                    Y=rigid,
                    tol=1e-2,
                    maxiter=REFINEMENTS,
                    largest=False,
                )
            except _SaddlePoint as saddle:
                return float(saddle.args[0])
        return float(found[0])

    def _curvature_along(self, structure, weights, direction):
        """H v by central differences of gradients."""
        step = DISPLACEMENT_STEP / np.abs(direction).max()
        gradients = []
        for sign in (1, -1):
            moved = structure.copy()
            moved.positions += sign * step * direction.reshape(-1, 3)
            gradients.append(self.calculator.evaluate(moved).gradient @ weights)
        return (gradients[0] - gradients[1]).ravel() / (2 * step)


def _row(calculator, atoms, atom, axis):
    """Change of all atoms' gradients with one atom's displacement, shape (N, 3, column)."""
    gradients = []
    for step in (DISPLACEMENT_STEP, -DISPLACEMENT_STEP):
        moved = atoms.copy()
        moved.positions[atom, axis] += step
        gradients.append(calculator.evaluate(moved).gradient)
    return (gradients[0] - gradients[1]) / (2 * DISPLACEMENT_STEP)
