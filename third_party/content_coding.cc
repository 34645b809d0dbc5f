#include "third_party/content_coding.h"

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace content_coding {
namespace {

// Longer ones than there are; what is beyond is cut.
constexpr size_t kMaxCodingBytes = 40;

}  // namespace

std::optional<std::string> WhatIsWrong(CURL* easy) {
  curl_header* header = nullptr;
  if (curl_easy_header(easy, "Content-Encoding", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
    return std::nullopt;
  }
  const absl::string_view coding = header->value;
  if (coding.empty() || absl::EqualsIgnoreCase(coding, "identity")) return std::nullopt;
  return absl::StrCat(
      "the server compresses its answer, although it is asked not to (Content-Encoding: ",
      absl::CEscape(coding.substr(0, kMaxCodingBytes)), ")");
}

}  // namespace content_coding
