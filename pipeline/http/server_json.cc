#include "pipeline/http/server_json.h"

#include <cstddef>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "pipeline/json/bounded_json.h"

namespace parlance::pipeline {
namespace {

constexpr size_t kMaxWordsBytes = 300;
constexpr JsonBounds kBounds = {.max_bytes = std::numeric_limits<size_t>::max(),
                                .max_depth = kMaxServerJsonDepth,
                                .takes_any_bytes = true};

}  // namespace

std::optional<rapidjson::Document> ParseServerJson(absl::string_view text) {
  rapidjson::Document document;
  if (!ParseJson(text, kBounds, document).ok()) return std::nullopt;
  return document;
}

std::string OnOneLine(absl::string_view words) {
  std::string text(absl::StripAsciiWhitespace(words.substr(0, 4 * kMaxWordsBytes)));
  for (char& c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  if (text.size() <= kMaxWordsBytes) return text;
  size_t end = kMaxWordsBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "…");
}

}  // namespace parlance::pipeline
