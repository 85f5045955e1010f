"""Tables of parameter sets, one in each row, as people and other programs write them."""

import logging
import re
from pathlib import Path

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.files import read_text
from relaxdiff.potentials.snap import parameter_names

log = logging.getLogger(__name__)

# What pandas and others call a column that numbers the rows.
INDEX_NAME = re.compile(r"|index|level_\d+|Unnamed: \d+(\.\d+|_level_\d+)*")
UNIT = re.compile(r"\s*[([]eV[)\]]$")
WITH_DECIMAL_COMMA = re.compile(r"[-+]?\d+(,\d+)?([eE][-+]?\d+)?")
QUOTED_DECIMAL_COMMA = re.compile(r"[\"'][-+]?\d+,\d")
HALF_A_NUMBER = re.compile(r"[-+]?\d+([eE][-+]?\d+)?")


def read_parameter_sets(path, hyperparameters):
    """The parameter sets in the rows of a table, and for each what to call it in a message.

    path: of a text file, its columns separated by commas or blanks, or of a .npy file. Where a line
    in front of the rows, with or without #, names the columns, coefficients are taken by their
    names (`parameter_names`; of one element W_beta_1, say, is beta_1, too), else in their order.
    A column that numbers the rows is left out. Other lines with # are comments. Returns an array,
    shape (row, P) or, with every element's beta_0 in front of its others, (row, P + E), and a list.
    Raises InputError naming file and line.
    """
    path = Path(path)
    known = known_names(hyperparameters)
    if path.suffix == ".npy" and path.is_file():
        rows = list(read_npy(path))
        names, lines = None, [f"row {row}" for row in range(1, len(rows) + 1)]
    else:
        names, rows, lines = _read_text(path, known)
    _refuse_ragged(path, rows, lines, hyperparameters)
    if names is None:
        places = _places_by_order(path, rows, lines, hyperparameters)
    else:
        places = _places_by_name(path, names, rows, lines, hyperparameters)
    table = np.array(
        [_numbers(path, row, line, places) for row, line in zip(rows, lines, strict=True)]
    )
    for row, line in zip(table, lines, strict=True):
        if not np.isfinite(row).all():
            raise InputError(f"{path}: {line} holds a number that is not finite")
    return table, lines


def read_npy(path):
    """The table of real numbers in a .npy file, two dimensions; InputError if it is none."""
    try:
        table = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError):
        raise InputError(f"{path}: is not a complete .npy table of numbers") from None
    if not (isinstance(table, np.ndarray) and table.ndim == 2 and table.dtype.kind in "fiu"):
        raise InputError(f"{path}: must be one table of real numbers with two dimensions")
    if not table.size:
        raise InputError(f"{path}: holds no rows")
    return table.astype(float)


def known_names(hyperparameters):
    """What each coefficient may be called: names in a table -> that of `parameter_names`, a dict.

    Each element's beta_0 is in front of its others.
    """
    names = parameter_names(hyperparameters, with_shift=True)
    known = {name: name for name in names}
    if len(hyperparameters.elements) == 1:
        known |= {f"{hyperparameters.elements[0]}_{name}": name for name in names}
    return known


def needed_columns(hyperparameters):
    """How many coefficients there must be, for sentences."""
    hyper = hyperparameters
    without, with_shifts = sizes(hyper)
    return (
        f"{', '.join(hyper.elements)} with twojmax = {hyper.twojmax} needs {without}, or "
        f"{with_shifts} with beta_0 in front of each element's"
    )


def sizes(hyperparameters):
    """The numbers of coefficients without and with beta_0, a tuple (P, P + E)."""
    n_parameters = hyperparameters.n_parameters
    return n_parameters, n_parameters + len(hyperparameters.elements)


