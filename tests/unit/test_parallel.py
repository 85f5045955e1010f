"""The same numbers on one and on two ranks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
import sys
import numpy as np
import relaxdiff
from relaxdiff import parallel
from relaxdiff.solvers import Dense, Energy, Sparse

coefficients, parameters, repeats, out = sys.argv[1:]
potential = relaxdiff.read_snap(coefficients, parameters, relaxdiff.ZblReference(4.0, 4.8))
minimum = relaxdiff.relax(relaxdiff.vacancy_cell("W", 3.18, int(repeats)), potential)
few = np.eye(55)[:, [0, 20]]
solvers = {"dense": (Dense(), None), "sparse": (Sparse(), None), "energy": (Energy(), few)}
found = {name: relaxdiff.implicit_derivative(minimum, *how) for name, how in solvers.items()}
if parallel.rank_and_size()[0] == 0:
    names = ("position_derivative", "strain_derivative", "energy_curvature")
    arrays = {f"{name} {by}": d[name].values for by, d in found.items() for name in names}
    np.savez(out, energy=minimum.energy, ranks=parallel.rank_and_size()[1], **arrays)
"""


def run(ranks, files, out, repeats):
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    script = out.with_suffix(".py")
    script.write_text(SCRIPT)
    command = [mpiexec, "-n", str(ranks), sys.executable, "-m", "mpi4py", str(script)]
    return subprocess.run(
        [*command, *map(str, files), str(repeats), str(out)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(("ranks", "repeats"), [(2, 3), (5, 2)])
def test_derivatives_are_the_same_on_several_ranks(tungsten_files, tmp_path, ranks, repeats):
    """The smaller cell has 4 orbits of atoms, fewer than ranks."""
    results = []
    for count in (1, ranks):
        out = tmp_path / f"{count}.npz"
        done = run(count, tungsten_files, out, repeats)
        assert done.returncode == 0, done.stderr
        results.append(np.load(out))
    alone, together = results
    assert (alone["ranks"], together["ranks"]) == (1, ranks)
    for name in set(alone.files) - {"ranks"}:
        # LAMMPS itself minimises on all ranks, to its own tolerance.
        bound = (1e-6 if name.endswith(" energy") else 1e-8) * np.abs(alone[name]).max()
        assert together[name] == pytest.approx(alone[name], abs=bound)
