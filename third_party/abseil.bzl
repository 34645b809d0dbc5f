"""Abseil from libabsl-dev, under the target names Abseil itself uses.

Every target offers all of Abseil's headers and links the libraries named for it here. The targets
still say what a source file includes, so a workspace with Abseil from source builds unchanged.
"""

load("//third_party:debian.bzl", "debian_package")

# Package to target to the libraries it links. A library appears with what its inline
# functions call, because Debian's shared libraries are linked one by one.
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
        linkopts = ", ".join(["\"-labsl_%s\"" % library for library in libraries]),
    )

def abseil(name):
    """Declares Abseil.

    Args:
      name: name of the repository, canonically com_google_absl.
    """
    build_files = {
        "BUILD.bazel": """
cc_library(
    name = "headers",
    hdrs = glob(["include/absl/**/*.h", "include/absl/**/*.inc"]),
    includes = ["include"],
    visibility = ["//:__subpackages__"],
)
""",
    }
    for package, targets in _TARGETS.items():
        build_files[package + "/BUILD.bazel"] = "".join([
            _target(target, libraries)
            for target, libraries in targets.items()
        ])
    debian_package(
        name = name,
        package = "libabsl-dev",
        files = {"/usr/include/absl": "include/absl"},
        generated_build_files = build_files,
    )
