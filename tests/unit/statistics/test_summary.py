"""Numbers of the report: the summary table, the sentences, and the captions that quote them."""

import io

import pandas as pd

from relaxdiff.statistics.summary import summarise


def test_summary_counts_every_variant(results):
    table = summarise(results)
    crystal = table[table["topic"] == "crystal"].set_index("item")["value"]
    assert crystal.to_dict() == {
        "stable": 44,
        "no_minimum": 0,
        "elastically_unstable": 1,
        "vibrationally_unstable": 0,
        "cut": 0,
    }
    truth = table[table["topic"] == "truth"]["value"]
    assert truth.sum() == crystal["stable"]
    reread = pd.read_csv(io.StringIO(table.to_csv(index=False)), keep_default_na=False)
    assert list(reread.columns) == ["topic", "item", "value", "units"]
    assert not table["item"].str.contains("|", regex=False).any()  # the report reads it as rst
