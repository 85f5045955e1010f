"""What the figures show: lines, labels, finite limits. Not their pixels."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from analytic_study import lose, make_study
from matplotlib.patches import Rectangle

from relaxdiff.derivative.levels import LEVELS as TABLE
from relaxdiff.exceptions import InputError
from relaxdiff.figures import errors as error_figures
from relaxdiff.figures import formation as formation_figures
from relaxdiff.figures import solvers as solver_figures
from relaxdiff.figures.drawing import draw
from relaxdiff.figures.registry import figures_of
from relaxdiff.figures.style import LEVEL_STYLES, level_style, save_figure
from relaxdiff.statistics.errors import all_levels, prediction_errors

LEVELS = ["c", "h", "ih", "h+ih", "newton", "h+ih@x", "newton@x"]


@pytest.fixture
def study():
    return make_study(n_samples=12)[0]


def errors_of(study):
    names = ("predictions", "truth", "derivative", "posterior", "evaluations")
    return prediction_errors(*(study[name] for name in names))


def predictions_of(study):
    return all_levels(study["predictions"], study["evaluations"])


def draw_all(study, zoom=0.2):
    results = {
        "predictions": predictions_of(study),
        "truth": study["truth"],
        "errors": errors_of(study),
        "sample": 0,
        "zoom_energy": zoom,
    }
    return {figure.name: draw(figure, results) for figure in figures_of("plot_figures")}


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def line(axis, label):
    return next(line for line in axis.lines if line.get_label() == label)


def test_every_style_is_that_of_one_level():
    shown = [level.colour for level in TABLE if level.colour is not None]
    assert sorted(shown) == sorted(LEVEL_STYLES)
    assert [level.name for level in TABLE if level.colour is not None] == LEVELS
    assert len({style["color"] for style in LEVEL_STYLES.values()}) == len(LEVELS)


def test_formation_curves_show_truth_and_all_levels(study):
    lose(study, 4, [7])
    figure = formation_figures.formation_curves(predictions_of(study), study["truth"], sample=4)
    volume, energy, error = figure.axes
    assert legend_of(figure) == ["truth", *LEVELS]
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
    crosses = [drawn for drawn in error.lines if drawn.get_marker() == "x"]
    assert [list(drawn.get_xdata()) for drawn in crosses] == [[2.0]]


def test_unstable_bulk_is_shaded_to_the_end(study):
    lose(study, 0, [7, 8], crystal_status="cut")
    figure = formation_figures.formation_curves(predictions_of(study), study["truth"], sample=0)
    (shade,) = figure.axes[0].patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (1.0, 4.0)
    assert "bulk unstable" in [text.get_text() for text in figure.axes[0].texts]


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


def test_unknown_sample_is_refused(study):
    with pytest.raises(InputError, match=r"figures.sample: 12 .* 0 to 11"):
        formation_figures.formation_curves(predictions_of(study), study["truth"], sample=12)


def test_volume_error_shows_means_counts_and_parity(study):
    lose(study, 4, [8])
    figure = draw_all(study)["volume_error"]
    axis, counts = figure.axes
    (inset,) = axis.child_axes
    true, predicted = study["truth"], predictions_of(study)
    expected = np.abs(predicted["formation_volume"] - true["formation_volume"])
    expected = expected.where(true["status"] == "converged").mean("sample")
    for level in LEVELS:
        np.testing.assert_allclose(line(axis, level).get_ydata(), expected.sel(level=level))
    assert len(axis.collections) == 6  # bands: c and ih coincide
    assert counts.collections[0].get_paths()[0].vertices[:, 1].max() == 12
    assert len(inset.collections[0].get_offsets()) == 12 * 9 - 1
    assert axis.get_ylim()[0] == 0


def test_energy_error_is_binned_by_the_change_of_energy(study):
    figure = draw_all(study, zoom=0.05)["energy_error"]
    (axis,) = figure.axes
    (inset,) = axis.child_axes
    assert legend_of(figure) == LEVELS
    assert inset.get_xlim() == (-0.05, 0.05)
    change = study["truth"]["formation_energy"].values - 3
    centers = line(axis, "c").get_xdata()
    assert change.min() <= min(centers)
    assert max(centers) <= change.max()
    best, worst = (line(axis, level).get_ydata() for level in ("h+ih", "c"))
    assert np.isfinite(worst).all()
    assert best.mean() < worst.mean()


def test_posterior_distribution_counts_every_sample_once(study):
    lose(study, 4, [6])
    figure = formation_figures.posterior_distribution(predictions_of(study), study["truth"])
    assert legend_of(figure) == ["predicted (newton@x)", "truth"]
    bars, energies = figure.axes[0], figure.axes[2]
    true = [bar.get_height() for bar in energies.patches if isinstance(bar, Rectangle)]
    assert sum(true) == 11
    values = study["truth"]["formation_energy"].isel({"lambda": 6}).drop_sel(sample=4)
    written = [text.get_text() for text in bars.texts]
    assert any(text.startswith(f"{values.mean().item():.4f}") for text in written)
    assert energies.get_xlabel() == r"$E_\mathrm{f}$ (eV)"


def test_error_scaling_is_logarithmic_with_guides(study):
    figure = draw_all(study)["error_scaling"]
    assert len(figure.axes) == 4
    for axis in figure.axes:
        assert axis.get_xscale() == axis.get_yscale() == "log"
        assert len(axis.lines) == len(LEVELS) + 3
    guides = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(guides) == [rf"$\propto|\lambda|^{power}$" for power in (2, 3, 5)]
    # Both signs of lambda together, each variant counted once.
    np.testing.assert_allclose(line(figure.axes[0], "h+ih").get_xdata(), [0.5, 1, 2, 4])


def test_calibration_has_a_dot_for_each_variant_and_two_diagonals(study):
    errors = errors_of(study)
    figure = error_figures.calibration(errors)
    (axis,) = figure.axes
    assert legend_of(figure) == LEVELS
    dots = axis.collections[LEVELS.index("newton@x")].get_offsets()
    here = errors.sel(level="newton@x")
    assert len(dots) == 12 * 8  # lambda = 0 has no place on a logarithmic axis
    np.testing.assert_allclose(dots[:, 0], 4 * dots[:, 1])
    assert dots[:, 1].max() == pytest.approx(np.abs(here["formation_energy"]).max().item())
    assert [drawn.get_ydata()[0] / drawn.get_xdata()[0] for drawn in axis.lines] == [1, 2]


def test_predictions_alone_make_their_figures(study):
    study["predictions"]["formation_energy"][:, 0, 8] = np.nan
    curves = formation_figures.formation_curves(study["predictions"])
    assert len(curves.axes) == 2
    assert legend_of(curves) == LEVELS[:5]
    assert legend_of(formation_figures.posterior_distribution(study["predictions"])) == [
        "predicted (newton)"
    ]


def test_solver_scaling_draws_every_solver_by_its_size():
    sizes = {"dense": [127, 53], "sparse": [53, 127, 431], "energy": [53], "lammps": [53]}
    rows = [(solver, n, n / 100, n / 10) for solver, counts in sizes.items() for n in counts]
    table = pd.DataFrame(rows, columns=["solver", "atoms", "seconds", "grown_MiB"])
    figure = solver_figures.solver_scaling(table)
    assert legend_of(figure) == ["dense", "sparse", "energy", "one LAMMPS relaxation"]
    time, memory = figure.axes
    assert list(line(time, "dense").get_xdata()) == [53, 127]
    assert list(line(time, "dense").get_ydata()) == [0.53, 1.27]
    assert list(line(memory, "sparse").get_ydata()) == [5.3, 12.7, 43.1]


def test_solver_accuracy_marks_what_the_solver_did_not_accept():
    moved = np.array([-0.02, 0.0, 0.01])
    displacements = pd.concat(
        pd.DataFrame({"solver": solver, "lambda": 4.0, "predicted": moved, "true": 2 * moved})
        for solver in ("dense", "sparse", "energy")
    )
    alphas = pd.DataFrame(
        {"alpha": [1e-9, 1e-5], "error": [1e-3, 1e-8], "status": ["not converged", "converged"]}
    )
    figure = solver_figures.solver_accuracy(displacements, alphas)
    parity, errors = figure.axes
    assert legend_of(figure) == ["dense", "sparse", "energy"]
    assert parity.get_xlim() == parity.get_ylim()
    np.testing.assert_array_equal(line(parity, "energy").get_xdata(), 2 * moved)
    assert list(line(errors, "not accepted").get_xdata()) == [1e-9]


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
