#!/usr/bin/env python3
"""Reads the forms of made-up reports with parsers of other people: check_forms.py RENDER_SAMPLE.

XML, CSV and JSON have parsers in Python's library. What OpenMetrics, workflow commands and Google Benchmark's compare.py
demand is checked here by their rules.
"""
import csv
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree

failures = 0


def expect(condition, what):
    global failures
    if not condition:
        print("FAILED:", what, file=sys.stderr)
        failures += 1


def render(report, form):
    done = subprocess.run([sys.argv[1], report, form], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


def check_junit(report, tests, failed, errors, skipped):
    root = xml.etree.ElementTree.fromstring(render(report, "junit").encode("utf-8"))
    suites = root.findall("testsuite")
    cases = root.findall("testsuite/testcase")
    counts = {"tests": len(cases), "failures": len(root.findall(".//failure")), "errors": len(root.findall(".//error")),
              "skipped": len(root.findall(".//skipped"))}
    expect(counts == {"tests": tests, "failures": failed, "errors": errors, "skipped": skipped}, f"junit, {report}: {counts}")
    for name, count in counts.items():
        expect(int(root.get(name)) == count, f"junit, {report}: {name} of all")
        expect(sum(int(suite.get(name)) for suite in suites) == count, f"junit, {report}: {name} of the suites")
    for suite in suites:
        properties = {one.get("name") for one in suite.findall("properties/property")}
        expect({"machine", "commit"} <= properties, f"junit, {report}: properties {properties}")
    for outcome in root.findall(".//failure") + root.findall(".//error") + root.findall(".//skipped"):
        expect(outcome.get("message"), f"junit, {report}: an outcome without a message")


def check_csv(report, records):
    text = render(report, "csv")
    expect(text.endswith("\r\n") and "\n" not in text.replace("\r\n", ""), f"csv, {report}: ends of lines")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    expect(len(rows) == records, f"csv, {report}: {len(rows)} records")
    for row in rows:
        expect(None not in row and None not in row.values(), f"csv, {report}: another number of fields")
        for name, value in row.items():
            is_number = re.fullmatch(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", value)
            expect(is_number or not value.startswith(("=", "+", "-", "@")), f"csv, {report}: a formula in {name}")
    return rows


LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:" + LABEL + r")(?:," + LABEL + r")*)\})? (NaN|[+-]Inf|[+-]?[0-9.]+(?:e[+-]?[0-9]+)?)")


def check_openmetrics(report):
    """By https://github.com/OpenObservability/OpenMetrics, 'OpenMetrics, a cloud-native, highly scalable metrics protocol'."""
    text = render(report, "openmetrics")
    expect(text.endswith("# EOF\n") and text.count("# EOF") == 1, f"openmetrics, {report}: end")
    families = {}
    family = None
    seen = set()
    for line in text.split("\n")[:-2]:
        described = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-z_]+) (.+)", line)
        if described:
            what, name, value = described.groups()
            if what == "TYPE":
                expect(name not in families, f"openmetrics, {report}: {name} is in two places")
                families[name] = value
                family = name
            expect(name == family, f"openmetrics, {report}: {line} is in another family")
            if what == "UNIT":
                expect(name.endswith("_" + value), f"openmetrics, {report}: {name} does not end with its unit {value}")
            continue
        sample = SAMPLE.fullmatch(line)
        expect(sample, f"openmetrics, {report}: no sample: {line[:200]}")
        if not sample:
            continue
        name, labels, value = sample.groups()
        suffix = "_info" if families[family] == "info" else ""
        expect(name == family + suffix, f"openmetrics, {report}: {name} is a sample of {family}")
        names = re.findall(r'(?:^|,)([a-zA-Z_][a-zA-Z0-9_]*)="', re.sub(r'"(?:[^"\\]|\\.)*"', '""', labels or ""))
        expect(len(names) == len(set(names)), f"openmetrics, {report}: a label twice: {line[:200]}")
        expect((name, labels) not in seen, f"openmetrics, {report}: a sample twice: {line[:200]}")
        seen.add((name, labels))
        if families[family] == "stateset":
            expect(family in names and value in ("0", "1"), f"openmetrics, {report}: no state: {line[:200]}")
    return families


def check_github(report):
    lines = render(report, "github").splitlines()
    for line in lines:
        command = re.fullmatch(r"::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)", line)
        expect(command, f"github, {report}: no command: {line[:200]}")
        if command:
            expect(not re.search(r"%(?!25|0D|0A|3A|2C)", command[2] + command[3]), f"github, {report}: a % of its own: {line[:200]}")
    return lines


