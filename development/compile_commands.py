#!/usr/bin/env python3
"""Writes compile_commands.json, by which clangd and other editors' servers understand the C++ files of this workspace.

  ./bazelw run //development:compile_commands [-- TARGETS]

TARGETS: which targets' files, as Bazel takes them; all by default. Generated headers are built. Run it again when BUILD files have
changed. The format is Clang's "JSON Compilation Database". Exit code: 0 done, 2 could not be done.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

ASPECT = "//development:compile_commands.bzl%compile_commands"
# Options of the compiler that a path follows, in the same word or in the next one.
PATH_OPTIONS = ("-iquote", "-isystem", "-I", "-include")


def built(events):
    """The files of the aspect that a file of build events names."""
    files = []
    for line in open(events, encoding="utf-8"):
        for file in json.loads(line).get("namedSetOfFiles", {}).get("files", []):
            if file["name"].endswith(".compile_commands"):
                files.append(urllib.parse.unquote(urllib.parse.urlparse(file["uri"]).path))
    return sorted(set(files))


def absolute(path, workspace, execution_root):
    """An action's path where the file really is: generated ones and those of other repositories are below Bazel's folders."""
    if path.split("/")[0] in ("bazel-out", "external"):
        return os.path.join(execution_root, path)
    return os.path.normpath(os.path.join(workspace, path))


def entry(command, workspace, execution_root):
    """An entry of the database, from a line of the aspect."""
    arguments = []
    is_path = False
    for word in command["arguments"]:
        option = next((option for option in PATH_OPTIONS if word.startswith(option)), None)
        if is_path or word == command["file"]:
            word = absolute(word, workspace, execution_root)
        elif option and word != option:
            word = option + absolute(word[len(option):], workspace, execution_root)
        is_path = word in PATH_OPTIONS
        arguments.append(word)
    return {"directory": workspace, "file": os.path.join(workspace, command["file"]), "arguments": arguments}


def main():
    if any(argument in ("--help", "-h") for argument in sys.argv[1:]):
        print(__doc__.strip())
        return 0
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not workspace:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    os.chdir(workspace)
    with tempfile.TemporaryDirectory() as scratch:
        events = os.path.join(scratch, "events.json")
        build = ["./bazelw", "build", f"--aspects={ASPECT}", "--output_groups=compile_commands", "--keep_going",
                 f"--build_event_json_file={events}", "--", *(sys.argv[1:] or ["//..."])]
        code = subprocess.run(build).returncode
        files = built(events) if os.path.exists(events) else []
    if code != 0:
        print("compile_commands: not everything can be built; see above", file=sys.stderr)
    if not files:
        print("compile_commands: no C++ files; compile_commands.json stays as it is", file=sys.stderr)
        return 2
    info = subprocess.run(["./bazelw", "info", "execution_root"], capture_output=True, text=True, check=True)
    commands = [entry(json.loads(line), workspace, info.stdout.strip()) for file in files for line in open(file, encoding="utf-8")]
    commands.sort(key=lambda command: command["file"])
    # A reader sees the whole file, or the one before it.
    with open("compile_commands.json.new", "w", encoding="utf-8") as file:
        json.dump(commands, file, indent=1)
    os.replace("compile_commands.json.new", "compile_commands.json")
    print(f"compile_commands: {len(commands)} entries in compile_commands.json")
    return 0 if code == 0 else 2


if __name__ == "__main__":
    sys.exit(main())
