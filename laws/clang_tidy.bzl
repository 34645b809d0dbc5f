"""clang-tidy as Bazel actions: a file is read again only when it, a header it includes or the configuration changed.

    bazel build //... --config=clang_tidy

The aspect runs on every C++ target, one action a source file, with the flags that the compiler gets. Clang's thread safety
analysis runs with it: a member that is used without the mutex that guards it (ABSL_GUARDED_BY) is an error.
"""

load("//development:cc_command.bzl", "CC_COMMAND_ATTRIBUTES", "cc_command")

def _clang_tidy_impl(target, ctx):
    command = cc_command(target, ctx)
    if not command or not command.sources:
        return []
    outputs = []
    for source in command.sources:
        output = ctx.actions.declare_file("{}.{}.clang_tidy".format(target.label.name, source.short_path.replace("/", "_")))
        outputs.append(output)
        arguments = ctx.actions.args()
        arguments.add(output)
        arguments.add(source)
        arguments.add_all(command.flags + ["-Wthread-safety"])
        ctx.actions.run(
            executable = ctx.executable._clang_tidy,
            arguments = [arguments],
            inputs = depset([source] + command.headers + ctx.files._configuration, transitive = [command.inputs]),
            outputs = [output],
            mnemonic = "ClangTidy",
            progress_message = "Reading %s with clang-tidy" % source.short_path,
            use_default_shell_env = True,
        )
    return [OutputGroupInfo(clang_tidy = depset(outputs))]

clang_tidy = aspect(
    implementation = _clang_tidy_impl,
    doc = "Reads the C++ sources of a target with clang-tidy; the output group `clang_tidy` fails to build if it finds anything.",
    attrs = dict(CC_COMMAND_ATTRIBUTES, **{
        "_clang_tidy": attr.label(
            default = Label("//laws:clang_tidy"),
            executable = True,
            cfg = "exec",
        ),
        "_configuration": attr.label(default = Label("//:.clang-tidy"), allow_files = True),
    }),
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
)
