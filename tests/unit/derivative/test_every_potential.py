"""Every potential with every solver, against structures relaxed anew with other parameters.

Structures have no symmetry. Steps along random directions of parameter space; a direction changes
each parameter by a normal number times itself (q of stillinger_weber, which is 0, times 1).
"""

import functools

import numpy as np
import pytest

pytest.importorskip("jax")  # which `make jax` adds

from zoo import ANALYTIC, CELLS, minimum_of, relaxed

from relaxdiff import implicit_derivative
from relaxdiff.derivative.adjoint import adjoint_derivative
from relaxdiff.derivative.levels import DERIVATIVE_LEVELS, H_IH
from relaxdiff.derivative.solvers import Dense, Sparse
from relaxdiff.structures.kinds import vacancy_cell

SOLVERS = {"dense": Dense(), "sparse": Sparse(tolerance=1e-14)}
STEPS = (1, 2, 4)
# Of each result, relative to itself. SNAP's Hessians are differences, of four points in the dense
# solver and of two in the sparse one; other differences here are those of relaxed structures.
BOUNDS = {("snap", "dense"): 1e-9, ("snap", "sparse"): 2e-8}
OF_JAX = 1e-9
# Relative, and in eV: relaxed energies have errors of 1e-12 eV, divided by the square of a step.
CURVATURE_BOUND = 1e-7


KINDS = [(name, cell) for name in (*ANALYTIC, "snap") for cell in CELLS]


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def kind(request):
    """Name of a potential, and the cell."""
    return request.param


@pytest.fixture(scope="module")
def minimum(kind, tungsten):
    """Its Minimum."""
    name, cell = kind
    if name == "snap":
        return relaxed(vacancy_cell("W", 3.18, 2), tungsten, cell)
    return minimum_of(name, cell)


@pytest.fixture(scope="module")
def differentiated(minimum):
    """Function from the name of a solver to the derivative, made once."""
    return functools.cache(lambda solver: implicit_derivative(minimum, SOLVERS[solver]))


@pytest.fixture(scope="module")
def differences(kind, minimum, differentiated):
    """Directions, and derivatives along them of positions (N, 3) and strains, a list of threes."""
    found = []
    for direction in directions_of(minimum, 2):
        step = step_of(minimum, *along(differentiated("dense"), direction), 3e-4)
        at = varied(minimum, direction, kind[1])
        found.append((direction, slope(at, step, 0), slope(at, step, 1)))
    return found


def directions_of(minimum, count):
    """Random directions in parameter space, (count, P)."""
    theta = minimum.potential.theta
    scale = np.where(theta == 0, 1.0, np.abs(theta))
    return scale * np.random.default_rng(8).normal(size=(count, len(theta)))


def along(derivative, direction):
    """Derivatives of positions, (N, 3), and strains along a direction."""
    return (
        np.einsum("pax,p->ax", derivative["position_derivative"].values, direction),
        direction @ derivative["strain_derivative"].values,
    )


def size_of(minimum, moved, strains):
    """The largest of displacements (N, 3) and changes of the cell's edge, Angstrom."""
    return max(np.abs(moved).max(), np.abs(strains).max(initial=0.0) * minimum.coordinates.edge)


def step_of(minimum, moved, strains, most):
    """A step along a direction: atoms or the cell's edge move by `most` Angstrom, or by less where
    parameters would then change by more than that times themselves."""
    return most / max(size_of(minimum, moved, strains), 1.0)


def varied(minimum, direction, cell):
    """Function from a step to scaled displacements (N, 3), strain and energy, relaxed anew."""
    potential = minimum.potential

    @functools.cache
    def at(step):
        variant = potential.with_theta(potential.theta + step * direction)
        again = relaxed(minimum.atoms, variant, cell)
        positions = again.atoms.positions @ np.linalg.inv(np.eye(3) + again.strain)
        moved = positions - minimum.atoms.positions
        return moved - moved.mean(axis=0), again.strain[:1, 0][: cell != "fixed"], again.energy

    return at


