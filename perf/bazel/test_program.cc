#include "perf/bazel/test_program.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

// Path in the runfiles to the file.
absl::StatusOr<std::map<std::string, fs::path>> Files(const TestProgram& program) {
  std::map<std::string, fs::path> files = {{"", fs::path(program.executable)}};
  const fs::path root = program.executable + ".runfiles";
  std::error_code error;
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
    files[name] = fs::canonical(path, error);
    if (error) break;
  }
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", root.string()));
  }
  return files;
}

absl::StatusOr<bool> SameContent(const fs::path& one, const fs::path& other) {
  if (one == other) return true;
  std::error_code error;
  if (fs::file_size(one, error) != fs::file_size(other, error)) return false;
  std::ifstream first(one, std::ios::binary);
  std::ifstream second(other, std::ios::binary);
  std::array<char, 65536> first_bytes{};
  std::array<char, 65536> second_bytes{};
  while (first && second) {
    first.read(first_bytes.data(), first_bytes.size());
    second.read(second_bytes.data(), second_bytes.size());
    if (first.gcount() != second.gcount() ||
        !std::equal(first_bytes.begin(), first_bytes.begin() + first.gcount(),
                    second_bytes.begin())) {
      return false;
    }
  }
  if (!first.eof() || !second.eof()) {
    return absl::UnavailableError(absl::StrCat("cannot read ", one.string()));
  }
  return true;
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
  const std::string runfiles = program.executable + ".runfiles";
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

absl::StatusOr<bool> SameProgram(const TestProgram& one, const TestProgram& other) {
  const auto files = Files(one);
  if (!files.ok()) return files.status();
  const auto other_files = Files(other);
  if (!other_files.ok()) return other_files.status();
  if (files->size() != other_files->size()) return false;
  for (const auto& [name, path] : *files) {
    const auto counterpart = other_files->find(name);
    if (counterpart == other_files->end()) return false;
    absl::StatusOr<bool> same = SameContent(path, counterpart->second);
    if (!same.ok() || !*same) return same;
  }
  return true;
}

}  // namespace perf
