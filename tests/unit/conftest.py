"""What tests of several packages share."""

import numpy as np
import pytest
import xarray as xr
from bad_input import put
from coordinate_cases import normal_freedom
from crystal_study import shipped
from joint_study import (
    N_SAMPLES,
    SETTINGS,
    STEP,
    bulk_for,
    posterior_of,
    relaxed_tungsten,
    structures_of,
)

from relaxdiff import ZblBaseline
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.minima.relaxation import relax
from relaxdiff.predictions.draws import predict_draws
from relaxdiff.predictions.predicted_variants import predict_variants
from relaxdiff.quantities.formation import FORMATION_UNITS
from relaxdiff.statistics.joint import joint_posterior
from relaxdiff.structures.coordinates import (
    Freedom,
    cell_strains,
    coordinates_of,
)
from relaxdiff.structures.kinds import build_structure, vacancy_cell


@pytest.fixture(scope="session")
def tungsten_beryllium():
    """WBe_Wood_PRB2019 with energy shifts, of which it has none, that tell the elements apart."""
    potential = shipped("WBe_Wood_PRB2019", ZblBaseline(4.0, 4.8))
    return potential.with_theta(potential.theta, [0.25, -3.0])


@pytest.fixture(scope="session")
def six(low_symmetry, tungsten):
    """Coordinates of the low-symmetry cell, sheared and turned, all six strains among them."""
    atoms = low_symmetry.copy()
    shear = np.eye(3) + 0.02 * np.random.default_rng(0).normal(size=(3, 3))
    atoms.set_cell(atoms.cell.array @ shear, scale_atoms=True)
    atoms.rotate(40, (1, 2, 3), rotate_cell=True)
    return coordinates_of(atoms, Freedom(cell_strains("full", atoms, tungsten.reach)))


@pytest.fixture(scope="session")
def shaken(tungsten):
    """Coordinates of a rattled cell without any symmetry, which is strained by all six too."""
    atoms = vacancy_cell("W", 3.18, 2)
    atoms.rattle(0.05, seed=1)
    return coordinates_of(atoms, Freedom(cell_strains("full", atoms, tungsten.reach)))


@pytest.fixture(scope="session")
def fault(built, tungsten):
    """Coordinates of a tilted gamma-surface cell: along the normal only, atoms and strain."""
    atoms = built("gamma_surface", plane=(1, 1, 0), layers=5, displacement=(0.2, 0.1))
    return coordinates_of(atoms, normal_freedom(atoms, tungsten))


@pytest.fixture(scope="session")
def references(tungsten):
    """The relaxed structures of SETTINGS, a dict of Minimum."""
    crystal, found = relaxed_tungsten(tungsten), {}
    for name, settings in SETTINGS.items():
        atoms = build_structure(settings | {"name": name}, crystal)
        found[name] = relax(
            atoms,
            tungsten,
            settings["cell"],
            tolerance=1e-9,
            normal_only=settings["kind"] == "gamma_surface",
        )
    return found


@pytest.fixture(scope="session")
def derivatives(references):
    """Their derivatives, a dict."""
    return {name: implicit_derivative(reference) for name, reference in references.items()}


@pytest.fixture(scope="session")
def one_by_one(tungsten, derivatives):
    """Posterior, bulk and structures; each sample changes one beta by STEP, beta_0 by 0.01 eV."""
    theta = tungsten.theta * (1 + STEP * np.eye(tungsten.theta.size))
    posterior = posterior_of(tungsten, theta, np.full(len(theta), 0.01))
    bulk = bulk_for(tungsten, posterior)
    return posterior, bulk, structures_of(tungsten, posterior, bulk, derivatives)


@pytest.fixture(scope="session")
def joint_study(tungsten, derivatives):
    """Samples near the mean, beta_0 among what varies, and the truth: newton and a little more."""
    random = np.random.default_rng(5)
    theta = tungsten.theta * (1 + 1e-3 * random.normal(size=(N_SAMPLES, tungsten.theta.size)))
    posterior = posterior_of(tungsten, theta, 0.1 * random.normal(size=N_SAMPLES))
    bulk = bulk_for(tungsten, posterior)
    structures = structures_of(tungsten, posterior, bulk, derivatives)
    for given in structures.values():
        predictions = predict_variants(posterior, given["crystal"], given["derivative"])
        truth = predictions[list(FORMATION_UNITS)].sel(level="newton", drop=True)
        truth["formation_energy"] = truth["formation_energy"] + 0.01
        truth["status"] = xr.full_like(truth["formation_energy"], "converged", dtype="<U22")
        draws = predict_draws(posterior, given["crystal"], given["derivative"])
        given |= {"predictions": predictions, "truth": truth, "draws": draws}
    return {"posterior": posterior, "bulk": bulk, "structures": structures}


@pytest.fixture(scope="session")
def joint(joint_study):
    """Its joint posterior."""
    return joint_posterior(**joint_study)


@pytest.fixture(scope="session")
def study(small_study):
    """What the truth of the small study starts from, a dict."""
    return small_study.known


@pytest.fixture(scope="session")
def truth(small_study):
    """Its truth."""
    return small_study.truth


@pytest.fixture
def input_folder(input_files, tmp_path, monkeypatch):
    """A folder with those files, which becomes the working directory."""
    put(input_files, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
