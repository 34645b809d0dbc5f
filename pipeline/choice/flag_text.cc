#include "pipeline/choice/flag_text.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

// Longer than any key.
constexpr size_t kMaxKeyBytes = 4096;

}  // namespace

absl::StatusOr<std::string> ReadFlagText(const FlagFileReader& read, absl::string_view flag,
                                         const std::string& path, size_t max_bytes) {
  if (path == "-") {
    return absl::InvalidArgumentError(absl::StrCat(flag, " - is standard input; name a file"));
  }
  absl::StatusOr<std::string> text = read(path);
  if (!text.ok()) {
    return absl::Status(text.status().code(), absl::StrCat(flag, ": ", text.status().message()));
  }
  absl::StripAsciiWhitespace(&*text);
  if (text->empty()) return absl::InvalidArgumentError(absl::StrCat(flag, ": ", path, " is empty"));
  if (text->size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", path, " has more than ", max_bytes, " bytes"));
  }
  return text;
}

absl::StatusOr<std::string> ReadKey(const FlagFileReader& read, absl::string_view flag,
                                    const std::string& path, const Environment& environment,
                                    const char* variable) {
  if (!path.empty()) return ReadFlagText(read, flag, path, kMaxKeyBytes);
  const char* const key = environment(variable);
  return key == nullptr ? std::string() : std::string(absl::StripAsciiWhitespace(key));
}

}  // namespace parlance::pipeline
