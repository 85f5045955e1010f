"""What tests of tables and sentences share."""

import pytest
from report_numbers import results_of


@pytest.fixture
def results():
    """Of the analytic study, whose cell relaxes."""
    return results_of()
