#!/usr/bin/env python3
"""Writes a page on the public rules and macros of a Starlark file, from its docstrings.

  development/starlark_docs.py FILE.bzl LOAD_LABEL >PAGE.md

Public is what does not begin with an underscore: functions with a docstring, rules, aspects and providers. Starlark is read as
Python, of whose syntax it is a part.
"""

import ast
import inspect
import re
import sys


def fail(message):
    sys.exit(f"starlark_docs: {message}")


def literal(node):
    """A default as it is written, such as ["performance"]."""
    return ast.unparse(node).replace("'", '"')


def signature(function):
    """The parameters as a call has them, one a line."""
    arguments = function.args
    first_default = len(arguments.args) - len(arguments.defaults)
    lines = []
    for i, argument in enumerate(arguments.args):
        default = f" = {literal(arguments.defaults[i - first_default])}" if i >= first_default else ""
        lines.append(f"    {argument.arg}{default},")
    if arguments.kwarg:
        lines.append(f"    **{arguments.kwarg.arg},")
    return "\n".join([f"{function.name}(", *lines, ")"])


def paragraphs(docstring):
    """(text, [(parameter, its description)]) of a docstring in the form of Bazel's style guide."""
    text, _, rest = inspect.cleandoc(docstring).partition("\nArgs:\n")
    parameters = []
    for line in rest.splitlines():
        if re.match(r"\S", line):
            break
        found = re.match(r"  (\*{0,2}\w+): (.*)", line)
        if found:
            parameters.append([found.group(1), found.group(2)])
        elif line.strip() and parameters:
            parameters[-1][1] += " " + line.strip()
    return text.strip(), parameters


def table(rows):
    return ["| attribute | what it is |", "|---|---|", *(f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in rows), ""]


def section_of_function(function):
    docstring = ast.get_docstring(function)
    if not docstring:
        fail(f"{function.name} is public and has no docstring")
    text, parameters = paragraphs(docstring)
    names = [argument.arg for argument in function.args.args] + ([f"**{function.args.kwarg.arg}"] if function.args.kwarg else [])
    if [name for name, _ in parameters] != names:
        fail(f"{function.name}: its docstring does not describe its parameters in their order: {', '.join(names)}")
    return [f"## {function.name}", "", text, "", "```python", signature(function), "```", "", *table(parameters)]


def section_of_value(name, call):
    """Of a rule, aspect or provider, which has its documentation as an argument."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if "doc" not in keywords:
        fail(f"{name} is public and has no doc")
    lines = [f"## {name}", "", ast.literal_eval(keywords["doc"]), ""]
    if "fields" in keywords:
        fields = ast.literal_eval(keywords["fields"])
        lines += table(fields.items())
    return lines


def page_of(source, label):
    tree = ast.parse(source)
    module = ast.get_docstring(tree)
    if not module:
        fail("the file has no docstring")
    # A block that is indented is an example.
    lines = [f"# Rules of `{label}`", "", f"Written by `development/starlark_docs.py` of the docstrings in `{label}`.", ""]
    in_example = False
    for line in inspect.cleandoc(module).splitlines():
        example = line.startswith("    ") or (in_example and not line)
        if example and not in_example:
            lines.append("```python")
        if in_example and not example:
            lines[-1:] = ["```", ""] if lines[-1] == "" else [lines[-1], "```"]
        in_example = example
        lines.append(line[4:] if example else line)
    lines.append("")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            lines += section_of_function(node)
        elif (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)
              and not node.targets[0].id.startswith("_")):
            lines += section_of_value(node.targets[0].id, node.value)
    return "\n".join(lines).rstrip() + "\n"


def main():
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(page_of(file.read(), sys.argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
