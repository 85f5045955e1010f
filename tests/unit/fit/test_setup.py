"""A FitProblem from structures and the config's `fit`."""

from dataclasses import replace

import numpy as np
import pytest
from crystal_study import posterior_of
from fit_case import LATTICE_PARAMETER

from relaxdiff import InputError, relax
from relaxdiff.fit.setup import alchemical_atoms, fit_problem
from relaxdiff.structures.dislocations import dislocation_disk
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", LATTICE_PARAMETER)


@pytest.fixture(scope="module")
def held(tungsten):
    """The vacancy with three atoms held."""
    mask = np.isin(np.arange(15), [5, 6, 9])
    atoms = vacancy_cell("W", LATTICE_PARAMETER, 2)
    return relax(atoms, tungsten, "fixed", symmetry=False, fixed=mask), mask


def in_target(settings, **changes):
    return settings | {"targets": [settings["targets"][0] | changes]}


def test_the_alchemical_atom_is_x_and_the_target_is_at_q_zero(case):
    problem = case.problem
    assert problem.potential.elements == ("W", "X")
    assert problem.coordinates.reference.get_chemical_symbols() == ["X"] + ["W"] * 14
    apart = problem.coordinates.reference.positions - case.target.positions
    assert np.ptp(apart, axis=0) == pytest.approx(0, abs=1e-9)  # but for a shift as a whole
    start = problem.coordinates.structure(problem.start)
    shift = start.positions - case.start.atoms.positions
    assert np.ptp(shift, axis=0) == pytest.approx(0, abs=1e-9)
    assert problem.root is None
    assert problem.region.all()


def test_a_target_that_is_shifted_or_folded_back_is_the_same(case, settings):
    target = case.target.copy()
    target.positions += [0.8, -0.3, 0.1]
    target.wrap()
    problem = fit_problem(case.start, target, case.crystal, settings)
    assert problem.start == pytest.approx(case.problem.start, abs=1e-9)


def test_held_atoms_stay(held, settings):
    """Small differences to the target's are left out of it; they do not count in the loss."""
    start, mask = held
    target = start.atoms.copy()
    target.positions += 0.02
    problem = fit_problem(start, target, CRYSTAL, settings)
    apart = problem.coordinates.reference.positions - start.atoms.positions
    assert (apart[mask] == 0).all()
    assert apart[~mask] == pytest.approx(0.02)
    assert (problem.region == ~mask).all()
    assert (problem.coordinates.held == mask[:, None]).all()
    target.positions[mask] += 0.5
    with pytest.raises(InputError, match=r"^fit.targets: atoms that are held are up to 0\.52 Ang"):
        fit_problem(start, target, CRYSTAL, settings)


def test_a_region_around_the_alchemical_atom(case, held, settings):
    near = case.start.atoms.get_distances(0, range(15), mic=True) < 3.0
    problem = fit_problem(case.start, case.target, case.crystal, in_target(settings, region=3.0))
    assert (problem.region == near).all()
    start, mask = held
    problem = fit_problem(start, start.atoms, CRYSTAL, in_target(settings, region=3.0))
    assert (problem.region == near & ~mask).all()


def test_the_prior_of_x_is_that_of_the_element_it_copies(case, tungsten_beryllium, settings):
    """A change R z of the coefficients; R is taken from rows of the posterior's covariance."""
    chance = np.random.default_rng(0)
    both = tungsten_beryllium
    size = both.theta.size
    posterior = posterior_of(both, chance.normal(size=(5, size)))
    posterior = posterior.assign_coords(parameter=list(both.parameters.names))
    start = replace(case.start, potential=both)
    wanted = settings | {"prior": True, "free": ["X_beta_2", "Be_beta_1"], "alchemical": [0]}
    atoms = start.atoms.copy()
    atoms.symbols[3] = "Be"
    problem = fit_problem(replace(start, atoms=atoms), atoms, case.crystal, wanted, posterior)
    names = list(both.parameters.names)
    covariance = np.cov(posterior["theta"].values.T)
    own = [names.index(name) for name in ("Be_beta_1", "W_beta_2")]
    assert problem.potential.parameters.names == ("Be_beta_1", "X_beta_2")
    assert problem.root @ problem.root.T == pytest.approx(covariance[np.ix_(own, own)])


