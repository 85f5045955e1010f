"""The small study as tests of predictions take it."""

import pytest


@pytest.fixture(scope="session")
def study(small_study):
    """Crystal, reference and derivative."""
    return small_study.crystal, small_study.minimum, small_study.derivative


@pytest.fixture(scope="session")
def predictions(small_study):
    """At all levels that need no evaluation."""
    return small_study.predictions
