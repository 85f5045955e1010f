"""The same numbers on one and on two ranks, and the same errors."""

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
from relaxdiff.running import ranks as parallel
from relaxdiff.derivative.solvers import Dense, Energy, Sparse

coefficients, parameters, repeats, out = sys.argv[1:]
potential = relaxdiff.read_snap(coefficients, parameters, relaxdiff.ZblBaseline(4.0, 4.8))
if repeats == "three strains":
    atoms, cell = relaxdiff.bulk_cell("W", 3.18, 2), "full"
    del atoms[[0, 1, 10]]
else:
    atoms, cell = relaxdiff.vacancy_cell("W", 3.18, int(repeats)), "isotropic"
minimum = relaxdiff.relax(atoms, potential, cell)
few = np.eye(55)[:, [0, 20]]
solvers = {"dense": (Dense(), None), "sparse": (Sparse(), None), "energy": (Energy(), few)}
found = {name: relaxdiff.implicit_derivative(minimum, *how) for name, how in solvers.items()}
if parallel.rank_and_size()[0] == 0:
    names = ("position_derivative", "strain_derivative", "energy_curvature", "strain_coupling")
    arrays = {f"{name} {by}": d[name].values for by, d in found.items() for name in names}
    np.savez(out, energy=minimum.energy, ranks=parallel.rank_and_size()[1], **arrays)
"""


TRUTH = """
import sys
import numpy as np
import xarray as xr
import relaxdiff
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.running.ranks import is_first, rank_and_size
from relaxdiff.minima.reference import relax_reference
from relaxdiff.truth.check import check_variants

coefficients, parameters, repeats, out = sys.argv[1:]
repeats = int(repeats)
potential = relaxdiff.read_snap(coefficients, parameters, relaxdiff.ZblBaseline(4.0, 4.8))
noise = np.random.default_rng(7).normal(size=(2, 55))
posterior = xr.Dataset(
    {
        "theta_mean": ("parameter", potential.theta),
        "theta": (("sample", "parameter"), potential.theta * (1 + 2e-2 * noise)),
        "energy_shift_mean": ((), 0.0),
        "energy_shift": ("sample", [0.0, 0.0]),
    },
    {"parameter": np.arange(55), "sample": [0, 1]},
    {"element": "W"},
)
start = starting_crystal("W", "bcc")
bulk = bulk_of_variants(potential, posterior, np.array([-2.0, 0.0, 2.0]), start, repeats)
structure = {"name": "vacancy", "kind": "vacancy", "supercell": repeats, "cell": "isotropic"}
crystal = crystal_of_variants(potential, posterior, bulk, strain_basis_of(structure, "bcc"))
minimum = relax_reference(potential, {"element": "W", "lattice": "bcc"}, structure)
derivative = relaxdiff.implicit_derivative(minimum)
constants = {"newton": force_constants(minimum)}
constants["lammps"] = constants["newton"]
constants["sparse"] = crystal_green(potential, minimum.atoms, start, repeats)


def relaxed(relaxer):
    return relaxdiff.relax_variants(
        minimum, posterior, crystal, derivative, constants[relaxer], [0, 1], relaxer, print
    )


truth = {relaxer: relaxed(relaxer) for relaxer in constants}
check = check_variants(minimum, posterior, crystal, truth["newton"], [(1, 2)], structure, print)

share, last = OrbitColumns._share, rank_and_size()[1] - 1


def failing(self, q, displacements, deformation):
    if rank_and_size()[0] == last and deformation[0, 0] > 1.0015:  # of one variant only
        self.session.command("no LAMMPS command")
    return share(self, q, displacements, deformation)


OrbitColumns._share = failing
truth["failing"] = relaxed("newton")
if is_first():
    names = ("status", "message", "energy", "volume")
    arrays = {f"{by} {name}": t[name].values for by, t in truth.items() for name in names}
    np.savez(out, ranks=last + 1, verdict=check["verdict"][0], **arrays)
"""


def run(ranks, files, out, repeats, text=SCRIPT):
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    script = out.with_suffix(".py")
    script.write_text(text)
    command = [mpiexec, "-n", str(ranks), sys.executable, "-m", "mpi4py", str(script)]
    return subprocess.run(
        [*command, *map(str, files), str(repeats), str(out)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(("ranks", "repeats"), [(2, 3), (5, 2), (2, "three strains")])
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


def test_truth_is_the_same_on_several_ranks(tungsten_files, tmp_path):
    """By all relaxers; and where LAMMPS fails on one rank, all give that variant up."""
    results = []
    for count in (1, 2):
        done = run(count, tungsten_files, tmp_path / f"{count}.npz", 2, TRUTH)
        assert done.returncode == 0, done.stderr
        results.append(np.load(tmp_path / f"{count}.npz"))
    alone, together = results
    assert (alone["ranks"], together["ranks"]) == (1, 2)
    assert alone["verdict"] == together["verdict"] == "agrees"
    for name in set(alone.files) - {"ranks", "verdict"}:
        if name.endswith(("status", "message")):
            assert np.array_equal(alone[name], together[name]), name
        else:
            # LAMMPS itself minimises on both ranks, to its own tolerance.
            bound = 1e-4 if name == "lammps volume" else 1e-7 if "volume" in name else 1e-9
            assert together[name] == pytest.approx(alone[name], abs=bound, nan_ok=True), name
    for relaxer in ("newton", "sparse", "lammps"):
        assert (together[f"{relaxer} status"] == "converged").all()
    failed = together["failing status"] == "lammps_error"
    assert failed.sum() == 1
    assert "no LAMMPS command" in together["failing message"][failed][0]
    assert (together["failing status"][~failed] == "converged").all()
