"""Linear SNAP potentials: the numbers in a .snapcoeff / .snapparam pair, read and written.

The energy of a structure with N atoms is

    U(q; Theta) = N * energy_shift + Theta . D(q) + U_ref(q),

(eq 1 of arXiv:2407.02414 for D, with the fixed pair style U_ref kept apart), where D sums the
bispectrum components over atoms (Thompson et al., J. Comput. Phys. 285, 316 (2015)).
"""

import re
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from relaxdiff.datasets import read_text
from relaxdiff.exceptions import InputError

# What a .snapparam file may set, and the value LAMMPS takes when it does not (`pair_style snap`).
PARAMETER_DEFAULTS = {
    "rcutfac": None,
    "twojmax": None,
    "rfac0": 0.99363,
    "rmin0": 0.0,
    "switchflag": 1,
    "bzeroflag": 1,
}
# Extensions of SNAP: accepted in a .snapparam file only when they are switched off.
SWITCHED_OFF = ("quadraticflag", "chemflag", "bnormflag", "wselfallflag", "switchinnerflag")
# Settings of LAMMPS's own memory layout, without influence on the energy.
WITHOUT_MEANING = ("chunksize", "parallelthresh", "unit_conversion_factor")
LARGEST_CUTOFF = 20  # Angstrom
UNITS = re.compile(r"^#.*\bUNITS: *(\w+)")


@dataclass(frozen=True)
class ZblReference:
    """The fixed repulsion `pair_style zbl inner outer` between atoms of one element.

    `inner` and `outer` are the switching distances in Angstrom.
    """

    inner: float
    outer: float

    def __post_init__(self):
        if not 0 < self.inner < self.outer:
            raise InputError(
                f"reference pair style zbl: needs 0 < inner < outer (Angstrom), "
                f"found inner = {self.inner}, outer = {self.outer}"
            )


