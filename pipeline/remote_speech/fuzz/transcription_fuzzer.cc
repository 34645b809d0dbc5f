// Whatever a recognition server answers: no crash, a text within its bound, and words that have no
// punctuation and are the same if they are read again. The input's first byte says which status and
// which type the answer has.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/http/service.h"
#include "pipeline/remote_speech/transcription.h"

namespace parlance::pipeline {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void Read(absl::string_view body, int status, absl::string_view type) {
  const ServiceErrors errors("it", ServiceErrors::Words::kLeftOut);
  const absl::StatusOr<std::string> text = ReadTranscription(status, type, body, errors);
  if (!text.ok()) return;
  Check(status == 200);
  // What is no UTF-8 becomes three bytes.
  Check(text->size() <= 3 * kMaxTranscriptionBytes);
  const std::string words = WordsAsSaid(*text);
  Check(words.find_first_of("ABCXYZ.,?!\"[]()\n\t") == std::string::npos);
  Check(words.find("  ") == std::string::npos);
  Check(WordsAsSaid(words) == words);
}

}  // namespace
}  // namespace parlance::pipeline

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::pipeline;  // NOLINT
  if (size == 0) return 0;
  const absl::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const absl::string_view types[] = {"application/json", "text/plain", "", "audio/wav"};
  Read(body, (data[0] & 4) != 0 ? 500 : 200, types[data[0] & 3]);
  return 0;
}
