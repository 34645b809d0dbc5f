#!/usr/bin/env python3
"""Shows what `./bazelw coverage //...` found: a table of the components, and pages with every line.

  ./bazelw run //development:coverage_html [-- REPORT [FOLDER]]

REPORT: lcov's tracefile; by default bazel-out/_coverage/_coverage_report.dat. FOLDER: where the pages go, coverage-html by default;
FOLDER/index.html is the first. genhtml, of the package lcov, makes them; without it there is only the table, and the exit code is 2.
"""

import html
import os
import shutil
import subprocess
import sys
import tempfile

REPORT = "bazel-out/_coverage/_coverage_report.dat"
FOLDER = "coverage-html"


class Component:
    """Counts and records of the sources below one folder of the workspace."""

    def __init__(self):
        self.records = []
        self.counts = {"LH": 0, "LF": 0, "FNH": 0, "FNF": 0}

    def add(self, record):
        self.records.append(record)
        for line in record:
            key, _, value = line.partition(":")
            if key in self.counts:
                self.counts[key] += int(value)


def components_of(lines):
    """By the first folder of a source's path. ValueError if it is no tracefile."""
    components = {}
    record = []
    for line in lines:
        line = line.rstrip("\n")
        record.append(line)
        if line != "end_of_record":
            continue
        sources = [line[3:] for line in record if line.startswith("SF:")]
        if len(sources) != 1:
            raise ValueError("a record of one source has to have one line SF:PATH")
        components.setdefault(sources[0].split("/")[0], Component()).add(record)
        record = []
    if record or not components:
        raise ValueError("it has no records, or ends within one")
    return dict(sorted(components.items()))


def percent(hit, found):
    return f"{100 * hit / found:.1f} %" if found else "-"


def rows(components):
    """(name, lines, covered lines, functions, covered functions), and last those of all."""
    all_of_them = Component()
    for component in components.values():
        for key, count in component.counts.items():
            all_of_them.counts[key] += count
    for name, component in [*components.items(), ("all", all_of_them)]:
        counts = component.counts
        yield (name, f"{counts['LH']} of {counts['LF']}", percent(counts["LH"], counts["LF"]),
               f"{counts['FNH']} of {counts['FNF']}", percent(counts["FNH"], counts["FNF"]))


def print_table(components):
    table = [("component", "lines", "", "functions", ""), *rows(components)]
    widths = [max(len(row[i]) for row in table) for i in range(5)]
    for row in table:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  ".join(cells).rstrip())


def write_pages(components, workspace, folder):
    """Pages of each component by genhtml, and a first page with the table."""
    os.makedirs(folder, exist_ok=True)
    for name, component in components.items():
        with tempfile.NamedTemporaryFile("w", suffix=".info", encoding="utf-8") as tracefile:
            tracefile.writelines(line + "\n" for record in component.records for line in record)
            tracefile.flush()
            subprocess.run(["genhtml", "--quiet", "--title", name, "--prefix", workspace, "--output-directory",
                            os.path.join(os.path.abspath(folder), name), tracefile.name], cwd=workspace, check=True)
    lines = ["<!doctype html>", '<html lang="en"><meta charset="utf-8"><title>Coverage</title>',
             "<style>body{font:16px/1.5 system-ui,sans-serif;margin:2em;color-scheme:light dark}"
             "td,th{padding:.2em 1em;text-align:right}td:first-child,th:first-child{text-align:left}</style>",
             "<h1>Coverage</h1>", "<table>",
             "<tr><th>component<th>lines<th>covered<th>functions<th>covered"]
    for row in rows(components):
        name = html.escape(row[0])
        link = f'<a href="{name}/index.html">{name}</a>' if row[0] in components else name
        lines.append(f"<tr><td>{link}" + "".join(f"<td>{html.escape(cell)}" for cell in row[1:]))
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as page:
        page.write("\n".join(lines + ["</table>", "</html>", ""]))


def main():
    arguments = sys.argv[1:]
    if any(argument in ("--help", "-h") for argument in arguments):
        print(__doc__.strip())
        return 0
    if len(arguments) > 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    # Paths are the caller's; `bazel run` has changed the folder.
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY", os.getcwd())
    report = arguments[0] if arguments else os.path.join(workspace, REPORT)
    folder = arguments[1] if len(arguments) > 1 else os.path.join(workspace, FOLDER)
    try:
        with open(report, encoding="utf-8") as file:
            components = components_of(file)
    except OSError as error:
        print(f"coverage_html: {report}: {error.strerror}; run ./bazelw coverage //... first", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"coverage_html: {report}: no tracefile of lcov: {error}", file=sys.stderr)
        return 2
    print_table(components)
    if not shutil.which("genhtml"):
        print("coverage_html: there is no genhtml, so no pages are written; run: apt-get install lcov", file=sys.stderr)
        return 2
    try:
        write_pages(components, workspace, folder)
    except subprocess.CalledProcessError as error:
        print(f"coverage_html: genhtml failed with exit code {error.returncode}", file=sys.stderr)
        return 2
    print(f"coverage_html: the pages are in {os.path.join(folder, 'index.html')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
