"""Values and gradients in coordinates, by evaluators of all atoms and of orbits."""

import numpy as np
import pytest
from coordinate_cases import somewhere

from relaxdiff import LammpsError
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.orbits import OrbitColumns

STEP = 1e-4  # Angstrom, of central differences


@pytest.mark.parametrize("name", ["six", "shaken", "fault"])
@pytest.mark.parametrize("kind", [AllAtomColumns, OrbitColumns])
def test_gradients_are_those_of_the_values(request, tungsten, name, kind):
    coordinates = request.getfixturevalue(name)
    q = somewhere(coordinates)
    with kind(coordinates, tungsten.hyperparameters, tungsten.baseline) as evaluator:

        def values(at):
            evaluator.columns(at)
            return evaluator.values()

        gradient = evaluator.columns(q)
        for index, scale in enumerate(coordinates.scale):
            step = STEP / scale * np.eye(coordinates.size)[index]
            near, far = (
                (values(q + n * step) - values(q - n * step)) / (2 * n * STEP / scale)
                for n in (1, 2)
            )
            expected = (4 * near - far) / 3
            error = np.abs(gradient[index] - expected).max()
            assert error < 1e-7 * np.abs(gradient[index]).max(), index


@pytest.mark.parametrize("strain", [np.nan, np.inf, -1.0, -2.0])
@pytest.mark.parametrize("kind", [AllAtomColumns, OrbitColumns])
def test_cells_without_volume_or_inside_out_are_refused(kind, strain, shaken, tungsten):
    q = np.zeros(shaken.size)
    q[shaken.n_modes] = strain  # the first strain is the isotropic one
    with (
        kind(shaken, tungsten.hyperparameters, tungsten.baseline) as evaluator,
        pytest.raises(LammpsError, match="too far from the reference"),
    ):
        evaluator.columns(q)
