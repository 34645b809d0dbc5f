"""Abseil from libabsl-dev, under the target names Abseil itself uses.

Every target offers all of Abseil's headers and links the libraries named for it here. The targets
still say what a source file includes, so a workspace with Abseil from source builds unchanged.
"""

load("//third_party:debian.bzl", "fail_without_package", "link_files", "multiarch")

# Package to target to the libraries it links. A library appears with what its inline
# functions call, because Debian's shared libraries are linked one by one. Releases divide
# Abseil into libraries differently: those that the installed one has not are not linked.
_TARGETS = {
    "absl/algorithm": {"container": []},
    "absl/base": {
        "core_headers": [],
        "no_destructor": [],
    },
    "absl/cleanup": {"cleanup": []},
    "absl/container": {
        "btree": ["throw_delegate"],
        "fixed_array": ["throw_delegate"],
        "flat_hash_map": ["raw_hash_set", "hash", "city", "low_level_hash", "throw_delegate"],
        "flat_hash_set": ["raw_hash_set", "hash", "city", "low_level_hash", "throw_delegate"],
        "inlined_vector": ["throw_delegate"],
    },
    "absl/flags": {
        "commandlineflag": ["flags_commandlineflag", "flags_commandlineflag_internal"],
        "flag": [
            "flags_internal",
            "flags_marshalling",
            "flags_reflection",
            "flags_commandlineflag",
            "flags_commandlineflag_internal",
            "flags_config",
            "flags_program_name",
            "flags_private_handle_accessor",
        ],
        "parse": ["flags_parse", "flags_usage", "flags_usage_internal"],
        "reflection": ["flags_reflection", "flags_commandlineflag"],
        "usage": ["flags_usage", "flags_usage_internal"],
    },
    "absl/functional": {
        "any_invocable": [],
        "bind_front": [],
        "function_ref": [],
    },
    "absl/hash": {"hash": ["hash", "city", "low_level_hash"]},
    "absl/memory": {"memory": []},
    "absl/numeric": {
        "bits": [],
        "int128": ["int128"],
    },
    "absl/random": {
        "distributions": ["random_distributions"],
        "random": [
            "random_distributions",
            "random_internal_platform",
            "random_internal_pool_urbg",
            "random_internal_randen",
            "random_internal_randen_hwaes",
            "random_internal_randen_slow",
            "random_internal_seed_material",
            "random_seed_gen_exception",
            "random_seed_sequences",
        ],
    },
    "absl/status": {
        "status": ["status", "cord", "cord_internal", "cordz_info", "cordz_functions"],
        "statusor": ["statusor", "status", "bad_variant_access", "raw_logging_internal"],
    },
    "absl/strings": {
        "cord": ["cord", "cord_internal", "cordz_info", "cordz_functions"],
        "str_format": ["str_format_internal", "strings"],
        "strings": ["strings", "strings_internal", "throw_delegate", "int128"],
    },
    "absl/synchronization": {"synchronization": ["synchronization", "graphcycles_internal"]},
    "absl/time": {"time": ["time", "time_zone", "civil_time", "int128"]},
    "absl/types": {
        "optional": ["bad_optional_access"],
        "span": ["throw_delegate"],
        "variant": ["bad_variant_access"],
    },
}

def _linkopts(libraries):
    return ", ".join(["\"-labsl_%s\"" % library for library in libraries])

def _target(name, libraries):
    return """
cc_library(
    name = "{name}",
    linkopts = [{linkopts}],
    visibility = ["//visibility:public"],
    deps = ["//:headers"],
)
""".format(
        name = name,
        linkopts = _linkopts(libraries),
    )

_HEADERS = """
cc_library(
    name = "headers",
    hdrs = glob(["include/absl/**/*.h", "include/absl/**/*.inc"]),
    includes = ["include"],
    linkopts = [{linkopts}],
    visibility = ["//:__subpackages__"],
)
"""

# The one library that is installed as a static one only, because it uses GoogleTest.
_STATUS_MATCHERS = """
cc_library(
    name = "status_matchers",
    testonly = True,
    srcs = glob(["lib/*"]),
    visibility = ["//visibility:public"],
    deps = [
        "//:headers",
        "@com_google_googletest//:gtest",
    ],
)
"""

def _abseil_impl(ctx):
    missing = link_files(ctx, {"/usr/include/absl": "include/absl"})
    if missing:
        fail_without_package(ctx, "libabsl-dev", missing)
    ctx.file("WORKSPACE", "workspace(name = \"{}\")\n".format(ctx.name))
    folder = "/usr/lib/{}/libabsl_".format(multiarch(ctx))

    # Every header may print a string_view, which some releases have in a library of its own.
    ctx.file("BUILD.bazel", _HEADERS.format(
        linkopts = _linkopts(["string_view"] if ctx.path(folder + "string_view.so").exists else []),
    ))
    for package, targets in _TARGETS.items():
        ctx.file(package + "/BUILD.bazel", "".join([
            _target(target, [
                library
                for library in libraries
                if ctx.path(folder + library + ".so").exists
            ])
            for target, libraries in targets.items()
        ] + ([_STATUS_MATCHERS] if package == "absl/status" else [])))

    # Releases before 2024 have none.
    matchers = folder + "status_matchers.a"
    if ctx.path(matchers).exists:
        ctx.symlink(matchers, "absl/status/lib/libabsl_status_matchers.a")

abseil = repository_rule(
    implementation = _abseil_impl,
    doc = "Abseil, canonically com_google_absl.",
    environ = ["CC"],
    local = True,
)
