"""SNAP potentials: everything that fixes the descriptors, and the fitted coefficients.

The energy of a structure with N_s atoms of each element s is

    U(q; Theta) = sum_s N_s energy_shift_s + Theta . D(q) + U_ref(q),

(eqs 1 and 17 of arXiv:2407.02414 for D, with the fixed pair style U_ref kept apart). Theta holds
the coefficients of one element after the other, and D sums over the atoms of each element their
bispectrum components (Thompson et al., J. Comput. Phys. 285, 316 (2015)); in quadratic SNAP also
the products of these, an atom's component with itself halved (Wood & Thompson, J. Chem. Phys. 148,
241721 (2018)). Both are linear in Theta.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.lammps import DescriptorCalculator, LammpsCalculator
from relaxdiff.potentials import Parameters, weights_of
from relaxdiff.potentials.snap.baseline import PairBaseline, ZblBaseline
from relaxdiff.potentials.snap.evaluator import evaluator_for
from relaxdiff.potentials.snap.hyperparameters import (
    FLAGS,
    SnapHyperparameters,
    parameter_names,
)


@dataclass(frozen=True)
class SnapPotential:
    """A SNAP potential, linear or quadratic, of one element or several.

    theta: the fitted coefficients without energy shifts, one element after the other, eV, shape
    (P,); energy_shift: beta_0, eV per atom, one for each element or a number for all; baseline:
    the fixed part, or None.
    """

    hyperparameters: SnapHyperparameters
    theta: np.ndarray = field(repr=False)
    energy_shift: float | np.ndarray = 0.0
    baseline: ZblBaseline | PairBaseline | None = None
    name: str = "snap"
    is_linear: ClassVar[bool] = True
    in_lammps: ClassVar[bool] = True

    def __post_init__(self):
        theta = np.asarray(self.theta, dtype=float)
        object.__setattr__(self, "theta", theta)
        shift = np.ravel(np.asarray(self.energy_shift, dtype=float))
        object.__setattr__(self, "energy_shift", float(shift[0]) if shift.size == 1 else shift)
        hyper = self.hyperparameters
        if theta.shape != (hyper.n_parameters,):
            raise InputError(
                f"{self.name}: twojmax = {hyper.twojmax} needs {hyper.n_parameters} coefficients "
                f"beside beta_0, found {theta.size}"
            )
        if shift.size not in (1, len(hyper.elements)):
            raise InputError(
                f"{self.name}: needs an energy shift beta_0 for each of {len(hyper.elements)} "
                f"elements, found {shift.size}"
            )
        if not (np.isfinite(theta).all() and np.isfinite(shift).all()):
            raise InputError(f"{self.name}: a coefficient is not a finite number")

    @property
    def elements(self):
        """Symbols of the elements, in LAMMPS's order of types."""
        return self.hyperparameters.elements

    def lammps_lines(self, folder):
        """LAMMPS's lines for this potential, its files written into `folder` (a list)."""
        coeff, param, _ = write_snap(self, Path(folder) / "potential")
        return pair_commands(self, coeff, param)

    @property
    def parameters(self):
        """Names, units and values of theta, Parameters."""
        names = tuple(parameter_names(self.hyperparameters))
        return Parameters(names, ("eV",) * len(names), self.theta)

    @property
    def weights(self):
        """Weights of the P + 1 columns: theta, and 1 for the baseline."""
        return weights_of(self.theta)

    def evaluator(self, coordinates):
        """The cheapest LinearEvaluator of a structure in its coordinates."""
        return evaluator_for(coordinates, self)

    def descriptor_calculator(self):
        """A DescriptorCalculator, which evaluates the descriptors of any Atoms; to be closed."""
        return DescriptorCalculator(self.hyperparameters, self.baseline)

    def calculator(self) -> LammpsCalculator:
        """An ASE calculator of the potential, which plain LAMMPS evaluates."""
        return LammpsCalculator(self)

    def attributes(self):
        """What a Dataset keeps of the potential in addition to theta, a dict."""
        return describe_potential(self.hyperparameters, self.baseline)

    def write(self, stem):
        """Write the files that LAMMPS reads, `stem`.snapcoeff and others; returns their paths."""
        return write_snap(self, stem)

    @property
    def energy_shifts(self):
        """beta_0 of each element, eV per atom, shape (element,)."""
        return np.broadcast_to(self.energy_shift, len(self.hyperparameters.elements))

    def shift_of(self, atoms):
        """The sum of the atoms' energy shifts in a structure, eV."""
        count = atoms.symbols.formula.count()
        elements = self.hyperparameters.elements
        return float(self.energy_shifts @ [count.get(element, 0) for element in elements])

    @property
    def reach(self):
        """Distance in Angstrom beyond which atoms do not feel each other."""
        outer = 0.0
        if self.baseline is not None:
            outer = self.baseline.reach(self.hyperparameters.elements)
        return max(self.hyperparameters.cutoff, outer)

    def with_theta(self, theta, energy_shift=None, name=None):
        """The same potential with other coefficients (eV)."""
        return replace(
            self,
            theta=theta,
            energy_shift=self.energy_shift if energy_shift is None else energy_shift,
            name=self.name if name is None else name,
        )


