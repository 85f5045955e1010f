"""What the script of the interactive page does with packed numbers."""

import numpy as np

from relaxdiff.figures.interactive_data import DIFFERENCES


def unpack(packed):
    """The numbers (source, sample, lambda) that `pack` stored."""
    values = np.array(packed["differences"])
    for _ in range(DIFFERENCES):
        values = np.cumsum(values, axis=-1)
    values = values / 10 ** packed["digits"]
    values.flat[np.cumsum(packed["holes"]).astype(int)] = np.nan
    return values
