"""Fits of several elements and of quadratic SNAP: a teacher is recovered from its own data."""

import ase.io
import numpy as np
import pytest
from fits import POPS
from training_files import strained

from relaxdiff.exceptions import InputError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.lammps.session import LammpsSession
from relaxdiff.posterior.design import build_design, snap_hyperparameters
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.fit_quality import fit_warnings
from relaxdiff.posterior.pops import fit_posterior
from relaxdiff.posterior.training_data import read_group
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.potentials.snap.potential import SnapPotential, write_snap
from relaxdiff.structures.kinds import bulk_cell

SETTINGS = {
    "two elements": {
        "element": ["W", "Be"],
        "twojmax": 4,
        "cutoff": 4.8,
        "radii": [0.5, 0.42],
        "weights": [1.0, 0.96],
    },
    "quadratic": {"element": "W", "twojmax": 2, "cutoff": 4.2, "quadratic": True},
    "both": {"element": ["W", "Be"], "twojmax": 2, "cutoff": 4.2, "quadratic": True},
}
WEIGHTS = {"mixed": {"energy": 100.0, "force": 1.0, "stress": 1e-3}}


def hyperparameters_of(settings):
    return snap_hyperparameters(rfac0=0.99363, rmin0=0.0, **settings)


def cells(elements, count, rng):
    """Shaken cells of 16 atoms, some of each element."""
    for number in range(count):
        atoms = strained(bulk_cell("W", 3.0 + 0.02 * number, 2), rng)
        for element in elements[1:]:
            atoms.symbols[rng.permutation(16)[: rng.integers(1, 12)]] = element
        yield atoms


@pytest.fixture(scope="module", params=SETTINGS)
def taught(request, tmp_path_factory):
    """A teacher, its data as read from a file, and the fit to them."""
    settings, rng = SETTINGS[request.param], np.random.default_rng(2)
    hyper = hyperparameters_of(settings)
    shifts = np.array([-9.0, -3.7])[: len(hyper.elements)]
    teacher = SnapPotential(hyper, np.zeros(hyper.n_parameters), shifts, ZblBaseline(3.0, 3.9))
    members, frames = list(cells(hyper.elements, 24, rng)), []
    with teacher.descriptor_calculator() as calculator:
        # Some tenths of an eV per atom from each coefficient.
        sizes = np.abs(calculator.evaluate(members[0]).values[:-1]) / len(members[0])
        teacher = teacher.with_theta(rng.normal(scale=0.2, size=sizes.size) / sizes)
        for atoms in members:
            found, weights = calculator.evaluate(atoms), teacher.weights
            atoms.info["energy"] = float(found.values @ weights) + teacher.shift_of(atoms)
            atoms.info["stress"] = found.strain_gradient @ weights / atoms.get_volume()
            atoms.arrays["forces"] = -found.gradient @ weights
            frames.append(atoms)
    folder = tmp_path_factory.mktemp("data")
    ase.io.write(folder / "mixed.xyz", frames, format="extxyz")
    data = read_group(folder, "mixed", WEIGHTS, settings["element"])
    design = build_design(data, "mixed", hyper, teacher.baseline)
    return teacher, data, fit_posterior([design], WEIGHTS, 0.2, seed=1, pops=POPS)


def test_a_teacher_is_recovered(taught, tmp_path):
    teacher, data, fit = taught
    assert fit_warnings(fit) == []
    assert float(fit["held_out_rmse"].sel(quantity="energy").max()) < 1e-6
    assert float(fit["held_out_rmse"].sel(quantity="force").max()) < 1e-5
    write_dataset(fit, tmp_path / "fit.nc", {})
    posterior = sample_posterior(read_posterior(tmp_path / "fit.nc"), 3, seed=1)
    found = potential_from_posterior(posterior)
    np.testing.assert_allclose(found.energy_shifts, teacher.energy_shifts, atol=2e-3)
    np.testing.assert_allclose(found.theta, teacher.theta, rtol=1e-2)  # positions have 8 digits
    assert posterior["theta"].shape == (3, len(teacher.theta))
    assert posterior["energy_shift"].size == 3 * len(teacher.elements)


def test_lammps_has_the_energies_and_forces_of_the_design(taught, tmp_path):
    """The written files in pair_style snap, against design rows times coefficients."""
    _, data, fit = taught
    potential = potential_from_posterior(fit)
    coeff, param, include = write_snap(potential, tmp_path / "fit")
    again = read_snap(coeff, param, potential.baseline)
    np.testing.assert_array_equal(again.theta, potential.theta)
    assert again.hyperparameters == potential.hyperparameters
    atoms = data[5].atoms
    design = build_design([data[5]], "mixed", potential.hyperparameters, potential.baseline)
    coefficients = np.empty(design.sizes["column"])
    blocks = coefficients.reshape(len(potential.elements), -1)
    blocks[:, 0] = potential.energy_shifts
    blocks[:, 1:] = potential.theta.reshape(len(blocks), -1)
    ours = {
        quantity: design[f"{quantity}_design"].values @ coefficients
        + design[f"{quantity}_baseline"].values
        for quantity in ("energy", "force")
    }
    script = include.read_text().replace('"fit', f'"{tmp_path}/fit')
    with LammpsSession(potential.elements, [script, "thermo_modify norm no"]) as session:
        session.place(atoms)
        session.command("run 0 post no")
        energy = session.instance.get_thermo("pe")
        forces = session.to_atoms_frame(session.gathered_forces())
    assert ours["energy"][0] * len(atoms) == pytest.approx(energy, abs=1e-9)
    np.testing.assert_allclose(ours["force"].reshape(-1, 3), forces, atol=1e-9)


def test_an_element_that_no_data_hold_is_refused(taught):
    _, data, _ = taught
    settings = {"element": ["W", "Be", "He"], "twojmax": 2, "cutoff": 4.2}
    design = build_design(data[:2], "mixed", hyperparameters_of(settings))
    with pytest.raises(InputError, match="no configuration of the training data holds [BH]e"):
        fit_posterior([design], WEIGHTS, 0.0, seed=1, pops=POPS)


def test_numbers_are_for_each_element():
    with pytest.raises(InputError, match="weights: one for each of W, Be, found 1 numbers"):
        hyperparameters_of(SETTINGS["two elements"] | {"weights": [1.0]})
    hyper = hyperparameters_of(SETTINGS["two elements"])
    np.testing.assert_allclose(hyper.cutoffs, [4.8 * 0.84, 4.8 * 0.92, 4.8])
