"""Gradients of what is wanted of vibrations, against differences of crystals that relax anew."""

import functools

import numpy as np
import pytest

from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.quantities.crystal_at import CrystalQuantities
from relaxdiff.quantities.force_constants import SupercellForceConstants
from relaxdiff.quantities.phonons import SMEARING, phonons_of
from relaxdiff.quantities.vibrations import (
    DensityOfStates,
    HeatCapacity,
    PhononFrequencies,
    Vibrations,
    _of_a_mode,
    read_density_of_states,
)
from relaxdiff.structures.lattices import starting_crystal

FIVE_POINTS = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
WAVES = [(0, 0, 0), (1, 0, 0), (0.5, 0.5, 0.5), (0.5, 0, 0), (1, 0.5, 0)]
FREQUENCIES = {f"at {wave}": PhononFrequencies(wave) for wave in WAVES}
HEATS = {f"heat at {kelvin} K": HeatCapacity(kelvin) for kelvin in (20, 300)}
STATES = {"states": DensityOfStates(np.linspace(1, 18, 9), 0.3)}
WANTED = FREQUENCIES | HEATS | STATES


def case(potential, start, wanted, repeats=2, held=False):
    """A function of the parameters that gives the wanted quantities."""
    quantities = CrystalQuantities(potential, start, held)
    vibrations = Vibrations(potential, start, repeats, wanted)

    def at(theta):
        moved = potential.with_theta(theta)
        return vibrations.at(moved, *quantities.at(moved))

    return at


def compare(at, theta, places, step, rel=1e-6):
    """All gradients by some parameters with differences; steps are relative."""
    found = at(theta)
    for place in places:
        size, unit = step * abs(theta[place]), np.eye(len(theta))[place]
        ends = {times: at(theta + times * size * unit) for times in FIVE_POINTS}
        for name, quantity in found.items():
            expected = sum(ends[n][name].values * w for n, w in FIVE_POINTS.items()) / size
            largest = np.abs(quantity.gradient[:, place]).max()
            np.testing.assert_allclose(
                quantity.gradient[:, place], expected, rtol=0, atol=rel * largest, err_msg=name
            )


@functools.cache
def silicon(held=False):
    """Stillinger-Weber silicon's potential, and quantities as a function of its parameters."""
    pytest.importorskip("jax")  # which `make jax` adds
    from relaxdiff.potentials.analytic import analytic_potential

    potential = analytic_potential("stillinger_weber")
    start = starting_crystal("Si", "diamond", 5.431)
    return potential, case(potential, start, WANTED, held=held)


def held_silicon(wanted):
    """Other wanted quantities in the same held crystal, of which no elastic constants are asked."""
    start = starting_crystal("Si", "diamond", 5.431)
    potential, _ = silicon()
    vibrations = Vibrations(potential, start, 2, wanted)
    return lambda theta: vibrations.at(potential.with_theta(theta), {}, start)


@pytest.mark.parametrize("held", [False, True])
def test_gradients_of_silicon(held):
    potential, at = silicon(held)
    compare(at, potential.theta, places=(0, 1, 3, 7), step=1e-4)


def test_frequencies_scale_with_the_units_of_the_potential():
    """With epsilon^1/2 / sigma, whatever the crystal relaxes to."""
    potential, at = silicon()
    names = potential.parameters.names
    found = at(potential.theta)
    for quantity in (found[name] for name in FREQUENCIES):
        for name, power in (("epsilon", 0.5), ("sigma", -1)):
            place = names.index(name)
            expected = power * quantity.values / potential.theta[place]
            np.testing.assert_allclose(quantity.gradient[:, place], expected, atol=1e-7)


def test_known_frequencies_of_silicon():
    """Phonopy's, and those that the symmetry of X and Gamma makes equal."""
    potential, at = silicon()
    found = {name: quantity.values for name, quantity in at(potential.theta).items()}
    gamma = found["at (0, 0, 0)"]
    assert gamma == pytest.approx([0, 0, 0, 17.833, 17.833, 17.833], abs=2e-3)
    assert found["at (1, 0, 0)"][::2] == pytest.approx(found["at (1, 0, 0)"][1::2], abs=1e-6)


def test_heat_capacities_of_silicon():
    """Measured: 19.8 J/mol K, 2.38 k_B, at 298 K, to which expansion adds less than 0.01 k_B."""
    potential, at = silicon()
    low, room = (at(potential.theta)[name].values[0] for name in HEATS)
    assert 0 < low < 0.05
    assert room == pytest.approx(2.38, abs=0.15)


def test_heat_capacity_is_three_at_high_temperature():
    potential, _ = silicon()
    at = held_silicon({"hot": HeatCapacity(1e5)})
    found = at(potential.theta)["hot"]
    assert found.values == pytest.approx(3, abs=1e-4)
    assert found.unit == "k_B"


