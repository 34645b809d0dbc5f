"""Performance tests and the suite that runs them.

`perf_benchmark` declares a test of Google Benchmark functions, `perf_test` one of GoogleTest bodies,
`perf_command_test` one that measures runs of any program, `perf_binary_size` one that measures how large a
program is; each writes a record. `perf_suite` declares the command that runs a set of them, compares their
records with requirements and baselines, and writes the report:

    load("@parlance//perf:defs.bzl", "perf_benchmark", "perf_suite")

    perf_benchmark(
        name = "vad_benchmark",
        srcs = ["vad_benchmark.cc"],
        deps = [
            ":vad",
            "@com_github_google_benchmark//:benchmark",
        ],
    )

    perf_suite(
        name = "suite",
        tests = [":vad_benchmark"],
    )

`bazel run :suite` then is the command.
"""

load("@rules_cc//cc:defs.bzl", "cc_test")
load("//perf/runner:machine.bzl", "MachineInfo")

KINDS = ["performance", "stress", "regression", "integration"]

# Starts the program of a perf_command_test.
_LAUNCHER = Label("//perf/program:launcher")

_BENCHMARK_MAIN = Label("//perf:benchmark_main")

# Where a build leaves perf's mains and what they use, below its output folder.
_HARNESS = "/".join([
    part
    for part in [_BENCHMARK_MAIN.workspace_root, _BENCHMARK_MAIN.package]
    if part
])

def _written(label):
    """How people write a label; newer versions of Bazel put @ or @@ before those of the main repository."""
    text = str(label)
    stripped = text.lstrip("@")
    return stripped if stripped.startswith("//") else text

# Tells the aspect that a test has Google Benchmark functions.
_BENCHMARK_TAG = "perf-benchmark"

# What a perf_command_test measures of each run in any case. perf/program/command_test.cc has these names, too.
_OWN_FIGURES = ["wall", "cpu", "peak_memory", "instructions"]

def _name_of_figure(figure):
    """What a printed figure's name is in the name of a measurement, as perf/program/command_test.cc makes it."""
    return "".join([
        letter if letter in "abcdefghijklmnopqrstuvwxyz0123456789" else "_"
        for letter in figure.lower().elems()
    ])

# The file that names a component, its requirements and its loads, in the component's folder.
_REQUIREMENTS = "requirements.textproto"

# The target that stands for that file in a package without one.
_NO_REQUIREMENTS = "no_requirements"

def _no_requirements_impl(ctx):
    component = ctx.label.package.split("/")[-1] or ctx.workspace_name
    component = "".join([
        letter if letter.isalnum() else "_"
        for letter in component.lower().elems()
    ]).lstrip("_")
    file = ctx.actions.declare_file(_REQUIREMENTS)
    ctx.actions.write(file, "component: \"{}\"\n".format(component))
    return [DefaultInfo(files = depset([file]), runfiles = ctx.runfiles([file]))]

_no_requirements = rule(
    implementation = _no_requirements_impl,
    doc = "The requirements of a component that states none: its name is that of its folder.",
)

def _requirements_of(requirements):
    """The requirements file of a test that names `requirements`, or None for the package's."""
    if requirements:
        return requirements
    if native.glob([_REQUIREMENTS], allow_empty = True):
        return _REQUIREMENTS
    if not native.existing_rule(_NO_REQUIREMENTS):
        _no_requirements(
            name = _NO_REQUIREMENTS,
            tags = ["manual"],
        )
    return _NO_REQUIREMENTS

# Bazel 4 keeps exclusive tests on this machine by the requirement `local`, which --config=perf-pool takes away from
# those that no other tag keeps here. Later ones keep them by a requirement of their own, and know a tag for tests
# that are exclusive here and may go elsewhere; native.module_name tells that it is one of these.
_KNOWS_EXCLUSIVE_IF_LOCAL = hasattr(native, "module_name")
_HERE = ["exclusive"] if _KNOWS_EXCLUSIVE_IF_LOCAL else ["exclusive", "no-remote-exec"]
_IN_POOL = ["exclusive-if-local"] if _KNOWS_EXCLUSIVE_IF_LOCAL else ["exclusive"]