# --- text ---------------------------------------------------------------------------------------
def _read_text(path, known):
    """Names of the columns or None, rows as lists of words, and what to call each row."""
    text = read_text(path, complaint="is neither a text file nor named .npy")
    rows, lines, comments = [], [], []
    for number, line in enumerate(text.splitlines(), start=1):
        content, _, comment = line.partition("#")
        if content.strip(", \t"):  # pandas writes an empty row as commas
            _refuse_separators(path, f"line {number}", content)
            rows.append(_words(content))
            lines.append(f"line {number}")
        elif not rows:
            comments.append((f"line {number}", _words(comment.replace(";", ","))))
    if not rows:
        raise InputError(f"{path}: holds no rows")
    if sum(row[0] in known for row in rows) > max(1, len(rows) / 2):
        raise InputError(
            f"{path}: its first column names coefficients, so that it looks transposed: give one "
            "parameter set in each row"
        )
    names = None
    if _is_header(rows[0]):
        names = (lines.pop(0), _without_empty_end(rows.pop(0)))
    rows = _without_trailing_commas(path, rows, lines)
    if names is None and rows:
        names = _names_in_comments(comments, known, len(rows[0]))
    if not rows:
        raise InputError(f"{path}: holds no rows of numbers, {names[0]} is '{names[1][0][:60]}...'")
    return names, rows, lines


def _words(line):
    """The words of a line, separated by commas if it has any, else by blanks; unquoted."""
    words = line.split(",") if "," in line else line.split()
    return [word.strip().strip("\"'") for word in words]


def _refuse_separators(path, where, line):
    """InputError for semicolons between columns and for commas within numbers."""
    if ";" in line:
        raise InputError(
            f"{path}: {where} has semicolons, as spreadsheets write them between columns: put "
            "commas between columns, and points into numbers"
        )
    words = line.split()
    commas = len(words) > 1 and all(WITH_DECIMAL_COMMA.fullmatch(word) for word in words)
    if (commas and "," in line) or QUOTED_DECIMAL_COMMA.search(line):
        raise InputError(
            f"{path}: {where} looks as if its numbers had decimal commas: '{line.strip()[:60]}'; "
            "put points there"
        )


def _is_header(words):
    """Whether a line in front of the rows names columns: few numbers, or 0, 1, 2 ... of pandas."""
    words = [word for word in words if not INDEX_NAME.fullmatch(word)]
    numbers = _as_numbers(words)
    if None in numbers:
        return numbers.count(None) > len(words) / 2
    return len(words) > 2 and all(word.isdigit() for word in words) and _count(numbers)


def _names_in_comments(comments, known, n_columns):
    """The comment nearest to the rows that has a name for each column, most of them known."""
    for line, words in reversed(comments):
        words = _without_empty_end(words)
        fits = len(words) in (n_columns, n_columns - 1)
        if fits and sum(UNIT.sub("", word) in known for word in words) > len(words) / 2:
            return line, words
    return None


def _without_empty_end(words):
    while words and not words[-1]:
        words = words[:-1]
    return words


def _without_trailing_commas(path, rows, lines):
    """Rows without what is empty at the end of every row; InputError for other empty columns."""
    while rows and all(row and not row[-1] for row in rows):
        rows = [row[:-1] for row in rows]
    for row, line in zip(rows, lines, strict=True):
        if "" in row:
            place = row.index("") + 1
            hint = ": is there a comma too many?" if place == len(row) else ""
            raise InputError(f"{path}: {line} has nothing in column {place}{hint}")
    return rows


# --- columns ------------------------------------------------------------------------------------
def _refuse_ragged(path, rows, lines, hyperparameters):
    """InputError when a row has another number of columns than the first."""
    allowed = sizes(hyperparameters)
    for row, line in zip(rows, lines, strict=True):
        if len(row) == len(rows[0]):
            continue
        _numbers(path, row, line, range(len(row)))  # what is no row at all is told as that
        for either, its_line in ((row, line), (rows[0], lines[0])):
            if len(either) not in allowed:
                raise _wrong_size(path, either, its_line, hyperparameters)
        raise InputError(f"{path}: {line} has {len(row)} columns, {lines[0]} has {len(rows[0])}")


def _places_by_order(path, rows, lines, hyperparameters):
    """Places of the coefficients' columns where nothing names them."""
    n_columns, allowed = len(rows[0]), sizes(hyperparameters)
    numbers = _as_numbers([row[0] for row in rows])
    labels = all(number is None for number in numbers)
    if n_columns - 1 in allowed and (labels or _count(numbers)):
        kind = "words" if labels else f"{numbers[0]:g}, {numbers[1]:g} ..."
        log.warning("%s: the first column, %s, is taken for names of the rows", path, kind)
        return range(1, n_columns)
    if n_columns in allowed:
        return range(n_columns)
    if len(rows) in allowed:
        hint = ""
        if path.suffix == ".npy":
            hint = ", or name it under deviations if it holds samples minus mean of popsregression"
        raise InputError(
            f"{path}: has {len(rows)} rows of {n_columns} columns and looks transposed: give one "
            f"parameter set in each row{hint}; {needed_columns(hyperparameters)}"
        )
    if n_columns / 2 in allowed and all(map(HALF_A_NUMBER.fullmatch, map(str, rows[0]))):
        raise InputError(
            f"{path}: {lines[0]} has {n_columns} whole numbers, which look like {n_columns // 2} "
            "with decimal commas: put points there"
        )
    raise _wrong_size(path, rows[0], lines[0], hyperparameters)


