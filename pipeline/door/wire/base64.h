// Sound as text: base64, as JSON carries it.
//
// Decoding is strict, so that two readers see the same bytes: only the standard alphabet, no spaces
// or line breaks, no bits that are lost at the end. The padding may be missing, as some clients
// leave it out.
//
// Threads: any. Source: RFC 4648, sections 3 and 4.
#ifndef PIPELINE_DOOR_WIRE_BASE64_H_
#define PIPELINE_DOOR_WIRE_BASE64_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::pipeline::door {

// The most bytes that so many characters stand for.
constexpr size_t MaxDecodedBytes(size_t num_characters) {
  return num_characters / 4 * 3 + num_characters % 4;
}

// Writes what the text stands for into `bytes`, which has room for MaxDecodedBytes, and returns how
// many bytes it is. Allocates nothing. InvalidArgument, with the place, for what is no base64.
absl::StatusOr<size_t> DecodeBase64(absl::string_view text, absl::Span<uint8_t> bytes);

absl::StatusOr<std::vector<uint8_t>> DecodeBase64(absl::string_view text);

// Whether DecodeBase64 would decode it, or its error.
absl::Status CheckBase64(absl::string_view text);

// Appends the bytes as text, with padding.
void AppendBase64(absl::Span<const uint8_t> bytes, std::string& text);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_BASE64_H_
