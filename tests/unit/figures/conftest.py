"""The study that figures are drawn of."""

import pytest
from analytic_study import make_study


@pytest.fixture
def study():
    """The analytic study with 12 samples, a dict of Datasets."""
    return make_study(n_samples=12)[0]
