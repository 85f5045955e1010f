"""SNAP files: read, and refused with one sentence."""

import numpy as np
import pytest

import relaxdiff
from relaxdiff import InputError, read_snap
from relaxdiff.lammps.session import LammpsSession
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters
from relaxdiff.potentials.snap.potential import SnapPotential, write_snap
from relaxdiff.structures.kinds import bulk_cell


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
        (
            lambda c, p: p.write_text(p.read_text() + "wselfallflag 1\nchemflag 1\n"),
            r"chemflag 1 \(.*\) is not supported, so that this potential cannot be used",
        ),
        (
            lambda c, p: p.write_text(p.read_text() + "sinner 1.0 1.1\n"),
            r"sinner \(an inner switching function\) is not supported",
        ),
        (
            lambda c, p: p.write_text(p.read_text() + "switchinnerflag 1\n"),
            r"switchinnerflag 1 \(an inner switching function\) is not supported",
        ),
        (
            lambda c, p: p.write_text(p.read_text() + "diagonalstyle 1\n"),
            r"diagonalstyle 1 \(another choice of components\) is not supported",
        ),
        (lambda c, p: p.write_text(p.read_text() + "bnormflag 2\n"), "bnormflag must be 0 or 1"),
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


def test_keywords_without_effect_are_accepted(tungsten, tungsten_files, tmp_path):
    """Of files from before 2019, and one that matters with chemflag alone."""
    param = tmp_path / "old.snapparam"
    param.write_text(
        tungsten_files[1].read_text() + "diagonalstyle 3\nwselfallflag 1\nchemflag 0\n"
    )
    again = read_snap(tungsten_files[0], param)
    assert np.array_equal(again.theta, tungsten.theta)
    assert again.hyperparameters == tungsten.hyperparameters


@pytest.mark.parametrize("quadratic", [0, 1])
def test_normalised_components_are_a_rescaling(tmp_path, quadratic):
    """The energy that LAMMPS finds with bnormflag 1, from files that it reads itself."""
    hyper = SnapHyperparameters("W", 4, 4.7, quadraticflag=quadratic)
    theta = np.random.default_rng(0).normal(size=hyper.n_parameters)
    written = SnapPotential(hyper, theta, energy_shift=-1.0)
    coeff, param, _ = write_snap(written, tmp_path / "normed")
    param.write_text(param.read_text() + "bnormflag 1\n")
    atoms = bulk_cell("W", 3.2, 2)
    atoms.rattle(0.1, seed=1)
    lines = ["pair_style snap", f'pair_coeff * * "{coeff}" "{param}" W', "thermo_modify norm no"]
    with LammpsSession(["W"], lines) as session:
        session.place(atoms)
        session.command("run 0 post no")
        expected = session.instance.get_thermo("pe")
    ours = read_snap(coeff, param)
    with ours.descriptor_calculator() as calculator:
        found = calculator.evaluate(atoms).values @ ours.weights + ours.shift_of(atoms)
    assert found == pytest.approx(expected, rel=1e-12)
    assert np.abs(ours.theta - theta).max() > 0.1


def test_samples_of_normalised_components_are_rescaled_too(tungsten, tungsten_files, tmp_path):
    coeff, param, _ = write_snap(tungsten, tmp_path / "normed")
    norms = np.array(tungsten.hyperparameters.component_indices) + 1
    table = [tungsten.theta * norms, tungsten.theta * norms * 1.01]
    np.savetxt(tmp_path / "samples.csv", table, delimiter=",")
    write_snap(tungsten.with_theta(tungsten.theta * norms), tmp_path / "normed")
    param.write_text(param.read_text() + "bnormflag 1\n")
    posterior = posterior_from_ensemble(coeff, param, tmp_path / "samples.csv")
    np.testing.assert_allclose(posterior["theta_mean"], tungsten.theta, rtol=1e-12)
    np.testing.assert_allclose(posterior["theta"][0], 1.01 * tungsten.theta, rtol=1e-12)
