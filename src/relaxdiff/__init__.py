"""Uncertainty of relaxed atomic structures by implicit differentiation of their minima."""

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.exceptions import InputError, LammpsError, RelaxationError
from relaxdiff.files import package_versions
from relaxdiff.minima.relaxation import relax
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.potentials.potential import calculator
from relaxdiff.potentials.snap.baseline import PairBaseline, ZblBaseline
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.potentials.snap.potential import SnapPotential, write_snap
from relaxdiff.predictions.draws import predict_draws
from relaxdiff.predictions.one_call import predict
from relaxdiff.predictions.predicted_variants import predict_variants
from relaxdiff.statistics.opened import open_study
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal, starting_crystal
from relaxdiff.truth.relaxed_variants import relax_variants

__version__ = package_versions()["relaxdiff"]

# Names that these had before, for scripts that use them.
PairReference, ZblReference = PairBaseline, ZblBaseline

__all__ = [
    "InputError",
    "LammpsError",
    "PairBaseline",
    "PerfectCrystal",
    "RelaxationError",
    "SnapPotential",
    "ZblBaseline",
    "bulk_cell",
    "bulk_of_variants",
    "calculator",
    "crystal_of_variants",
    "implicit_derivative",
    "open_study",
    "posterior_from_ensemble",
    "predict",
    "predict_draws",
    "predict_variants",
    "read_snap",
    "relax",
    "relax_variants",
    "starting_crystal",
    "vacancy_cell",
    "write_snap",
]
