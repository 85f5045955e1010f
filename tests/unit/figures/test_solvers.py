"""What the figures of the study of the solvers show."""

import numpy as np
import pandas as pd
from drawn import legend_of, line

from relaxdiff.figures import solvers as solver_figures


def test_solver_scaling_draws_every_solver_by_its_size():
    sizes = {"dense": [127, 53], "sparse": [53, 127, 431], "energy": [53], "lammps": [53]}
    rows = [(solver, n, n / 100, n / 10) for solver, counts in sizes.items() for n in counts]
    table = pd.DataFrame(rows, columns=["solver", "atoms", "seconds", "grown_MiB"])
    figure = solver_figures.solver_scaling(table)
    assert legend_of(figure) == ["dense", "sparse", "energy", "one LAMMPS relaxation"]
    time, memory = figure.axes
    assert list(line(time, "dense").get_xdata()) == [53, 127]
    assert list(line(time, "dense").get_ydata()) == [0.53, 1.27]
    assert list(line(memory, "sparse").get_ydata()) == [5.3, 12.7, 43.1]


def test_solver_accuracy_marks_what_the_solver_did_not_accept():
    moved = np.array([-0.02, 0.0, 0.01])
    displacements = pd.concat(
        pd.DataFrame({"solver": solver, "lambda": 4.0, "predicted": moved, "true": 2 * moved})
        for solver in ("dense", "sparse", "energy")
    )
    alphas = pd.DataFrame(
        {"alpha": [1e-9, 1e-5], "error": [1e-3, 1e-8], "status": ["not converged", "converged"]}
    )
    figure = solver_figures.solver_accuracy(displacements, alphas)
    parity, errors = figure.axes
    assert legend_of(figure) == ["dense", "sparse", "energy"]
    assert parity.get_xlim() == parity.get_ylim()
    np.testing.assert_array_equal(line(parity, "energy").get_xdata(), 2 * moved)
    assert list(line(errors, "not accepted").get_xdata()) == [1e-9]
