"""Made-up design matrices with linear targets, and how they are fitted."""

import numpy as np
import xarray as xr

from relaxdiff.files.datasets import variable
from relaxdiff.posterior.training_data import QUANTITIES
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters, parameter_names
from relaxdiff.potentials.snap.potential import describe_potential

HYPERPARAMETERS = SnapHyperparameters("W", 2, 4.0)
N_PARAMETERS = HYPERPARAMETERS.n_parameters  # 5
BASELINE = ZblBaseline(4.0, 4.8)
POPS = {"percentile_clipping": 1.0, "leverage_percentile": 50.0, "mode_threshold": 1e-8}
WEIGHTS = {
    "first": {"energy": 20.0, "force": 1.0, "stress": 0.5},
    "second": {"energy": 20.0, "force": 1.0, "stress": 0.0},
}
BETA = np.array([-3.0, 0.5, -0.2, 0.1, 0.05, 0.4])


def fake_design(group, seed, noise, n_configurations=20):
    """A design with linear targets plus noise; no stress in the group `second`."""
    rng = np.random.default_rng(seed)
    dataset = xr.Dataset(
        {"n_atoms": variable("configuration", np.full(n_configurations, 4), "1", "atoms")},
        coords={"column": parameter_names(HYPERPARAMETERS, with_shift=True)},
        attrs={"group": group, **describe_potential(HYPERPARAMETERS, BASELINE)},
    )
    per_configuration = {"energy": 1, "force": 12, "stress": 6 * (group == "first")}
    for quantity, units in QUANTITIES.items():
        rows = per_configuration[quantity] * n_configurations
        design = rng.normal(size=(rows, N_PARAMETERS + 1))
        design[:, 0] = quantity == "energy"
        if quantity == "force":
            design[:3] = 1e-16  # zero by symmetry
        target = design @ BETA + noise * rng.normal(size=rows)
        row = f"{quantity}_row"
        owner = np.arange(rows) // max(per_configuration[quantity], 1)
        dataset[f"{quantity}_design"] = variable((row, "column"), design, units, "rows")
        dataset[f"{quantity}_target"] = variable(row, target, units, "targets")
        dataset[f"{quantity}_configuration"] = variable(row, owner, "1", "owner")
    return dataset


def designs(noise=0.1):
    return [fake_design("first", 1, noise), fake_design("second", 2, noise)]