def _recording_test(name, kinds, main, requirements, deps, data, env, tags, visibility, **kwargs):
    """A test that writes a record, always really runs, and runs alone. Arguments as of perf_test; `main` has its main."""
    for kind in kinds:
        if kind not in KINDS:
            fail("{}: kind {} is not one of {}".format(name, kind, ", ".join(KINDS)))
    if not kinds:
        fail("{}: at least one kind is needed".format(name))
    requirements = _requirements_of(requirements)
    where = _IN_POOL if kwargs.get("exec_properties") else _HERE
    cc_test(
        name = name,
        data = data + [requirements],
        # The way product code is linked. Also, perf's mains reach into the bodies' object files.
        linkstatic = True,
        env = dict(env, PERF_REQUIREMENTS = "$(rootpath {})".format(requirements)),
        tags = kinds + tags + where + ["perf", "external"],
        visibility = visibility,
        # A main that `deps` may have as well is linked only where there is none before it.
        deps = [main] + deps,
        **kwargs
    )

def perf_test(
        name,
        kinds = ["performance"],
        requirements = None,
        slow = False,
        deps = [],
        data = [],
        env = {},
        tags = [],
        visibility = ["//visibility:public"],
        **kwargs):
    """A test of GoogleTest bodies, which measure with a `perf::Recorder` and write a record.

    It always really runs (`external`), alone and on this machine (`exclusive`), also where a remote executor
    does the rest. With `exec_properties`, `--config=perf-pool` lets it go to the executor's workers that have
    these properties; each of them has to run one action at a time. It carries its kinds as tags, so that
    `bazel test --test_tag_filters=stress //...` selects what it says.

    Args:
      name: name of the test.
      kinds: what it is for, from performance, stress, regression and integration.
      requirements: the component's requirements file, which names the component and its loads. If none is
        named, it is the package's requirements.textproto; in a package without one, the component is called
        as its folder is, and has the usual loads.
      slow: whether it takes longer than a few seconds; adds the tag `slow`.
      deps: libraries it uses; a main is added.
      data: files it reads; the requirements file is added.
      env: environment variables; the requirements file's place is added.
      tags: further tags.
      visibility: who may name it; all, so that a suite may be in any package.
      **kwargs: further attributes of `cc_test`, such as `srcs`, `shard_count`, `size` and `exec_properties`.
    """
    _recording_test(
        name = name,
        kinds = kinds,
        main = Label("//perf:gtest_main"),
        requirements = requirements,
        deps = deps,
        data = data,
        env = env,
        tags = tags + (["slow"] if slow else []),
        visibility = visibility,
        **kwargs
    )

def perf_benchmark(
        name,
        kinds = ["performance"],
        requirements = None,
        slow = False,
        deps = [],
        copts = [],
        data = [],
        env = {},
        tags = [],
        visibility = ["//visibility:public"],
        **kwargs):
    """A test of Google Benchmark functions, each of which is a measurement in its record.

    A measurement is called as its function is, with the component before it if there is no dot in that name:
    `BENCHMARK(BM_Count)->Arg(8)` is "words.BM_Count/8". The function's label becomes its title.

    A `cc_test` or a `cc_binary` of such functions becomes one by its rule's name alone: a BENCHMARK_MAIN() and
    a library with Google Benchmark's main may stay. A program with another main than that is measured by
    `perf_command_test`, with `google_benchmark = True`.

    Args:
      name: name of the test.
      kinds: as of perf_test.
      requirements: as of perf_test.
      slow: as of perf_test.
      deps: libraries it uses; a main is added.
      copts: further options of the compiler.
      data: files it reads; the requirements file is added.
      env: environment variables; the requirements file's place is added.
      tags: further tags.
      visibility: who may name it; all, so that a suite may be in any package.
      **kwargs: further attributes of `cc_test`, such as `srcs`, `shard_count` and `size`.
    """

    # It is linked statically in any case.
    kwargs.pop("linkstatic", None)
    _recording_test(
        name = name,
        kinds = kinds,
        main = _BENCHMARK_MAIN,
        requirements = requirements,
        deps = deps,
        copts = ["-include", "perf/gbench/without_main.h"] + copts,
        data = data,
        env = env,
        tags = tags + (["slow"] if slow else []) + [_BENCHMARK_TAG],
        visibility = visibility,
        **kwargs
    )

