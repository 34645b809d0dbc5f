"""Libraries and programs that differ in one thing from the one called `plain`."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library")

# Sanitizers and coverage write line numbers into what is run, and another optimisation is a variant of its own.
_COPTS = ["-O2", "-fno-sanitize=all"]
_FEATURES = ["-coverage"]

def product(name, srcs = ["product.cc"], copts = [], local_defines = []):
    """An object in an archive.

    Args:
      name: the target's.
      srcs: the source.
      copts: flags of the compiler.
      local_defines: macros of the source.
    """
    cc_library(
        name = name,
        testonly = True,
        srcs = srcs,
        hdrs = ["product.h"],
        copts = _COPTS + copts,
        features = _FEATURES,
        linkstatic = True,
        local_defines = local_defines,
    )

def harness(name, local_defines = []):
    """The object that is linked beside it.

    Args:
      name: the target's.
      local_defines: macros of the source.
    """
    cc_library(
        name = name,
        testonly = True,
        srcs = ["harness.cc"],
        copts = _COPTS,
        features = _FEATURES,
        linkstatic = True,
        local_defines = local_defines,
        visibility = ["//perf/code:__subpackages__"],
        deps = ["//perf/code/testdata:product_header"],
    )

def program(name, product = "plain", harness = "plain", harness_first = False, srcs = ["main.cc"], deps = [], linkopts = []):
    """A program of both.

    Args:
      name: the target's.
      product: the product's variant.
      harness: the harness's variant.
      harness_first: whether the harness comes ahead of the product.
      srcs: where `main` is; nowhere if it is the harness's.
      deps: further libraries.
      linkopts: flags of the linker.
    """
    libraries = [":product_" + product, "//perf/code/testdata/harness:harness_" + harness]
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        copts = _COPTS,
        features = _FEATURES,
        linkopts = linkopts,
        deps = [":product_header"] + (libraries[::-1] if harness_first else libraries) + deps,
    )
