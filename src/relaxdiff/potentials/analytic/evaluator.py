"""The Evaluator of an analytic potential: all derivatives exact, by JAX.

It also has the columns of a LinearEvaluator. They are those of U expanded to first order in theta
about the parameters of the potential that it belongs to,

    U(q; theta) ~ theta . D(q) + U_0(q),    D = dU/dtheta,    U_0 = U - theta_0 . D,

so that models of Hessians at other parameters are made as for a potential that is linear.
"""

import jax.numpy as jnp
import numpy as np
from ase import Atoms

from relaxdiff.exceptions import EvaluationError
from relaxdiff.potentials.analytic.derivatives import derivatives_of
from relaxdiff.potentials.analytic.hessian import second_derivatives
from relaxdiff.potentials.analytic.neighbours import neighbour_table

# Angstrom, by which neighbours may be farther than the cutoff when a table is made; it serves until
# an atom has moved by half of it, or the cell has strained as much.
SKIN = 0.4
TOO_FAR = "the structure is too far from the reference to be evaluated"
LEAST_STRETCH = 0.5  # of the reference cell; in a smaller one tables would need too much memory


class AnalyticEvaluator:
    """U and its derivatives in the coordinates of one structure. A context manager.

    model: AnalyticModel; theta: parameters (P,) about which columns are expanded; coordinates:
    Coordinates. Raises EvaluationError where U is not finite, or the cell has collapsed.
    """

    def __init__(self, model, theta, coordinates):
        self.model, self.theta, self.coordinates = model, theta, coordinates
        self.n_evaluations = 0
        self._compiled = derivatives_of(model.energy, model.parameters.names)
        symbols = coordinates.reference.symbols
        self._species = np.array([model.elements.index(each) for each in symbols], dtype=np.int32)
        self.forget()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Free what is remembered."""
        self.forget()

    def forget(self):
        """Make later results independent, to the last digit, of earlier evaluations."""
        self._asked = self._found = self._table = None

    def energy(self, q, theta):
        """U, eV."""
        return float(self._slopes(q, theta).energy)

    def gradient(self, q, theta):
        """dU/dq, (n,), eV/Angstrom; of strains eV."""
        found = self._slopes(q, theta)
        return self._on_coordinates(found.by_positions, found.by_deformation)

    def parameter_gradient(self, q, theta):
        """dU/dtheta, (P,), eV per unit of each parameter."""
        return np.array(self._slopes(q, theta).by_theta)

    def mixed(self, q, theta, directions=None):
        """d2U/dq dtheta, (n, P); or times directions (P, k), (n, k)."""
        if directions is None:
            found = self._by_parameters(q, theta)
            return self._on_coordinates(found.by_positions, found.by_deformation)
        (place, structure), theta = self._at(q, theta), np.asarray(theta, dtype=float)
        still = np.zeros((len(self._species), 3)), np.zeros((3, 3))
        columns = []
        for direction in np.transpose(directions):
            self.n_evaluations += 1
            found = self._compiled.along(place, theta, structure, (*still, direction))
            columns.append(self._on_coordinates(found.by_positions, found.by_deformation))
        return np.column_stack(columns)

    def parameter_hessian(self, q, theta):
        """d2U/dtheta2, (P, P)."""
        found = np.array(self._by_parameters(q, theta).by_theta)
        return (found + found.T) / 2

    def hessian_product(self, q, theta, vector):
        """d2U/dq2 applied to a vector (n,)."""
        (place, structure), theta = self._at(q, theta), np.asarray(theta, dtype=float)
        displacements, strain = self._moved(vector)
        self.n_evaluations += 1
        if not len(self.coordinates.strains):
            product = self._compiled.product(place, theta, structure, displacements)
            return self.coordinates.pull_back(product)
        change = displacements, strain, np.zeros(len(theta))
        found = self._compiled.along(place, theta, structure, change)
        return self._on_coordinates(found.by_positions, found.by_deformation)

    def hessian_row(self, index, theta):
        """d2U / dq dq_index at q = 0, (n,)."""
        size = self.coordinates.size
        return self.hessian_product(np.zeros(size), theta, np.eye(1, size, index)[0])

    def hessian(self, q, theta):
        """d2U/dq2, (n, n)."""
        return self._second(q, theta)[..., -1]

    def columns(self, q):
        """dD/dq, (n, P + 1), and as last column dU_0/dq."""
        mixed = self.mixed(q, self.theta)
        return np.column_stack([mixed, self.gradient(q, self.theta) - mixed @ self.theta])

    def descriptors(self, q):
        """D, (P + 1,), and U_0 (eV) last."""
        slopes = self.parameter_gradient(q, self.theta)
        return np.append(slopes, self.energy(q, self.theta) - slopes @ self.theta)

    def hessian_columns(self, modes=None):
        """d2D/dq2 at q = 0, (n, n, P + 1), and as last column d2U_0/dq2.

        modes: indices of k modes whose rows alone are wanted, (k, n, P + 1).
        """
        tensor = self._second(np.zeros(self.coordinates.size), self.theta, True, modes)
        tensor[..., -1] -= tensor[..., :-1] @ self.theta
        return tensor

    def _slopes(self, q, theta):
        """Slopes at q and theta, remembered."""
        asked = self._key(q, theta)
        if asked != self._asked:
            self._asked = None  # after a failure below, nothing is remembered
            place, structure = self._at(q, theta)
            self.n_evaluations += 1
            found = self._compiled.slopes(place, np.asarray(theta, dtype=float), structure)
            if not (np.isfinite(found.energy) and np.isfinite(found.by_positions).all()):
                raise EvaluationError(f"{self.model.name}: the energy is not finite")
            self._asked, self._found = asked, found
        return self._found

    def _second(self, q, theta, by_parameters=False, modes=None):
        """`second_derivatives` at q; counted as one evaluation for each row and column."""
        place, structure = self._at(q, theta)
        given = place, np.asarray(theta, dtype=float), structure
        tensor = second_derivatives(self._compiled, self.coordinates, given, by_parameters, modes)
        self.n_evaluations += tensor.shape[0] * tensor.shape[-1]
        return tensor

    def _by_parameters(self, q, theta):
        place, structure = self._at(q, theta)
        self.n_evaluations += len(theta)
        return self._compiled.by_parameters(place, np.asarray(theta, dtype=float), structure)

    @staticmethod
    def _key(q, theta):
        return np.asarray(q, dtype=float).tobytes(), np.asarray(theta, dtype=float).tobytes()

    def _at(self, q, theta):
        """What the compiled functions take: the place, and the structure with a table for it."""
        coordinates = self.coordinates
        reference = coordinates.reference
        if not np.isfinite(q).all():
            raise EvaluationError(f"{self.model.name}: {TOO_FAR}")
        positions = reference.positions + coordinates.displacements(q)
        deformation = np.eye(3) + coordinates.strain_of(q)
        if np.linalg.eigvalsh(deformation)[0] < LEAST_STRETCH:
            raise EvaluationError(f"{self.model.name}: {TOO_FAR}")
        reach = self.model.reach(theta)
        if not self._serves(positions, deformation, reach):
            here = Atoms(reference.numbers, positions @ deformation, pbc=True)
            here.set_cell(reference.cell.array @ deformation)
            table = neighbour_table(here, reach + SKIN)
            # Given to JAX once, not again in each evaluation.
            arrays = tuple(map(jnp.asarray, table.arrays))
            self._table = arrays, positions, deformation, reach
        structure = (reference.cell.array, self._species, *self._table[0])
        return (positions, deformation), structure

    def _serves(self, positions, deformation, reach):
        """Whether no neighbour within `reach` can be missing in the present table."""
        if self._table is None:
            return False
        _, before, strained, known = self._table
        moved = np.linalg.norm(positions - before, axis=1).max(initial=0.0)
        stretched = np.linalg.norm(deformation @ np.linalg.inv(strained) - np.eye(3), 2)
        largest = np.linalg.norm(deformation, 2)
        return reach + 2 * moved * largest + stretched * (known + SKIN) < known + SKIN

    def _moved(self, vector):
        """Changes of x (N, 3) and F (3, 3) along a change of q."""
        return self.coordinates.displacements(vector), self.coordinates.strain_of(vector)

    def _on_coordinates(self, by_positions, by_deformation):
        """Derivatives by q, (n, ...), from those by x, (N, 3, ...), and F, (3, 3, ...)."""
        on_modes = self.coordinates.pull_back(by_positions)
        on_strains = np.tensordot(self.coordinates.strains, np.asarray(by_deformation), axes=2)
        return np.concatenate([on_modes, on_strains])
