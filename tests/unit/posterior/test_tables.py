"""Tables of parameter sets as programs and people write them: read, or refused by one sentence."""

import logging
from functools import partial

import numpy as np
import pandas as pd
import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.tables import read_parameter_sets
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters, parameter_names

TUNGSTEN = SnapHyperparameters("W", 2, 4.7)  # 5 coefficients
ALLOY = SnapHyperparameters("W Be", 2, 4.7)
ROWS = np.random.default_rng(1).normal(size=(4, 6))
BARE = ROWS[:, 1:]
BARE_FRAME = pd.DataFrame(BARE, columns=parameter_names(TUNGSTEN))
FRAME = pd.DataFrame(ROWS, columns=parameter_names(TUNGSTEN, with_shift=True))


def joined(rows, separator=",", end="", header=None):
    """Rows as text; end: behind each row; header: a line in front of them."""
    lines = [separator.join(repr(float(number)) for number in row) + end for row in rows]
    return "\n".join(lines if header is None else [header, *lines]) + "\n"


def numbered(rows, start=0):
    return np.column_stack([np.arange(start, start + len(rows)), rows])


def write(content, folder):
    """Write text, or with a function of the path, to a table."""
    path = folder / "samples.csv"
    if callable(content):
        content(path)
    else:
        path.write_text(content)
    return path


NAMES = "beta_1,beta_2,beta_3,beta_4,beta_5"
LABELLED = FRAME.set_index(pd.Index(["mean", "first", "second", "third"]))
# Text, or what writes it, and the numbers that are to be read.
FORMS = {
    "no names": (joined(BARE), BARE),
    "no names, with beta_0": (joined(ROWS), ROWS),
    "pandas": (FRAME.to_csv, ROWS),
    "pandas without beta_0": (BARE_FRAME.to_csv, BARE),
    "pandas without an index": (partial(FRAME.to_csv, index=False), ROWS),
    "pandas with a named index": (partial(FRAME.to_csv, index_label="sample"), ROWS),
    "pandas with labels": (LABELLED.to_csv, ROWS),
    "pandas with labels of a name": (partial(LABELLED.to_csv, index_label="kind"), ROWS),
    "pandas in another order": (FRAME[FRAME.columns[[3, 0, 5, 1, 2, 4]]].to_csv, ROWS),
    "pandas with an index of before": (FRAME.reset_index().to_csv, ROWS),
    "pandas read and written again": (
        FRAME.reset_index().rename(columns={"index": "Unnamed: 0"}).to_csv,
        ROWS,
    ),
    "pandas with shuffled rows": (FRAME.loc[[2, 0, 3, 1]].to_csv, ROWS[[2, 0, 3, 1]]),
    "pandas with numbers for names": (pd.DataFrame(BARE).to_csv, BARE),
    "pandas with numbers for names, with beta_0": (pd.DataFrame(ROWS).to_csv, ROWS),
    "pandas with numbers for names, index named": (
        partial(pd.DataFrame(ROWS).to_csv, index_label="index"),
        ROWS,
    ),
    "pandas with numbers for names, no index": (
        partial(pd.DataFrame(BARE).to_csv, index=False, header=[str(i) for i in range(1, 6)]),
        BARE,
    ),
    "pandas without names": (partial(BARE_FRAME.to_csv, header=False), BARE),
    "pandas without names, with labels": (partial(LABELLED.to_csv, header=False), ROWS),
    "pandas, quoted": (partial(FRAME.to_csv, quoting=2), ROWS),
    "pandas with tabs": (partial(FRAME.to_csv, sep="\t"), ROWS),
    "pandas, printed": (lambda path: path.write_text(FRAME.map(repr).to_string()), ROWS),
    "R": (partial(FRAME.set_index(FRAME.index + 1).to_csv, quoting=2, index_label=False), ROWS),
    "numpy": (
        lambda path: np.savetxt(path, BARE, delimiter=",", header=NAMES, fmt="%.17g"),
        BARE,
    ),
    "numpy with an index": (
        lambda path: np.savetxt(
            path, numbered(BARE), delimiter=",", header=f",{NAMES}", fmt="%.17g"
        ),
        BARE,
    ),
    "numpy with names separated otherwise": (
        lambda path: np.savetxt(path, BARE, fmt="%.17g", header=NAMES),
        BARE,
    ),
    "a comment that is no header": (joined(BARE, header="# beta_1 ... beta_5, in eV"), BARE),
    "a title above the names": (joined(BARE, header=f"# made by hand\n# {NAMES}\n"), BARE),
    "names with the element": (joined(BARE, header=NAMES.replace("beta", "W_beta")), BARE),
    "names with the unit": (joined(BARE, header=NAMES.replace(",", " (eV),") + " (eV)"), BARE),
    "numbered from 1": (joined(numbered(BARE, 1)), BARE),
    "numbered, with beta_0": (joined(numbered(ROWS)), ROWS),
    "trailing commas": (joined(BARE, end=","), BARE),
    "trailing commas, also behind names": (joined(BARE, end=",,", header=f"{NAMES},"), BARE),
    "trailing commas, not behind names": (joined(BARE, end=",", header=NAMES), BARE),
    "commas and blanks": (joined(BARE, ", "), BARE),
    "blanks": (joined(BARE, "  "), BARE),
    "tabs": (joined(BARE, "\t"), BARE),
    "empty rows": (joined(BARE).replace("\n", "\n,,,,\n\n"), BARE),
}


