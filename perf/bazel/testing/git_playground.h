// Repositories to try things in, away from the settings and repositories of whoever runs the test.
#ifndef PERF_BAZEL_TESTING_GIT_PLAYGROUND_H_
#define PERF_BAZEL_TESTING_GIT_PLAYGROUND_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace perf {

// One folder for a test, with a home folder in it. People and times are fixed, so that the same
// steps make the same commits.
class GitPlayground {
 public:
  // `name`: the folder's, below the test's temporary one. What was there is removed.
  explicit GitPlayground(absl::string_view name);

  const std::string& root() const { return root_; }

  // Runs bash code in `folder`, which is below the root. Its exit code; the output goes to the
  // test's log.
  int Try(absl::string_view folder, absl::string_view code) const;
  // The same, and it is a failure of the test if the exit code is not 0.
  void Do(absl::string_view folder, absl::string_view code) const;
  // What the code prints.
  std::string Ask(absl::string_view folder, absl::string_view code) const;

  void Write(absl::string_view path, absl::string_view content) const;
  // "" if there is none.
  std::string Read(absl::string_view path) const;

  // Every file of a working tree and of its repository, by path below `folder`, except for objects,
  // hooks and the stamps of files in the index: what git knows besides is listed as "git:…".
  std::map<std::string, std::string> Snapshot(absl::string_view folder) const;

 private:
  std::string root_;
};

}  // namespace perf

#endif  // PERF_BAZEL_TESTING_GIT_PLAYGROUND_H_