def _places_by_name(path, header, rows, lines, hyperparameters):
    """Places of the coefficients' columns, in the order of `parameter_names`, by their names."""
    where, names = header
    n_columns, known = len(rows[0]), known_names(hyperparameters)
    if len(names) == n_columns - 1:
        names = ["", *names]  # the column that numbers the rows often has no name
    if len(names) != n_columns:
        raise InputError(
            f"{path}: {where} names {len(names)} columns, {lines[0]} has {n_columns}: name every "
            "column, or none"
        )
    if _is_header(names) and None not in _as_numbers(names[1:]):  # 0, 1, 2 ... names nothing
        drop = 1 if INDEX_NAME.fullmatch(names[0]) else 0
        rest = _places_by_order(path, [row[drop:] for row in rows], lines, hyperparameters)
        return [drop + place for place in rest]
    places = {}
    for place, name in enumerate(names):
        coefficient = known.get(UNIT.sub("", name))
        if coefficient in places:
            raise InputError(f"{path}: {where} names {coefficient} twice")
        if coefficient is not None:
            places[coefficient] = place
        elif not _numbers_rows(name, [row[place] for row in rows]):
            raise _unknown_column(path, where, place, name, hyperparameters)
    return _in_order(path, where, places, hyperparameters)


def _in_order(path, where, places, hyperparameters):
    """Places of all coefficients, by their names, with every element's beta_0 or with none."""
    wanted = parameter_names(hyperparameters, with_shift=True)
    if not any(name in places for name in wanted if name.endswith("beta_0")):
        wanted = parameter_names(hyperparameters)
    missing = [name for name in wanted if name not in places]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise InputError(
            f"{path}: {where} names no column {', '.join(missing[:3])}{more}; "
            f"{needed_columns(hyperparameters)}"
        )
    return [places[name] for name in wanted]


def _numbers_rows(name, column):
    """Whether a column that is no coefficient's only names or numbers the rows."""
    numbers = _as_numbers(column)
    if _count(numbers) or all(number is None for number in numbers):
        return True
    whole = None in numbers or all(number.is_integer() for number in numbers)
    return bool(INDEX_NAME.fullmatch(name)) and whole


def _count(numbers):
    """Whether numbers, or None for words, are 0, 1, 2 ... or 1, 2, 3 ..."""
    if len(numbers) < 2 or numbers[0] not in (0, 1):
        return False
    return all(number == numbers[0] + i for i, number in enumerate(numbers))


def _unknown_column(path, where, place, name, hyperparameters):
    names = parameter_names(hyperparameters)
    called = (
        f"calls column {place + 1} '{name[:60]}', which is"
        if name
        else f"has no name for column {place + 1}, which does not number the rows and is"
    )
    return InputError(
        f"{path}: {where} {called} no coefficient of {', '.join(hyperparameters.elements)} with "
        f"twojmax = {hyperparameters.twojmax}: they are called {names[0]} ... {names[-1]}, with "
        "beta_0 if there is one; leave other columns out"
    )


def _wrong_size(path, row, line, hyperparameters):
    return InputError(f"{path}: {line} has {len(row)} columns, {needed_columns(hyperparameters)}")


# --- numbers ------------------------------------------------------------------------------------
def _numbers(path, row, line, places):
    """The numbers at some places of a row; InputError if one is none."""
    numbers = _as_numbers([row[place] for place in places])
    if None in numbers:
        words = " ".join(row[place] for place in places if None in _as_numbers([row[place]]))
        raise InputError(f"{path}: {line} holds something that is no number: '{words[:60]}'")
    return numbers


def _as_numbers(words):
    """Each word as a number, or None where it is none."""
    numbers = []
    for word in words:
        try:
            numbers.append(float(word))
        except ValueError:
            numbers.append(None)
    return numbers
