// The files of flags that a workspace's .bazelrc imports.
#ifndef PERF_BAZEL_IMPORTED_SETTINGS_H_
#define PERF_BAZEL_IMPORTED_SETTINGS_H_

#include <string>
#include <vector>

namespace perf {

// The paths below `workspace` of all files that its .bazelrc names after `import %workspace%/` or
// `try-import %workspace%/`, and those files in turn, in the order in which they are named. Those
// that are not there are left out, and so is what lies outside of the workspace.
//
// Source: https://bazel.build/run/bazelrc, "Imports".
std::vector<std::string> ImportedSettings(const std::string& workspace);

}  // namespace perf

#endif  // PERF_BAZEL_IMPORTED_SETTINGS_H_
