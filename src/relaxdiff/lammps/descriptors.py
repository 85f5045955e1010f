"""Descriptors of a structure and their derivatives, for all parameters at once, from LAMMPS.

The energy is linear in its parameters, U = Theta . D(q) + U_ref(q) (eqs 1 and 17 of
arXiv:2407.02414), so
one evaluation of D and its gradient serves every parameter set. The baseline U_ref is
one more column, with the weight 1: arrays have P + 1 columns, and a potential's energy,
forces and stress are `columns @ potential.weights`.
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.exceptions import LammpsError
from relaxdiff.lammps.session import LammpsSession, lammps_errors
from relaxdiff.units import LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM, VOIGT


@dataclass(frozen=True)
class Descriptors:
    """One column for each of the P parameters and, last, one for the baseline.

    values: D summed over atoms, shape (P + 1,), eV per unit of parameter;
    gradient: dD/dx of each atom, shape (N, 3, P + 1), per Angstrom;
    strain_gradient: dD/d(strain) for x -> (1 + strain) x with the cell following,
    shape (3, 3, P + 1). Divided by the volume and weighted it is the stress tensor (eV/A^3, ASE's
    sign: positive under tension).
    """

    values: np.ndarray
    gradient: np.ndarray
    strain_gradient: np.ndarray


class DescriptorCalculator:
    """Evaluates Descriptors with LAMMPS's `compute snap`. A context manager; counts evaluations.

    hyperparameters: SnapHyperparameters; baseline: ZblBaseline, PairBaseline or None.
    Cells may be shorter than the cutoff: LAMMPS adds as many periodic images as are needed.
    """

    def __init__(self, hyperparameters, baseline=None):
        self.hyperparameters = hyperparameters
        self.baseline = baseline
        self.n_evaluations = 0
        self.session = LammpsSession(
            hyperparameters.elements, pair_lines(hyperparameters, baseline)
        )
        # compute snap leaves a hidden compute "<ID>_press" that blocks the next run: both are
        # created again for each evaluation.
        self.compute = (
            f"compute descriptors all snap {hyperparameters.compute_settings()}\nrun 0 post no"
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Free the LAMMPS instance."""
        self.session.close()

    @property
    def smoothness_limits(self):
        """Distances in Angstrom at which a second derivative of the energy of a pair jumps."""
        limits = list(self.hyperparameters.cutoffs)
        if self.baseline is not None:
            limits += self.baseline.smoothness_limits(self.hyperparameters.elements)
        return limits

    def evaluate(self, atoms):
        """Descriptors of a periodic ASE Atoms object; LammpsError when LAMMPS refuses it."""
        self.session.place(atoms)
        self.session.command(self.compute)
        rows = self._rows(len(atoms))
        self.session.command("uncompute descriptors\nuncompute descriptors_press")
        self.n_evaluations += 1
        if not np.isfinite(rows).all():
            raise LammpsError(f"{atoms.get_chemical_formula()}: a descriptor is not finite")
        return self._descriptors(rows, len(atoms), atoms.get_volume())

    def _rows(self, count):
        module = self.session.lammps
        with lammps_errors():
            rows = self.session.instance.numpy.extract_compute(
                "descriptors", module.LMP_STYLE_GLOBAL, module.LMP_TYPE_ARRAY
            )
        expected = (1 + 3 * count + 6, self.hyperparameters.n_parameters + 1)
        if rows.shape != expected:
            raise LammpsError(f"compute snap gave {rows.shape}, expected {expected}")
        return rows.copy()

    def _descriptors(self, rows, count, volume):
        """Sort the rows of compute snap: energy; 3N forces; 6 virials, in LAMMPS's frame."""
        to_atoms = self.session.to_atoms_frame
        columns = rows.shape[1]
        forces = rows[1 : 1 + 3 * count].reshape(count, 3, columns)
        voigt = rows[1 + 3 * count :].copy()
        voigt[:, -1] *= (
            volume / LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM
        )  # the baseline's is a pressure
        virial = np.empty((3, 3, columns))
        for row, (i, j) in zip(voigt, VOIGT, strict=True):
            virial[i, j] = virial[j, i] = row
        virial = to_atoms(to_atoms(virial.transpose(2, 0, 1)).transpose(0, 2, 1))
        return Descriptors(
            values=rows[0],
            gradient=-to_atoms(forces.transpose(0, 2, 1)).transpose(0, 2, 1),
            strain_gradient=-virial.transpose(1, 2, 0),
        )


def pair_lines(hyper, baseline):
    """The pair style that stands for the baseline while descriptors are computed."""
    # `pair_style zero` sets the range of the neighbour list; it contributes nothing.
    if baseline is None:
        lines = [f"pair_style zero {hyper.cutoff}", "pair_coeff * *"]
    else:
        lines = [
            f"pair_style hybrid/overlay zero {hyper.cutoff} {baseline.style_line()}",
            "pair_coeff * * zero",
            *baseline.coefficient_lines(hyper.elements),
        ]
    return [*lines, "neighbor 0.3 bin", "thermo_modify norm no"]
