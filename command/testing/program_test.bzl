"""A test of a program, as its users run it."""

_HARNESS = "//command/testing:program_test.sh"

def program_test(name, program, cases, program_name = "", data = [], **kwargs):
    """Runs a program in a shell, and checks exit codes, messages and files.

    Every program is first held to what all of them have to do: --help states the exit codes, an unknown flag is a
    mistake, standard output that cannot be written is an error. Then the cases are read; the functions they may call
    are in program_test.sh.

    Args:
      name: name of the test.
      program: label of the program.
      cases: the shell script with the cases.
      program_name: the name that the program says, if that is not its file's.
      data: files that the cases read, below $runfiles.
      **kwargs: size, tags and others of a test.
    """
    native.sh_test(
        name = name,
        srcs = [_HARNESS],
        args = ["$(location {})".format(program), "$(location {})".format(cases), program_name],
        data = [program, cases] + data,
        **kwargs
    )
