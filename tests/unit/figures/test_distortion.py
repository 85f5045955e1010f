"""The picture of a distorted structure: its numbers are those of the Datasets."""

import numpy as np
import pytest
from analytic_study import make_study

from relaxdiff.figures.distortion import distortion

NAMES = ("reference", "derivative", "predictions", "truth", "posterior")


@pytest.fixture
def given():
    study, _ = make_study()
    return {name: study[name] for name in NAMES}


def lines_of(axis):
    return {line.get_label(): line for line in axis.get_lines()}


def test_energies_are_per_atom_and_truth_is_among_the_levels(given):
    energies, _ = distortion(**given).axes[2:4]
    lines, count = lines_of(energies), given["reference"].sizes["atom"]
    true = given["truth"]["energy"].values[0] / count
    assert lines["truth"].get_ydata() == pytest.approx(true, nan_ok=True)
    relaxed = given["predictions"]["energy"].sel(level="h+ih").values[0] / count
    assert lines["h+ih"].get_ydata() == pytest.approx(relaxed, nan_ok=True)


def test_the_distortion_is_the_rms_of_the_atoms_displacements(given):
    truth = given["truth"]
    modes = truth["mode_displacements"].values
    expected = []
    for q in truth["coordinates"].values[0]:
        moved = np.tensordot(q[: len(modes)], modes, axes=1)
        expected.append(np.sqrt(np.mean(np.sum(moved**2, axis=1))))
    axis = distortion(**given).axes[3]
    assert lines_of(axis)["truth"].get_ydata() == pytest.approx(np.array(expected), nan_ok=True)


def test_the_axis_is_the_only_parameter_that_changes(given):
    posterior = given["posterior"]
    theta = np.broadcast_to(posterior["theta_mean"].values, posterior["theta"].shape).copy()
    theta[:, 0] += 0.5
    posterior["theta"][:] = theta
    axis = distortion(**given).axes[2]
    assert axis.get_xlabel() == str(posterior["parameter"].values[0])
    lambdas = given["truth"]["lambda"].values
    ends = lines_of(axis)["truth"].get_xdata()
    assert ends == pytest.approx(float(posterior["theta_mean"][0]) + 0.5 * lambdas)


def test_a_sample_without_a_minimum_says_so(given):
    given["truth"]["status"][:] = "not_converged"
    texts = [text.get_text() for text in distortion(**given).axes[0].texts]
    assert texts == ["no variant has a minimum"]
