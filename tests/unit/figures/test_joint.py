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
from relaxdiff.figures.style import save_figure
from relaxdiff.quantities.crystal import CUBIC_UNITS, GENERAL_UNITS, HEXAGONAL_UNITS
from relaxdiff.quantities.formation import FORMATION_UNITS
from relaxdiff.statistics.joint import joint_posterior


def test_heat_map_is_in_standard_deviations_of_the_quantity(joint):
    axis, bar = joint_figures.sensitivities(joint).axes
    (mesh,) = axis.collections
    shown = np.asarray(mesh.get_array()).reshape(len(QUANTITIES), -1)
    assert (shown**2).sum(axis=1) == pytest.approx(1)  # all directions are shown
    assert shown**2 == pytest.approx(joint["variance_share"].values)
    along = joint["derivative"].values @ joint["direction_vector"].values[2]
    assert (np.sign(shown[:, 2]) == np.sign(along)).all()
    assert mesh.norm.vmin == -mesh.norm.vmax
    assert np.abs(shown).max() <= mesh.norm.vmax
    numbers = [label.get_text() for label in axis.get_xticklabels()]
    assert numbers[:3] == ["1", "5", "10"]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[:5] == [joint_figures.SYMBOLS[name] for name in CUBIC_UNITS]
    assert labels[-2:] == [r"fault $E_\mathrm{f}$", r"fault $V_\mathrm{f}$"]
    assert bar.get_ylabel()


def test_corner_plot_shows_every_pair_twice_and_the_correlations(joint):
    figure = joint_figures.joint_posterior(joint)
    size = len(QUANTITIES)
    axes = np.array(figure.axes).reshape(size, size)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["60 draws (newton)", "60 relaxed samples"]
    for row, column in np.ndindex(size, size):
        dots = axes[row, column].collections
        written = [text.get_text() for text in axes[row, column].texts]
        assert len(dots) == (2 if row > column else 0)
        assert len(written) == (1 if row < column else 0)
    drawn, samples = axes[6, 5].collections
    true = joint["value"].sel(source="truth").values
    np.testing.assert_allclose(drawn.get_offsets(), joint["drawn"].values[5:7].T)
    np.testing.assert_allclose(samples.get_offsets(), true[5:7].T)
    assert axes[0, 0].get_ylabel() == ""
    assert axes[6, 0].get_ylabel() == "vacancy\n$V_\\mathrm{f}$ ($\\mathrm{\\AA}^3$)"
    of_draws = joint["drawn_correlation"].values[5, 6]
    of_samples = joint["correlation"].values[2, 5, 6]
    assert axes[5, 6].texts[0].get_text() == f"{of_draws:+.2f}\n({of_samples:+.2f})"


def test_many_draws_are_a_density(joint):
    repeated = joint.isel(draw=np.arange(1200) % joint.sizes["draw"])
    axes = np.array(joint_figures.joint_posterior(repeated).axes).reshape(2 * [len(QUANTITIES)])
    density, samples = axes[6, 5].collections
    assert np.nansum(density.get_array()) == 1200
    assert len(samples.get_offsets()) == N_SAMPLES


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


@pytest.mark.filterwarnings("error")
def test_two_samples_and_no_truth_draw(joint_study, tmp_path):
    few = {name: joint_study[name].isel(sample=[0, 1]) for name in ("posterior", "bulk")}
    structures = {
        name: given
        | {
            "predictions": given["predictions"].isel(sample=[0, 1]),
            "draws": given["draws"].isel(draw=[0, 1]),
        }
        for name, given in without_truth(joint_study)["structures"].items()
    }
    joint = joint_posterior(**few, structures=structures)
    for draw in (joint_figures.sensitivities, joint_figures.joint_posterior):
        save_figure(draw(joint), tmp_path / f"{draw.__name__}.png", dpi=50)


def test_every_quantity_has_a_symbol():
    known = {**CUBIC_UNITS, **HEXAGONAL_UNITS, **GENERAL_UNITS, **FORMATION_UNITS}
    assert set(known) == set(joint_figures.SYMBOLS)


def test_a_difference_of_two_cores_has_one_too(joint_study):
    found = joint_posterior(**joint_study, cores={"held": "vacancy"})
    labels = joint_figures.sensitivities(found).axes[0].get_yticklabels()
    assert labels[-1].get_text() == r"held $\Delta E$"
