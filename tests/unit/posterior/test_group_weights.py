"""The table of group weights."""

import pytest
from training_files import GROUPS

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.group_weights import read_weights

WEIGHTS = "group,energy_weight,force_weight,stress_weight\nbulk,1,1,1\nvacancy,1,1,1\n"


def test_weights(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("# comment\n" + WEIGHTS)
    assert read_weights(path) == {
        group: {"energy": 1.0, "force": 1.0, "stress": 1.0} for group in GROUPS
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line"),
        ("group,weight\nbulk,1\n", "first line"),
        (WEIGHTS.splitlines()[0], "no groups"),
        (WEIGHTS + "bulk,1,1,1\n", "bulk stands there twice"),
        (WEIGHTS + "surface,1,1\n", "group surface needs 4 columns"),
        (WEIGHTS + "surface,1,1,1,1\n", "group surface needs 4 columns"),
        (WEIGHTS + "surface,1,-1,1\n", "weight of group surface is '-1'"),
        (WEIGHTS + "surface,1,nan,1\n", "weight of group surface is 'nan'"),
        (WEIGHTS + "surface,1,x,1\n", "weight of group surface is 'x'"),
        (WEIGHTS + "../surface,1,1,1\n", "cannot be the name"),
    ],
)
def test_bad_weights(tmp_path, text, message):
    path = tmp_path / "weights.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_weights(path)
    assert str(path) in str(raised.value)


def test_missing_weights(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_weights(tmp_path / "weights.csv")
