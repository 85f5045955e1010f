"""Fixed pair styles beside SNAP: LAMMPS's own numbers, in every evaluator, kept whole in a file."""

import numpy as np
import pytest

from relaxdiff import InputError, read_snap
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.lammps.session import LammpsSession
from relaxdiff.minima.reference import tangent
from relaxdiff.minima.relaxation import relax
from relaxdiff.posterior.trial import shipped_file
from relaxdiff.potentials.snap.baseline import (
    PairBaseline,
    ZblBaseline,
    baseline_from,
    baseline_from_settings,
    check_baseline,
)
from relaxdiff.potentials.snap.potential import SnapPotential, write_snap
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.lattices import PerfectCrystal

SMOOTH = {"style": "lj/smooth/linear", "settings": [5.0]}
PAIRS = {"W W": [0.1, 2.5], "Be W": [0.05, 2.0], "Be Be": [0.02, 1.5]}


def references():
    """One of each kind: ZBL, another sum over pairs, and one whose atoms feel more than pairs."""
    return {
        "zbl": ZblBaseline(4.0, 4.8),
        "pairs": baseline_from_settings(SMOOTH | {"coefficients": PAIRS}),
        "eam": baseline_from_settings(
            {"style": "eam/alloy", "file": str(shipped_file("W_zhou.eam.alloy"))}
        ),
    }


@pytest.fixture(scope="module", params=["zbl", "pairs", "eam"])
def potential(request, tungsten):
    return SnapPotential(
        tungsten.hyperparameters, tungsten.theta, 1.5, references()[request.param], "W"
    )


@pytest.fixture(scope="module")
def vacancy():
    atoms = PerfectCrystal("W", "bcc", 3.18).conventional(2)
    del atoms[0]
    return atoms


def test_both_evaluators_give_lammps_energy_and_its_derivative(potential, vacancy, tmp_path):
    coordinates = coordinates_of(vacancy)
    q = np.random.default_rng(0).normal(scale=0.02, size=coordinates.size)
    write_snap(potential, tmp_path / "copy")
    script = (tmp_path / "copy.snap").read_text().replace('"copy', f'"{tmp_path}/copy')
    with LammpsSession(["W"], [script, "thermo_modify norm no"]) as session:

        def energy_at(q):
            session.place(coordinates.structure(q))
            session.command("run 0 post no")
            return session.instance.get_thermo("pe")

        expected, step = energy_at(q), 1e-4
        slopes = [
            (energy_at(q + step * unit) - energy_at(q - step * unit)) / (2 * step)
            for unit in np.eye(len(q))
        ]
    for kind in (AllAtomColumns, OrbitColumns):
        with kind(coordinates, potential.hyperparameters, potential.baseline) as evaluator:
            gradient = evaluator.columns(q) @ potential.weights
            energy = evaluator.values() @ potential.weights + potential.shift_of(vacancy)
        assert energy == pytest.approx(expected, abs=1e-9)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-5)


def test_the_derivative_is_that_of_relaxed_structures(potential, vacancy):
    minimum = relax(vacancy, potential, tolerance=1e-10)
    derivative = implicit_derivative(minimum)
    delta, step = potential.theta * np.random.default_rng(1).normal(size=potential.theta.size), 1e-4
    slope = tangent(minimum.coordinates, derivative, delta)
    ends = [
        relax(minimum.atoms, potential.with_theta(potential.theta + sign * step * delta))
        for sign in (1, -1)
    ]
    found = [minimum.coordinates.locate(end.atoms) for end in ends]
    np.testing.assert_allclose((found[0] - found[1]) / (2 * step), slope, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["zbl", "pairs", "eam"])
def test_a_dataset_keeps_the_whole_style(name):
    reference = references()[name]
    assert baseline_from(reference.attributes()) == reference


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"style": "zbl", "inner": 4.8, "outer": 4.0}, "inner < outer"),
        ({"style": "zbl", "file": "W.eam"}, "zbl needs the keys inner, outer, found file"),
        ({"style": "eam/fs", "settings": [1]}, "eam/fs needs the keys file, found settings"),
        ({"style": "eam/fs", "file": "missing.eam"}, "missing.eam: no such file"),
        ({"style": "lj/cut", "inner": 1.0}, "needs the keys coefficients, settings, found inner"),
        (SMOOTH | {"coefficients": {"W": [1.0]}}, "'W' is not two elements"),
        (SMOOTH | {"coefficients": {"W W": [float("nan"), 1]}}, "not finite"),
        ({"style": "python", "settings": [1], "coefficients": {"W W": [1]}}, "python is not one"),
    ],
)
def test_settings_that_make_no_reference(settings, message):
    with pytest.raises(InputError, match=message):
        baseline_from_settings(settings)


def test_a_file_that_is_no_potential(tmp_path):
    (tmp_path / "W.eam").write_text("hello\n")
    reference = baseline_from_settings({"style": "eam/alloy", "file": str(tmp_path / "W.eam")})
    with pytest.raises(InputError, match="does not accept eam/alloy"):
        check_baseline(reference, ["W"])


def test_what_a_style_needs_is_checked_when_it_is_made():
    with pytest.raises(InputError, match="eam/fs needs a file"):
        PairBaseline("eam/fs", settings=(1.0,))
    with pytest.raises(InputError, match="is not one of zbl"):
        PairBaseline("reaxff", file="text")


def test_the_potential_of_a_variant_is_whole(tungsten, tmp_path):
    eam = SnapPotential(tungsten.hyperparameters, tungsten.theta, 0.0, references()["eam"], "W")
    coeff, param, include = write_snap(eam, tmp_path / "variant")
    assert (tmp_path / "variant.reference").read_text() == eam.baseline.file
    assert 'eam/alloy "variant.reference" W' in include.read_text()
    assert np.array_equal(read_snap(coeff, param).theta, eam.theta)


def test_zbl_needs_ordered_radii():
    with pytest.raises(InputError, match="inner < outer"):
        ZblBaseline(4.8, 4.0)


def test_the_reach_is_where_two_atoms_feel_each_other_no_more():
    zbl, pairs, eam = references().values()
    assert zbl.reach(["W"]) == 4.8
    assert pairs.reach(["W", "Be"]) == pytest.approx(5.0, abs=1e-3)
    assert eam.reach(["W"]) == pytest.approx(7.8925, abs=1.0)  # it fades before its table ends
    assert pairs.smoothness_limits(["W"]) == [pairs.reach(["W"])]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"style": "lj/cut", "settings": [5.0], "coefficients": PAIRS}, "ends with a jump"),
        (SMOOTH | {"coefficients": {"W W": [0.1, 2.5]}}, "lacks the pair W Be"),
        (SMOOTH | {"coefficients": {**PAIRS, "W W": [0.1]}}, "does not accept lj/smooth/linear so"),
        (SMOOTH | {"settings": [30.0], "coefficients": PAIRS}, "further than 20 Angstrom"),
    ],
)
def test_styles_that_lammps_or_derivatives_cannot_take(settings, message):
    with pytest.raises(InputError, match=message):
        check_baseline(baseline_from_settings(settings), ["W", "Be"])