def _perf_command_impl(ctx):
    link = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = link, target_file = ctx.executable.command, is_executable = True)
    return [DefaultInfo(
        executable = link,
        files = depset([link]),
        runfiles = ctx.runfiles(files = [link, ctx.executable.command]).merge(ctx.attr.command[DefaultInfo].default_runfiles),
    )]

_perf_command = rule(
    implementation = _perf_command_impl,
    doc = "A program under one name: those of some rules, such as py_binary, have several files.",
    executable = True,
    attrs = {
        "command": attr.label(
            doc = "The program: a target that can be run, or a file.",
            executable = True,
            allow_files = True,
            cfg = "target",
            mandatory = True,
        ),
    },
)

def _measured_program(name, measurement, title, command, main, requirements, spec, data, env, kinds, tags, visibility, slow, **kwargs):
    """The test of perf_command_test and of perf_binary_size."""
    if "." not in measurement:
        fail("{}: measurement {} does not begin with a component and a dot".format(name, measurement))
    if not title:
        fail("{}: a title is needed, by which the report calls it".format(name))
    if "shard_count" in kwargs:
        fail("{}: a program is not divided into shards".format(name))
    program = name + ".program"
    _perf_command(
        name = program,
        command = command,
        tags = ["manual"],
        testonly = True,
    )
    _recording_test(
        name = name,
        kinds = kinds,
        main = main,
        requirements = requirements,
        deps = [],
        data = data + [program],
        env = dict(
            env,
            PERF_COMMAND = "$(rootpath {})".format(program),
            PERF_COMMAND_TEST = json.encode(dict(spec, measurement = measurement, title = title)),
        ),
        tags = tags + (["slow"] if slow else []),
        visibility = visibility,
        **kwargs
    )

def perf_command_test(
        name,
        command,
        measurement,
        title,
        args = [],
        exit_code = 0,
        runs = "command_runs",
        figures = {},
        google_benchmark = False,
        requirements = None,
        kinds = ["performance"],
        slow = False,
        data = [],
        env = {},
        tags = [],
        visibility = ["//visibility:public"],
        **kwargs):
    """A test that runs a program, whatever it is, and measures each run.

    A script, a server's client, a compiler: the program is run once for nothing and then as often as a load
    says, in the workspace's folder of the runfiles and without standard input. These become measurements:
    `MEASUREMENT.wall` and `.cpu` (wall and processor time), `.peak_memory`, `.instructions` where the machine
    counts them, and the figures that the program prints itself.

    Args:
      name: name of the test.
      command: the program: a target that can be run, or an executable file.
      measurement: what the names of the measurements begin with, dotted, component first:
        "tools.list_schemas".
      title: what the report calls it: "List of Schemas".
      args: its arguments; `$(rootpath LABEL)` is replaced, and no `$` may stand otherwise.
      exit_code: what it has to end with. Any other fails the test.
      runs: the load in the requirements file that says how often it runs.
      figures: figures that it prints in lines "NAME: VALUE UNIT", and which direction is better:
        {"throughput": "higher", "time to first token": "lower"}. Each becomes a measurement, such as
        MEASUREMENT.time_to_first_token, and each line a sample. A run without such a line fails the test. No two
        figures may get one name so, nor may one get that of what is measured in any case.
      google_benchmark: whether it prints Google Benchmark's JSON (--benchmark_format=json) and nothing else
        to standard output; each benchmark becomes a measurement.
      requirements: as of perf_test.
      kinds: what it is for, from performance, stress, regression and integration.
      slow: whether it takes longer than a few seconds; adds the tag `slow`.
      data: files and programs that it needs.
      env: environment variables.
      tags: further tags.
      visibility: who may name it; all, so that a suite may be in any package.
      **kwargs: further attributes of `cc_test`, such as `size`, `timeout` and `exec_properties`.
    """
    for argument in args:
        if "$" in argument.replace("$(", ""):
            fail("{}: argument {} has a $ that does not begin $(rootpath …)".format(name, argument))
    for figure, better in figures.items():
        if better not in ["higher", "lower"]:
            fail("{}: of figure {}, {} is neither higher nor lower".format(name, figure, better))
    by_name = {}
    for figure in figures:
        end = _name_of_figure(figure)
        if end in _OWN_FIGURES:
            fail("{}: figure {} would be {}.{}, which each run has in any case; print it by another name".format(
                name,
                figure,
                measurement,
                end,
            ))
        if end in by_name:
            fail("{}: figures {} and {} would be one measurement, {}.{}; print one of them by another name".format(
                name,
                by_name[end],
                figure,
                measurement,
                end,
            ))
        by_name[end] = figure
    _measured_program(
        name = name,
        measurement = measurement,
        title = title,
        command = command,
        main = Label("//perf:command_main"),
        requirements = requirements,
        spec = {
            "arguments": args,
            "exitCode": exit_code,
            "figures": [
                {"higherIsBetter": better == "higher", "name": figure}
                for figure, better in figures.items()
            ],
            "googleBenchmark": google_benchmark,
            "runs": runs,
        },
        data = data + [_LAUNCHER],
        env = dict(env, PERF_LAUNCHER = "$(rootpath {})".format(_LAUNCHER)),
        kinds = kinds,
        tags = tags,
        visibility = visibility,
        slow = slow,
        **kwargs
    )

