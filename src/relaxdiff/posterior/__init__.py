"""Where parameter sets come from, and the variants made of them."""

from relaxdiff.posterior.coverage import coverage_warnings, judged_coverage
from relaxdiff.posterior.design import snap_hyperparameters
from relaxdiff.posterior.distribution import (
    covariance_root,
    deviations_in_parts,
    is_distribution,
    potential_from_posterior,
    principal_directions,
    read_posterior,
    sample_posterior,
    start_posterior,
    with_draws,
    with_normal,
)
from relaxdiff.posterior.ensemble import ENSEMBLE_SOURCES
from relaxdiff.posterior.extended_xyz import XyzKeys
from relaxdiff.posterior.fit_quality import fit_warnings
from relaxdiff.posterior.group_weights import read_weights
from relaxdiff.posterior.named_parameters import (
    NAMED_SOURCES,
    posterior_from_named,
    potential_from_named,
)
from relaxdiff.posterior.training_data import check_groups
from relaxdiff.posterior.trial import write_trial_ensemble
from relaxdiff.posterior.variants import (
    Variants,
    all_parameters,
    cut_branches,
    deviations,
    elements_of,
    is_snap,
    lambda_grid,
    unit_of,
    unit_of_each,
    variant_energy_shifts,
    variant_potential,
    variant_shifts,
    variant_weights,
    without_shifts,
)

__all__ = [
    "ENSEMBLE_SOURCES",
    "NAMED_SOURCES",
    "Variants",
    "XyzKeys",
    "all_parameters",
    "check_groups",
    "covariance_root",
    "coverage_warnings",
    "cut_branches",
    "deviations",
    "deviations_in_parts",
    "elements_of",
    "fit_warnings",
    "is_distribution",
    "is_snap",
    "judged_coverage",
    "lambda_grid",
    "posterior_from_named",
    "potential_from_named",
    "potential_from_posterior",
    "principal_directions",
    "read_posterior",
    "read_weights",
    "sample_posterior",
    "snap_hyperparameters",
    "start_posterior",
    "unit_of",
    "unit_of_each",
    "variant_energy_shifts",
    "variant_potential",
    "variant_shifts",
    "variant_weights",
    "with_draws",
    "with_normal",
    "without_shifts",
    "write_trial_ensemble",
]
