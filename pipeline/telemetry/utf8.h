// Text from elsewhere, made UTF-8.
#ifndef PIPELINE_TELEMETRY_UTF8_H_
#define PIPELINE_TELEMETRY_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace parlance::pipeline {

// At most the first `max_bytes` of the text; each byte that is no part of UTF-8 (RFC 3629), such as
// one of a character that was cut, becomes U+FFFD.
std::string Utf8Of(absl::string_view text, size_t max_bytes);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_UTF8_H_
