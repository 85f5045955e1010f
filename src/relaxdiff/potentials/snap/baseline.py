"""The fixed pair style beside SNAP, U_ref: not fitted, the same in every variant.

`ZblBaseline` is the repulsion that most SNAP potentials are fitted on top of; `PairBaseline` is
any other pair style of LAMMPS that needs only positions. Both give LAMMPS's lines for a list
of elements, and the attributes as which a Dataset keeps them.
"""

import functools
import itertools
import json
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from relaxdiff.exceptions import InputError
from relaxdiff.files import read_text
from relaxdiff.potentials.snap.baseline_reach import pair_cutoffs

# `pair_coeff * * file elements`. These are many-body potentials.
FILE_STYLES = (
    "adp",
    "eam/alloy",
    "eam/fs",
    "edip",
    "gw",
    "gw/zbl",
    "meam/spline",
    "sw",
    "tersoff",
    "tersoff/mod",
    "tersoff/zbl",
    "vashishta",
)
# `pair_style numbers` and `pair_coeff i j numbers`: sums over pairs.
NUMBER_STYLES = (
    "born",
    "born/gauss",
    "buck",
    "buck/mdf",
    "gauss",
    "lj/cubic",
    "lj/cut",
    "lj/gromacs",
    "lj/mdf",
    "lj/smooth",
    "lj/smooth/linear",
    "mie/cut",
    "morse",
    "morse/smooth/linear",
    "yukawa",
)
STYLES = ("zbl", *FILE_STYLES, *NUMBER_STYLES)


@dataclass(frozen=True)
class ZblBaseline:
    """The fixed repulsion `pair_style zbl inner outer`.

    `inner` and `outer` are the switching distances in Angstrom.
    """

    inner: float
    outer: float

    style = "zbl"
    file = ""
    is_sum_over_pairs = True

    def __post_init__(self):
        if not 0 < self.inner < self.outer:
            raise InputError(
                f"inner: zbl needs 0 < inner < outer (Angstrom), found inner = {self.inner}, "
                f"outer = {self.outer}"
            )

    def reach(self, elements):
        """Cutoff in Angstrom, the same for all elements."""
        return self.outer

    def smoothness_limits(self, elements):
        """Distances in Angstrom at which a second derivative of the energy of a pair jumps."""
        return [self.inner, self.outer]

    def style_line(self):
        """The style and its numbers, as written behind `pair_style` or in a hybrid style."""
        return f"zbl {float(self.inner)!r} {float(self.outer)!r}"

    def coefficient_lines(self, elements, file=None):
        """The pair_coeff lines in a hybrid style, for atoms of the types 1, 2, ... (a list)."""
        if "X" in elements:
            raise InputError("zbl: X has no atomic number, so that it has no repulsion")
        numbers = enumerate((atomic_numbers[element] for element in elements), start=1)
        pairs = itertools.combinations_with_replacement(numbers, 2)
        return [f"pair_coeff {i} {j} zbl {z} {y}" for (i, z), (j, y) in pairs]

    def attributes(self):
        """What a Dataset keeps, a dict."""
        return {
            "reference_style": "zbl",
            "reference_inner": float(self.inner),
            "reference_outer": float(self.outer),
        }


