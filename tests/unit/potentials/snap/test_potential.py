"""SNAP files: read, written, and refused with one sentence."""

import numpy as np
import pytest

from relaxdiff import InputError, ZblReference, read_snap, write_snap
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters


def test_written_potential_reads_back_identically(tungsten, tmp_path):
    coeff, param, include = write_snap(tungsten, tmp_path / "copy")
    again = read_snap(coeff, param, reference=tungsten.reference)
    assert np.array_equal(again.theta, tungsten.theta)
    assert again.energy_shift == tungsten.energy_shift
    assert again.hyperparameters == tungsten.hyperparameters
    assert "pair_style hybrid/overlay zbl 4.0 4.8 snap" in include.read_text()


def test_lammps_reads_what_was_written(tungsten, tmp_path, monkeypatch):
    from relaxdiff.lammps.descriptors import DescriptorCalculator
    from relaxdiff.lammps.session import LammpsSession
    from relaxdiff.structures.kinds import vacancy_cell

    write_snap(tungsten, tmp_path / "copy")
    monkeypatch.chdir(tmp_path)
    atoms = vacancy_cell("W", 3.17, 2)
    atoms.rattle(0.05, seed=1)
    with LammpsSession(["W"], ["include copy.snap", "thermo_modify norm no"]) as session:
        session.place(atoms)
        session.command("run 0 post no")
        energy = session.instance.get_thermo("pe")
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.reference) as calculator:
        ours = calculator.evaluate(atoms).values @ tungsten.weights
    assert ours + len(atoms) * tungsten.energy_shift == pytest.approx(energy, abs=1e-9)


@pytest.mark.parametrize(("twojmax", "count"), [(2, 5), (6, 30), (8, 55), (14, 204)])
def test_number_of_parameters(twojmax, count):
    assert SnapHyperparameters("W", twojmax, 4.7).n_parameters == count


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


def test_zbl_needs_ordered_radii():
    with pytest.raises(InputError, match="inner < outer"):
        ZblReference(4.8, 4.0)
