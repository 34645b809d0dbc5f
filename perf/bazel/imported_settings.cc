#include "perf/bazel/imported_settings.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "perf/record/text_proto.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kSettings = ".bazelrc";
// More than anybody has, so that a loop ends.
constexpr size_t kMaxFiles = 100;

// The path that a line imports, below the workspace; empty if it imports none.
std::string ImportedBy(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
  if (!absl::ConsumePrefix(&line, "import ") && !absl::ConsumePrefix(&line, "try-import ")) {
    return "";
  }
  line = absl::StripAsciiWhitespace(line);
  const bool is_quoted = absl::ConsumePrefix(&line, "\"");
  if (is_quoted) absl::ConsumeSuffix(&line, "\"");
  if (!absl::ConsumePrefix(&line, "%workspace%/")) return "";
  const std::string path = fs::path(std::string(line)).lexically_normal().string();
  const bool is_inside = !path.empty() && path.front() != '/' && *fs::path(path).begin() != "..";
  return is_inside ? path : "";
}

}  // namespace

std::vector<std::string> ImportedSettings(const std::string& workspace) {
  std::vector<std::string> files = {std::string(kSettings)};
  for (size_t i = 0; i < files.size() && files.size() < kMaxFiles; ++i) {
    const absl::StatusOr<std::string> text = ReadFile(absl::StrCat(workspace, "/", files[i]));
    if (!text.ok()) continue;
    for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
      std::string imported = ImportedBy(line);
      std::error_code error;
      if (!imported.empty() && !absl::c_linear_search(files, imported) &&
          fs::is_regular_file(absl::StrCat(workspace, "/", imported), error)) {
        files.push_back(std::move(imported));
      }
    }
  }
  files.erase(files.begin());
  return files;
}

}  // namespace perf
