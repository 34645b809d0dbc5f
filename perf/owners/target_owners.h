// Who owns the tests of a workspace, by the CODEOWNERS of its repository.
#ifndef PERF_OWNERS_TARGET_OWNERS_H_
#define PERF_OWNERS_TARGET_OWNERS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "perf/owners/code_owners.h"

namespace perf {

// The owners of a test are those of a file of its name in its package, "audio/vad/vad_perf_test": a
// package is of one team, while a test may have several sources, or none of its own, and rules for
// kinds of files, such as *.cc or BUILD.bazel, say nothing about what is measured. Const members
// may be called from several threads.
class TargetOwners {
 public:
  // Nobody owns anything.
  TargetOwners() = default;

  // `file`: what the rules were read from, for messages. `prefix`: the folder of the workspace
  // below the repository's root, "" or "inner/".
  TargetOwners(CodeOwners owners, std::string file, std::string prefix)
      : owners_(std::move(owners)), file_(std::move(file)), prefix_(std::move(prefix)) {}

  // Reads the first of .github/CODEOWNERS, CODEOWNERS and docs/CODEOWNERS that the repository
  // around `workspace` has, an absolute path. Where there is none, or it cannot be read, nobody
  // owns anything.
  static TargetOwners Read(const std::string& workspace);

  // Who owns the test of a canonical label, "//audio/vad:vad_perf_test"; nobody if the label is of
  // another repository, or is none.
  std::vector<std::string> OwnersOf(absl::string_view label) const;

  // Everybody whom the file names, sorted.
  std::vector<std::string> Everybody() const { return owners_.Everybody(); }

  // "CODEOWNERS"; empty if there is none.
  const std::string& file() const { return file_; }

  // Remarks for the report about what of the file could not be read; mostly none.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  CodeOwners owners_;
  std::string file_;
  std::string prefix_;
  std::vector<std::string> notes_;
};

}  // namespace perf

#endif  // PERF_OWNERS_TARGET_OWNERS_H_
