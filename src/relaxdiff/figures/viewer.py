"""What draws the atoms of an interactive page: plotly.js, from the Python package plotly."""

from plotly.offline import get_plotlyjs

from relaxdiff.figures.interactive_data import compressed
from relaxdiff.figures.interactive_template import NO_VIEWER


def with_viewer(page):
    """The interactive page with plotly.js in it, which is larger than all the rest."""
    return page.replace(NO_VIEWER, f'const VIEWER = "{compressed(get_plotlyjs())}";')
