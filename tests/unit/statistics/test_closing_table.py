"""The last table of a run: what was computed, how accurate it is."""

import pandas as pd
from report_numbers import results_of

from relaxdiff.statistics.closing_table import FOOTNOTE, closing_table
from relaxdiff.statistics.summary import summarise


def summary(*rows):
    return pd.DataFrame(rows, columns=["topic", "item", "value"])


PREDICTED = [("study", "variants", 30.0), ("crystal", "stable", 27.0)]


def windows_of_energy(*rows):
    """Errors of E_f: window, level, number of variants, mean, median, 95th percentile, maximum."""
    columns = ["mean_abs_error", "median_abs_error", "abs_error_percentile_95", "max_abs_error"]
    table = pd.DataFrame(rows, columns=["window", "level", "variants", *columns])
    return table.assign(quantity="formation_energy", not_relaxed=2)


def test_the_closing_table_has_a_row_for_each_structure():
    relaxed = [("truth", "converged", 25.0), ("truth", "saddle_point", 2.0)]
    unknown = float("nan")
    windows = windows_of_energy(
        ("lambda = 1", "h+ih", 3, 5e-4, 4e-4, unknown, 2e-3),
        ("lambda = 1", "newton", 3, 2e-4, 1e-4, unknown, 1e-3),
        ("lambda = 1", "newton@x", 3, 2e-9, 1e-9, unknown, 1e-8),
        ("lambda -2 to 2", "newton", 20, 9e-4, 1e-4, 2e-3, 3e-3),
        ("all lambda", "h+ih", 25, 0.1, 0.1, 0.1, 0.1),
        ("all lambda", "newton", 25, 0.015, 3.8e-4, 0.0435, 5.287),
        ("all lambda", "newton@x", 25, 0.007, 1e-6, 0.0059, 4.872),
    )
    volumes = windows.assign(quantity="formation_volume", mean_abs_error=1e-7)
    whole = {
        "summary": summary(*PREDICTED, *relaxed),
        "windows": pd.concat([windows, volumes]),
        "check": pd.DataFrame({"verdict": ["other minimum", *["agrees"] * 19]}),
    }
    lines = closing_table({"vacancy": whole, "surface": {"summary": summary(*PREDICTED)}})
    assert max(map(len, lines)) <= 100
    assert lines[1].split()[:6] == ["vacancy", "30", "27", "3", "25", "2"]
    assert lines[1].endswith("19 agrees, 1 other minimum")
    assert lines[2].split() == ["surface", "30", "27", "3", "-", "-", "-"]
    blank, header, *rows, footnote = lines[3:]
    assert blank == ""
    assert header.split()[-5:] == ["mean", "median", "95", "%", "maximum"]
    assert [row.split() for row in rows] == [
        ["vacancy", "1", "newton", "3", "2", "0.2", "0.1", "-", "1"],
        ["vacancy", "1", "newton@x", "3", "2", "2e-06", "1e-06", "-", "1e-05"],
        ["vacancy", "all", "newton", "25", "2", "15", "0.38", "43.5", "5,287"],
        ["vacancy", "all", "newton@x", "25", "2", "7", "0.001", "5.9", "4,872"],
    ]
    assert footnote == FOOTNOTE


def test_unstable_crystals_are_told_where_there_are_any():
    rows = [
        ("formation energy below zero", "true", 3),
        ("formation energy below zero", "predicted", 9),
    ]
    unstable = {"summary": summary(*PREDICTED, *rows)}
    none = {"summary": summary(*PREDICTED, *[(topic, item, 0) for topic, item, _ in rows])}
    lines = closing_table({"slab": none, "vacancy": unstable})
    assert lines[0].endswith("E_f < 0")
    assert lines[1].split()[-1] == "0"
    assert lines[2].endswith(" 3, 9 predicted")
    assert lines[3].startswith("E_f < 0: ")
    assert len(closing_table({"slab": none})) == 2


def test_it_reads_the_tables_of_a_study():
    results = results_of()
    told = closing_table({"vacancy": {"summary": summarise(results), "windows": results.windows}})
    assert told[1].split() == ["vacancy", "45", "44", "1", "42", "2", "3"]
    assert [line.split()[1:5] for line in told[5:-1]] == [
        ["1", "newton", "5", "0"],
        ["1", "newton@x", "5", "0"],
        ["all", "newton", "42", "2"],
        ["all", "newton@x", "42", "2"],
    ]


def test_tables_that_an_earlier_truth_left_are_not_told():
    left = {
        "windows": windows_of_energy(("lambda = 1", "h+ih", 1, 1e-9, 1e-9, 1e-9, 1e-9)),
        "check": pd.DataFrame({"verdict": ["agrees"]}),
    }
    predicted = {"summary": summary(*PREDICTED)}
    assert closing_table({"slab": predicted | left}) == closing_table({"slab": predicted})
    # Nothing was relaxed, or nothing checked.
    relaxed = {"summary": summary(*PREDICTED, ("truth", "converged", 0))}
    nothing = windows_of_energy(("all lambda", "h+ih", 0, *[float("nan")] * 4))
    told = closing_table({"slab": relaxed | {"windows": nothing, "check": left["check"].iloc[:0]}})
    assert told[1].split() == ["slab", "30", "27", "3", "0", "27", "none"]
    assert told[4].split() == ["slab", "all", "h+ih", "0", "2", *["-"] * 4]
    # The table of a version that had other columns.
    before = {"windows": left["windows"].rename(columns={"window": "lambda_up_to"})}
    assert len(closing_table({"slab": relaxed | before})) == 2
