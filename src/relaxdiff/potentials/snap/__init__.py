"""SNAP potentials: files, hyperparameters, the fixed pair style beside them."""

from relaxdiff.potentials.snap.baseline import (
    ZblReference,
    check_reference,
    reference_from,
    reference_from_settings,
)
from relaxdiff.potentials.snap.evaluator import evaluator_for
from relaxdiff.potentials.snap.files import read_parameters, read_snap
from relaxdiff.potentials.snap.hyperparameters import (
    SnapHyperparameters,
    hyperparameters_from,
    parameter_names,
)
from relaxdiff.potentials.snap.potential import (
    SnapPotential,
    describe_potential,
    pair_commands,
    write_snap,
)

__all__ = [
    "SnapHyperparameters",
    "SnapPotential",
    "ZblReference",
    "check_reference",
    "describe_potential",
    "evaluator_for",
    "hyperparameters_from",
    "pair_commands",
    "parameter_names",
    "read_parameters",
    "read_snap",
    "reference_from",
    "reference_from_settings",
    "write_snap",
]