@dataclass(frozen=True)
class SnapHyperparameters:
    """Everything that fixes the descriptors D(q), and none of what is fitted.

    `cutoff_factor` times twice `radius` is the cutoff in Angstrom (LAMMPS's rcutfac and R).
    """

    element: str
    twojmax: int
    cutoff_factor: float
    radius: float = 0.5
    weight: float = 1.0
    rfac0: float = 0.99363
    rmin0: float = 0.0
    switchflag: int = 1
    bzeroflag: int = 1

    def __post_init__(self):
        if not atomic_numbers.get(self.element):  # X, of no element, has the number 0
            raise InputError(f"unknown chemical element '{self.element}'")
        if not (isinstance(self.twojmax, int) and 0 <= self.twojmax <= 20):
            raise InputError(f"twojmax must be a whole number from 0 to 20, found {self.twojmax}")
        for name in ("cutoff_factor", "radius"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise InputError(f"{name} must be a positive number, found {getattr(self, name)}")
        if self.cutoff > LARGEST_CUTOFF:
            raise InputError(
                f"the cutoff, twice the radius times rcutfac, is {self.cutoff:g} Angstrom: "
                f"{LARGEST_CUTOFF} is the most that is supported"
            )
        if not 0 < self.rfac0 <= 1:
            raise InputError(f"rfac0 must be above 0 and not above 1, found {self.rfac0}")
        if not 0 <= self.rmin0 < self.cutoff:
            raise InputError(
                f"rmin0 must be 0 or more and below the cutoff of {self.cutoff:g} Angstrom, "
                f"found {self.rmin0}"
            )
        for name in ("switchflag", "bzeroflag"):
            if getattr(self, name) not in (0, 1):
                raise InputError(f"{name} must be 0 or 1, found {getattr(self, name)}")
        if not (np.isfinite(self.weight) and self.weight != 0):
            raise InputError(f"the weight must be a number other than 0, found {self.weight}")

    @property
    def cutoff(self):
        """Cutoff of the descriptors in Angstrom."""
        return 2 * self.cutoff_factor * self.radius

    @property
    def n_parameters(self):
        """Number of bispectrum components, LAMMPS's count for `twojmax` (55 for 2J = 8)."""
        top = self.twojmax
        return sum(
            1
            for j1 in range(top + 1)
            for j2 in range(j1 + 1)
            for j in range(j1 - j2, min(top, j1 + j2) + 1, 2)
            if j >= j1
        )


@dataclass(frozen=True)
class SnapPotential:
    """A linear SNAP potential of one element.

    theta: the fitted coefficients beta_1 ... beta_P, eV, shape (P,);
    energy_shift: beta_0, eV per atom; reference: the fixed part, or None.
    """

    hyperparameters: SnapHyperparameters
    theta: np.ndarray = field(repr=False)
    energy_shift: float = 0.0
    reference: ZblReference | None = None
    name: str = "snap"

    def __post_init__(self):
        theta = np.asarray(self.theta, dtype=float)
        object.__setattr__(self, "theta", theta)
        expected = self.hyperparameters.n_parameters
        if theta.shape != (expected,):
            raise InputError(
                f"{self.name}: twojmax = {self.hyperparameters.twojmax} needs {expected} "
                f"coefficients after beta_0, found {theta.size}"
            )
        if not (np.isfinite(theta).all() and np.isfinite(self.energy_shift)):
            raise InputError(f"{self.name}: a coefficient is not a finite number")

    @property
    def weights(self):
        """Theta with a 1 behind it for the fixed reference: the weights of the P + 1 columns."""
        return np.append(self.theta, 1.0)

    @property
    def reach(self):
        """Distance in Angstrom beyond which atoms do not feel each other."""
        outer = 0.0 if self.reference is None else self.reference.outer
        return max(self.hyperparameters.cutoff, outer)

    def with_theta(self, theta, energy_shift=None, name=None):
        """The same potential with other coefficients (eV)."""
        return replace(
            self,
            theta=theta,
            energy_shift=self.energy_shift if energy_shift is None else energy_shift,
            name=self.name if name is None else name,
        )


def read_snap(coeff, param, reference=None):
    """Read a one-element linear SNAP potential.

    coeff, param: paths of the .snapcoeff and .snapparam files; reference: a ZblReference, or None
    for a potential without a fixed part. Returns a SnapPotential. Raises InputError naming the file
    when it is missing, truncated, not numeric, or uses an extension of SNAP that is not supported.
    """
    parameters = _read_parameters(Path(param))
    element, radius, weight, coefficients = _read_coefficients(Path(coeff))
    try:
        hyperparameters = SnapHyperparameters(
            element=element,
            radius=radius,
            weight=weight,
            twojmax=parameters["twojmax"],
            cutoff_factor=parameters["rcutfac"],
            **{key: parameters[key] for key in ("rfac0", "rmin0", "switchflag", "bzeroflag")},
        )
    except InputError as error:
        raise InputError(f"{coeff} with {param}: {error}") from None
    expected = hyperparameters.n_parameters + 1
    if len(coefficients) != expected:
        raise InputError(
            f"{coeff}: twojmax = {hyperparameters.twojmax} in {param} needs {expected} "
            f"coefficients (beta_0 first), found {len(coefficients)}: is the file truncated?"
        )
    return SnapPotential(
        hyperparameters=hyperparameters,
        theta=np.array(coefficients[1:]),
        energy_shift=coefficients[0],
        reference=reference,
        name=Path(coeff).name.removesuffix(".snapcoeff"),
    )


def write_snap(potential, stem):
    """Write `stem`.snapcoeff, .snapparam and .snap, and return the three paths.

    The .snap file holds the pair_style and pair_coeff lines: `include` it in a LAMMPS script run in
    the same folder. Every number is written so that it reads back to the same float.
    """
    stem = Path(stem)
    hyper = potential.hyperparameters
    coeff, param, include = (
        stem.with_name(stem.name + suffix) for suffix in (".snapcoeff", ".snapparam", ".snap")
    )
    numbers = [potential.energy_shift, *potential.theta]
    coeff.write_text(
        f"# {potential.name}: SNAP coefficients written by relaxdiff, UNITS: metal\n\n"
        f"1 {len(numbers)}\n"
        f"{hyper.element} {hyper.radius!r} {hyper.weight!r}\n"
        + "".join(f"{float(number)!r}\n" for number in numbers)
    )
    param.write_text(
        f"# {potential.name}: SNAP hyperparameters written by relaxdiff\n\n"
        f"rcutfac {hyper.cutoff_factor!r}\ntwojmax {hyper.twojmax}\nrfac0 {hyper.rfac0!r}\n"
        f"rmin0 {hyper.rmin0!r}\nswitchflag {hyper.switchflag}\nbzeroflag {hyper.bzeroflag}\n"
        "quadraticflag 0\n"
    )
    commands = pair_commands(potential, coeff.name, param.name)
    include.write_text(
        f"# {potential.name}: include this file in a LAMMPS script (units metal)\n"
        + "\n".join(commands)
        + "\n"
    )
    return coeff, param, include


def pair_commands(potential, coeff, param):
    """The LAMMPS lines that define the potential, for files `coeff` and `param` (a list)."""
    element = potential.hyperparameters.element
    if potential.reference is None:
        return ["pair_style snap", f'pair_coeff * * "{coeff}" "{param}" {element}']
    zbl = potential.reference
    number = atomic_numbers[element]
    return [
        f"pair_style hybrid/overlay zbl {zbl.inner!r} {zbl.outer!r} snap",
        f"pair_coeff 1 1 zbl {number} {number}",
        f'pair_coeff * * snap "{coeff}" "{param}" {element}',
    ]


def describe_potential(hyperparameters, reference):
    """The attributes of a Dataset that fix the descriptors and the reference, a dict."""
    described = {**asdict(hyperparameters), "reference_style": "none"}
    if reference is not None:
        described.update(
            reference_style="zbl",
            reference_inner=float(reference.inner),
            reference_outer=float(reference.outer),
        )
    return described


def hyperparameters_from(attributes):
    """SnapHyperparameters from the attributes of a Dataset; NetCDF gives numpy scalars back."""
    return SnapHyperparameters(
        **{each.name: each.type(attributes[each.name]) for each in fields(SnapHyperparameters)}
    )


def reference_from(attributes):
    """The fixed pair style in the attributes of a Dataset, or None; InputError if unknown."""
    style = attributes["reference_style"]
    if style == "none":
        return None
    if style != "zbl":
        raise InputError(f"unknown reference_style '{style}', known are zbl and none")
    return ZblReference(float(attributes["reference_inner"]), float(attributes["reference_outer"]))


def parameter_names(hyperparameters, with_shift=False):
    """beta_1 ... beta_P, with beta_0 in front when asked for (a list of strings)."""
    return [f"beta_{i}" for i in range(0 if with_shift else 1, hyperparameters.n_parameters + 1)]


def _read_parameters(path):
    """The keys and numbers of a .snapparam file, defaults filled in as LAMMPS does."""
    parameters, given = dict(PARAMETER_DEFAULTS), set()
    for words in _words(path):
        if len(words) != 2:
            raise InputError(f"{path}: expected 'keyword value', found '{' '.join(words)[:60]}'")
        key, value = words
        if key in given:
            raise InputError(f"{path}: the keyword {key} is given twice, keep one of them")
        given.add(key)
        if key in WITHOUT_MEANING:
            continue
        number = _number(value, path)
        if key in SWITCHED_OFF:
            if number != 0:
                raise InputError(f"{path}: {key} {value} is not supported, only linear SNAP is")
        elif key in parameters:
            whole = key in ("twojmax", "switchflag", "bzeroflag")
            if whole and not number.is_integer():
                raise InputError(f"{path}: {key} must be a whole number, found {value}")
            parameters[key] = int(number) if whole else number
        else:
            known = ", ".join([*PARAMETER_DEFAULTS, *SWITCHED_OFF])
            raise InputError(f"{path}: unknown keyword '{key[:60]}'; known are {known}")
    for key in ("rcutfac", "twojmax"):
        if parameters[key] is None:
            raise InputError(f"{path}: the keyword {key} is missing")
    return parameters


def _read_coefficients(path):
    """Element, radius, weight and the list of coefficients of a .snapcoeff file."""
    units = UNITS.search(read_text(path).partition("\n")[0])  # the tag that LAMMPS looks for
    if units and units[1] != "metal":
        raise InputError(f"{path}: is in LAMMPS's units {units[1]}, give all coefficients in eV")
    lines = _words(path)
    if len(lines) < 2 or len(lines[0]) < 2 or len(lines[1]) != 3:
        raise InputError(
            f"{path}: expected a line 'number-of-elements number-of-coefficients' and then "
            "'element radius weight': is this a .snapcoeff file?"
        )
    n_elements, n_coefficients = (_number(word, path) for word in lines[0][:2])
    if n_elements != 1:
        raise InputError(f"{path}: holds {n_elements:g} elements, only one is supported")
    element, radius, weight = lines[1]
    crowded = next((words for words in lines[2:] if len(words) != 1), None)
    if crowded:
        raise InputError(
            f"{path}: expected one coefficient on each line, found '{' '.join(crowded)[:60]}'"
        )
    values = [_number(words[0], path) for words in lines[2:]]
    if len(values) != n_coefficients:
        raise InputError(
            f"{path}: announces {n_coefficients:g} coefficients, holds {len(values)}: "
            "is the file truncated?"
        )
    return element, _number(radius, path), _number(weight, path), values


def _words(path):
    """The lines of a text file as lists of words, comments and empty lines left out."""
    lines = (line.split("#")[0].split() for line in read_text(path).splitlines())
    return [line for line in lines if line]


def _number(word, path):
    try:
        value = float(word)
    except ValueError:
        raise InputError(f"{path}: expected a number, found '{word[:60]}'") from None
    if not np.isfinite(value):
        raise InputError(f"{path}: '{word}' is not a finite number")
    return value
