"""One figure of a study, composed of what the others show in full."""

import xarray as xr

from relaxdiff.derivative import DERIVATIVE, HESSIAN, IH, LEVELS
from relaxdiff.figures.curves import (
    name_marks,
)
from relaxdiff.figures.errors import error_panel, relaxed
from relaxdiff.figures.formation import (
    curves_panel,
    of_sample,
    quantities_of,
)
from relaxdiff.figures.style import (
    LABELS,
    PAGE,
    legend_above,
    letter_panels,
    new_figure,
    styled,
)
from relaxdiff.statistics import error_table

# Those without an evaluation, but ih; all are in the other figures.
SHOWN = [level.name for level in LEVELS if level.needs in (DERIVATIVE, HESSIAN) and level != IH]


@styled
def overview(predictions, truth=None, sample=0):
    """V_f (a) and E_f (b) of one sample, and their median errors over all (c, d), against lambda.

    In the order of arXiv:2407.02414, at the levels SHOWN. Where the cell does not relax there are
    no volumes, and without truth no errors. Raises InputError when there is no such sample.
    """
    predictions = predictions.sel(level=[x for x in predictions["level"].values if x in SHOWN])
    shown = quantities_of(predictions)[::-1]
    rows = 1 if truth is None else 2
    figure = new_figure(PAGE, 0.45 + 2.3 * rows)
    axes = figure.subplots(rows, len(shown), squeeze=False)
    here, true = of_sample(predictions, truth, sample)
    for axis, quantity in zip(axes[0], shown, strict=True):
        curves_panel(axis, quantity, here, true)
    if truth is not None:
        table = error_table(_errors(predictions, truth, shown))
        for axis, quantity in zip(axes[1], shown, strict=True):
            error_panel(axis, quantity, table)
    for axis in axes[-1]:
        axis.set_xlabel(LABELS["lambda"])
    name_marks(axes.ravel())
    letter_panels(axes.flat)
    legend_above(figure, axes[0, 0], columns=8)
    return figure


def _errors(predictions, truth, shown):
    """Prediction minus truth of these quantities, and truth's `status`: a Dataset."""
    errors = {quantity: predictions[quantity] - relaxed(truth, quantity) for quantity in shown}
    for quantity, error in errors.items():
        error.attrs["units"] = predictions[quantity].attrs["units"]
    return xr.Dataset(errors | {"status": truth["status"]}).transpose("level", "sample", "lambda")
