"""What the analytic study found of its structure, as the report reads it."""

import pandas as pd
from analytic_study import lose, make_study

from relaxdiff.statistics.calibration import calibration_table
from relaxdiff.statistics.errors import (
    error_slopes,
    error_table,
    prediction_errors,
    window_table,
)
from relaxdiff.statistics.results import StructureResults


def results_of(relaxes=True, area=None):
    """StructureResults of a study that lost some variants."""
    study, _ = make_study(relaxes=relaxes)
    lose(study, 1, [7, 8])
    lose(study, 2, [8], crystal_status="elastically_unstable")
    posterior = study.pop("posterior")
    errors = prediction_errors(
        study["predictions"],
        study["truth"],
        study["derivative"],
        posterior,
        study["evaluations"],
    )
    check = pd.DataFrame(
        {
            "sample": [0, 3, 4],
            "lambda": [1.0, -2.0, 4.0],
            "formation_energy_difference_eV": [1e-8, -3e-8, 0.5],
            "formation_volume_difference_A3": [-2e-5, 1e-5, 4.0],
            "verdict": ["agrees", "agrees", "other minimum"],
        }
    )
    slopes = error_slopes(error_table(errors))
    del study["reference"]  # no number is taken from it
    return StructureResults(
        **study,
        windows=window_table(errors),
        slopes=slopes,
        calibration=calibration_table(errors),
        check=check,
        area=area,
    )
