"""The README's code for users of the library runs as it stands there."""

from pathlib import Path

import numpy as np

from relaxdiff import ZblBaseline

README = Path(__file__).parents[2] / "README.md"


def test_library_examples_run(tungsten_files, tungsten, samples_around, tmp_path, capsys):
    section = README.read_text().split("## As a library")[1]
    blocks = [part.split("```")[0] for part in section.split("```python")[1:]]
    assert len(blocks) == 3
    coefficients, parameters = map(str, tungsten_files)
    np.savetxt(tmp_path / "samples.csv", [tungsten.theta, *samples_around(3)], delimiter=",")
    whole = blocks.pop(0).replace('"mine.snapcoeff", "mine.snapparam"', "of_lammps")
    whole = whole.replace("read_snap(*files", "read_snap(*files, zbl")
    whole = whole.replace('"samples.csv"', f'"{tmp_path}/samples.csv", zbl')
    exec(whole, {"zbl": ZblBaseline(4.0, 4.8), "of_lammps": (coefficients, parameters)})
    assert "E_f = 3." in capsys.readouterr().out
    first = blocks[0].replace('"mine.snapcoeff"', repr(coefficients))
    first = first.replace('"mine.snapparam"', f"{parameters!r}, baseline=zbl")
    names = {"zbl": ZblBaseline(4.0, 4.8)}
    exec(first, names)
    assert names["potential"].theta.size == tungsten.theta.size
    assert names["derivative"].position_derivative.shape == (55, 127, 3)
    exec(blocks[1], names)
    assert names["derivative"].position_derivative.shape == (1, 1023, 3)
    assert names["derivative"].attrs["iterations"] <= 2 * 8
