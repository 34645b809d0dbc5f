"""How each C++ file is compiled, for editors.

Each target gets a file with a JSON object a line, {"file": …, "arguments": […]}, with paths as actions see them; the command
//development:compile_commands makes a compilation database of them.
"""

load(":cc_command.bzl", "CC_COMMAND_ATTRIBUTES", "cc_command")

def _compile_commands_impl(target, ctx):
    command = cc_command(target, ctx)
    if not command:
        return []
    lines = []
    for file in command.sources + command.headers:
        if file.is_source:
            # A header is read as one of C++, whatever an editor takes its ending for.
            language = [] if file.extension == "cc" else ["-xc++-header"]
            lines.append(json.encode(struct(
                file = file.path,
                arguments = ["clang++"] + command.flags + language + ["-c", file.path],
            )))
    output = ctx.actions.declare_file(target.label.name + ".compile_commands")
    ctx.actions.write(output, "".join([line + "\n" for line in lines]))

    # An editor opens what is generated, too, so it has to be there.
    generated = [file for file in command.inputs.to_list() if not file.is_source]
    return [OutputGroupInfo(compile_commands = depset([output] + generated))]

compile_commands = aspect(
    implementation = _compile_commands_impl,
    doc = "The output group `compile_commands`: how a target's files are compiled, and the generated headers that they include.",
    attrs = CC_COMMAND_ATTRIBUTES,
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
)
