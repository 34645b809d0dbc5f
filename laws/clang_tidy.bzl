"""clang-tidy as Bazel actions: a file is read again only when it, a header it includes or the configuration changed.

    bazel build //... --config=clang_tidy

The aspect runs on every C++ target, one action a source file, with the flags that the compiler gets. Clang's thread safety
analysis runs with it: a member that is used without the mutex that guards it (ABSL_GUARDED_BY) is an error.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# What GCC is told and Clang does not know, and what makes warnings of the compiler, not of clang-tidy, errors.
_GCC_ONLY = ("-fno-canonical", "-Wno-free", "-Wunused-but-set-parameter", "-fstack", "-Werror")

def _sources(rule):
    """The C++ files of a rule that people wrote, and all of its headers."""
    files = [file for target in getattr(rule.attr, "srcs", []) for file in target.files.to_list()]
    sources = [file for file in files if file.extension == "cc" and file.is_source]
    headers = [
        file
        for target in getattr(rule.attr, "hdrs", []) + getattr(rule.attr, "textual_hdrs", [])
        for file in target.files.to_list()
    ]
    return sources, headers + [file for file in files if file.extension != "cc"]

def _context(target, rule):
    """What the rule's sources are compiled with: of the rule itself if it says so, and of what it depends on."""
    infos = [target[CcInfo]] if CcInfo in target else []
    for attribute in ["deps", "malloc"]:
        dependencies = getattr(rule.attr, attribute, None) or []
        for dependency in dependencies if type(dependencies) == "list" else [dependencies]:
            if CcInfo in dependency:
                infos.append(dependency[CcInfo])
    return cc_common.merge_cc_infos(cc_infos = infos).compilation_context

def _expanded(ctx, words):
    """With make variables replaced, and without the backslashes that BUILD files write for a shell."""
    return [ctx.expand_make_variables("copts", word, {}).replace("\\\"", "\"") for word in words]

def _clang_tidy_impl(target, ctx):
    if not ctx.rule.kind in ["cc_library", "cc_binary", "cc_test"]:
        return []
    if target.label.workspace_name:
        return []
    sources, headers = _sources(ctx.rule)
    if not sources:
        return []
    context = _context(target, ctx.rule)
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts +
                             _expanded(ctx, getattr(ctx.rule.attr, "copts", [])),
        include_directories = context.includes,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
        preprocessor_defines = depset(
            _expanded(ctx, getattr(ctx.rule.attr, "local_defines", []) + getattr(ctx.rule.attr, "defines", [])),
            transitive = [context.defines],
        ),
    )
    flags = [
        flag
        for flag in cc_common.get_memory_inefficient_command_line(
            feature_configuration = features,
            action_name = CPP_COMPILE_ACTION_NAME,
            variables = variables,
        )
        if not flag.startswith(_GCC_ONLY)
    ] + ["-Wthread-safety"]
    outputs = []
    for source in sources:
        output = ctx.actions.declare_file("{}.{}.clang_tidy".format(target.label.name, source.short_path.replace("/", "_")))
        outputs.append(output)
        arguments = ctx.actions.args()
        arguments.add(output)
        arguments.add(source)
        arguments.add_all(flags)
        ctx.actions.run(
            executable = ctx.executable._clang_tidy,
            arguments = [arguments],
            inputs = depset([source] + headers + ctx.files._configuration, transitive = [context.headers]),
            outputs = [output],
            mnemonic = "ClangTidy",
            progress_message = "Reading %s with clang-tidy" % source.short_path,
            use_default_shell_env = True,
        )
    return [OutputGroupInfo(clang_tidy = depset(outputs))]

clang_tidy = aspect(
    implementation = _clang_tidy_impl,
    doc = "Reads the C++ sources of a target with clang-tidy; the output group `clang_tidy` fails to build if it finds anything.",
    attrs = {
        "_clang_tidy": attr.label(
            default = Label("//laws:clang_tidy"),
            executable = True,
            cfg = "exec",
        ),
        "_configuration": attr.label(default = Label("//:.clang-tidy"), allow_files = True),
        "_cc_toolchain": attr.label(default = Label("@bazel_tools//tools/cpp:current_cc_toolchain")),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
)
