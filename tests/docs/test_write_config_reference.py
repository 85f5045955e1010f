"""docs/config.md says what the schema and config.yaml say, of every key."""

import importlib.util
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location(
    "write_config_reference", PROJECT / "docs/write_config_reference.py"
)
GENERATOR = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(GENERATOR)


def test_the_page_is_in_step_with_schema_and_defaults():
    page = (PROJECT / "docs/config.md").read_text(encoding="utf-8")
    assert page == GENERATOR.reference(), f"run `{GENERATOR.COMMAND}`"


def test_every_key_is_on_the_page_with_its_meaning():
    page = (PROJECT / "docs/config.md").read_text(encoding="utf-8")
    schema = yaml.safe_load((PROJECT / "workflow/schemas/config.schema.yaml").read_text())
    meanings = GENERATOR.key_comments((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    for key, rule in schema["properties"].items():
        assert f"\n## {key}\n" in page
        assert meanings[key]
        for name in rule.get("properties", {}):
            assert f"\n### {key}.{name}\n" in page
            assert meanings[f"{key}.{name}"]
    for name in schema["properties"]["structures"]["items"]["properties"]:
        assert f"### structures: {name}\n" in page or f"| `{name}` |" in page
    for name in schema["properties"]["posterior"]["properties"]["training"]["properties"]:
        assert f"\n### posterior.training.{name}\n" in page


def test_comments_are_split_by_the_keys_that_their_lines_begin_with():
    found = GENERATOR.key_comments(
        "# One.\na:\n  # Of b:\n  #   c: of c,\n  #      more\n  #   d:\n  #     e: of e\n"
        "  b: 1\n\n# A list.\nstructures:\n  # A name.\n  - name: x\n"
        "    # A kind.\n    kind: vacancy\n"
        "  # Slab:\n  # - name: y\n  #   kind: surface\n  #   # Of a slab.\n  #   layers: 3\n"
        "\n# Last.\nz: 1\n"
    )
    assert found == {
        "a": "One.",
        "a.b": "Of b:",
        "a.b.c": "of c, more",
        "a.b.d": "",
        "a.b.d.e": "of e",
        "structures": "A list.",
        "structures.name": "A name.",
        "structures.vacancy": "A name.",
        "structures.kind": "A kind.",
        "structures.surface": "Slab:",
        "structures.surface.layers": "Of a slab.",
        "z": "Last.",
    }
