#include "perf/baseline/written_together.h"

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "command/file/file_kind.h"
#include "command/file/output_file.h"
#include "perf/record/text_proto.h"

namespace perf {
namespace {

struct Prepared {
  std::string path;
  command::OutputFile file;
  // The earlier content; empty if there is no file yet.
  std::optional<std::string> before;
};

absl::StatusOr<Prepared> Prepare(const std::string& path, const std::string& content) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", folder.string()));
  }
  std::optional<std::string> before;
  if (absl::StatusOr<std::string> read = ReadFile(path); read.ok()) {
    before = *std::move(read);
  } else if (!absl::IsNotFound(read.status())) {
    return read.status();
  }
  absl::StatusOr<command::OutputFile> file =
      command::OutputFile::Create(path, {.kind = command::kTextFile, .keep = {}});
  if (!file.ok()) return file.status();
  if (absl::Status written = file->Write(content); !written.ok()) return written;
  return Prepared{.path = path, .file = *std::move(file), .before = std::move(before)};
}

// Puts the earlier content back, as far as that is possible: the caller gets the error that made it
// necessary.
void Restore(const Prepared& prepared) {
  if (prepared.before.has_value()) {
    command::WriteOutput(prepared.path, {.kind = command::kTextFile, .keep = {}}, *prepared.before)
        .IgnoreError();
    return;
  }
  std::error_code error;
  std::filesystem::remove(prepared.path, error);
}

}  // namespace

absl::Status WriteTogether(const std::map<std::string, std::string>& files) {
  std::vector<Prepared> all;
  for (const auto& [path, content] : files) {
    absl::StatusOr<Prepared> prepared = Prepare(path, content);
    if (!prepared.ok()) return prepared.status();
    all.push_back(*std::move(prepared));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    absl::Status committed = all[i].file.Commit();
    if (committed.ok()) continue;
    for (size_t j = 0; j < i; ++j) Restore(all[j]);
    return committed;
  }
  return absl::OkStatus();
}

}  // namespace perf
