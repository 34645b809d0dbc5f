#!/usr/bin/env python3
"""Laws about rooms: which folder may include from which, and that each explains itself.

  git ls-files | laws/rooms.py crowded | cycles | graph | unexplained [ROOT]

A room is a folder with sources; testing/, testdata/ and fuzz/ belong to the room above them. The files to look at are
named on standard input, relative to ROOT (default: the current folder). Each command prints what breaks its law, one
finding a line, and nothing if there is none; `graph` prints the edges instead.

  crowded      rooms of more sources than anybody keeps in mind, tests and what serves them apart
  cycles       rooms that include one another, directly or through others, with the includes that do it; also includes of
               files that do not exist
  graph        each room with the rooms that it includes from
  unexplained  rooms that are packages and have no README.md, and headers that it does not name: as `name.h`, or by a
               pattern such as `*_weights.h`

Tests, benchmarks, programs (`*_main.cc`) and whatever is in testing/ or fuzz/ bring rooms together, and are bound by no law of
this file.
"""
import collections
import fnmatch
import os
import re
import sys

SOURCE = re.compile(r"\.(cc|h|inc|proto)$")
BELONGS_TO_ROOM_ABOVE = re.compile(r"/(testing|testdata|fuzz)(/|$)")
COMPOSES = re.compile(r"_(test|benchmark|main|fuzzer)\.cc$")
MAX_SOURCES = 25
# Below third_party/ lie overlays under other projects' names.
OVERLAY = re.compile(r"^third_party/.")
# Our own headers are included from the workspace's root, and so are our .proto files.
INCLUDE = re.compile(r'^\s*(?:#\s*include|import(?:\s+public)?)\s+"([^"]+)"', re.MULTILINE)


def room_of(path):
    """The room that a file is of."""
    return BELONGS_TO_ROOM_ABOVE.split(os.path.dirname(path))[0]


def is_bound(path):
    """Whether the law of includes binds a file."""
    return not COMPOSES.search(path) and not BELONGS_TO_ROOM_ABOVE.search(os.path.dirname(path))


def read_includes(files, root):
    """Edges between rooms, {(from, to): [(file, included file)]}, and complaints about what is not there."""
    known = set(files)
    folders = {name.split("/")[0] for name in files if "/" in name}
    edges = collections.defaultdict(list)
    complaints = []
    for name in files:
        if not SOURCE.search(name) or not is_bound(name):
            continue
        with open(os.path.join(root, name), encoding="utf-8") as file:
            text = file.read()
        for included in INCLUDE.findall(text):
            if included.split("/")[0] not in folders:
                continue  # A library's.
            included = re.sub(r"\.pb\.h$", ".proto", included)
            if included not in known:
                complaints.append(f"{name} includes {included}, which does not exist")
            elif room_of(name) != room_of(included):
                edges[room_of(name), room_of(included)].append((name, included))
    return edges, complaints


def reachable(successors, start):
    """The rooms that can be reached from a room by at least one edge."""
    found = set()
    waiting = [start]
    while waiting:
        for room in successors[waiting.pop()]:
            if room not in found:
                found.add(room)
                waiting.append(room)
    return found


def find_cycles(edges):
    """Sets of rooms each of which includes, in the end, all others of the set."""
    successors = collections.defaultdict(set)
    for origin, target in edges:
        successors[origin].add(target)
    reach = {room: reachable(successors, room) for room in list(successors)}
    cycles = []
    for room in sorted(reach):
        if room in reach[room] and not any(room in cycle for cycle in cycles):
            cycles.append({other for other in reach[room] if room in reach.get(other, ())})
    return cycles


def print_cycles(edges, complaints):
    for complaint in complaints:
        print(complaint)
    for cycle in find_cycles(edges):
        print("include one another: " + ", ".join(sorted(cycle)))
        for (origin, target), includes in sorted(edges.items()):
            if origin in cycle and target in cycle:
                for name, included in includes:
                    print(f"  {name} includes {included}")


def print_graph(edges):
    targets = collections.defaultdict(set)
    for origin, target in edges:
        targets[origin].add(target)
    for origin in sorted(targets):
        print(f"{origin} -> {' '.join(sorted(targets[origin]))}")


def print_crowded(files):
    sources = collections.Counter(
        os.path.dirname(name)
        for name in files
        if SOURCE.search(name) and not re.search(r"_(test|benchmark|fuzzer)\.cc$", name)
        and not BELONGS_TO_ROOM_ABOVE.search(os.path.dirname(name)))
    for room, number in sorted(sources.items()):
        if number > MAX_SOURCES:
            print(f"{room} has {number} sources, and {MAX_SOURCES} are the limit")


def print_unexplained(files, root):
    known = set(files)
    rooms = {room_of(name) for name in files if "/" in name and re.search(r"\.(cc|h|proto|bzl|py|sh)$", name)}
    for room in sorted(rooms):
        if not OVERLAY.search(room) and f"{room}/BUILD.bazel" in known and f"{room}/README.md" not in known:
            print(f"{room}/README.md does not exist")
        elif f"{room}/README.md" in known:
            with open(os.path.join(root, room, "README.md"), encoding="utf-8") as file:
                named = re.findall(r"`([^`\s]+\.h)`", file.read())
            for name in files:
                base = os.path.basename(name)
                if os.path.dirname(name) == room and name.endswith(".h") and not any(
                        fnmatch.fnmatch(base, pattern) for pattern in named):
                    print(f"{room}/README.md does not name {base}")


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ("crowded", "cycles", "graph", "unexplained"):
        print("usage: git ls-files | laws/rooms.py crowded | cycles | graph | unexplained [ROOT]", file=sys.stderr)
        return 2
    root = sys.argv[2] if len(sys.argv) == 3 else "."
    # A file may be deleted and still be in git's index.
    files = [name for name in sys.stdin.read().splitlines() if os.path.exists(os.path.join(root, name))]
    if not files:
        print("rooms.py: standard input names no file that exists", file=sys.stderr)
        return 2
    if sys.argv[1] == "unexplained":
        print_unexplained(files, root)
        return 0
    if sys.argv[1] == "crowded":
        print_crowded(files)
        return 0
    edges, complaints = read_includes(files, root)
    if sys.argv[1] == "graph":
        print_graph(edges)
    else:
        print_cycles(edges, complaints)
    return 0


if __name__ == "__main__":
    sys.exit(main())
