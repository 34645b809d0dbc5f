"""The pool of equal machines that a workspace is measured on, as user.bazelrc can state it."""

MachineInfo = provider(
    doc = "The pool of equal machines that this one belongs to.",
    fields = {"name": "Name of the pool; empty if there is none."},
)

def _machine_impl(ctx):
    return [MachineInfo(name = ctx.build_setting_value)]

machine = rule(
    implementation = _machine_impl,
    doc = """Names a pool of equal machines: `build --//perf/runner:machine=NAME`.

Baselines and history of `bazel run //perf` are then read and stored under NAME instead of the key that is derived from
the machine's hardware. The command checks the name.""",
    build_setting = config.string(flag = True),
)
