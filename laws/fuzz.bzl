"""Fuzzers, each with a test that replays what it has found.

    load("//laws:fuzz.bzl", "fuzz_test")

    fuzz_test(
        name = "wav",
        max_bytes = 2000,
        deps = ["//audio/sound_file:wav"],
    )
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_test")

def fuzz_test(name, max_bytes, deps, size = "small"):
    """A fuzzer of NAME_fuzzer.cc, and the test that runs it on the inputs in corpus/NAME.

    The test, NAME_replay_test, is built by any compiler and runs with all other tests. The fuzzer,
    NAME_fuzzer, needs Clang's libFuzzer: it is built with --config=fuzz, by its name (it is `manual`),
    and `laws/run_fuzzer` starts it. Beside NAME_fuzzer.cc, which defines LLVMFuzzerTestOneInput, lie
    NAME.dict, libFuzzer's dictionary, and the corpus, one input a file.

    Args:
      name: what is fuzzed.
      max_bytes: the longest input that the fuzzer tries.
      deps: what the source includes.
      size: size of the replay test.
    """
    source = name + "_fuzzer.cc"
    dictionary = name + ".dict"
    cc_test(
        name = name + "_replay_test",
        size = size,
        srcs = [source],
        args = ["{}/corpus/{}".format(native.package_name(), name)],
        data = native.glob(["corpus/{}/*".format(name)]),
        deps = deps + [Label("//laws:replay_main")],
    )
    cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = [source],
        args = [
            # In seconds, for one input.
            "-timeout=20",
            "-max_len={}".format(max_bytes),
            "-dict=$(rootpath {})".format(dictionary),
        ],
        data = [dictionary],
        linkopts = ["-fsanitize=fuzzer"],
        tags = [
            "fuzzer",
            "manual",
        ],
        deps = deps,
    )
