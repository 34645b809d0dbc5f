"""Headers that GCC reads once for many sources; see README.md."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# What .bazelrc has each test include first. The C++ standard says that this header is empty; any compiler has it.
_NAME = "iso646.h.gch"

def _precompiled_header_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)

    # Clang looks for such a file elsewhere, and needs other flags.
    if toolchain.compiler == "clang":
        return [CcInfo()]
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )

    # Compiled as any source is, so that its flags are those of the sources it is for, .bazelrc's --per_file_copt included.
    _, outputs = cc_common.compile(
        actions = ctx.actions,
        cc_toolchain = toolchain,
        compilation_contexts = [dep[CcInfo].compilation_context for dep in ctx.attr.deps],
        feature_configuration = features,
        name = ctx.label.name,
        srcs = [ctx.file.src],
        user_compile_flags = ["-x", "c++-header"],
    )

    # A test is linked of the objects of one kind, which the compilation mode chooses.
    position_independent = ctx.var["COMPILATION_MODE"] != "opt" or not outputs.objects
    compiled = (outputs.pic_objects if position_independent and outputs.pic_objects else outputs.objects)[0]
    header = ctx.actions.declare_file("{}/{}".format(ctx.label.name, _NAME))
    ctx.actions.symlink(output = header, target_file = compiled)
    return [
        CcInfo(compilation_context = cc_common.create_compilation_context(
            headers = depset([header]),
            system_includes = depset([header.dirname]),
        )),
        DefaultInfo(files = depset([header])),
    ]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    doc = "Compiles what `src` includes, for the sources of whoever depends on it, if GCC finds that it fits them.",
    attrs = {
        "deps": attr.label_list(
            doc = "The libraries whose headers it includes.",
            providers = [CcInfo],
        ),
        "src": attr.label(
            doc = "A source that includes them. By its name it gets the flags of the sources that it is for.",
            allow_single_file = [".cc"],
            mandatory = True,
        ),
        "_cc_toolchain": attr.label(default = Label("@bazel_tools//tools/cpp:current_cc_toolchain")),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _switch_impl(_ctx):
    return []

switch = rule(
    implementation = _switch_impl,
    doc = "Whether headers are compiled in advance. Only this workspace's .bazelrc turns it on.",
    build_setting = config.bool(flag = True),
)
