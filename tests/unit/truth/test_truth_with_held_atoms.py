"""Truth of a structure with held atoms: every relaxer and the check hold the same ones."""

import numpy as np
import pytest

from relaxdiff import implicit_derivative, relax, relax_variants
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.minimum import minimum_dataset, minimum_from_dataset
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.truth.check import check_variants

LAMBDAS = lambda_grid(-2, 2, 1)
CRYSTAL = starting_crystal("W", "bcc")
STRUCTURE = {"name": "vacancy", "kind": "vacancy", "supercell": 2, "cell": "isotropic"}
HELD = [0]  # a neighbour of the vacancy


@pytest.fixture(scope="module")
def study(tungsten, posterior):
    """Everything before truth, the minimum as it comes from its file: a dict."""
    bulk = bulk_of_variants(tungsten, posterior, LAMBDAS, CRYSTAL, 2)
    crystal = crystal_of_variants(tungsten, posterior, bulk, strain_basis_of(STRUCTURE, "bcc"))
    atoms = vacancy_cell("W", crystal.attrs["lattice_parameter"], 2)
    held = np.isin(np.arange(len(atoms)), HELD)
    minimum = minimum_from_dataset(minimum_dataset(relax(atoms, tungsten, fixed=held)), tungsten)
    return {
        "crystal": crystal,
        "minimum": minimum,
        "derivative": implicit_derivative(minimum),
        "constants": force_constants(minimum),
    }


def run(posterior, study, relaxer, constants):
    return relax_variants(
        study["minimum"],
        posterior,
        study["crystal"],
        study["derivative"],
        constants,
        [0],
        relaxer,
        lambda line: None,
    )


def test_all_relaxers_and_the_check_agree(tungsten, posterior, study):
    green = crystal_green(tungsten, study["minimum"].atoms, CRYSTAL, 2)
    newton, sparse, lammps = (
        run(posterior, study, relaxer, constants)
        for relaxer, constants in (
            ("newton", study["constants"]),
            ("sparse", green),
            ("lammps", study["constants"]),
        )
    )
    assert (newton["status"] == "converged").all()
    held = study["minimum"].coordinates.freedom.fixed
    for other in (sparse, lammps):
        assert np.array_equal(other["status"], newton["status"])
        for name, bound in (("formation_energy", 1e-8), ("coordinates", 1e-5)):
            assert other[name].values == pytest.approx(newton[name].values, abs=bound)
    for q in newton["coordinates"].values[0]:
        assert not study["minimum"].coordinates.displacements(q)[held].any()
    chosen = [(0, 0), (0, len(LAMBDAS) - 1)]
    table = check_variants(
        study["minimum"], posterior, study["crystal"], newton, chosen, STRUCTURE, lambda line: None
    )
    assert list(table["verdict"]) == ["agrees", "agrees"]