def perf_binary_size(
        name,
        binary,
        measurement,
        title,
        requirements = None,
        kinds = ["regression"],
        tags = [],
        visibility = ["//visibility:public"],
        **kwargs):
    """A test that measures how large a program is: what its start maps from its file, without debug information.

    The size depends on the build alone, so it is compared on any machine.

    Args:
      name: name of the test.
      binary: the program.
      measurement: name of the measurement, dotted, component first: "tools.tool.size".
      title: what the report calls it: "Size of the Tool Command".
      requirements: as of perf_test.
      kinds: what it is for, from performance, stress, regression and integration.
      tags: further tags.
      visibility: who may name it; all, so that a suite may be in any package.
      **kwargs: further attributes of `cc_test`, such as `size`.
    """
    _measured_program(
        name = name,
        measurement = measurement,
        title = title,
        command = binary,
        main = Label("//perf:binary_size_main"),
        requirements = requirements,
        spec = {},
        data = [],
        env = {},
        kinds = kinds,
        tags = tags,
        visibility = visibility,
        slow = False,
        **kwargs
    )

PerfTestInfo = provider(
    doc = "What the suite has to know of one performance test before it runs.",
    fields = {
        "benchmark": "bool: whether its bodies are Google Benchmark functions",
        "env": "dict of strings: its environment variables",
        "kinds": "list of strings: performance, stress, regression, integration",
        "label": "string: absolute label of the test",
        "requirements": "File: the component's requirements.textproto",
        "shard_count": "int: how many records to expect, at least 1",
        "slow": "bool: whether it carries the tag slow",
    },
)

# What an aspect refuses is left to the rule to say: Bazel 4 cannot test an aspect that fails.
_RefusalInfo = provider(
    doc = "Why a target cannot be a member of a suite.",
    fields = {"reason": "string"},
)

def _refused(reason):
    return [_RefusalInfo(reason = reason)]

