"""Recordings of another repository, in a place among a test's files that is the same under every Bazel."""

def _recordings_impl(ctx):
    place = ctx.label.package + "/" + ctx.label.name + "/"
    files = ctx.files.srcs

    # "../REPOSITORY/recordings/FILE".
    links = {place + file.short_path.split("/", 3)[3]: file for file in files}
    return [DefaultInfo(
        files = depset(files),
        runfiles = ctx.runfiles(symlinks = links),
    )]

recordings = rule(
    implementation = _recordings_impl,
    doc = "Recordings that a test finds in the folder of this target's package and name.",
    attrs = {
        "srcs": attr.label_list(
            doc = "The files: `//:recordings` of a repository of _recordings in third_party/repositories.bzl.",
            allow_files = True,
            mandatory = True,
        ),
    },
)
