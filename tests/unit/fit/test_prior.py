"""The prior of a fit: the posterior's covariance of the free parameters."""

import numpy as np
import pytest

from relaxdiff.fit.prior import prior_distance, prior_root
from relaxdiff.potentials.snap.alchemical import alchemical
from relaxdiff.potentials.snap.restricted import restricted


@pytest.mark.parametrize("patterns", [["X_beta_*"], ["W_beta_3", "X_beta_1"]])
def test_the_root_is_that_of_the_covariance_of_the_samples(posterior, tungsten, patterns):
    free = restricted(alchemical(tungsten, "W"), patterns)
    root = prior_root(posterior, free, "W")
    columns = [int(name.split("_")[-1]) - 1 for name in free.parameters.names]
    wanted = np.cov(posterior["theta"].values[:, columns], rowvar=False)
    assert root @ root.T == pytest.approx(wanted, rel=1e-9)


def test_without_alchemical_atoms_names_are_the_posteriors_own(posterior, tungsten):
    root = prior_root(posterior, restricted(tungsten, ["beta_2"]))
    assert np.sum(root**2) == pytest.approx(posterior["theta"].values[:, 1].var(ddof=1))


def test_a_change_counts_in_standard_deviations():
    root = np.array([[2.0, 0.0], [0.0, 0.5]])
    assert prior_distance(root, [[2.0, 0.0], [2.0, 0.5]]) == pytest.approx([1.0, np.sqrt(2)])
