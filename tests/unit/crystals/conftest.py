"""What tests of perfect crystals share: bulks of tungsten and of other lattices."""

import numpy as np
import pytest
import xarray as xr
from crystal_study import CASES, posterior_of, random_changes, shipped

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.one_length import (
    bulk_descriptors,
)
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.structures.lattices import (
    starting_crystal,
)

START = starting_crystal("W", "bcc")


@pytest.fixture(scope="session")
def calculator(tungsten):
    """Of tungsten's descriptors."""
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        yield calculator


@pytest.fixture(scope="session")
def descriptors(calculator):
    """Of tungsten's crystal as functions of its lattice parameter."""
    return bulk_descriptors(calculator, START)


@pytest.fixture(scope="session")
def bulk(tungsten, posterior):
    """Of tungsten, in 2x2x2 cells."""
    return bulk_of_variants(tungsten, posterior, lambda_grid(-4, 4, 2), START, 2)


@pytest.fixture(scope="session")
def studies():
    """For each lattice potential, posterior of strong changes, and bulk."""
    found = {}
    for lattice, (element, name) in CASES.items():
        potential = shipped(name)
        posterior = posterior_of(potential, random_changes(potential, 2, 5e-3))
        start = starting_crystal(element, lattice)
        found[lattice] = (
            potential,
            posterior,
            bulk_of_variants(potential, posterior, np.array([-1.0, 0.0, 1.0]), start, 1),
        )
    return found


def dataset(element, lattice, energy, status, **reference):
    """What `with_solutes` reads of a crystal's or a bulk's Dataset: 2 samples, 3 parameters."""
    lambdas, over = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), ("sample", "lambda")
    shape = (2, len(lambdas))
    return xr.Dataset(
        {
            "energy": (over, energy + np.arange(10.0).reshape(shape)),
            "volume": (over, np.full(shape, 8.0)),
            "status": (over, np.array(status), {"meanings": "stable cut"}),
            "reference_descriptors": ("parameter", np.arange(3.0)),
            "reference_volume_derivative": ("parameter", np.arange(3.0) + 1),
            **{name: ((), value) for name, value in reference.items()},
        },
        coords={"sample": [0, 1], "lambda": lambdas},
        attrs={"element": element, "lattice": lattice},
    )


@pytest.fixture
def host():
    """The crystal of the host, tungsten."""
    status = [["stable"] * 5, ["cut", "stable", "stable", "stable", "cut"]]
    return dataset("W", "bcc", -9.0, status).assign_attrs(lattice_parameter=3.18)


@pytest.fixture
def beryllium():
    """The bulk of a solute."""
    lengths = {"reference_lattice_parameter": 2.24, "reference_lattice_parameter_c": 3.6}
    status = [["stable"] * 3 + ["elastically_unstable", "cut"], ["stable"] * 5]
    bulk = dataset("Be", "hcp", -3.0, status, **lengths)
    return bulk.assign(
        reference_strain_gradient=(("strain", "parameter"), [[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]),
        reference_strain_curvature=(("strain", "strain_2"), [[2.0, 0.0], [0.0, 4.0]]),
    )
