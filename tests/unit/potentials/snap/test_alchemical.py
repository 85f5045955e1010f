"""Alchemical atoms: with the coefficients of their element they are atoms of that element."""

import numpy as np
import pytest

from relaxdiff import InputError
from relaxdiff.lammps.session import LammpsSession
from relaxdiff.posterior.trial import shipped_file
from relaxdiff.potentials.snap.alchemical import alchemical
from relaxdiff.potentials.snap.baseline import ZblBaseline, baseline_from_settings
from relaxdiff.potentials.snap.potential import SnapPotential, write_snap
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.lattices import PerfectCrystal

PAIRS = {"W W": [0.1, 2.5], "Be W": [0.05, 2.0], "Be Be": [0.02, 1.5]}
BASELINES = {
    "none": lambda: None,
    "zbl": lambda: ZblBaseline(4.0, 4.8),
    "numbers": lambda: baseline_from_settings(
        {"style": "lj/smooth/linear", "settings": [5.0], "coefficients": PAIRS}
    ),
    "file": lambda: baseline_from_settings(
        {"style": "eam/alloy", "file": str(shipped_file("W_zhou.eam.alloy"))}
    ),
}


@pytest.fixture(scope="module")
def shaken_cell():
    """A vacancy in tungsten, without symmetry."""
    atoms = PerfectCrystal("W", "bcc", 3.18).conventional(2)
    del atoms[0]
    atoms.rattle(0.1, seed=1)
    return atoms


def seen_by_lammps(potential, atoms):
    calculator = potential.calculator()
    calculator.calculate(atoms)
    found = calculator.results
    calculator.close()
    return found


def agree(found, expected):
    for name in ("energy", "forces", "stress"):
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("name", BASELINES)
def test_with_the_coefficients_of_its_element_nothing_changes(name, tungsten, shaken_cell):
    potential = SnapPotential(tungsten.hyperparameters, tungsten.theta, 1.5, BASELINES[name](), "W")
    atoms = shaken_cell.copy()
    atoms.symbols[[2, 7]] = "X"
    with_x = alchemical(potential, "W")
    expected = seen_by_lammps(potential, shaken_cell)
    agree(seen_by_lammps(with_x, atoms), expected)
    # The descriptors, too, which the rest of the library works with.
    coordinates = coordinates_of(atoms, symmetry=False)
    with with_x.evaluator(coordinates) as evaluator:
        energy = evaluator.energy(np.zeros(coordinates.size), with_x.theta)
    assert energy + with_x.shift_of(atoms) == pytest.approx(expected["energy"], abs=1e-9)
    # Other coefficients of X are felt.
    other = with_x.with_theta(np.append(potential.theta, 1.01 * potential.theta))
    assert np.abs(seen_by_lammps(other, atoms)["forces"] - expected["forces"]).max() > 1e-3


@pytest.mark.parametrize("element", ["W", "Be"])
@pytest.mark.parametrize("name", ["zbl", "numbers"])
def test_as_any_element_of_several(element, name, tungsten_beryllium, shaken_cell):
    """Each has a radius, a weight, coefficients and an energy shift of its own."""
    given = tungsten_beryllium
    potential = SnapPotential(
        given.hyperparameters, given.theta, given.energy_shift, BASELINES[name](), "W-Be"
    )
    plain = shaken_cell.copy()
    plain.symbols[[2, 5, 7]] = "Be"
    atoms = plain.copy()
    atoms.symbols[[3 if element == "W" else 5, 8 if element == "W" else 2]] = "X"
    with_x = alchemical(potential, element)
    assert with_x.elements == ("W", "Be", "X")
    assert with_x.reach == potential.reach
    agree(seen_by_lammps(with_x, atoms), seen_by_lammps(potential, plain))


def test_written_files_are_included_by_a_script(tungsten, shaken_cell, tmp_path):
    atoms = shaken_cell.copy()
    atoms.symbols[4] = "X"
    write_snap(alchemical(tungsten, "W"), tmp_path / "W+X")
    script = (tmp_path / "W+X.snap").read_text().replace('"W+X', f'"{tmp_path}/W+X')
    with LammpsSession(["W", "X"], [script, "thermo_modify norm no"]) as session:
        session.place(atoms)
        session.command("run 0 post no")
        energy = session.instance.get_thermo("pe")
    assert energy == pytest.approx(seen_by_lammps(tungsten, shaken_cell)["energy"], abs=1e-9)


def test_a_baseline_says_where_it_ends_for_x(tungsten):
    for make in list(BASELINES.values())[1:]:
        plain = make()
        potential = SnapPotential(tungsten.hyperparameters, tungsten.theta, 0.0, plain, "W")
        baseline = alchemical(potential, "W").baseline
        assert baseline.reach(["W", "X"]) == plain.reach(["W"])
        assert baseline.smoothness_limits(["W", "X"]) == plain.smoothness_limits(["W"])
        assert baseline.attributes()["reference_style"] == f"{plain.style}, X as W"


def test_only_once_and_only_as_an_element_of_the_potential(tungsten):
    with pytest.raises(InputError, match=r"^alchemical: the potential .* is for W, not for Fe$"):
        alchemical(tungsten, "Fe")
    with_x = alchemical(tungsten, "W")
    for element in ("W", "X"):
        with pytest.raises(InputError, match=r"^alchemical: the potential .*\+X has X already$"):
            alchemical(with_x, element)
