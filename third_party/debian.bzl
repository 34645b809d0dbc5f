"""External repositories over libraries that the distribution installs.

Bazel reaches a distribution's library through a repository of symbolic links: the headers, data or
programs a target names, and nothing else of `/usr`. The repositories carry the libraries' canonical
names, so sources and BUILD files read as they would anywhere, and a workspace that builds the
libraries from source can replace these declarations without touching another file.
"""

def _multiarch(ctx):
    compiler = ctx.os.environ.get("CC", "gcc")
    result = ctx.execute([compiler, "-print-multiarch"])
    if result.return_code != 0 or not result.stdout.strip():
        fail("{} -print-multiarch failed: {}".format(compiler, result.stderr))
    return result.stdout.strip()

def _debian_package_impl(ctx):
    multiarch = _multiarch(ctx)
    missing = []
    for source, destination in ctx.attr.files.items():
        path = source.replace("{multiarch}", multiarch)
        if ctx.path(path).exists:
            ctx.symlink(path, destination)
        else:
            missing.append(path)
    if missing:
        fail("\n\n  @{name} needs the package {package}, and {paths} {is_not} there.\n".format(
                 name = ctx.name,
                 package = ctx.attr.package,
                 paths = ", ".join(missing),
                 is_not = "is not" if len(missing) == 1 else "are not",
             ) + "  Build with ./bazelw, which installs it, or run: apt-get install " +
             ctx.attr.package + "\n")
    ctx.file("WORKSPACE", "workspace(name = \"{}\")\n".format(ctx.name))
    for label, destination in ctx.attr.build_files.items():
        ctx.symlink(label, destination)
    for destination, content in ctx.attr.generated_build_files.items():
        ctx.file(destination, content)

debian_package = repository_rule(
    implementation = _debian_package_impl,
    doc = "An external repository of links to files that a Debian package installs.",
    # Looked at again each time a Bazel server starts, so that a package installed
    # after a failure is seen without `bazel clean`.
    local = True,
    environ = ["CC"],
    attrs = {
        "build_files": attr.label_keyed_string_dict(
            doc = "BUILD file of this workspace to the place it takes in the repository.",
        ),
        "files": attr.string_dict(
            doc = "Absolute path on the machine (`{multiarch}` stands for the library " +
                  "triplet) to the place it takes in the repository. Each must exist.",
            mandatory = True,
        ),
        "generated_build_files": attr.string_dict(
            doc = "Place in the repository to the text of a BUILD file.",
        ),
        "package": attr.string(
            doc = "The Debian package(s) to name when a file is missing, space-separated.",
            mandatory = True,
        ),
    },
)
