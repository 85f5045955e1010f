"""The energy way to H_uu^-1: LAMMPS minimisations against dense Hessians."""

import numpy as np
import pytest

from relaxdiff import InputError, implicit_derivative, relax
from relaxdiff.derivative.solvers.energy import Energy
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.structures.coordinates import Freedom, coordinates_of
from relaxdiff.structures.kinds import vacancy_cell

FIXED_CELL = Freedom(strains=np.zeros((0, 3, 3)))


class Reference:
    """A vacancy at fixed cell: its minimum, and what a dense Hessian of all atoms says of it."""

    def __init__(self, potential, repeats):
        self.minimum = relax(vacancy_cell("W", 3.18, repeats), potential, cell="fixed")
        self.coordinates = coordinates_of(self.minimum.atoms, FIXED_CELL, symmetry=False)
        self.potential = potential

    def gradient(self, evaluator, q):
        return evaluator.columns(q) @ self.potential.weights

    def evaluator(self):
        potential = self.potential
        return AllAtomColumns(self.coordinates, potential.hyperparameters, potential.baseline)

    def parameter_forces(self, parameters):
        """-(dD/dx) of some parameters, (3N, k)."""
        with self.evaluator() as evaluator:
            columns = evaluator.columns(np.zeros(self.coordinates.size))
        return -self.coordinates.modes @ columns[:, parameters]

    def hessian(self):
        """Of all displacements but translations, by central differences, (3N, 3N)."""
        rows = []
        with self.evaluator() as evaluator:
            for direction in np.eye(self.coordinates.size):
                pair = [self.gradient(evaluator, sign * 1e-4 * direction) for sign in (1, -1)]
                rows.append((pair[0] - pair[1]) / 2e-4)
        hessian = (np.array(rows) + np.transpose(rows)) / 2
        modes = self.coordinates.modes
        return modes @ (modes @ hessian).T


@pytest.fixture(scope="module")
def small(tungsten):
    return Reference(tungsten, 2)


@pytest.fixture(scope="module")
def hessian(small):
    return small.hessian()


@pytest.fixture(scope="module")
def right(small):
    """Random forces on all atoms, with a mean."""
    return np.random.default_rng(3).normal(size=(3 * len(small.minimum.atoms), 2)) + 0.2


def error(found, expected):
    """Largest error of each column relative to the largest component of the column."""
    return np.abs(found - expected).max(axis=0) / np.abs(expected).max(axis=0)


@pytest.mark.parametrize(
    ("repeats", "alpha", "wanted"),
    [(2, 1e-6, 1e-5), (2, 1e-5, 1e-5), (2, 1e-4, 1e-6), (2, 1e-3, 1e-6), (3, 1e-3, 1e-6)],
)
def test_parameters_agree_with_the_dense_derivative(tungsten, small, repeats, alpha, wanted):
    reference = small if repeats == 2 else Reference(tungsten, repeats)
    parameters = [0, 7, 20, 54]
    dense = implicit_derivative(reference.minimum)["position_derivative"].values
    expected = dense[parameters].reshape(len(parameters), -1).T
    solved = Energy(alpha=alpha).displacements(
        reference.minimum, reference.parameter_forces(parameters)
    )
    assert solved.status == ("converged",) * 4
    assert (error(solved.x, expected) < wanted).all()
    assert all(0 < calls < 100 for calls in solved.n_force_calls)


def test_any_force_field(small, hessian, right):
    right = np.column_stack([right, np.zeros(len(right)), np.ones(len(right))])
    solved = Energy().displacements(small.minimum, right)
    expected = np.linalg.pinv(hessian, rcond=1e-8) @ right[:, :2]
    assert solved.status == ("converged",) * 4
    assert (error(solved.x[:, :2], expected) < 1e-6).all()
    assert np.abs(solved.x.reshape(-1, 3, 4).mean(axis=0)).max() < 1e-12
    assert not solved.x[:, 2:].any()  # nothing, and nothing but a translation
    assert solved.n_force_calls[2:] == (0, 0)


def test_a_fixed_atom_does_not_move(small, hessian, right):
    fixed = np.zeros(len(right) // 3, dtype=bool)
    fixed[4] = True
    solved = Energy().displacements(small.minimum, right, fixed=fixed)
    free = np.repeat(~fixed, 3)
    expected = np.linalg.solve(hessian[np.ix_(free, free)], right[free])
    assert not solved.x[~free].any()
    assert solved.status == ("converged",) * 2
    assert (error(solved.x[free], expected) < 1e-6).all()


def test_cells_that_lammps_turns(tungsten, small):
    atoms = small.minimum.atoms.copy()
    atoms.rotate(35, (1, 2, 3), rotate_cell=True)
    turned = relax(atoms, tungsten, cell="fixed", tolerance=1e-7)
    dense = implicit_derivative(turned)["position_derivative"].values[7].reshape(-1, 1)
    coordinates = coordinates_of(turned.atoms, FIXED_CELL, symmetry=False)
    with AllAtomColumns(coordinates, tungsten.hyperparameters, tungsten.baseline) as evaluator:
        columns = evaluator.columns(np.zeros(coordinates.size))
    solved = Energy().displacements(turned, -coordinates.modes @ columns[:, 7:8])
    assert error(solved.x, dense) < 1e-6


def test_advice_when_it_did_not_work(small, right):
    column = right[:, :1]
    short = Energy(max_steps=2).displacements(small.minimum, column).status[0]
    assert "not converged" in short
    assert "more steps" in short
    unresolved = Energy(alpha=1e-9, max_steps=20).displacements(small.minimum, column).status[0]
    assert "use larger alpha" in unresolved
    bent = Energy(alpha=1.0).displacements(small.minimum, column).status[0]
    assert "not linear" in bent
    assert "smaller alpha" in bent


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"alpha": 0}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"alpha": "1e-3"}, "alpha"),
        ({"alpha": 2.0}, "alpha"),
        ({"tolerance": -1e-3}, "tolerance"),
        ({"tolerance": 1.0}, "tolerance"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_steps": 1.5}, "max_steps"),
        ({"max_steps": True}, "max_steps"),
    ],
)
def test_settings_out_of_range_are_refused(settings, name):
    with pytest.raises(InputError, match=name):
        Energy(**settings)


def test_unfit_questions_are_refused(small, right, tungsten):
    with pytest.raises(InputError, match="shape"):
        Energy().displacements(small.minimum, right[:-1])
    with pytest.raises(InputError, match="finite"):
        Energy().displacements(small.minimum, right * np.inf)
    with pytest.raises(InputError, match="each of the 15 atoms"):
        Energy().displacements(small.minimum, right, fixed=np.zeros(15))
    unrelaxed = relax(vacancy_cell("W", 3.1, 2), tungsten, cell="fixed", max_steps=1)
    with pytest.raises(InputError, match="not converged"):
        Energy().displacements(unrelaxed, right)


@pytest.mark.parametrize("alpha", [1e-6, 1e-5, 1e-4])
def test_energy_agrees_with_dense(minimum, dense, alpha):
    chosen = [0, 20, 54]
    energy = implicit_derivative(
        minimum, Energy(alpha=alpha, tolerance=1e-5), np.eye(55)[:, chosen]
    )
    for name in ("position_derivative", "strain_derivative"):
        expected = dense[name].values[chosen]
        size = np.abs(expected).max(initial=0.0)
        assert energy[name].values == pytest.approx(expected, abs=1e-4 * size)
    assert energy.attrs["force_calls"] > 0
