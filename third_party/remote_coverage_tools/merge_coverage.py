#!/usr/bin/env python3
"""Merges gcov's JSON files, and lcov reports, into one lcov report.

Called by Bazel's collect_coverage.sh with the folder of one test's data, and by its coverage report action with a list
of reports. Formats: gcov --json-format (GCC manual, "Invoking gcov"), lcov's tracefiles (geninfo(1)).
"""

import argparse
import collections
import gzip
import json
import os
import sys


class Coverage:
    """Execution counts by source file and line, and by function."""

    def __init__(self):
        self.lines = collections.defaultdict(lambda: collections.defaultdict(int))
        # By source: name to [first line, count].
        self.functions = collections.defaultdict(dict)

    def add_line(self, source, line, count):
        self.lines[source][line] += count

    def add_function(self, source, name, line, count):
        entry = self.functions[source].setdefault(name, [line, 0])
        entry[1] += count

    def read_gcov(self, path):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            report = json.load(file)
        for source in report["files"]:
            name = source["file"]
            if not is_ours(name):
                continue
            # A line appears once for each instance of a template; all of them are executions of it.
            for line in source["lines"]:
                self.add_line(name, line["line_number"], line["count"])
            for function in source["functions"]:
                self.add_function(name, function["demangled_name"], function["start_line"], function["execution_count"])

    def read_lcov(self, path):
        source = None
        starts = {}
        with open(path, encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                key, _, value = text.strip().partition(":")
                try:
                    if key == "SF":
                        source, starts = value, {}
                    elif key == "DA":
                        line, count = value.split(",")[:2]
                        self.add_line(source, int(line), int(count))
                    elif key == "FN":
                        line, name = value.split(",", 1)
                        starts[name] = int(line)
                    elif key == "FNDA":
                        count, name = value.split(",", 1)
                        self.add_function(source, name, starts[name], int(count))
                except (ValueError, KeyError) as error:
                    raise ValueError(f"{path}:{number}: not lcov: {text.strip()}") from error

    def write(self, file):
        for source in sorted(self.lines):
            lines = self.lines[source]
            functions = self.functions[source]
            file.write(f"SF:{source}\n")
            for name, (line, _) in sorted(functions.items(), key=lambda item: item[1]):
                file.write(f"FN:{line},{name}\n")
            for name, (_, count) in sorted(functions.items(), key=lambda item: item[1]):
                file.write(f"FNDA:{count},{name}\n")
            file.write(f"FNF:{len(functions)}\n")
            file.write(f"FNH:{sum(1 for _, count in functions.values() if count)}\n")
            for line in sorted(lines):
                file.write(f"DA:{line},{lines[line]}\n")
            file.write(f"LH:{sum(1 for count in lines.values() if count)}\n")
            file.write(f"LF:{len(lines)}\n")
            file.write("end_of_record\n")


def is_ours(source):
    """Sources of the workspace, not of libraries nor generated ones."""
    return not source.startswith(("/", "external/", "bazel-out/"))


def inputs(arguments):
    """Paths to read: those that --reports_file lists, or what is in --coverage_dir."""
    if arguments.reports_file:
        with open(arguments.reports_file, encoding="utf-8") as file:
            # Baseline reports of what no test built may be listed though they are not there.
            return [line.strip() for line in file if line.strip() and os.path.exists(line.strip())]
    found = []
    for folder, _, names in os.walk(arguments.coverage_dir):
        found += [os.path.join(folder, name) for name in names if name.endswith((".gcov.json.gz", ".dat"))]
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coverage_dir")
    parser.add_argument("--reports_file")
    parser.add_argument("--output_file", required=True)
    arguments, _ = parser.parse_known_args()
    if not arguments.coverage_dir and not arguments.reports_file:
        parser.error("--coverage_dir or --reports_file is needed")
    coverage = Coverage()
    output = os.path.realpath(arguments.output_file)
    for path in inputs(arguments):
        if os.path.realpath(path) == output:
            continue
        try:
            if path.endswith(".gz"):
                coverage.read_gcov(path)
            else:
                coverage.read_lcov(path)
        except (OSError, ValueError, KeyError) as error:
            sys.exit(f"merge_coverage: {path}: {error}")
    with open(arguments.output_file, "w", encoding="utf-8") as file:
        coverage.write(file)


if __name__ == "__main__":
    main()
