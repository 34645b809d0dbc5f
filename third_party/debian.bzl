"""External repositories over libraries that the distribution installs.

Bazel reaches a distribution's library through a repository of symbolic links: the headers, data or
programs a target names, and nothing else of `/usr`. The repositories carry the libraries' canonical
names, so sources and BUILD files read as they would anywhere, and a workspace that builds the
libraries from source can replace these declarations without touching another file.
"""

def this_repository():
    """The repository of this file, as BUILD files of other repositories can name it.

    Returns:
      What comes before `//`, whatever the main workspace calls this one, if it is not the main one itself.
    """
    return str(Label("//third_party:debian.bzl")).split("//")[0] or "@"

def multiarch(ctx):
    """The name of the folder of libraries of the instruction set that is compiled for, below /usr/lib.

    Args:
      ctx: of a repository rule.

    Returns:
      The library triplet, such as x86_64-linux-gnu.
    """
    compiler = ctx.os.environ.get("CC", "gcc")
    result = ctx.execute([compiler, "-print-multiarch"])
    if result.return_code != 0 or not result.stdout.strip():
        fail("{} -print-multiarch failed: {}".format(compiler, result.stderr))
    return result.stdout.strip()

def _link(ctx, triplet, source, destination):
    """Links the first path of `source` that exists. Returns whether one does."""
    for path in source.replace("{multiarch}", triplet).split("|"):
        if ctx.path(path).exists:
            if destination.endswith("/"):
                destination += path.split("/")[-1]
            ctx.symlink(path, destination)
            return True
    return False

def link_files(ctx, files):
    """Links files of the machine into the repository.

    Args:
      ctx: of a repository rule.
      files: path on the machine to the place it takes, as debian_package has them.

    Returns:
      The paths that are not there.
    """
    triplet = multiarch(ctx)
    return [
        source.replace("{multiarch}", triplet).replace("|", " or ")
        for source, destination in files.items()
        if not _link(ctx, triplet, source, destination)
    ]

def fail_without_package(ctx, package, missing):
    """Ends the build with what is missing, and how to get it.

    Args:
      ctx: of a repository rule.
      package: the Debian packages, space-separated.
      missing: the paths that are not there.
    """
    fail("\n\n  @{name} needs the package {package}, and {paths} {is_not} there.\n".format(
        name = ctx.name,
        package = package,
        paths = ", ".join(missing),
        is_not = "is not" if len(missing) == 1 else "are not",
    ) + "  Build with ./bazelw, which installs it, or run: apt-get install " + package + "\n")

# A target that no platform can have: what depends on it is left out of `//...`, and asked for by
# name, Bazel says why, with this constraint's name.
_STAND_IN = """
constraint_setting(name = "packages")

constraint_value(
    name = "installed_{package}",
    constraint_setting = ":packages",
)
"""

_STAND_IN_TARGET = """
cc_library(
    name = "{name}",
    target_compatible_with = [":installed_{package}"],
    visibility = ["//visibility:public"],
)
"""

def _debian_package_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"{}\")\n".format(ctx.name))
    missing = link_files(ctx, ctx.attr.files)
    if ctx.attr.stand_ins:
        ctx.file("installed.bzl", '"""Generated."""\n\nINSTALLED = {}\n'.format(not missing))
    if missing and ctx.attr.stand_ins:
        package = ctx.attr.package.replace(" ", "_")
        ctx.file("BUILD.bazel", _STAND_IN.format(package = package) + "".join([
            _STAND_IN_TARGET.format(name = name, package = package)
            for name in ctx.attr.stand_ins
        ]))
        return
    if missing:
        fail_without_package(ctx, ctx.attr.package, missing)
    link_files(ctx, ctx.attr.optional_files)
    for label, destination in ctx.attr.build_files.items():
        ctx.template(destination, label, {"@parlance//": this_repository() + "//"})
    for destination, content in ctx.attr.generated_build_files.items():
        ctx.file(destination, content)

debian_package = repository_rule(
    implementation = _debian_package_impl,
    doc = "An external repository of links to files that a Debian package installs.",
    # Looked at again each time a Bazel server starts, so that a package installed
    # after a failure is seen without `bazel clean`.
    local = True,
    # The second is what bazelw found to be installed of what the build can do without.
    environ = ["BAZELW_PACKAGES", "CC"],
    attrs = {
        "build_files": attr.label_keyed_string_dict(
            doc = "BUILD file of this workspace to the place it takes in the repository. What it calls " +
                  "`@parlance` is this workspace, whatever its name is.",
        ),
        "files": attr.string_dict(
            doc = "Absolute path on the machine (`{multiarch}` stands for the library " +
                  "triplet; of several with `|` between, the first that exists) to the place it " +
                  "takes in the repository; a place that ends with `/` is a folder. Each must exist.",
            mandatory = True,
        ),
        "generated_build_files": attr.string_dict(
            doc = "Place in the repository to the text of a BUILD file.",
        ),
        "optional_files": attr.string_dict(
            doc = "The same, of files that not every release of the package has.",
        ),
        "package": attr.string(
            doc = "The Debian package(s) to name when a file is missing, space-separated.",
            mandatory = True,
        ),
        "stand_ins": attr.string_list(
            doc = "Names of all of its targets, if the build can do without the package: where a file " +
                  "is missing, they are incompatible with every platform, and Bazel leaves out what needs them. " +
                  "`//:installed.bzl` says which it is.",
        ),
    },
)
