"""The figures of the results, one row each; what draws them is in `drawing`.

The workflow's rules read this table, and every job reads the rules: nothing here may import what
draws.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A figure.

    name: of its files, and of the function that draws it; module: of this package, which has that
    function; rule: of the workflow, which draws it; takes: the function's arguments, names of
    results and settings; needs_truth: whether a study without truth lacks it.
    """

    name: str
    module: str
    rule: str
    takes: tuple[str, ...]
    needs_truth: bool = False

    @property
    def title(self):
        """What the report calls it."""
        return self.name.replace("_", " ")

    @property
    def caption(self):
        """File in workflow/report."""
        return f"{self.name}.rst"


# In the order of the report, that of arXiv:2407.02414.
FIGURES = (
    Figure("overview", "overview", "plot_figures", ("predictions", "truth", "sample")),
    Figure("formation_curves", "formation", "plot_figures", ("predictions", "truth", "sample")),
    Figure("volume_error", "errors", "plot_figures", ("errors", "predictions", "truth"), True),
    Figure(
        "energy_error",
        "errors",
        "plot_figures",
        ("errors", "predictions", "truth", "zoom_energy"),
        True,
    ),
    Figure(
        "posterior_distribution", "formation", "plot_figures", ("draws", "predictions", "truth")
    ),
    Figure("error_scaling", "errors", "plot_figures", ("errors",), True),
    Figure("calibration", "calibration", "plot_figures", ("errors",), True),
    Figure("structure", "structure", "plot_structure", ("reference", "derivative", "posterior")),
    Figure(
        "distortion",
        "distortion",
        "plot_distortion",
        ("reference", "derivative", "predictions", "truth", "posterior", "sample"),
        True,
    ),
    Figure("sensitivities", "joint", "plot_joint", ("joint",)),
    Figure("joint_posterior", "joint", "plot_joint", ("joint",)),
    Figure("fit_path", "fit_path", "plot_fit", ("fit", "verdict")),
    Figure("fit_cores", "fit_cores", "plot_fit", ("fit", "verdict")),
    Figure("fit_quantities", "fit_quantities", "plot_property_fit", ("quantities",)),
    Figure("phonons", "phonons", "plot_fit_phonons", ("phonons",)),
    Figure("solver_scaling", "solvers", "plot_solver_scaling", ("measurements",)),
    Figure("solver_accuracy", "solvers", "plot_solver_accuracy", ("displacements", "alphas")),
)


def figures_of(rule, with_truth=True):
    """The Figures that a rule draws, in the report's order; with_truth: whether there is truth."""
    drawn = (figure for figure in FIGURES if figure.rule == rule)
    return [figure for figure in drawn if with_truth or not figure.needs_truth]


def figure_named(name):
    """The Figure of that name; KeyError if there is none."""
    return {figure.name: figure for figure in FIGURES}[name]
