"""What the figures of formation energies show: lines, labels, crosses."""

import numpy as np
import pytest
from analytic_study import lose
from drawn import LEVELS, legend_of, line, predictions_of

from relaxdiff.exceptions import InputError
from relaxdiff.figures import formation as formation_figures
from relaxdiff.figures.style import level_style


def test_formation_curves_show_truth_and_all_levels(study):
    lose(study, 4, [7])
    figure = formation_figures.formation_curves(predictions_of(study), study["truth"], sample=4)
    volume, energy, error = figure.axes
    assert legend_of(figure) == ["truth", *LEVELS, "not relaxed"]
    assert volume.get_ylabel() == r"$V_\mathrm{f}$ ($\mathrm{\AA}^3$)"
    assert energy.get_ylabel() == r"$E_\mathrm{f}$ (eV)"
    for level in LEVELS:
        drawn = line(energy, level)
        expected = predictions_of(study)["formation_energy"].sel(level=level, sample=4)
        np.testing.assert_array_equal(drawn.get_ydata(), expected)
        assert drawn.get_color() == level_style(level)["color"]
    # The variant that did not converge has no circle, no error, and a cross.
    assert len(line(energy, "truth").get_xdata()) == 8
    assert np.isnan(line(error, "h+ih").get_ydata()[7])
    assert error.get_yscale() == "log"
    for axis in (volume, energy):
        assert list(line(axis, "_crosses").get_xdata()) == [2.0]


def test_predictions_beyond_the_last_truth_are_dashed(study):
    lose(study, 4, [7, 8])
    figure = formation_figures.formation_curves(predictions_of(study), study["truth"], sample=4)
    assert legend_of(figure) == ["truth", *LEVELS, "beyond truth", "not relaxed"]
    energy = figure.axes[1]
    whole = predictions_of(study)["formation_energy"].sel(level="c", sample=4).values
    np.testing.assert_array_equal(line(energy, "c").get_ydata()[:7], whole[:7])
    assert np.isnan(line(energy, "c").get_ydata()[7:]).all()
    beyond = line(energy, "_beyond")
    np.testing.assert_array_equal(beyond.get_ydata()[6:], whole[6:])
    assert np.isnan(beyond.get_ydata()[:6]).all()
    assert beyond.is_dashed()
    assert not line(energy, "c").is_dashed()


def test_axes_end_where_the_bulk_is_unstable(study):
    lose(study, 0, [7, 8], crystal_status="cut")
    figure = formation_figures.formation_curves(predictions_of(study), study["truth"], sample=0)
    (shade,) = figure.axes[0].patches
    ends = (shade.get_x(), shade.get_x() + shade.get_width())
    assert ends[0] == 1.0
    assert figure.axes[0].get_xlim() == (-4.0, ends[1])
    assert 1.1 < ends[1] < 1.5
    assert "bulk unstable" in [text.get_text() for text in figure.axes[0].texts]


def test_unknown_sample_is_refused(study):
    with pytest.raises(InputError, match=r"figures.sample: 12 .* 0 to 11"):
        formation_figures.formation_curves(predictions_of(study), study["truth"], sample=12)


def test_posterior_distribution_counts_every_sample_once(study):
    lose(study, 4, [6])
    figure = formation_figures.posterior_distribution(
        study["draws"], predictions_of(study), study["truth"]
    )
    assert legend_of(figure) == ["2,000 draws (newton)", "11 relaxed samples"]
    bars, energies = figure.axes[0], figure.axes[2]
    values = study["truth"]["formation_energy"].isel({"lambda": 6}).drop_sel(sample=4)
    assert list(energies.lines[0].get_xdata()) == list(values.values)
    drawn, true = (text.get_text() for text in bars.texts)
    mean = study["draws"]["formation_energy"].sel(level="newton").mean().item()
    assert drawn.startswith(f"{mean:.3f} $")  # 0.1 eV over the root of 2000
    assert drawn.endswith("]")
    assert true.startswith(f"{values.mean().item():.2f} $")
    assert true.endswith(" eV")
    assert energies.get_xlabel() == r"$E_\mathrm{f}$ (eV)"
    assert energies.get_ylabel() == "density (1/eV)"


def test_predictions_alone_make_their_figures(study):
    study["predictions"]["formation_energy"][:, 0, 8] = np.nan
    curves = formation_figures.formation_curves(study["predictions"])
    assert len(curves.axes) == 2
    assert legend_of(curves) == LEVELS[:5]
    alone = formation_figures.posterior_distribution(study["draws"], study["predictions"])
    assert legend_of(alone) == ["2,000 draws (newton)", "12 samples"]
