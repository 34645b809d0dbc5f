#include "perf/owners/target_owners.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "perf/record/text_proto.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

// In GitHub's order.
constexpr absl::string_view kPlaces[] = {".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"};

// The root of the repository that `workspace` is in, or `workspace` itself if it is in none.
fs::path RootOf(const fs::path& workspace) {
  for (fs::path folder = workspace; !folder.empty(); folder = folder.parent_path()) {
    // A linked working tree and a submodule have a file of that name.
    std::error_code error;
    if (fs::exists(fs::symlink_status(folder / ".git", error))) return folder;
    if (folder == folder.parent_path()) break;
  }
  return workspace;
}

}  // namespace

TargetOwners TargetOwners::Read(const std::string& workspace) {
  const fs::path folder = fs::path(workspace).lexically_normal();
  const fs::path root = RootOf(folder);
  const std::string below = folder.lexically_relative(root).string();
  const std::string prefix =
      below.empty() || below == "." ? "" : absl::StrCat(absl::StripSuffix(below, "/"), "/");
  for (const absl::string_view place : kPlaces) {
    const fs::path path = root / std::string(place);
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    TargetOwners result(CodeOwners(), std::string(place), prefix);
    if (!fs::is_regular_file(path, error)) {
      result.notes_.push_back(absl::StrCat(place, " is not a file, so nobody owns anything"));
      return result;
    }
    const uintmax_t size = fs::file_size(path, error);
    if (!error && size > kMaxCodeOwnersBytes) {
      result.notes_.push_back(absl::StrCat(place, " has ", size, " bytes, and of more than ",
                                           kMaxCodeOwnersBytes, " nothing is read"));
      return result;
    }
    const absl::StatusOr<std::string> text = ReadFile(path.string());
    if (!text.ok()) {
      result.notes_.emplace_back(text.status().message());
      return result;
    }
    result.owners_ = CodeOwners::Parse(*text);
    if (!result.owners_.problems().empty()) {
      result.notes_.push_back(absl::StrCat(
          place, " has lines that are skipped: ", absl::StrJoin(result.owners_.problems(), "; ")));
    }
    return result;
  }
  return {};
}

std::vector<std::string> TargetOwners::OwnersOf(absl::string_view label) const {
  if (!absl::ConsumePrefix(&label, "//")) return {};
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(label, absl::MaxSplits(':', 1));
  return owners_.OwnersOf(
      absl::StrCat(prefix_, parts.first, parts.first.empty() ? "" : "/", parts.second));
}

}  // namespace perf