def extrapolated(values):
    """The limit of differences with errors of step^2, step^4 ...; values: at STEPS."""
    near, middle, far = values
    first, second = (4 * near - middle) / 3, (4 * middle - far) / 3
    return (16 * first - second) / 15


def slope(at, step, part):
    """First derivative by central differences of one part of `varied`."""
    return extrapolated(
        [(at(n * step)[part] - at(-n * step)[part]) / (2 * n * step) for n in STEPS]
    )


def curvature(at, step):
    """Second derivative of the energy, the last part of `varied`."""
    start = at(0.0)[-1]
    return extrapolated(
        [(at(n * step)[-1] + at(-n * step)[-1] - 2 * start) / (n * step) ** 2 for n in STEPS]
    )


@pytest.mark.parametrize("solver", SOLVERS)
def test_positions_and_strain_are_those_of_relaxed_structures(
    kind, minimum, differentiated, differences, solver
):
    bound = BOUNDS.get((kind[0], solver), OF_JAX)
    for direction, positions, strain in differences:
        moved, strains = along(differentiated(solver), direction)
        assert strains.shape == (kind[1] != "fixed",)
        wrong = size_of(minimum, moved - positions, strains - strain)
        assert wrong < bound * size_of(minimum, moved, strains)


@pytest.mark.parametrize("solver", SOLVERS)
def test_forward_and_adjoint_derivatives_are_transposes(kind, minimum, differentiated, solver):
    chance = np.random.default_rng(4)
    on_atoms = chance.normal(size=(len(minimum.atoms), 3))
    on_strains = 30.0 * chance.normal(size=len(minimum.coordinates.strains))
    (direction,) = directions_of(minimum, 1)
    gradient = adjoint_derivative(minimum, on_atoms, on_strains, SOLVERS[solver]).values
    moved, strains = along(differentiated(solver), direction)
    forward = np.append(on_atoms * moved, on_strains * strains)
    # Products of the sparse solver with SNAP's Hessian are differences, whose matrix is symmetric
    # to 1e-8 only.
    bound = 1e-7 if (kind[0], solver) == ("snap", "sparse") else 1e-12
    assert abs(forward.sum() - gradient @ direction) < bound * np.abs(forward).sum()


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_structure_as_a_whole_does_not_move(minimum, differentiated, solver):
    positions = differentiated(solver)["position_derivative"]
    assert np.abs(positions).max() > 0
    assert np.abs(positions.mean("atom")).max() < 1e-12


def test_energies_to_second_order_are_those_of_relaxed_structures(kind, minimum, differentiated):
    """Relaxed atoms and cell for h+ih, and atoms and cell at rest for c."""
    (direction,) = directions_of(minimum, 1)
    derivative, theta = differentiated("dense"), minimum.potential.theta
    step = step_of(minimum, *along(derivative, direction), 1e-3)
    second = derivative["energy_curvature"].values @ direction @ direction
    expected = dict(zip(DERIVATIVE_LEVELS, second, strict=True))
    bound = CURVATURE_BOUND * np.abs(second).max()
    with minimum.potential.evaluator(minimum.coordinates) as evaluator:
        at_rest = np.zeros(minimum.coordinates.size)

        def resting(step):
            return (evaluator.energy(at_rest, theta + step * direction),)

        relaxing = varied(minimum, direction, kind[1])
        for level, at in ((H_IH.name, relaxing), ("c", resting)):
            assert abs(curvature(at, step) - expected[level]) < bound
            assert slope(at, step, -1) == pytest.approx(
                direction @ derivative["descriptors"].values, rel=1e-9
            )


def test_levels_of_a_fixed_cell(kind, differentiated):
    """Nothing but atoms moves: no strain counts."""
    curvature = differentiated("dense")["energy_curvature"]
    for one, other in (("c", "h"), ("ih", "h+ih")):
        equal = np.array_equal(curvature.sel(level=one), curvature.sel(level=other))
        assert equal == (kind[1] == "fixed")