@dataclass(frozen=True)
class PairBaseline:
    """Another fixed pair style, one of FILE_STYLES or NUMBER_STYLES.

    settings: the numbers after the style's name; coefficients: for NUMBER_STYLES, pairs of two
    elements and their numbers; file: for FILE_STYLES, the text of the potential's file. LAMMPS's
    metal units all of them.
    """

    style: str
    settings: tuple = ()
    coefficients: tuple = ()
    file: str = ""

    def __post_init__(self):
        if self.style not in STYLES[1:]:
            raise InputError(f"style: {self.style} is not one of {', '.join(STYLES)}")
        if bool(self.file) != self._has_file or bool(self.coefficients) == self._has_file:
            wanted = "a file" if self._has_file else "settings and coefficients"
            raise InputError(f"style: {self.style} needs {wanted}, and nothing else")
        for number in itertools.chain(self.settings, *(each for _, each in self.coefficients)):
            if not np.isfinite(number):
                raise InputError(f"style: {self.style} has a number that is not finite, {number}")

    @property
    def _has_file(self):
        return self.style in FILE_STYLES

    @property
    def is_sum_over_pairs(self):
        """Whether an atom's energy is half that of its pairs."""
        return not self._has_file

    def reach(self, elements):
        """Largest distance in Angstrom at which two atoms of these elements feel each other."""
        return max(pair_cutoffs(self, tuple(elements)))

    def smoothness_limits(self, elements):
        """Distances in Angstrom at which a second derivative of the energy of a pair jumps.

        These are where the interaction ends; the many smaller jumps in the splines of a tabulated
        potential are left out.
        """
        return sorted(set(pair_cutoffs(self, tuple(elements))))

    def style_line(self):
        """The style and its numbers, as written behind `pair_style` or in a hybrid style."""
        return " ".join([self.style, *map(_plain, self.settings)])

    def coefficient_lines(self, elements, file=None):
        """The pair_coeff lines in a hybrid style, for atoms of the types 1, 2, ... (a list).

        file: name of the potential's file, if it is not to be a temporary one.
        """
        if self._has_file:
            path = file or _on_disk(self.file)
            return [f'pair_coeff * * {self.style} "{path}" {" ".join(elements)}']
        given = {frozenset(pair): numbers for pair, numbers in self.coefficients}
        types, lines = enumerate(elements, start=1), []
        for (i, one), (j, other) in itertools.combinations_with_replacement(types, 2):
            pair = frozenset((one, other))
            if pair not in given:
                raise InputError(f"coefficients: lacks the pair {one} {other}")
            numbers = " ".join(map(_plain, given[pair]))
            lines.append(f"pair_coeff {i} {j} {self.style} {numbers}")
        return lines

    def attributes(self):
        """What a Dataset keeps, a dict."""
        numbers = {"settings": self.settings, "coefficients": self.coefficients}
        kept = {"reference_style": self.style, "reference_numbers": json.dumps(numbers)}
        return kept | ({"reference_file": self.file} if self.file else {})


def baseline_from(attributes):
    """The fixed pair style in the attributes of a Dataset, or None; InputError if unknown."""
    style = attributes["reference_style"]
    if style == "none":
        return None
    if style == "zbl":
        inner, outer = (float(attributes[f"reference_{name}"]) for name in ("inner", "outer"))
        return ZblBaseline(inner, outer)
    if style not in STYLES:
        raise InputError(f"unknown reference_style '{style}', known are none, {', '.join(STYLES)}")
    numbers = json.loads(attributes["reference_numbers"])
    return PairBaseline(
        str(style),
        tuple(numbers["settings"]),
        _frozen(numbers["coefficients"]),
        str(attributes.get("reference_file", "")),
    )


def baseline_from_settings(settings):
    """The fixed pair style of the config's `reference`, or None.

    settings: dict, {style: zbl, inner, outer}, {style, file} or {style, settings, coefficients}
    with coefficients a dict from two elements ('W Be') to numbers. Raises InputError naming the key
    or the file.
    """
    if not settings:
        return None
    given = dict(settings)
    style = given.pop("style")
    wanted = {"inner", "outer"} if style == "zbl" else {"settings", "coefficients"}
    if style in FILE_STYLES:
        wanted = {"file"}
    if set(given) != wanted:
        raise InputError(
            f"style: {style} needs the keys {', '.join(sorted(wanted))}, "
            f"found {', '.join(sorted(given)) or 'none'}"
        )
    if style == "zbl":
        return ZblBaseline(**given)
    if "file" in given:
        return PairBaseline(style, file=read_text(given["file"]))
    coefficients = []
    for pair, numbers in given["coefficients"].items():
        elements = pair.split()
        if len(elements) != 2:
            raise InputError(f"coefficients: '{pair}' is not two elements such as 'W Be'")
        coefficients.append((elements, numbers))
    return PairBaseline(style, tuple(given["settings"]), _frozen(coefficients))


def check_baseline(baseline, elements):
    """InputError unless LAMMPS accepts the pair style for the elements, and it ends smoothly."""
    if isinstance(baseline, PairBaseline):
        pair_cutoffs(baseline, tuple(elements))


@functools.cache
def _on_disk(text):
    """Path of a file with that text, as long as the process lives: LAMMPS reads files only."""
    path = Path(_folder().name) / sha256(text.encode()).hexdigest()[:16]
    path.write_text(text, encoding="utf-8")
    return path


@functools.cache
def _folder():
    return tempfile.TemporaryDirectory(prefix="relaxdiff_")


def _frozen(coefficients):
    """Pairs of two elements and numbers as tuples, in the same order."""
    return tuple((tuple(pair), tuple(numbers)) for pair, numbers in coefficients)


def _plain(number):
    """A number as LAMMPS reads it, to every digit."""
    return repr(number if isinstance(number, int) else float(number))
