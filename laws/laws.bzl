"""Laws between packages, and a test of them.

A law says that nothing of a room, nor what that is made of, is of a forbidden place:

    law(name = "audio", room = "//audio", forbidden = "//(tools|session)")
    laws_test(name = "laws_test", kept = [":audio"], broken = [":a_case_it_rejects"])
"""

# All tests and what they are made of, and the product.
_ROOTS = [
    "//baselines:suite",
    "//pipeline:voice_agent",
]

def law(name, room, forbidden, roots = _ROOTS):
    """A list of the targets that break a law.

    Args:
      name: name of the list.
      room: regular expression of the packages the law binds, without their subfolders: "//audio".
      forbidden: regular expression of the packages they must not depend on.
      roots: targets that lead to all that is looked at.
    """
    native.genquery(
        name = name,
        expression = "filter('^{forbidden}[:/]', deps(filter('^{room}[:/]', deps({roots}))))".format(
            forbidden = forbidden,
            room = room,
            roots = " + ".join(roots),
        ),
        scope = roots,
        testonly = True,
    )

def laws_test(name, kept, broken):
    """Fails if a law that must be kept is broken, or one that must be broken is not.

    Args:
      name: name of the test.
      kept: laws whose lists must be empty.
      broken: laws whose lists must not be: the proof that the query finds anything.
    """
    native.sh_test(
        name = name,
        size = "small",
        srcs = ["laws_test.sh"],
        args = ["$(location {})".format(law) for law in kept] + ["--"] +
               ["$(location {})".format(law) for law in broken],
        data = kept + broken,
    )
