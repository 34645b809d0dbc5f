"""How a target's C++ sources are compiled, for programs that read them with Clang."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# What GCC is told and Clang does not know, and what makes warnings errors.
_GCC_ONLY = ("-fno-canonical", "-Wno-free", "-Wunused-but-set-parameter", "-fstack", "-Werror")

# What an aspect needs that calls cc_command.
CC_COMMAND_ATTRIBUTES = {
    "_cc_toolchain": attr.label(default = Label("@bazel_tools//tools/cpp:current_cc_toolchain")),
}

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

def cc_command(target, ctx):
    """How the sources of an aspect's target are compiled.

    Args:
      target: the aspect's target.
      ctx: the aspect's context, with CC_COMMAND_ATTRIBUTES, the fragment "cpp" and the C++ toolchain.

    Returns:
      None for a target of another repository, or without C++ files that people wrote. Otherwise a struct:
      sources, headers: lists of the target's own Files; inputs: depset of all headers that they may include;
      flags: list of strings, the compiler's options for any of the sources, of those that Clang knows.
    """
    if not ctx.rule.kind in ["cc_library", "cc_binary", "cc_test"] or target.label.workspace_name:
        return None
    sources, headers = _sources(ctx.rule)
    if not sources and not headers:
        return None
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
    return struct(
        sources = sources,
        headers = headers,
        inputs = context.headers,
        flags = [
            flag
            for flag in cc_common.get_memory_inefficient_command_line(
                feature_configuration = features,
                action_name = CPP_COMPILE_ACTION_NAME,
                variables = variables,
            )
            if not flag.startswith(_GCC_ONLY)
        ],
    )
