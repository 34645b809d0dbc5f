// Whatever a server sends as sound: no crash, the same however it is cut, and no more samples than
// its bytes can be. The input's first byte says which type the answer has.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/http/service.h"
#include "pipeline/remote_speech/sound_stream.h"

namespace parlance::pipeline {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

std::string Read(absl::string_view body, size_t piece, absl::string_view type) {
  const ServiceErrors errors("it", ServiceErrors::Words::kLeftOut);
  SoundStream stream(type, 16000, &errors);
  std::vector<int16_t> samples;
  absl::Status status;
  const size_t size = body.size();
  for (; !body.empty() && status.ok(); body.remove_prefix(std::min(piece, body.size()))) {
    status = stream.Append(body.substr(0, piece), samples);
  }
  if (status.ok()) status = stream.Finish(samples);
  // From 8 to 16 kHz, two of each two bytes; each header may give one that is rounded up.
  Check(samples.size() <= size + size / 44 + 2);
  return absl::StrCat(status.ToString(), "\n",
                      absl::string_view(reinterpret_cast<const char*>(samples.data()),
                                        samples.size() * sizeof(int16_t)));
}

}  // namespace
}  // namespace parlance::pipeline

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::pipeline;  // NOLINT
  if (size == 0) return 0;
  const absl::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const absl::string_view type = (data[0] & 1) != 0 ? "audio/pcm" : "audio/wav";
  const std::string whole = Read(body, size, type);
  for (const size_t piece : {1, 5}) Check(Read(body, piece, type) == whole);
  return 0;
}
