"""The list of repositories.bzl, for MODULE.bazel: in a file of its own, because Bazel 4 knows no module extensions."""

load("//third_party:repositories.bzl", "agent_libraries", "perf_libraries")

def _libraries_impl(_ctx):
    perf_libraries([])
    agent_libraries([])

libraries = module_extension(
    implementation = _libraries_impl,
    doc = "The libraries that the distribution installs. Those that nothing uses are not looked for.",
)