@pytest.mark.parametrize("free", ["X_beta_*", "beta_*"])
def test_the_prior_of_a_single_element(free, case, tungsten, settings):
    posterior = posterior_of(tungsten, np.random.default_rng(0).normal(size=(4, 55)))
    wanted = settings | {"prior": True, "free": [free]}
    wanted["alchemical"] = [0] if free[0] == "X" else None
    problem = fit_problem(case.start, case.target, case.crystal, wanted, posterior)
    assert problem.root @ problem.root.T == pytest.approx(np.cov(posterior["theta"].values.T))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"alchemical": [99]}, "^fit.alchemical: 99 is not the index of one of 15 atoms, which"),
        ({"alchemical": [3, -1]}, "^fit.alchemical: -1 is not the index"),
        ({"alchemical": "centre"}, "^fit.alchemical: centre is known of dislocations in"),
        ({"free": ["Be_beta_1"]}, "^fit.free: no parameter of W_2940_2017_2.X matches Be_beta_1"),
    ],
)
def test_settings_that_do_not_fit(change, sentence, case, settings):
    with pytest.raises(InputError, match=sentence):
        fit_problem(case.start, case.target, case.crystal, settings | change)


def test_structures_that_do_not_fit(case, settings, tungsten_beryllium):
    fewer, larger = case.target[:-1], case.target.copy()
    larger.set_cell(larger.cell * 1.01)
    with pytest.raises(InputError, match="^fit.targets: the target has 14 atoms, the structure 15"):
        fit_problem(case.start, fewer, case.crystal, settings)
    with pytest.raises(InputError, match="^fit.targets: the target's cell is not that of the"):
        fit_problem(case.start, larger, case.crystal, settings)
    mixed = case.start.atoms.copy()
    mixed.symbols[1] = "Be"
    start = replace(case.start, atoms=mixed, potential=tungsten_beryllium)
    with pytest.raises(InputError, match="^fit.alchemical: the atoms are of different elements"):
        fit_problem(start, mixed, case.crystal, settings | {"alchemical": [0, 1]})
    start = replace(case.start, potential=tungsten_beryllium)
    none = settings | {"alchemical": None, "free": ["Be_beta_*"]}
    with pytest.raises(InputError, match=r"^fit.free: the structure holds no atom of .* Be_beta"):
        fit_problem(start, case.target, case.crystal, none)


def test_atoms_named_by_the_core():
    """From the easy to the hard core: columns of its triangle, the far one on the axis of both."""
    easy, hard = (
        dislocation_disk({"radius": 16.0, "ring": 5.0, "core": core}, CRYSTAL)
        for core in ("easy", "hard")
    )
    places = easy.arrays["crystal_positions"][:, :2]
    to_easy, to_hard = (
        np.linalg.norm(places - atoms.info["core"], axis=1) for atoms in (easy, hard)
    )
    (centre,) = alchemical_atoms(easy, hard, "centre")
    (far,) = alchemical_atoms(easy, hard, "far_vertex")
    triangle = np.sort(to_hard)[:3]
    assert np.ptp(triangle) < 1e-6
    assert to_hard[centre] == pytest.approx(triangle[0])
    assert to_hard[far] == pytest.approx(triangle[0])
    across = hard.info["core"] - easy.info["core"]
    along = (places[far] - hard.info["core"]) @ across / np.linalg.norm(across)
    assert along == pytest.approx(to_hard[far], rel=1e-6)  # straight on, beyond the hard core
    assert to_easy[far] == pytest.approx(np.linalg.norm(across) + to_hard[far], rel=1e-6)


def test_no_alchemical_atoms_and_repeated_ones(case):
    atoms = case.start.atoms
    assert len(alchemical_atoms(atoms, atoms, None)) == 0
    assert list(alchemical_atoms(atoms, atoms, [4, 2, 4])) == [2, 4]
    assert list(alchemical_atoms(atoms, atoms, 4)) == [4]