@pytest.mark.parametrize("form", FORMS)
def test_tables_are_read(form, tmp_path):
    content, expected = FORMS[form]
    found, lines = read_parameter_sets(write(content, tmp_path), TUNGSTEN)
    np.testing.assert_array_equal(found, expected)
    assert len(lines) == len(expected)


def test_lines_are_counted_in_the_file(tmp_path):
    path = write(joined(BARE, header=f"# title\n\n{NAMES}"), tmp_path)
    assert read_parameter_sets(path, TUNGSTEN)[1] == ["line 4", "line 5", "line 6", "line 7"]


def test_a_first_column_without_a_name_is_told(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        read_parameter_sets(write(joined(BARE), tmp_path), TUNGSTEN)
        assert not caplog.records
        read_parameter_sets(write(joined(numbered(BARE)), tmp_path), TUNGSTEN)
    assert "the first column, 0, 1 ..., is taken for names of the rows" in caplog.text


def test_columns_of_several_elements_are_taken_by_their_names(tmp_path):
    names = parameter_names(ALLOY, with_shift=True)
    frame = pd.DataFrame(np.arange(36.0).reshape(3, 12) ** 1.5, columns=names)
    frame[names[::-1]].to_csv(tmp_path / "table.csv")
    found, _ = read_parameter_sets(tmp_path / "table.csv", ALLOY)
    np.testing.assert_array_equal(found, frame.to_numpy())
    bare = [name for name in names if not name.endswith("beta_0")]
    frame[sorted(bare)].to_csv(tmp_path / "table.csv")
    found, _ = read_parameter_sets(tmp_path / "table.csv", ALLOY)
    np.testing.assert_array_equal(found, frame[bare].to_numpy())
    frame.drop(columns="Be_beta_0").to_csv(tmp_path / "table.csv")
    with pytest.raises(InputError, match=r"line 1 names no column Be_beta_0; W, Be .* needs 10"):
        read_parameter_sets(tmp_path / "table.csv", ALLOY)
    frame.rename(columns=lambda name: name.removeprefix("W_")).to_csv(tmp_path / "table.csv")
    with pytest.raises(InputError, match="calls column 2 'beta_0', which is no coefficient of W"):
        read_parameter_sets(tmp_path / "table.csv", ALLOY)


def test_an_index_in_a_npy_is_left_out(tmp_path):
    np.save(tmp_path / "table.npy", numbered(BARE))
    found, lines = read_parameter_sets(tmp_path / "table.npy", TUNGSTEN)
    np.testing.assert_array_equal(found, BARE)
    assert lines[0] == "row 1"


COMMAS = joined(BARE).replace(",", ";").replace(".", ",")
REFUSED = {
    "a name twice": (joined(BARE, header=NAMES.replace("5", "1")), "line 1 names beta_1 twice"),
    "a name missing": (
        FRAME.drop(columns="beta_3").to_csv,
        "line 1 names no column beta_3; W with twojmax = 2 needs 5, or 6 with beta_0 in front",
    ),
    "a name more": (
        joined(numbered(BARE) * 0.3, header=f"energy,{NAMES}"),
        "line 1 calls column 1 'energy', which is no coefficient of W with twojmax = 2: they are "
        "called beta_1 ... beta_5, with beta_0 if there is one; leave other columns out",
    ),
    "a coefficient more": (
        joined(ROWS, header=f"{NAMES},beta_6"),
        "line 1 calls column 6 'beta_6', which is no coefficient of W with twojmax = 2",
    ),
    "a column of numbers without a name": (
        joined(ROWS, header=f",{NAMES}"),
        "line 1 has no name for column 1, which does not number the rows and is no coefficient",
    ),
    "fewer names than columns": (
        joined(ROWS, header="beta_1,beta_2"),
        "line 1 names 2 columns, line 2 has 6: name every column, or none",
    ),
    "other names": (joined(BARE, header="a,b,c,d,e"), "calls column 1 'a', which is no coeff"),
    "names alone": (f"{NAMES}\n", "holds no rows of numbers"),
    "transposed": (joined(np.vstack([BARE, BARE]).T), "has 5 rows of 8 columns and looks transp"),
    "transposed, pandas": (BARE_FRAME.T.to_csv, "its first column names coefficients, so that it"),
    "transposed, pandas without names": (
        partial(BARE_FRAME.T.to_csv, header=False),
        "its first column names coefficients, so that it looks transposed",
    ),
    "semicolons": (joined(BARE, ";"), "line 1 has semicolons, as spreadsheets write them"),
    "semicolons, pandas": (partial(FRAME.to_csv, sep=";"), "line 1 has semicolons"),
    "semicolons and decimal commas": (COMMAS, "put commas between columns, and points into num"),
    "decimal commas": (
        joined(BARE).replace(",", " ").replace(".", ","),
        "line 1 looks as if its numbers had decimal commas: '0,8",
    ),
    "decimal commas in quotes": (
        partial(BARE_FRAME.map(lambda x: repr(float(x)).replace(".", ",")).to_csv, header=False),
        "line 1 looks as if its numbers had decimal commas",
    ),
    "decimal commas between commas": (
        joined(BARE).replace(".", ","),
        "line 1 has 10 whole numbers, which look like 5 with decimal commas: put points there",
    ),
    "a trailing comma in one row": (
        joined(BARE).replace("\n", ",\n", 1),
        "line 1 has nothing in column 6: is there a comma too many?",
    ),
    "an empty field": (FRAME.mask(FRAME == ROWS[2, 3]).to_csv, "line 4 has nothing in column 5"),
    "a word": (joined(BARE) + "1,2,x,4,5\n", "line 5 holds something that is no number: 'x'"),
    "a word in a row that is too long": (
        joined(BARE) + "1,2,3,4,5,x y,7\n",
        "line 5 holds something that is no number: 'x y'",
    ),
    "a column less in the first row": (
        joined(BARE).split(",", 1)[1],
        "line 1 has 4 columns, W with twojmax = 2 needs 5, or 6 with beta_0",
    ),
    "a column too many": (
        joined(np.column_stack([BARE, BARE])[:, :7]),
        "line 1 has 7 columns, W with twojmax = 2 needs 5, or 6 with beta_0",
    ),
}


@pytest.mark.parametrize("form", REFUSED)
def test_tables_are_refused_by_a_sentence(form, tmp_path):
    content, phrase = REFUSED[form]
    path = write(content, tmp_path)
    with pytest.raises(InputError) as raised:
        read_parameter_sets(path, TUNGSTEN)
    assert phrase in str(raised.value)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_a_transposed_npy_may_be_deviations(tmp_path):
    np.save(tmp_path / "table.npy", BARE.T)
    with pytest.raises(InputError, match="looks transposed: .*, or name it under deviations"):
        read_parameter_sets(tmp_path / "table.npy", TUNGSTEN)
