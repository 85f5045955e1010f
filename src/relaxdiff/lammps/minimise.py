"""Plain LAMMPS relaxation: `minimize` with `fix box/relax`, from pair_style snap's own forces.

It shares only the potential files and the structure with the rest of the library, and so is an
independent check of it. It is also the slow way to the truth. Cell and atoms are relaxed in turns:
the cell is so much stiffer (1e4 eV against 10 eV/Angstrom^2) that conjugate gradients on both at
once need several times as many force calls, and a change of one hardly disturbs the other.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from relaxdiff.lammps.session import LammpsSession, lammps_errors
from relaxdiff.structures import Freedom
from relaxdiff.units import LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM

# Largest numbers of rounds of cell, then atoms, and of conjugate gradient steps of each in a round.
# Guesses: a relaxation usually ends earlier, when it has converged or nothing changes any more.
ROUNDS, ATOM_STEPS = 30, 100
CELL_STEPS = {"iso": 2, "z": 2, "tri": 20}
# A cell that relaxes only along z keeps its other components, tilts included.
BOX_OPTIONS = {"iso": "vmax 0.01", "z": "scalexz no scaleyz no vmax 0.01", "tri": "vmax 0.01"}
COMPONENTS = ("xx", "yy", "zz", "yz", "xz", "xy")
# Largest force (eV/Angstrom) that the first round leaves, and the factor for each further round:
# the cell still changes, so that relaxing the atoms further would be wasted. Guesses; they change
# only the speed.
FIRST_FORCE, FORCE_FACTOR = 0.03, 0.03
# Fraction of the tolerance for each minimisation: the other one then uses up some of the rest.
CELL_SHARE, ATOM_SHARE = 0.25, 0.5
# LAMMPS's report on a minimisation. It counts the evaluations of line searches. One more sets the
# minimisation up, and another one ends it unless its steps were used up.
REPORT = re.compile(r"Stopping criterion = (.*)|Iterations, force evaluations = \d+ (\d+)")


@dataclass(frozen=True)
class LammpsMinimum:
    """What LAMMPS ended with: the relaxed Atoms, energy (eV), max gradient (eV/A), force calls.

    Force calls are all evaluations of energy and forces, those of line searches among them; they
    are known on the first MPI rank, and 0 on others.
    """

    atoms: Atoms
    energy: float
    max_gradient: float
    n_force_calls: int


def lammps_minimise(atoms, potential, tolerance=1e-6, freedom=None, lost=lambda atoms: False):
    """Relax a periodic structure with LAMMPS's conjugate gradients, no symmetry imposed.

    potential: has `lammps_lines`, which writes its files, and `elements`;
    tolerance: wanted largest gradient in eV/A (forces, and dU/dstrain over the cell's edge); the
    caller compares `max_gradient` with it; freedom: the Freedom of atoms and cell, all atoms and an
    isotropic strain if None; it may confine atoms, and the cell's strain, to the normal of the
    first two cell vectors, and hold atoms or components of them: no force moves these, and as `fix
    box/relax` moves all atoms with the cell, they keep their scaled positions; lost: function of
    the present Atoms that says whether to give up. Returns a LammpsMinimum; raises LammpsError.
    """
    freedom = Freedom() if freedom is None else freedom
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.lammps"
        log.touch()  # LAMMPS writes it only on its first MPI rank
        commands = [
            f'log "{log}"',
            *potential.lammps_lines(folder),
            "neighbor 0.5 bin",
            "neigh_modify every 1 delay 0 check yes",
            "thermo_modify norm no",
            "min_style cg",
            "min_modify dmax 0.05 norm max",
        ]
        with LammpsSession(potential.elements, commands) as session:
            session.place(atoms)
            if len(freedom.directions) == 1:
                session.command("fix confined all setforce 0 0 NULL")
            hold(session, freedom.fixed)
            box = _box(session)
            gradient = _minimise(session, atoms, box, tolerance, _cell(freedom.strains), lost)
            energy = float(session.instance.get_thermo("pe"))
            return LammpsMinimum(_relaxed(session, atoms, box), energy, gradient, force_calls(log))


def hold(session, fixed):
    """No force on the atoms of a mask (N,) or on the components of a mask (N, 3); or None."""
    if fixed is None:
        return
    components = np.broadcast_to(np.reshape(fixed, (len(fixed), -1)), (len(fixed), 3))
    for pattern in np.unique(components[components.any(axis=1)], axis=0):
        atoms = np.flatnonzero((components == pattern).all(axis=1))
        name = "held_" + "".join(axis for axis, held in zip("xyz", pattern, strict=True) if held)
        forces = " ".join("0" if held else "NULL" for held in pattern)
        tags = " ".join(str(index + 1) for index in atoms)
        session.command(f"group {name} id {tags}\nfix {name} {name} setforce {forces}")


def _cell(strains):
    """LAMMPS's keyword for the components that relax; None for a fixed cell."""
    if len(strains) == 6:
        return "tri"
    if len(strains) == 1:
        return "iso" if np.allclose(strains[0], np.eye(3)) else "z"
    return None


def _minimise(session, atoms, box, tolerance, cell, lost):
    """Relax the session's structure; returns the largest remaining gradient, eV/A."""
    wanted = ATOM_SHARE * tolerance
    force = max(FIRST_FORCE, wanted) if cell else wanted
    before = np.inf
    for _ in range(ROUNDS):
        if cell:
            _relax_cell(session, tolerance, cell)
        session.command(f"minimize 0 {force} {ATOM_STEPS} {10 * ATOM_STEPS}")
        gradient = _largest_gradient(session, cell)
        stuck = force == wanted and gradient > 0.99 * before
        if gradient < tolerance or stuck or lost(_relaxed(session, atoms, box)):
            break
        if force == wanted:
            before = gradient
        force = max(FORCE_FACTOR * force, wanted)
    return float(gradient)


def _relax_cell(session, tolerance, cell):
    """Relax the cell, atoms moving with it; dU/dstrain is in eV, tolerance in eV/A."""
    wanted = CELL_SHARE * tolerance * session.instance.get_thermo("vol") ** (1 / 3)
    steps = CELL_STEPS[cell]
    session.command(
        f"fix atoms all setforce 0 0 0\nfix cell all box/relax {cell} 0.0 {BOX_OPTIONS[cell]}\n"
        f"minimize 0 {wanted} {steps} {10 * steps}\nunfix cell\nunfix atoms"
    )


def force_calls(log):
    """Evaluations of energy and forces in all minimisations of a LAMMPS log."""
    calls = 0
    for criterion, evaluations in REPORT.findall(log.read_text()):
        if criterion:
            calls += 1 if criterion.startswith("max ") else 2
        else:
            calls += int(evaluations)
    return calls


def _box(session):
    """Vectors of LAMMPS's box, in its frame, rows."""
    with lammps_errors():
        low, high, xy, yz, xz, *_ = session.instance.extract_box()
    box = np.diag(np.subtract(high, low))
    box[1, 0], box[2, 0], box[2, 1] = xy, xz, yz
    return box


def _relaxed(session, atoms, box):
    """The Atoms as LAMMPS has them now; box: its vectors at the start."""
    deformation = session.to_atoms_frame(np.linalg.solve(box, _box(session)))
    deformation = session.to_atoms_frame(deformation.T).T
    relaxed = atoms.copy()
    relaxed.set_cell(atoms.cell.array @ deformation)
    relaxed.set_positions(session.positions())
    return relaxed


def _largest_gradient(session, cell):
    """Largest force, or dU/dstrain over the edge of the components that relax, eV/A."""
    largest = np.abs(session.gathered_forces()).max()
    if cell is None:
        return largest
    volume = session.instance.get_thermo("vol")
    pressures = np.array([session.instance.get_thermo(f"p{name}") for name in COMPONENTS])
    slopes = -pressures / LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM * volume
    if cell == "iso":
        on_cell = abs(slopes[:3].sum())
    elif cell == "z":
        on_cell = abs(slopes[2])
    else:
        on_cell = np.abs(slopes * [1, 1, 1, 2, 2, 2]).max()
    return max(largest, on_cell / volume ** (1 / 3))
