"""Plain LAMMPS relaxation: `minimize` with `fix box/relax`, from pair_style snap's own forces.

It shares nothing with the rest of the library but the potential files and the structure, and so
checks it. It is also the slow way to the truth.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from relaxdiff.lammps_session import (
    LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM,
    LammpsSession,
    lammps_errors,
)
from relaxdiff.potential import pair_commands, write_snap

# fix box/relax measures strain from where a minimisation starts: it is restarted after so many
# steps, so many times.
STEPS, ROUNDS = 300, 20


@dataclass(frozen=True)
class LammpsMinimum:
    """What LAMMPS ended with: the relaxed Atoms, energy (eV), max gradient (eV/A), force calls."""

    atoms: Atoms
    energy: float
    max_gradient: float
    n_force_calls: int


def lammps_minimise(atoms, potential, tolerance=1e-6, strain=True, lost=lambda atoms: False):
    """Relax a periodic structure with LAMMPS's conjugate gradients, no symmetry imposed.

    tolerance: wanted largest gradient in eV/A (forces, and dU/dstrain over the cell's edge); the
    caller compares `max_gradient` with it; lost: says of the Atoms on the way whether to give up.
    Returns a LammpsMinimum; raises LammpsError.
    """
    with tempfile.TemporaryDirectory() as folder:
        coeff, param, _ = write_snap(potential, Path(folder) / "variant")
        commands = [
            *pair_commands(potential, coeff, param),
            "neighbor 0.5 bin",
            "neigh_modify every 1 delay 0 check yes",
            "thermo_modify norm no",
            "min_style cg",
            "min_modify dmax 0.05",
        ]
        with LammpsSession(potential.hyperparameters.element, commands) as session:
            return _minimise(session, atoms, tolerance, strain, lost)


def _minimise(session, atoms, tolerance, strain, lost):
    session.place(atoms)
    session.command("run 0 post no")
    n_force_calls = 1
    before = np.inf
    for _ in range(ROUNDS):
        if strain:
            session.command("fix cell all box/relax iso 0.0 vmax 0.001")
        session.command(f"minimize 0 {tolerance / 10} {STEPS} {10 * STEPS}")
        steps = int(session.instance.get_thermo("step"))
        n_force_calls += steps
        if strain:
            session.command("unfix cell")
        session.command("reset_timestep 0\nrun 0 post no")
        gradient = _largest_gradient(session, strain)
        stuck = steps < STEPS and gradient > 0.99 * before
        if gradient < tolerance or stuck or lost(_relaxed(session, atoms)):
            break
        before = gradient
    energy = session.instance.get_thermo("pe")
    return LammpsMinimum(_relaxed(session, atoms), float(energy), float(gradient), n_force_calls)


def _relaxed(session, atoms):
    """The Atoms as LAMMPS has them now."""
    relaxed = atoms.copy()
    stretch = (session.instance.get_thermo("vol") / atoms.get_volume()) ** (1 / 3)
    relaxed.set_cell(atoms.cell.array * stretch)
    relaxed.set_positions(session.positions())
    return relaxed


def _largest_gradient(session, strain):
    with lammps_errors():
        forces = session.instance.numpy.extract_atom("f")[: session.n_atoms]
    largest = np.abs(forces).max()
    if strain:
        volume = session.instance.get_thermo("vol")
        pressure = session.instance.get_thermo("press") / LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM
        largest = max(largest, abs(3 * pressure * volume) / volume ** (1 / 3))
    return largest
