#include "perf/bazel/test_program.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/message_differencer.h"
#include "perf/suite/requirements_file.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

std::string RunfilesOf(const TestProgram& program) { return program.executable + ".runfiles"; }

// Path in the runfiles to the file. The program itself, which is among them under its own name, is
// "".
absl::StatusOr<std::map<std::string, std::string>> Files(const TestProgram& program) {
  const fs::path root = RunfilesOf(program);
  std::error_code error;
  const fs::path executable = fs::canonical(program.executable, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot read ", program.executable));
  }
  std::map<std::string, std::string> files = {{"", executable.string()}};
  // Directories in runfiles are real, files are links.
  fs::recursive_directory_iterator entries(root, fs::directory_options::follow_directory_symlink,
                                           error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    const fs::path& path = entries->path();
    const std::string name = path.lexically_relative(root).string();
    // The manifest says where the build is, which always differs.
    if (name == "MANIFEST" || !entries->is_regular_file(error)) {
      // A link that leads nowhere is no file.
      error.clear();
      continue;
    }
    const fs::path file = fs::canonical(path, error);
    if (error) break;
    if (file != executable) files[name] = file.string();
  }
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", root.string()));
  }
  return files;
}

// Whether the tests read the same from both.
absl::StatusOr<bool> SameLoads(const std::string& one, const std::string& other) {
  const auto first = ReadRequirementsFile(one);
  const auto second = ReadRequirementsFile(other);
  if (!first.ok() || !second.ok()) return SameBytes(one, other);
  // All fields of a load count, whatever profiles there will be.
  const auto same = [](const LoadSize& a, const LoadSize& b) {
    return google::protobuf::util::MessageDifferencer::Equals(a, b);
  };
  return first->component() == second->component() &&
         absl::c_equal(first->loads(), second->loads(), same);
}

}  // namespace

absl::StatusOr<TestProgram> FindTestProgram(const SuiteTest& test, const std::string& bazel_bin,
                                            const std::string& workspace_name) {
  // "//audio:vad_perf_test", or with "@name" before it.
  const std::string label = test.label().substr(std::min(test.label().find("//"), size_t{1} << 20));
  const std::string path = absl::StrReplaceAll(absl::StripPrefix(label, "//"), {{":", "/"}});
  TestProgram program;
  program.label = test.label();
  program.executable = absl::StrCat(bazel_bin, "/", path);
  const std::string runfiles = RunfilesOf(program);
  program.directory = absl::StrCat(runfiles, "/", workspace_name);
  program.variables = {{"TEST_SRCDIR", runfiles},
                       {"RUNFILES_DIR", runfiles},
                       {"TEST_WORKSPACE", workspace_name},
                       {"TEST_TARGET", test.label()},
                       {"TEST_BINARY", path},
                       {"PERF_REQUIREMENTS", test.requirements()}};
  for (const auto& [name, value] : test.env()) program.variables[name] = value;
  std::error_code error;
  if (!fs::exists(program.executable, error) || !fs::is_directory(program.directory, error)) {
    return absl::NotFoundError(absl::StrCat("there is no ", program.executable));
  }
  return program;
}

absl::StatusOr<CodeComparison> CompareTestPrograms(const TestProgram& one, const TestProgram& other,
                                                   const std::string& requirements,
                                                   CodeComparer& comparer) {
  const auto files = Files(one);
  if (!files.ok()) return files.status();
  const auto other_files = Files(other);
  if (!other_files.ok()) return other_files.status();
  const auto changed = [](const std::string& name, const std::string& how) {
    return CodeComparison{.sameness = Sameness::kChanged, .what = absl::StrCat(name, how)};
  };
  const std::string requirements_name =
      (fs::path(one.directory) / requirements).lexically_relative(RunfilesOf(one)).string();
  std::set<std::string> differences;
  for (const auto& [name, path] : *files) {
    const auto counterpart = other_files->find(name);
    if (counterpart == other_files->end()) return changed(name, " is gone");
    const std::string& other_path = counterpart->second;
    if (name.empty() || (HasLinkParameters(path) && HasLinkParameters(other_path))) {
      absl::StatusOr<CodeComparison> program = comparer.Compare(path, other_path);
      if (!program.ok() || program->sameness == Sameness::kChanged) return program;
      if (program->sameness == Sameness::kUnchangedCode) differences.insert(program->what);
      continue;
    }
    const absl::StatusOr<bool> same = SameBytes(path, other_path);
    if (!same.ok()) return same.status();
    if (*same) continue;
    if (name != requirements_name) return changed(name, " changed");
    const absl::StatusOr<bool> same_loads = SameLoads(path, other_path);
    if (!same_loads.ok()) return same_loads.status();
    if (!*same_loads) return changed(name, " changed its loads");
    differences.insert("limits in the requirements");
  }
  for (const auto& [name, path] : *other_files) {
    if (files->count(name) == 0) return changed(name, " is new");
  }
  if (differences.empty()) return CodeComparison{};
  return CodeComparison{.sameness = Sameness::kUnchangedCode,
                        .what = absl::StrJoin(differences, ", ")};
}

}  // namespace perf
