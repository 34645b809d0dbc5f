// Any file: samples or a message, never a crash; and the same samples whether it is read whole or
// in pieces.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/wav.h"
#include "audio/waveform.h"

namespace parlance::audio {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

// Up to `max_samples`; ends with the file or with an error.
std::vector<int16_t> ReadInPieces(const std::string& path, size_t piece, size_t max_samples) {
  const absl::StatusOr<std::unique_ptr<WavReader>> reader = WavReader::Open(path);
  Check(reader.ok());
  Check((*reader)->sample_rate_hz() >= 8000 && (*reader)->sample_rate_hz() <= 48000);
  Check((*reader)->num_samples() > 0);
  std::vector<int16_t> samples;
  std::vector<int16_t> block(piece);
  while (samples.size() < max_samples) {
    const absl::StatusOr<size_t> count = (*reader)->Read(absl::MakeSpan(block));
    if (!count.ok() || *count == 0) break;
    Check(*count <= piece);
    samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(*count));
  }
  Check(static_cast<int64_t>(samples.size()) <= (*reader)->num_samples());
  return samples;
}

void FuzzWav(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<WavReader>> opened = WavReader::Open(path);
  const absl::StatusOr<Waveform> whole = ReadWav(path);
  if (!opened.ok()) {
    Check(!whole.ok() && !opened.status().message().empty());
    return;
  }
  if (!whole.ok()) return;
  Check(!whole->samples.empty());
  Check(whole->samples.size() % static_cast<size_t>(whole->num_channels) == 0);
  const std::vector<int16_t> mono = MonoSamples(*whole);
  for (const size_t piece : {7u, 320u, 5000u}) {
    const std::vector<int16_t> pieces = ReadInPieces(path, piece, mono.size() + 1);
    Check(pieces == mono);
  }
}

}  // namespace
}  // namespace parlance::audio

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  parlance::audio::FuzzWav(absl::StrCat("/proc/self/fd/", file));
  close(file);
  return 0;
}
