"""The least change that makes the target a stable minimum."""

from dataclasses import replace

import numpy as np
import pytest
from fit_case import CHANGE, LATTICE_PARAMETER

from relaxdiff import RelaxationError, relax
from relaxdiff.fit.direct import direct, settled
from relaxdiff.fit.setup import fit_problem
from relaxdiff.potentials.snap.restricted import restricted
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal


def quiet(line):
    pass


def test_the_target_is_reached_by_no_more_than_the_known_change(fits):
    result, _ = fits["direct"]
    assert result.sizes["step"] == 2
    assert result["largest_deviation"].values[-1] < 1e-3
    assert result["max_force"].values[-1] < 1e-4
    assert result["relative_change"].values[-1] <= CHANGE * (1 + 1e-6)
    assert result["relative_change"].values[-1] > 0.5 * CHANGE
    assert result["lowest_curvature"].values[-1] > 0.1


def test_a_margin_that_the_least_change_does_not_have(case, settings, fits):
    """Then a larger change is found, with as much curvature as wanted."""
    first = fits["direct"][0]
    wanted = float(first["lowest_curvature"][-1]) + 0.02
    steps = direct(case.problem, settings | {"margin": wanted}, quiet)
    assert steps[-1].lowest_curvature == pytest.approx(wanted, abs=2e-3)
    assert steps[-1].relative_change > float(first["relative_change"][-1])
    assert steps[-1].largest_deviation < 1e-3


def test_a_change_that_is_larger_than_allowed(case, settings):
    with pytest.raises(
        RelaxationError,
        match=r"^fit: no change of up to 1% .*: the least one is 1\.9%; allow more "
        r"\(fit\.largest_change\), lower fit\.margin, or free other parameters$",
    ):
        direct(case.problem, settings | {"largest_change": 0.01}, quiet)


def test_a_margin_that_nothing_reaches(case, settings):
    with pytest.raises(RelaxationError, match="makes the target stable: .* above 5 of the crystal"):
        direct(case.problem, settings | {"margin": 5.0}, quiet)


def test_few_parameters_balance_forces_in_least_squares(case, settings):
    """The report says how far; the structure relaxes to near the target only."""
    few = restricted(case.problem.potential.whole, ["X_beta_1", "X_beta_2"])
    lines = []
    allowed = settings | {"largest_change": 10.0}
    steps = direct(replace(case.problem, potential=few), allowed, lines.append)
    before, after = (float(word) for word in _numbers(lines[1]))
    assert 1e-3 < after < before
    assert steps[-1].loss < steps[0].loss


def _numbers(line):
    words = line.replace(",", "").split()
    return words[words.index("target:") + 1], words[-1]


def test_nothing_to_settle_where_all_atoms_feel_x(case):
    problem = case.problem
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        assert (settled(problem, evaluator, pytest.fail) == 0).all()


@pytest.fixture(scope="module")
def outer(tungsten, settings):
    """A FitProblem with atoms too far from X to feel it, and the one of these that is pushed."""
    crystal = PerfectCrystal("W", "bcc", LATTICE_PARAMETER)
    start = relax(vacancy_cell("W", LATTICE_PARAMETER, 3), tungsten, "fixed")
    target, lengths = start.atoms.copy(), start.atoms.get_distances(0, range(53), mic=True)
    pushed = int(lengths.argmax())
    target.positions[pushed] += [0.1, 0.05, 0.0]
    target.positions[0] += [0.05, 0.0, 0.0]
    return fit_problem(start, target, crystal, settings), pushed


def test_outer_atoms_settle_around_the_target(outer):
    """Those near X stay where the target has them; the forces on the others vanish."""
    problem, pushed = outer
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        lines = []
        q = settled(problem, evaluator, lines.append)
        slopes = problem.coordinates.modes @ evaluator.gradient(q, problem.potential.theta)
    atoms = problem.coordinates.reference
    near = atoms.get_distances(0, range(len(atoms)), mic=True) < problem.potential.reach
    moved = np.linalg.norm(problem.coordinates.displacements(q), axis=1)
    assert not near[pushed]
    # Without held atoms a shift of the whole structure is no coordinate.
    apart = problem.coordinates.displacements(q)
    apart = apart - apart[near].mean(axis=0)
    assert np.abs(apart[near]).max() < 1e-10
    assert moved[pushed] > 0.05
    assert np.abs(slopes.reshape(-1, 3)[~near]).max() < 1e-4
    assert np.abs(slopes.reshape(-1, 3)[near]).max() > 1e-2
    assert len(lines) == 1
    assert lines[0].startswith(f"{(~near).sum()} atoms that the free parameters do not act on")
