"""LAMMPS's files for potentials of one element that list their parameters by triples of atoms."""

from pathlib import Path

from relaxdiff.exceptions import InputError


def write_one_element(stem, style, element, parameters, any_sign, last=()):
    """Write `stem`.`style`, the file of LAMMPS's pair style `style`; returns its path.

    parameters: a dict of values in LAMMPS's order and metal units; any_sign: names of those that
    may be negative; last: numbers that follow. Every number reads back to the same float. Raises
    InputError for a negative parameter that LAMMPS refuses.
    """
    for name, value in parameters.items():
        if value < 0 and name not in any_sign:
            raise InputError(f"LAMMPS's pair style {style} takes no negative {name}: {value!r}")
    stem = Path(stem)
    path = stem.with_name(f"{stem.name}.{style}")
    path.write_text(
        f"# written by relaxdiff, UNITS: metal\n# {' '.join(parameters)}\n"
        f"{element} {element} {element} "
        + " ".join(repr(float(value)) for value in (*parameters.values(), *last))
        + "\n"
    )
    return path


def one_element_lines(path, style, element):
    """LAMMPS's lines for such a file (a list)."""
    return [f"pair_style {style}", f'pair_coeff * * "{path}" {element}']
