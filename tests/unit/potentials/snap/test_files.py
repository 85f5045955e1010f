"""SNAP files: read, and refused with one sentence."""

import numpy as np
import pytest

import relaxdiff
from relaxdiff import InputError, read_snap
from relaxdiff.potentials.snap.potential import write_snap


def test_written_potential_reads_back_identically(tungsten, tmp_path):
    coeff, param, include = write_snap(tungsten, tmp_path / "copy")
    again = read_snap(coeff, param, baseline=tungsten.baseline)
    assert np.array_equal(again.theta, tungsten.theta)
    assert again.energy_shift == tungsten.energy_shift
    assert again.hyperparameters == tungsten.hyperparameters
    assert "pair_style hybrid/overlay zbl 4.0 4.8 snap" in include.read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, p: c.unlink(), "no such file"),
        (lambda c, p: p.unlink(), "no such file"),
        (lambda c, p: c.write_bytes(b"\x80\x04\x95\xff\xfe"), "not a text file"),
        (lambda c, p: c.write_text(""), "is this a .snapcoeff file"),
        (lambda c, p: c.write_text("\n".join(c.read_text().split("\n")[:20])), "truncated"),
        (lambda c, p: c.write_text(c.read_text().replace("1 56", "2 56")), "2 elements"),
        (lambda c, p: c.write_text(c.read_text() + "nan\n"), "not a finite number"),
        (lambda c, p: c.write_text(c.read_text() + "x.7\n"), "expected a number, found 'x.7'"),
        (lambda c, p: c.write_text(c.read_text().replace("W ", "Qq ")), "element 'Qq'"),
        (lambda c, p: p.write_text("rcutfac 4.7\n"), "keyword twojmax is missing"),
        (lambda c, p: p.write_text(p.read_text() + "chemflag 1\n"), "chemflag 1 is not supported"),
        (
            lambda c, p: p.write_text(p.read_text().replace("cflag 0", "cflag 1")),
            "quadraticflag 1 and twojmax = 8 in .* needs 1596 coefficients",
        ),
        (lambda c, p: p.write_text(p.read_text() + "rcutfak 1\n"), "unknown keyword 'rcutfak'"),
        (
            lambda c, p: p.write_text(p.read_text().replace("max 8", "max 6")),
            "needs 31 coefficients",
        ),
        (lambda c, p: p.write_text(p.read_text().replace("max 8", "max 6.5")), "whole number"),
        (lambda c, p: p.write_text(p.read_text() + "twojmax 8\n"), "twojmax is given twice"),
        (
            lambda c, p: p.write_text(p.read_text().replace("0.99363", "1.5")),
            "rfac0 must be above 0",
        ),
        (
            lambda c, p: p.write_text(p.read_text().replace("rmin0 0.0", "rmin0 9")),
            "rmin0 must be 0",
        ),
        (
            lambda c, p: p.write_text(p.read_text().replace("chflag 1", "chflag 2")),
            "must be 0 or 1",
        ),
        (lambda c, p: p.write_text(p.read_text().replace("4.73", "473")), "20 is the most"),
        (lambda c, p: c.write_text(c.read_text().replace("metal", "real")), "LAMMPS's units real"),
        (lambda c, p: c.write_text(c.read_text() + "1 2\n"), "one coefficient on each line"),
        (lambda c, p: c.write_text(c.read_text().replace("W 0.5 1.0", "W 0.5 0")), "other than 0"),
    ],
)
def test_bad_files_are_refused_by_name(tungsten, tmp_path, change, message):
    coeff, param, _ = write_snap(tungsten, tmp_path / "bad")
    change(coeff, param)
    with pytest.raises(InputError, match=message) as error:
        read_snap(coeff, param)
    assert "bad.snap" in str(error.value) or "Qq" in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_written_reads_back(case, tmp_path):
    potential, _ = case
    coeff, param, _ = write_snap(potential, tmp_path / "copy")
    again = read_snap(coeff, param, potential.baseline)
    assert again.hyperparameters == potential.hyperparameters
    assert np.array_equal(again.theta, potential.theta)
    assert np.array_equal(again.energy_shifts, potential.energy_shifts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("2 56", "3 56"), "announces 3 elements, holds 2"),
        (lambda text: text.replace("\nBe", "\nW"), "each once"),
        (lambda text: text.rsplit("\n", 2)[0] + "\n", "announces 56 coefficients, holds 55 of Be"),
    ],
)
def test_coefficient_files_that_hold_something_else(tungsten_beryllium, tmp_path, change, message):
    coeff, param, _ = write_snap(tungsten_beryllium, tmp_path / "WBe")
    coeff.write_text(change(coeff.read_text()))
    with pytest.raises(InputError, match=message):
        read_snap(coeff, param)


def test_older_names_of_the_baseline_are_kept(tungsten, tungsten_files):
    assert relaxdiff.ZblReference is relaxdiff.ZblBaseline
    assert relaxdiff.PairReference is relaxdiff.PairBaseline
    again = relaxdiff.read_snap(*tungsten_files, reference=relaxdiff.ZblReference(4.0, 4.8))
    assert again.baseline == tungsten.baseline
