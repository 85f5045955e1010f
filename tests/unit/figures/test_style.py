"""What all figures have in common: finite limits, files that do not change."""

import matplotlib
import numpy as np
import pytest
from analytic_study import make_study
from drawn import LEVELS, draw_all, errors_of, predictions_of

from relaxdiff.derivative.levels import LEVELS as TABLE
from relaxdiff.figures import errors as error_figures
from relaxdiff.figures import formation as formation_figures
from relaxdiff.figures.style import LEVEL_STYLES, TRUTH_COLOUR, save_figure

# What the colour-blind see of linear sRGB, at full severity (Machado, Oliveira & Fernandes 2009,
# doi:10.1109/TVCG.2009.113), and sRGB's own XYZ under D65 (IEC 61966-2-1).
SEEN = {
    "all": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def lab(colours, seen):
    """CIE L*a*b* of matplotlib's colours through the eyes that a matrix of SEEN stands for."""
    srgb = np.array([matplotlib.colors.to_rgb(colour) for colour in colours])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ np.transpose(seen), 0, 1) @ np.transpose(XYZ)
    ratio = xyz / np.sum(XYZ, axis=1)
    x, y, z = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * 841 / 108 + 4 / 29).T
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)]).T


def test_a_fixed_cell_is_drawn_without_its_volume():
    study, _ = make_study(n_samples=12, relaxes=False)
    drawn = draw_all(study)
    labels = [axis.get_ylabel() for axis in drawn["formation_curves"].axes]
    assert labels == [r"$E_\mathrm{f}$ (eV)", r"$|\Delta E_\mathrm{f}|$ (eV)"]
    assert [axis.get_ylabel() for axis in drawn["overview"].axes] == labels
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
        figure = error_figures.volume_error(errors_of(study), predictions_of(study), study["truth"])
        save_figure(figure, path, dpi=50)
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


@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN)
def test_levels_and_truth_are_told_apart_by_the_colour_blind(seen):
    assert lab(["1", "0"], seen) == pytest.approx(np.array([[100, 0, 0], [0, 0, 0]]), abs=0.2)
    places = lab([*(style["color"] for style in LEVEL_STYLES.values()), TRUTH_COLOUR], seen)
    apart = np.linalg.norm(places[:, None] - places, axis=-1)
    assert apart[np.triu_indices(len(places), k=1)].min() > 25
    assert places[:, 0].max() < 82  # seen on white
    for look in ("marker", "linestyle"):
        shown = [style[look] for style in LEVEL_STYLES.values()]
        assert len(set(shown)) >= len(shown) - (look == "linestyle")
