#include "perf/record/record_text.h"

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "rapidjson/encodings.h"
#include "rapidjson/memorystream.h"

namespace perf {

bool IsRecordText(absl::string_view text) {
  // Nearly all are ASCII.
  if (absl::c_all_of(text, [](char c) { return static_cast<signed char>(c) > 0; })) return true;
  if (absl::StrContains(text, '\0')) return false;
  struct Discard {
    void Put(char) {}
  } discard;
  rapidjson::MemoryStream stream(text.data(), text.size());
  while (stream.Tell() < text.size()) {
    // Takes nothing from a stream that ends within a character.
    if (!rapidjson::UTF8<>::Validate(stream, discard) || stream.Tell() > text.size()) return false;
  }
  return true;
}

}  // namespace perf
