"""What the figures of the joint posterior show."""

import numpy as np
import pytest
from joint_study import (
    N_SAMPLES,
    QUANTITIES,
    SETTINGS,
    without_truth,
)

from relaxdiff.figures import joint as joint_figures
from relaxdiff.figures.joint import _parameter_labels
from relaxdiff.figures.style import save_figure
from relaxdiff.quantities.crystal import CUBIC_UNITS, GENERAL_UNITS, HEXAGONAL_UNITS
from relaxdiff.quantities.formation import FORMATION_UNITS
from relaxdiff.statistics.joint import joint_posterior


def test_heat_map_is_in_standard_deviations_of_the_quantity(joint):
    axis, bar = joint_figures.sensitivities(joint).axes
    (mesh,) = axis.collections
    shown = np.asarray(mesh.get_array()).reshape(len(QUANTITIES), -1)
    spread = joint["value"].sel(source="predicted").std("sample", ddof=1).values
    assert shown == pytest.approx(joint["sensitivity"].values / spread[:, None])
    assert mesh.norm.vmin == -mesh.norm.vmax
    assert np.abs(shown).max() <= mesh.norm.vmax
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[:5] == [joint_figures.SYMBOLS[name] for name in CUBIC_UNITS]
    assert labels[-2:] == [r"fault $E_\mathrm{f}$", r"fault $V_\mathrm{f}$"]
    assert bar.get_ylabel()


def test_corner_plot_shows_every_pair_twice_and_the_correlations(joint):
    figure = joint_figures.joint_posterior(joint)
    size = len(QUANTITIES)
    axes = np.array(figure.axes).reshape(size, size)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["predicted (newton)", "truth"]
    for row, column in np.ndindex(size, size):
        dots = [drawn.get_offsets() for drawn in axes[row, column].collections]
        written = [text.get_text() for text in axes[row, column].texts]
        assert len(dots) == (2 if row > column else 0)
        assert len(written) == (1 if row < column else 0)
    true = joint["value"].sel(source="truth").values
    np.testing.assert_allclose(axes[6, 5].collections[1].get_offsets(), true[5:7].T)
    assert axes[6, 0].get_ylabel() == "vacancy\n$V_\\mathrm{f}$ ($\\mathrm{\\AA}^3$)"
    expected = joint["correlation"].values[1:, 5, 6]
    assert axes[5, 6].texts[0].get_text() == f"{expected[0]:+.2f}\n({expected[1]:+.2f})"
    assert sum(bar.get_height() for bar in bars_of(axes[5, 5])) == N_SAMPLES


def test_corner_plot_of_many_quantities_shows_formation_energies(joint, monkeypatch):
    monkeypatch.setattr(joint_figures, "MOST", 10)
    figure = joint_figures.joint_posterior(joint)
    assert len(figure.axes) == 4 * 4
    title = figure.legends[0].get_title().get_text()
    assert title == "formation energies alone, of 11 quantities in the table"
    names = [axis.get_xlabel().split("\n")[0] for axis in figure.axes[-4:]]
    assert names == list(SETTINGS)


def test_a_single_structure_needs_no_name(joint_study):
    one = joint_study | {"structures": {"vacancy": joint_study["structures"]["vacancy"]}}
    axis, _ = joint_figures.sensitivities(joint_posterior(**one)).axes
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == [joint_figures.SYMBOLS[name] for name in (*CUBIC_UNITS, *FORMATION_UNITS)]


def bars_of(axis):
    return [patch for patch in axis.patches if hasattr(patch, "get_height")]


@pytest.mark.filterwarnings("error")
def test_two_samples_and_no_truth_draw(joint_study, tmp_path):
    few = {name: joint_study[name].isel(sample=[0, 1]) for name in ("posterior", "bulk")}
    structures = {
        name: given | {"predictions": given["predictions"].isel(sample=[0, 1])}
        for name, given in without_truth(joint_study)["structures"].items()
    }
    joint = joint_posterior(**few, structures=structures)
    for draw in (joint_figures.sensitivities, joint_figures.joint_posterior):
        save_figure(draw(joint), tmp_path / f"{draw.__name__}.png", dpi=50)


def test_some_parameters_are_named_below_the_heat_map():
    one = _parameter_labels([f"beta_{i}" for i in range(56)])
    assert list(one) == list(range(0, 56, 5))
    assert one[5] == r"$\beta_{5}$"
    names = [f"{element}_beta_{i}" for element in ("W", "Be") for i in range(1, 56)]
    two = _parameter_labels(["W_beta_0", "Be_beta_0", *names])
    assert {place: label for place, label in two.items() if label.endswith("10}$\nBe")} == {
        66: "$\\beta_{10}$\nBe"
    }
    assert 0 not in two
    assert len(two) <= 14


def test_every_quantity_has_a_symbol():
    known = {**CUBIC_UNITS, **HEXAGONAL_UNITS, **GENERAL_UNITS, **FORMATION_UNITS}
    assert set(known) == set(joint_figures.SYMBOLS)
