"""A folder of this repository as a repository of its own, also where this one is not the main one."""

def _folder_impl(ctx):
    for entry in ctx.path(ctx.attr.workspace_file).dirname.readdir():
        ctx.symlink(entry, entry.basename)

folder = repository_rule(
    implementation = _folder_impl,
    doc = "A repository of what is in a folder.",
    local = True,
    attrs = {
        "workspace_file": attr.label(
            doc = "The WORKSPACE file in the folder.",
            allow_single_file = True,
            mandatory = True,
        ),
    },
)
