"""What draws atoms comes into the page once, and whole."""

import base64
import gzip
import re

from relaxdiff.figures.interactive_template import NO_VIEWER
from relaxdiff.figures.viewer import with_viewer


def test_the_page_has_what_draws_its_atoms_once():
    page = with_viewer(f"before\n{NO_VIEWER}\nafter")
    [text] = re.findall(r'^const VIEWER = "(.*)";$', page, re.MULTILINE)
    script = gzip.decompress(base64.b64decode(text)).decode()
    assert "plotly.js v" in script[:100]
    assert '"cone"' in script
    assert page.startswith("before\n")
    assert page.endswith("\nafter")