def describe_potential(hyperparameters, baseline):
    """The attributes of a Dataset that fix the descriptors and the baseline, a dict.

    For several elements `element` holds all symbols, `radius` and `weight` a number for each.
    """
    hyper = hyperparameters
    several = len(hyper.elements) > 1
    return {
        "element": " ".join(hyper.elements),
        "twojmax": hyper.twojmax,
        "cutoff_factor": hyper.cutoff_factor,
        "radius": list(hyper.radii) if several else hyper.radii[0],
        "weight": list(hyper.weights) if several else hyper.weights[0],
        "rfac0": hyper.rfac0,
        "rmin0": hyper.rmin0,
        **{name: getattr(hyper, name) for name in FLAGS},
        **({"reference_style": "none"} if baseline is None else baseline.attributes()),
    }


def write_snap(potential: "SnapPotential", stem: str | Path) -> tuple[Path, Path, Path]:
    """Write `stem`.snapcoeff, .snapparam and .snap, and return the three paths.

    The .snap file holds the pair_style and pair_coeff lines: `include` it in a LAMMPS script run in
    the same folder, with atom types in the order of the potential's elements. A baseline that has
    a file is written to `stem`.reference. Every number reads back to the same float.
    """
    stem = Path(stem)
    hyper = potential.hyperparameters
    coeff, param, include, baseline = (
        stem.with_name(stem.name + suffix)
        for suffix in (".snapcoeff", ".snapparam", ".snap", ".reference")
    )
    table = potential.theta.reshape(len(hyper.elements), -1)
    lines = [
        f"# {potential.name}: SNAP coefficients written by relaxdiff, UNITS: metal\n",
        f"{len(table)} {table.shape[1] + 1}",
    ]
    for element, radius, weight, shift, row in zip(
        hyper.elements, hyper.radii, hyper.weights, potential.energy_shifts, table, strict=True
    ):
        lines += [f"{element} {radius!r} {weight!r}"]
        lines += [repr(float(number)) for number in (shift, *row)]
    coeff.write_text("\n".join(lines) + "\n")
    param.write_text(
        f"# {potential.name}: SNAP hyperparameters written by relaxdiff\n\n"
        f"rcutfac {hyper.cutoff_factor!r}\ntwojmax {hyper.twojmax}\nrfac0 {hyper.rfac0!r}\n"
        f"rmin0 {hyper.rmin0!r}\n" + "".join(f"{key} {getattr(hyper, key)}\n" for key in FLAGS)
    )
    if potential.baseline is not None and potential.baseline.file:
        baseline.write_text(potential.baseline.file, encoding="utf-8")
    commands = pair_commands(potential, coeff.name, param.name, baseline.name)
    include.write_text(
        f"# {potential.name}: include this file in a LAMMPS script (units metal)\n"
        + "\n".join(commands)
        + "\n"
    )
    return coeff, param, include


def pair_commands(potential, coeff, param, baseline_file=None):
    """The LAMMPS lines that define the potential, for files `coeff` and `param` (a list).

    baseline_file: name of the baseline's file, if it is not to be a temporary one.
    """
    elements = potential.hyperparameters.elements
    names = f'"{coeff}" "{param}" {" ".join(elements)}'
    if potential.baseline is None:
        return ["pair_style snap", f"pair_coeff * * {names}"]
    return [
        f"pair_style hybrid/overlay {potential.baseline.style_line()} snap",
        *potential.baseline.coefficient_lines(elements, baseline_file),
        f"pair_coeff * * snap {names}",
    ]
