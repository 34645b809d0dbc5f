"""Tests of perf_test and perf_suite: what the providers and the manifest hold, and what is refused."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//perf:defs.bzl", "PerfTestInfo", "perf_test_aspect")

_REQUIREMENTS = "perf/testing/never_run_requirements.textproto"

# What the members of the suite say, in its order.
_EXPECTED = [
    struct(
        label = "//perf/testing:all_attributes",
        kinds = ["regression", "stress"],
        shard_count = 3,
        requirements = _REQUIREMENTS,
        slow = True,
        benchmark = True,
        env = {"INPUT": "perf/testing/never_run.cc", "PERF_REQUIREMENTS": _REQUIREMENTS},
    ),
    struct(
        label = "//perf/testing:all_defaults",
        kinds = ["performance"],
        shard_count = 1,
        requirements = _REQUIREMENTS,
        slow = False,
        benchmark = False,
        env = {"PERF_REQUIREMENTS": _REQUIREMENTS},
    ),
    struct(
        label = "//perf/testing:command",
        kinds = ["performance"],
        shard_count = 1,
        requirements = _REQUIREMENTS,
        slow = True,
        benchmark = False,
        env = {
            "PERF_COMMAND": "perf/testing/command.program",
            "PERF_COMMAND_TEST": json.encode({
                "arguments": ["perf/testing/never_run.cc", "two words"],
                "exitCode": 3,
                "figures": [{"higherIsBetter": True, "name": "rate"}],
                "googleBenchmark": False,
                "measurement": "a.b",
                "runs": "command_runs",
                "title": "Title",
            }),
            "PERF_LAUNCHER": "perf/program/launcher",
            "PERF_REQUIREMENTS": _REQUIREMENTS,
        },
    ),
    struct(
        label = "//perf/testing:size",
        kinds = ["regression"],
        shard_count = 1,
        requirements = _REQUIREMENTS,
        slow = False,
        benchmark = False,
        env = {
            "PERF_COMMAND": "perf/testing/size.program",
            "PERF_COMMAND_TEST": json.encode({"measurement": "a.size", "title": "Size"}),
            "PERF_REQUIREMENTS": _REQUIREMENTS,
        },
    ),
]

def _content_of(env, suffix):
    """What the one action writes whose output's name ends so."""
    contents = [
        action.content
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.basename.endswith(suffix)
    ]
    asserts.equals(env, 1, len(contents), "actions that write *" + suffix)
    return contents[0]

def _suite_test_impl(ctx):
    env = analysistest.begin(ctx)

    # The providers.
    asserts.equals(env, len(_EXPECTED), len(ctx.attr.tests))
    for test, expected in zip(ctx.attr.tests, _EXPECTED):
        info = test[PerfTestInfo]
        asserts.equals(env, expected.label, info.label)
        asserts.equals(env, expected.kinds, info.kinds)
        asserts.equals(env, expected.shard_count, info.shard_count)
        asserts.equals(env, expected.requirements, info.requirements.short_path)
        asserts.equals(env, expected.slow, info.slow)
        asserts.equals(env, expected.benchmark, info.benchmark)
        asserts.equals(env, expected.env, info.env)

    # The manifest says the same.
    manifest = json.decode(_content_of(env, ".manifest.json"))
    asserts.equals(env, "//perf/testing:suite", manifest["suite"])
    asserts.equals(env, "some/folder", manifest["baseline_directory"])
    asserts.equals(env, ctx.workspace_name, manifest["workspace_name"])
    asserts.equals(env, "perf", manifest["harness"])
    asserts.equals(env, {"//a:b": "not installed: c"}, manifest["left_out"])
    asserts.equals(env, [json.decode(json.encode(test)) for test in _EXPECTED], manifest["tests"])

    # The launcher starts the runner with it, and finds it and the requirements among its files.
    launcher = _content_of(env, "suite")
    asserts.true(env, "'perf/runner/runner' --manifest='perf/testing/suite.manifest.json' \"$@\"" in launcher, launcher)
    runfiles = [
        file.short_path
        for file in analysistest.target_under_test(env)[DefaultInfo].default_runfiles.files.to_list()
    ]
    for needed in ["perf/runner/runner", "perf/testing/suite.manifest.json", _REQUIREMENTS]:
        asserts.true(env, needed in runfiles, needed + " is not among the runfiles")
    return analysistest.end(env)

suite_test = analysistest.make(
    _suite_test_impl,
    attrs = {
        "tests": attr.label_list(
            doc = "The members of the suite, in its order.",
            aspects = [perf_test_aspect],
            mandatory = True,
        ),
    },
)

def _suite_failure_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

suite_failure_test = analysistest.make(
    _suite_failure_test_impl,
    attrs = {"message": attr.string(doc = "What the failure says.", mandatory = True)},
    expect_failure = True,
)