def check_compare(report):
    """What Google Benchmark's tools/gbench/report.py reads of a file: partition_benchmarks, get_difference_report."""
    result = json.loads(render(report, "gbench"), parse_constant=lambda name: expect(False, f"gbench, {report}: {name}"))
    for one in result["benchmarks"]:
        expect({"name", "run_name", "time_unit", "real_time", "cpu_time", "run_type", "iterations"} <= one.keys(), f"gbench: {one}")
        expect(one["time_unit"] in ("s", "ms", "us", "ns"), f"gbench: {one}")
        expect(one["run_type"] in ("iteration", "aggregate"), f"gbench: {one}")
        expect((one["run_type"] == "aggregate") == ("aggregate_name" in one), f"gbench: {one}")
    return result


def check_markdown(report, form):
    text = render(report, form)
    expect(len(text.encode("utf-8")) <= 60200, f"{form}, {report}: {len(text)} bytes")
    shown = re.sub(r"<!-- parlance-perf: [^>]* -->|<!-- -->|</?details>|</?summary>", "", text)
    code = "\n".join(line for line in shown.split("\n") if line.startswith("    "))
    shown = shown.replace(code, "")
    expect("<" not in shown, f"{form}, {report}: HTML: {shown[max(0, shown.find('<') - 50):][:200]}")
    expect(not re.search(r"(?<!\\)[`*]", re.sub(r"\*\*", "", shown)), f"{form}, {report}: Markdown of others")
    # Nobody is told by what is in a comment of HTML, or in code.
    expect("@somebody" not in re.sub("<!-- parlance-perf: .*", "", text).replace(code, ""), f"{form}, {report}: somebody is mentioned")
    rows = [line for line in shown.split("\n") if line.startswith("|")]
    expect(all(len(re.findall(r"(?<!\\)\|", row)) == 7 for row in rows), f"{form}, {report}: another number of cells")
    return text


def main():
    for report in ("sample", "worst"):
        check_junit(report, 10, 3, 1, 3)
        expect(len(check_csv(report, 9)) == 9, f"csv, {report}")
        families = check_openmetrics(report)
        expect({"perf_measurement_seconds", "perf_measurement_bytes", "perf_measurement_value", "perf_baseline_seconds",
                "perf_change_ratio", "perf_verdict", "perf_acceptance", "perf_requirement_met", "perf_report"} <= families.keys(), f"openmetrics: {families}")
        lines = check_github(report)
        kinds = [line.split(" ")[0] for line in lines]
        expect(kinds == ["::error"] * 4 + ["::warning"] * 2 + ["::notice"] * 2, f"github, {report}: {kinds}")
        check_compare(report)
        for form in ("markdown", "comment"):
            check_markdown(report, form)
        for form in ("json", "summary", "text"):
            expect(render(report, form), f"{form}, {report}")
        json.loads(render(report, "json"))
    check_junit("stable", 3, 0, 0, 0)
    stable = check_markdown("stable", "markdown")
    expect(stable.count("\n") == 1 and stable.startswith("**✓ Stable**: nothing changed, 3 measured. "), f"an unchanged result: {stable}")
    comment = check_markdown("stable", "comment").split("\n")
    expect(comment[0] == "<!-- parlance-perf: //a:suite -->" and len(comment) == 3, f"an unchanged comment: {comment}")
    expect(len(check_github("stable")) == 1, "an unchanged result in a workflow")
    row = check_csv("sample", 9)[3]
    expect((row["name"], row["title"], row["verdict"], row["median"]) == ("audio.m3", "Session Creation", "red", "10"), f"csv: {row}")
    accepted = check_csv("sample", 9)[8]
    expect((accepted["verdict"], accepted["accepted_until"], accepted["accepted_why"]) == ("accepted", "2027-01-24", "it is safer"),
           f"csv: {accepted}")
    # Every form says until when a slowdown is accepted, and why.
    for form in ("summary", "text", "markdown", "html", "json", "junit", "csv", "openmetrics", "github", "comment", "gbench"):
        text = re.sub(r"\s+", " ", render("sample", form))
        expect("2027-01-24" in text and "it is safer" in text, f"{form}: no reason and day of what is accepted")
    expect(accepted["owners"] == "'@parlance/audio", f"csv: {accepted['owners']}")
    # Whoever has to be asked is named, and told by nobody but a reader.
    for form in ("summary", "text", "markdown", "html", "junit", "github", "comment"):
        text = re.sub(r"\s+", " ", render("sample", form)).replace("<!-- -->", "")
        expect("ask @parlance/audio" in text or "value=\"@parlance/audio\"" in text, f"{form}: nobody to ask")
    expect("@parlance" not in render("sample", "comment"), "comment: somebody is mentioned")
    print("failed" if failures else "passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
