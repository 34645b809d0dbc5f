#include "audio/scenes/recording_file.h"

#include <sndfile.h>
#include <spandsp.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "audio/scenes/scene.h"
#include "audio/signal/resampler.h"

namespace parlance::audio {
namespace {

struct Sound {
  int rate_hz = 0;
  std::vector<int16_t> samples;
};

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A part of a file: libsndfile reads from memory.
struct Memory {
  absl::string_view bytes;
  sf_count_t place = 0;
};

Sound Decode(absl::string_view bytes, SF_INFO format) {
  Memory memory{bytes};
  SF_VIRTUAL_IO io = {
      [](void* m) { return static_cast<sf_count_t>(static_cast<Memory*>(m)->bytes.size()); },
      [](sf_count_t offset, int whence, void* m) {
        auto& place = static_cast<Memory*>(m)->place;
        const auto size = static_cast<sf_count_t>(static_cast<Memory*>(m)->bytes.size());
        place = std::clamp<sf_count_t>(offset + (whence == SEEK_CUR   ? place
                                                 : whence == SEEK_END ? size
                                                                      : 0),
                                       0, size);
        return place;
      },
      [](void* to, sf_count_t count, void* m) {
        auto& memory = *static_cast<Memory*>(m);
        count = std::min<sf_count_t>(count,
                                     static_cast<sf_count_t>(memory.bytes.size()) - memory.place);
        memory.bytes.copy(static_cast<char*>(to), static_cast<size_t>(count),
                          static_cast<size_t>(memory.place));
        memory.place += count;
        return count;
      },
      [](const void*, sf_count_t, void*) { return sf_count_t{0}; },
      [](void* m) { return static_cast<Memory*>(m)->place; }};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(
      sf_open_virtual(&io, SFM_READ, &format, &memory), sf_close);
  if (file == nullptr) return {};
  Sound sound{format.samplerate, {}};
  std::vector<int16_t> block(static_cast<size_t>(format.channels) * 4096);
  while (const sf_count_t frames = sf_readf_short(file.get(), block.data(), 4096)) {
    if (frames < 0) break;
    for (size_t i = 0; i < static_cast<size_t>(frames); ++i) {
      sound.samples.push_back(block[i * static_cast<size_t>(format.channels)]);
    }
  }
  return sound;
}

Sound DecodeG722(const std::string& bytes) {
  const std::unique_ptr<g722_decode_state_t, int (*)(g722_decode_state_t*)> decoder(
      g722_decode_init(nullptr, 64000, 0), g722_decode_free);
  Sound sound{16000, std::vector<int16_t>(2 * bytes.size())};
  g722_decode(decoder.get(), sound.samples.data(), reinterpret_cast<const uint8_t*>(bytes.data()),
              static_cast<int>(bytes.size()));
  return sound;
}

SF_INFO Headerless(int rate_hz, int encoding) {
  return {.frames = 0,
          .samplerate = rate_hz,
          .channels = 1,
          .format = SF_FORMAT_RAW | encoding,
          .sections = 0,
          .seekable = 0};
}

Sound ReadSound(const std::string& path) {
  const std::string bytes = ReadAll(path);
  if (absl::EndsWith(path, ".g722")) return DecodeG722(bytes);
  if (absl::EndsWith(path, ".gsm")) return Decode(bytes, Headerless(8000, SF_FORMAT_GSM610));
  if (absl::EndsWith(path, ".alaw")) return Decode(bytes, Headerless(8000, SF_FORMAT_ALAW));
  if (absl::EndsWith(path, ".au")) return Decode(bytes, Headerless(8000, SF_FORMAT_ULAW));
  if (absl::EndsWith(path, ".ALS")) return Decode(bytes, Headerless(11025, SF_FORMAT_PCM_U8));
  if (absl::EndsWith(path, ".raw")) {
    return Decode(bytes, Headerless(kSceneRateHz, SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE));
  }
  for (const char* ending : {".wav", ".flac", ".ogg"}) {
    if (absl::EndsWith(path, ending)) return Decode(bytes, {});
  }
  return {};
}

std::vector<int16_t> At16kHz(const Sound& sound) {
  if (sound.rate_hz == kSceneRateHz || sound.samples.empty()) return sound.samples;
  auto samples = Resample(sound.samples, sound.rate_hz, kSceneRateHz);
  return samples.ok() ? *std::move(samples) : std::vector<int16_t>();
}

}  // namespace

std::vector<int16_t> ReadRecordingFile(const std::string& path) { return At16kHz(ReadSound(path)); }

std::vector<int16_t> DecodeRecording(absl::string_view bytes) { return At16kHz(Decode(bytes, {})); }

}  // namespace parlance::audio
