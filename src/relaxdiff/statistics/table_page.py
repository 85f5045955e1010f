"""A table of results as a page to read: plain HTML, nothing loaded from elsewhere."""

import base64
import csv
import html

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 14px/1.4 sans-serif; color: #222; margin: 1rem }}
h1 {{ font-size: 1.2rem; margin: 0 0 .4rem }}
.scroll {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ text-align: left; padding: .15rem 1rem .15rem 0 }}
th {{ font-weight: normal; border-bottom: 1px solid #999; vertical-align: bottom }}
td.number {{ text-align: right; white-space: nowrap }}
tbody tr:nth-child(even) {{ background: #f5f5f5 }}
</style>
</head>
<body>
<h1>{title}</h1>
<p><a download="{file}" href="data:text/csv;base64,{content}">{file}</a>, with all digits</p>
<div class="scroll"><table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
</body>
</html>
"""


def table_page(title, file, text):
    """The page as text: the rows with numbers of four digits, and the file itself to download.

    title: of the page; file: name of the CSV file; text: its content, the first line names the
    columns. A column of that file that is empty in all rows is left out.
    """
    header, *rows = (line for line in csv.reader(text.splitlines()))
    kept = [i for i in range(len(header)) if not rows or any(row[i] for row in rows)]
    names = [html.escape(header[i].replace("_", " ")) for i in kept]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    lines = ["".join(_cell(row[i]) for i in kept) for row in rows]
    return PAGE.format(
        title=html.escape(title),
        file=html.escape(file),
        content=base64.b64encode(text.encode()).decode(),
        head=head,
        rows="\n".join(f"<tr>{line}</tr>" for line in lines),
    )


def _cell(text):
    try:
        value = float(text)
    except ValueError:
        return f"<td>{html.escape(text) or '–'}</td>"
    whole = text.lstrip("+-").isdigit()
    return f'<td class="number">{f"{value:,.0f}" if whole else f"{value:.4g}"}</td>'
