"""Every row of the registry can be drawn and has a caption; the rules read it without drawing."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from analytic_study import make_study
from fit_results import dislocation_fit

from relaxdiff.figures.drawing import MODULES, write_figures
from relaxdiff.figures.registry import FIGURES, figure_named, figures_of
from relaxdiff.statistics.errors import all_levels, prediction_errors

PROJECT = Path(__file__).parents[3]
names = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)


@pytest.fixture(scope="module")
def results():
    """What figures take, by name: of the analytic study, and a few numbers of the others."""
    study, _ = make_study(n_samples=12)
    datasets = ("predictions", "truth", "derivative", "posterior", "evaluations")
    moved = pd.DataFrame({"predicted": [-0.02, 0.01], "true": [-0.02, 0.01], "lambda": 4.0})
    fit, verdict = dislocation_fit()
    solvers = ("dense", "sparse", "energy")
    return {
        **study,
        "predictions": all_levels(study["predictions"], study["evaluations"]),
        "errors": prediction_errors(**{name: study[name] for name in datasets}),
        "sample": 0,
        "zoom_energy": 0.2,
        "joint": _joint(),
        "fit": fit,
        "verdict": verdict,
        "quantities": _quantities(),
        "phonons": _phonons(),
        "measurements": pd.DataFrame(
            {"solver": "dense", "atoms": [53, 127], "seconds": [1, 5], "grown_MiB": [10, 40]}
        ),
        "displacements": pd.concat(moved.assign(solver=solver) for solver in solvers),
        "alphas": pd.DataFrame(
            {"alpha": [1e-9, 1e-5], "error": [1e-3, 1e-8], "status": ["not accepted", "converged"]}
        ),
    }


def _quantities():
    """As from `fit.property_results.property_path`: one target, and a quantity without."""
    return xr.Dataset(
        {
            "loss": ("step", [200.0, 0.5]),
            "value": (("step", "quantity"), [[500.0, 3.0], [521.0, 3.1]]),
            "target": ("quantity", [522.0, np.nan]),
            "tolerance": ("quantity", [1.0, np.nan]),
        },
        coords={"step": [0, 1], "quantity": ["c11", "vacancy formation_energy"]},
    )


def _phonons():
    """As from `quantities.phonons.phonons_of`: three branches along one line."""
    waves, sources = np.linspace(0, 1, 5), ["target", "before", "after"]
    bands = np.multiply.outer([1.0, 1.2, 1.1], np.outer(waves, [3.0, 3.0, 9.0]))
    return xr.Dataset(
        {
            "band_frequency": (("source", "wave", "branch"), bands),
            "density_of_states": (("source", "frequency"), np.ones((3, 4))),
        },
        coords={
            "source": sources,
            "frequency": [0.0, 3.0, 6.0, 9.0],
            "distance": ("wave", waves),
            "point": ("wave", ["G", "", "", "", "X"]),
        },
    )


def _joint():
    """As from `statistics.joint.joint_posterior`: two quantities of three samples."""
    names = ["lattice_parameter", "vacancy_formation_energy"]
    values = np.random.default_rng(2).normal(size=(2, 2, 3))
    return xr.Dataset(
        {
            "value": (("source", "quantity", "sample"), values),
            "correlation": (("source", "quantity", "quantity_2"), np.full((2, 2, 2), 0.5)),
            "drawn": (("quantity", "draw"), values[0]),
            "drawn_correlation": (("quantity", "quantity_2"), np.full((2, 2), 0.5)),
            "direction_sensitivity": (("quantity", "direction"), [[3.0, 4.0], [4.0, 3.0]]),
            "variance_share": (("quantity", "direction"), [[0.36, 0.64], [0.64, 0.36]]),
            "standard_deviation_linear": ("quantity", [5.0, 5.0]),
        },
        coords={
            "quantity": names,
            "quantity_2": names,
            "unit": ("quantity", ["Angstrom", "eV"]),
            "structure": ("quantity", ["", "vacancy"]),
            "source": ["predicted", "truth"],
            "direction": [1, 2],
        },
        attrs={"best_level": "newton@x", "drawn_level": "newton"},
    )


@names
def test_a_row_is_drawn_into_its_files(figure, results, tmp_path):
    taken = {name: results[name] for name in figure.takes}
    paths = [tmp_path / f"{figure.name}.{format}" for format in ("pdf", "png")]
    told = []
    write_figures(paths, taken, dpi=50, report=told.append)
    assert told == paths
    assert [path.read_bytes()[:4] for path in paths] == [b"%PDF", b"\x89PNG"]


@names
def test_a_row_names_its_function_with_all_arguments_rule_and_caption(figure):
    function = getattr(MODULES[figure.module], figure.name)
    assert tuple(inspect.signature(function).parameters) == figure.takes
    assert (PROJECT / f"scripts/{figure.rule}.py").is_file()
    caption = PROJECT / "workflow/report" / figure.caption
    assert caption.read_text(encoding="utf-8").strip()


def test_names_are_unique():
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)
    assert all(figure_named(figure.name) is figure for figure in FIGURES)


def test_without_truth_only_what_needs_none_is_drawn():
    assert [each.name for each in figures_of("plot_figures", with_truth=False)] == [
        "overview",
        "formation_curves",
        "posterior_distribution",
    ]
    left_out = {each for each in FIGURES if each.needs_truth}
    assert left_out == {
        each for each in FIGURES if "errors" in each.takes or each.name == "distortion"
    }


def test_rules_that_read_the_registry_do_not_load_what_draws():
    program = (
        "import sys, relaxdiff.figures.registry\n"
        "print(*{'matplotlib', 'seaborn', 'bokeh'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert not done.stdout.split()
