"""Energies that are linear in their parameters, U = theta . D(q) + U_baseline(q).

One evaluation gives D and its derivatives for all parameters at once, as columns: one for each
parameter and, last, the baseline, which is not fitted and has the weight 1.
"""

import numpy as np

from relaxdiff.potentials.differences import (
    four_point_steps,
    hessian_product,
    hessian_row,
    hessian_rows,
    hessian_tensor,
)


def weights_of(theta):
    """Theta with a 1 behind it for the baseline: the weights of the P + 1 columns."""
    weights = np.empty(len(theta) + 1)
    weights[:-1], weights[-1] = theta, 1.0
    return weights


class ColumnEvaluator:
    """The LinearEvaluator of a source of columns. A context manager.

    source: has `coordinates`, `columns(q)` (n, P + 1), `values()` (P + 1,) at the q of the latest
    columns, `n_evaluations`, `forget` and `close`, like the sources in `lammps/`.
    """

    def __init__(self, source):
        self.source = source
        self.coordinates = source.coordinates
        self._forget_last()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Free the source; another evaluation starts it again."""
        self._forget_last()
        self.source.close()

    def forget(self):
        """Make later results independent, to the last digit, of earlier evaluations."""
        self._forget_last()
        self.source.forget()

    def _forget_last(self):
        self._asked = self._columns = self._values = None

    @property
    def n_evaluations(self):
        """Evaluations so far."""
        return self.source.n_evaluations

    def columns(self, q):
        """dD/dq at q, (n, P + 1), the baseline last."""
        asked = np.asarray(q, dtype=float).tobytes()
        if asked != self._asked:
            self._forget_last()  # after a failure below, nothing incomplete is remembered
            self._columns = self.source.columns(q)
            self._asked = asked
        return self._columns

    def descriptors(self, q):
        """D at q, (P + 1,), the baseline's energy (eV) last."""
        self.columns(q)
        if self._values is None:
            self._values = self.source.values()
        return self._values

    def energy(self, q, theta):
        """U, eV."""
        return float(self.descriptors(q) @ weights_of(theta))

    def gradient(self, q, theta):
        """dU/dq, (n,), eV/Angstrom; of strains eV."""
        return self.columns(q) @ weights_of(theta)

    def parameter_gradient(self, q, theta):
        """dU/dtheta, (P,): the descriptors, whatever theta is."""
        return self.descriptors(q)[:-1]

    def mixed(self, q, theta, directions=None):
        """d2U/dq dtheta, (n, P), or times directions (P, k), (n, k): the descriptors' gradient."""
        columns = self.columns(q)[:, :-1]
        return columns if directions is None else columns @ directions

    def parameter_hessian(self, q, theta):
        """d2U/dtheta2, (P, P): zero."""
        return np.zeros((np.size(theta),) * 2)

    def hessian_product(self, q, theta, vector):
        """d2U/dq2 applied to a vector (n,), by central differences; two evaluations."""
        return hessian_product(self, q, theta, vector)

    def hessian_row(self, index, theta):
        """d2U / dq dq_index at q = 0, (n,), by differences; four evaluations."""
        step = four_point_steps(self.coordinates)[index]
        return hessian_row(self, index, step) @ weights_of(theta)

    def hessian_columns(self, modes=None):
        """d2D/dq2 at q = 0, (n, n, P + 1), by differences; 4 n evaluations.

        modes: indices of k modes whose rows alone are wanted, (k, n, P + 1); 4 k evaluations.
        """
        return hessian_tensor(self) if modes is None else hessian_rows(self, modes)
