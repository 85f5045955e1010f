"""SNAP potentials: files, hyperparameters, and the baseline, a fixed pair style beside SNAP."""

from relaxdiff.potentials.snap.alchemical import AlchemicalBaseline, alchemical
from relaxdiff.potentials.snap.baseline import (
    PairBaseline,
    ZblBaseline,
    baseline_from,
    baseline_from_settings,
    check_baseline,
)
from relaxdiff.potentials.snap.files import coefficient_norms, read_parameters, read_snap
from relaxdiff.potentials.snap.hyperparameters import (
    ALCHEMICAL,
    SnapHyperparameters,
    hyperparameters_from,
    parameter_names,
)
from relaxdiff.potentials.snap.potential import (
    SnapPotential,
    describe_potential,
)
from relaxdiff.potentials.snap.restricted import (
    RestrictedPotential,
    chosen_hessian,
    restricted,
)

__all__ = [
    "ALCHEMICAL",
    "AlchemicalBaseline",
    "PairBaseline",
    "RestrictedPotential",
    "SnapHyperparameters",
    "SnapPotential",
    "ZblBaseline",
    "alchemical",
    "baseline_from",
    "baseline_from_settings",
    "check_baseline",
    "chosen_hessian",
    "coefficient_norms",
    "describe_potential",
    "hyperparameters_from",
    "parameter_names",
    "read_parameters",
    "read_snap",
    "restricted",
]