def test_heat_capacity_of_one_mode():
    s = np.array([0.0, 1e-3, 0.0499, 0.0501, 1.0, 10.0])
    value, slope = _of_a_mode(s)
    moving = s[1:]
    np.testing.assert_allclose(value[1:], (moving / np.sinh(moving)) ** 2, rtol=1e-12)
    assert (value[0], slope[0]) == pytest.approx((1, -1 / 3), abs=1e-12)
    step = 1e-4 * moving**2
    ends = [_of_a_mode(np.sqrt(moving**2 + n * step))[0] * w for n, w in FIVE_POINTS.items()]
    np.testing.assert_allclose(slope[1:], sum(ends) / step, rtol=1e-5)
    assert _of_a_mode(np.array([1e4]))[0] == 0


def test_unstable_crystals_have_no_heat_capacity():
    """Diamond whose angles are wrong is one; elastic constants would tell, were they asked."""
    potential, _ = silicon()
    theta = potential.theta.copy()
    theta[potential.parameters.names.index("lambda")] = -1.0
    with pytest.raises(RelaxationError, match="unstable vibrations has no heat capacity"):
        held_silicon(HEATS)(theta)


def test_a_density_of_states_sums_up_to_the_number_of_branches():
    potential, _ = silicon()
    frequencies = np.linspace(-2, 21, 231)
    found = held_silicon({"states": DensityOfStates(frequencies, 0.2)})(potential.theta)["states"]
    assert found.unit == "1/THz"
    assert (found.values >= 0).all()
    assert np.trapezoid(found.values, frequencies) == pytest.approx(6, rel=1e-6)
    # No parameter adds a state.
    lost = np.trapezoid(found.gradient, frequencies, axis=0)
    assert np.abs(lost).max() < 1e-6 * np.abs(found.gradient).max()


def test_a_density_of_states_is_that_of_phonopy():
    potential, _ = silicon()
    start = starting_crystal("Si", "diamond", 5.431)
    constants = SupercellForceConstants(potential, start.conventional(2))
    phi = constants.at(potential.theta).values.reshape(64, 64, 3, 3)
    expected = phonons_of({"it": phi}, constants.atoms)
    frequencies = expected["frequency"].values
    wanted = {"states": DensityOfStates(frequencies, SMEARING)}
    found = held_silicon(wanted)(potential.theta)["states"].values
    np.testing.assert_allclose(found, expected["density_of_states"][0], atol=5e-3)


def test_files_of_states(tmp_path):
    path = tmp_path / "states.csv"
    path.write_text("# frequency, states\n0.5, 0.1\n1.0, 0.4\n")
    frequencies, states = read_density_of_states(path)
    assert (frequencies.tolist(), states.tolist()) == ([0.5, 1.0], [0.1, 0.4])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frequency,states\n1,2\n", "is not a table of numbers: could not convert"),
        ("1,2\n3\n", "is not a table of numbers"),
        ("1,2,3\n", "must have two columns"),
        ("1,nan\n", "must have two columns, frequencies and states, of finite numbers"),
    ],
)
def test_files_of_states_with_something_wrong(text, message, tmp_path):
    path = tmp_path / "states.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=f"^{path}: {message}"):
        read_density_of_states(path)
    with pytest.raises(InputError, match="missing.csv: cannot be read"):
        read_density_of_states(tmp_path / "missing.csv")


def test_degenerate_branches_share_their_derivatives():
    potential, at = silicon()
    gradient = at(potential.theta)["at (0, 0, 0)"].gradient
    assert not gradient[:3].any()
    assert (gradient[3:] == gradient[3]).all()


def test_gradients_of_tungsten(tungsten):
    """A potential that is linear, by LAMMPS."""
    wanted = {str(wave): PhononFrequencies(wave) for wave in [(0.5, 0, 0), (0.5, 0.5, 0)]} | HEATS
    at = case(tungsten, starting_crystal("W", "bcc"), wanted)
    compare(at, tungsten.theta, places=(30,), step=1e-3)


def test_gradients_of_a_hexagonal_crystal():
    """Whose two lengths follow the parameters."""
    pytest.importorskip("jax")  # which `make jax` adds
    from relaxdiff.potentials.analytic import analytic_potential

    potential = analytic_potential("lennard_jones")
    wanted = {str(wave): PhononFrequencies(wave) for wave in [(0.5, 0, 0), (0, 0, 0.5)]}
    at = case(potential, starting_crystal("Ar", "hcp", 1.09), wanted)
    compare(at, potential.theta, places=(3,), step=1e-4)
