"""Show how findings on foreign programs differ from their tables; `--write` takes them over.

Read each line before taking it over: a finding is expected because it is true, not because it is
there. With names as arguments, only these programs.
"""

import sys
from difflib import unified_diff
from typing import Any

import yaml

from tests.foreign import support


class _Dumper(yaml.SafeDumper):
    """Short lists on one line, as they are read."""


def _sequence(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    plain = all(isinstance(item, str) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=plain)


_Dumper.add_representer(list, _sequence)


def renewed(name: str) -> tuple[str, str]:
    """Return a program's table as it is, and with the findings of today."""
    path = support.FOLDER / f"{name}.yaml"
    before = path.read_text() if path.exists() else ""
    table = support.expected(name) or {"about": "", "notes": {}, "reach": []}
    parts = support.split(*(support.seen(name, form) for form in support.FORMS))
    kept = {key: value for key, value in table.items() if key not in parts}
    after = {**kept, **{key: part for key, part in parts.items() if part}}
    return before, yaml.dump(after, Dumper=_Dumper, sort_keys=False, width=96, allow_unicode=True)


def main(arguments: list[str]) -> int:
    """Print the differences and return 1 where there are any; with `--write`, write the tables."""
    chosen = [name for name in arguments if not name.startswith("-")] or support.names()
    differs = False
    for name in chosen:
        before, after = renewed(name)
        lines = unified_diff(
            before.splitlines(), after.splitlines(), f"{name}.yaml", f"{name}.yaml today", "", "", 1
        )
        for line in lines:
            differs = True
            print(line.rstrip("\n"))  # noqa: T201 - it is what this command is for
        if "--write" in arguments:
            (support.FOLDER / f"{name}.yaml").write_text(after)
    return int(differs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
