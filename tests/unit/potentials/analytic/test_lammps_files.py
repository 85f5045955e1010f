"""Files of one element."""

import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.potentials.analytic.lammps_files import one_element_lines, write_one_element


def test_numbers_read_back_to_the_same_floats(tmp_path):
    parameters = {"a": 1 / 3, "b": -2e-17}
    path = write_one_element(tmp_path / "x.y", "sw", "Si", parameters, ["b"], [0])
    assert path == tmp_path / "x.y.sw"
    first, _, row = path.read_text().splitlines()
    assert first.endswith("UNITS: metal")
    symbols, numbers = row.split()[:3], row.split()[3:]
    assert symbols == ["Si"] * 3
    assert [float(x) for x in numbers] == [1 / 3, -2e-17, 0.0]


def test_a_negative_parameter_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="edip takes no negative a: -1"):
        write_one_element(tmp_path / "x", "edip", "Si", {"a": -1.0, "b": 1.0}, ["b"])
    assert list(tmp_path.iterdir()) == []


def test_lines():
    lines = one_element_lines("a b.sw", "sw", "Si")
    assert lines == ["pair_style sw", 'pair_coeff * * "a b.sw" Si']