def _perf_test_aspect_impl(_target, ctx):
    tags = ctx.rule.attr.tags
    if "perf" not in tags:
        return _refused("{} is not a perf_test".format(ctx.label))
    requirements = [
        file
        for target in ctx.rule.attr.data
        for file in target.files.to_list()
        if file.extension == "textproto" and "requirements" in file.basename
    ]
    if len(requirements) != 1:
        return _refused("{} needs exactly one requirements.textproto, but has {}".format(
            ctx.label,
            len(requirements),
        ))
    return [PerfTestInfo(
        label = _written(ctx.label),
        kinds = [tag for tag in tags if tag in KINDS],
        # Bazel's default is -1.
        shard_count = max(1, ctx.rule.attr.shard_count),
        requirements = requirements[0],
        slow = "slow" in tags,
        benchmark = _BENCHMARK_TAG in tags,
        env = {
            name: ctx.expand_location(value, ctx.rule.attr.data)
            for name, value in ctx.rule.attr.env.items()
        },
    )]

perf_test_aspect = aspect(
    implementation = _perf_test_aspect_impl,
    doc = "Reads what the suite has to know from a perf_test's attributes, without building it.",
)

def _shell_quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _perf_suite_impl(ctx):
    for test in ctx.attr.tests:
        if _RefusalInfo in test:
            fail("{}: {}".format(ctx.label, test[_RefusalInfo].reason))
    tests = [test[PerfTestInfo] for test in ctx.attr.tests]
    manifest = ctx.actions.declare_file(ctx.label.name + ".manifest.json")
    ctx.actions.write(manifest, json.encode_indent(struct(
        suite = _written(ctx.label),
        baseline_directory = ctx.attr.baseline_directory or ctx.label.package or "baselines",
        workspace_name = ctx.workspace_name,
        harness = _HARNESS,
        tests = [struct(
            label = test.label,
            kinds = test.kinds,
            shard_count = test.shard_count,
            requirements = test.requirements.short_path,
            slow = test.slow,
            benchmark = test.benchmark,
            env = test.env,
        ) for test in tests],
        left_out = ctx.attr.left_out,
    ), indent = "  ") + "\n")

    launcher = ctx.actions.declare_file(ctx.label.name)
    runner = ctx.attr._runner[DefaultInfo]
    ctx.actions.write(
        launcher,
        """#!/bin/bash
cd "${{RUNFILES_DIR:-$0.runfiles}}"/{workspace} || exit 2
[[ -n "${{PERF_MACHINE:-}}" ]] || export PERF_MACHINE={machine}
exec {runner} --manifest={manifest} "$@"
""".format(
            workspace = _shell_quote(ctx.workspace_name),
            runner = _shell_quote(runner.files_to_run.executable.short_path),
            manifest = _shell_quote(manifest.short_path),
            machine = _shell_quote(ctx.attr._machine[MachineInfo].name),
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = [manifest] + [test.requirements for test in tests])
    return [DefaultInfo(
        executable = launcher,
        files = depset([launcher]),
        runfiles = runfiles.merge(runner.default_runfiles),
    )]

_perf_suite = rule(
    implementation = _perf_suite_impl,
    doc = "The command that runs performance tests, judges their records and writes the report.",
    executable = True,
    attrs = {
        "baseline_directory": attr.string(
            doc = "Folder of the workspace that holds stored baselines. Default: the suite's package, or baselines/ if that is the workspace's root.",
        ),
        "left_out": attr.string_dict(
            doc = "Tests that would be members, but for what this machine lacks: label to that.",
        ),
        "tests": attr.label_list(
            doc = "The member tests, each a perf_test.",
            aspects = [perf_test_aspect],
            mandatory = True,
        ),
        "_machine": attr.label(
            default = Label("//perf/runner:machine"),
            providers = [MachineInfo],
        ),
        "_runner": attr.label(
            default = Label("//perf/runner:runner"),
            executable = True,
            cfg = "target",
        ),
    },
)

def perf_suite(name, tests, **kwargs):
    """The command that runs performance tests, judges their records and writes the report.

    Args:
      name: name of the command, for `bazel run`.
      tests: the member tests, each a perf_test.
      **kwargs: `baseline_directory`, the folder of the workspace that holds stored baselines (default:
        the package's, or baselines/ in the workspace's root); `left_out`, tests that would be members, but
        for what this machine lacks, label to that, so that the report says it instead of calling their
        measurements missing; and the attributes that all rules have.
    """
    _perf_suite(name = name, tests = tests, testonly = True, **kwargs)
