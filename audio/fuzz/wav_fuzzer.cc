// Any file: samples or a message, never a crash; and the same samples whether it is read whole, in
// pieces or from a pipe.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/sound_file/sound_input.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/sound_file/wav.h"
#include "audio/sound_file/waveform.h"

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
  Check((*reader)->num_samples().has_value() && *(*reader)->num_samples() > 0);
  std::vector<int16_t> samples;
  std::vector<int16_t> block(piece);
  while (samples.size() < max_samples) {
    const absl::StatusOr<size_t> count = (*reader)->Read(absl::MakeSpan(block));
    if (!count.ok() || *count == 0) break;
    Check(*count <= piece);
    samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(*count));
  }
  Check(static_cast<int64_t>(samples.size()) <= *(*reader)->num_samples());
  return samples;
}

// As standard input. `file`: the samples, if it can be read as a file.
void FuzzPipe(const uint8_t* data, size_t size, const std::optional<std::vector<int16_t>>& file) {
  int ends[2];
  // Short enough that nobody has to read meanwhile.
  if (pipe(ends) != 0 || write(ends[1], data, size) != static_cast<ssize_t>(size)) std::abort();
  close(ends[1]);
  const absl::StatusOr<std::unique_ptr<SoundReader>> reader = OpenSound(ends[0], "pipe", {});
  Check(reader.ok() || !reader.status().message().empty());
  // Compressed sound is refused.
  if (file.has_value()) {
    Check(reader.ok() || absl::StrContains(reader.status().message(), "compressed"));
  }
  if (reader.ok()) {
    std::vector<int16_t> samples;
    std::vector<int16_t> block(1000);
    for (;;) {
      const absl::StatusOr<size_t> count = (*reader)->Read(absl::MakeSpan(block));
      Check(count.ok());
      if (*count == 0) break;
      samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(*count));
    }
    if (file.has_value()) Check(samples == *file);
  }
  close(ends[0]);
}

// Returns the samples, if there are any.
std::optional<std::vector<int16_t>> FuzzWav(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<WavReader>> opened = WavReader::Open(path);
  const absl::StatusOr<Waveform> whole = ReadWav(path);
  if (!opened.ok()) {
    Check(!whole.ok() && !opened.status().message().empty());
    return std::nullopt;
  }
  if (!whole.ok()) return std::nullopt;
  Check(!whole->samples.empty());
  Check(whole->samples.size() % static_cast<size_t>(whole->num_channels) == 0);
  const std::vector<int16_t> mono = MonoSamples(*whole);
  for (const size_t piece : {7u, 320u, 5000u}) {
    const std::vector<int16_t> pieces = ReadInPieces(path, piece, mono.size() + 1);
    Check(pieces == mono);
  }
  return mono;
}

}  // namespace
}  // namespace parlance::audio

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const auto samples = parlance::audio::FuzzWav(absl::StrCat("/proc/self/fd/", file));
  close(file);
  parlance::audio::FuzzPipe(data, std::min<size_t>(size, 60'000),
                            size <= 60'000 ? samples : std::nullopt);
  return 0;
}
