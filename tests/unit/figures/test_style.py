"""What all figures have in common: finite limits, files that do not change."""

import matplotlib
import numpy as np
import pytest
from analytic_study import make_study
from drawn import LEVELS, draw_all, errors_of

from relaxdiff.derivative.levels import LEVELS as TABLE
from relaxdiff.figures import errors as error_figures
from relaxdiff.figures import formation as formation_figures
from relaxdiff.figures.style import LEVEL_STYLES, save_figure


def test_a_fixed_cell_is_drawn_without_its_volume():
    study, _ = make_study(n_samples=12, relaxes=False)
    drawn = draw_all(study)
    labels = [axis.get_ylabel() for axis in drawn["formation_curves"].axes]
    assert labels == [r"$E_\mathrm{f}$ (eV)", r"error of $E_\mathrm{f}$ (meV)"]
    (axis,) = drawn["volume_error"].axes
    assert [text.get_text() for text in axis.texts] == ["the cell does not relax"]
    above, below = drawn["posterior_distribution"].axes
    assert below.get_xlabel() == r"$E_\mathrm{f}$ (eV)"
    assert len(above.texts) == 2
    energy, positions = drawn["error_scaling"].axes
    assert energy.get_xlabel() == positions.get_xlabel() != ""
    assert len(positions.lines) >= len(LEVELS)
    assert len(formation_figures.formation_curves(study["predictions"]).axes) == 1


@pytest.mark.parametrize("relaxes", [True, False])
@pytest.mark.parametrize(
    ("lambdas", "n_samples"), [((-4, 0, 4), 3), ((0, 1), 1), ((-2, -1, 0, 1, 2), 3)]
)
@pytest.mark.filterwarnings("error")
def test_small_studies_draw_with_finite_limits(tmp_path, lambdas, n_samples, relaxes):
    study, _ = make_study(lambdas=lambdas, n_samples=n_samples, relaxes=relaxes)
    for name, figure in draw_all(study).items():
        for axis in figure.axes:
            assert np.isfinite([*axis.get_xlim(), *axis.get_ylim()]).all()
        save_figure(figure, tmp_path / f"{name}.png", dpi=50)


@pytest.mark.parametrize("format", ["pdf", "png"])
def test_files_are_the_same_every_time(study, tmp_path, format):
    paths = [tmp_path / f"{name}.{format}" for name in "ab"]
    for path in paths:
        save_figure(draw_all(study)["volume_error"], path, dpi=50)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert b"CreationDate" not in first
    assert b"/Type3" not in first  # fonts are embedded as TrueType


def test_users_own_style_neither_matters_nor_changes(study):
    before = error_figures.error_scaling(errors_of(study)).axes[0].xaxis.label.get_fontsize()
    with matplotlib.rc_context({"axes.labelsize": 30}):
        inside = error_figures.error_scaling(errors_of(study)).axes[0].xaxis.label.get_fontsize()
        assert matplotlib.rcParams["axes.labelsize"] == 30
    assert inside == before


def test_every_style_is_that_of_one_level():
    shown = [level.colour for level in TABLE if level.colour is not None]
    assert sorted(shown) == sorted(LEVEL_STYLES)
    assert [level.name for level in TABLE if level.colour is not None] == LEVELS
    assert len({style["color"] for style in LEVEL_STYLES.values()}) == len(LEVELS)
