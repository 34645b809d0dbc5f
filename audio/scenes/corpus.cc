#include "audio/scenes/corpus.h"

#include <sndfile.h>
#include <spandsp.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

Sound ReadSound(const std::string& path) {
  const std::string bytes = ReadAll(path);
  SF_INFO format = {};
  if (absl::EndsWith(path, ".g722")) return DecodeG722(bytes);
  if (absl::EndsWith(path, ".gsm")) {
    format = {.frames = 0,
              .samplerate = 8000,
              .channels = 1,
              .format = SF_FORMAT_RAW | SF_FORMAT_GSM610,
              .sections = 0,
              .seekable = 0};
  } else if (absl::EndsWith(path, ".alaw")) {
    format = {.frames = 0,
              .samplerate = 8000,
              .channels = 1,
              .format = SF_FORMAT_RAW | SF_FORMAT_ALAW,
              .sections = 0,
              .seekable = 0};
  } else if (absl::EndsWith(path, ".ALS")) {
    format = {.frames = 0,
              .samplerate = 11025,
              .channels = 1,
              .format = SF_FORMAT_RAW | SF_FORMAT_PCM_U8,
              .sections = 0,
              .seekable = 0};
  } else if (!absl::EndsWith(path, ".wav") && !absl::EndsWith(path, ".flac") &&
             !absl::EndsWith(path, ".ogg")) {
    return {};
  }
  return Decode(bytes, format);
}

std::vector<int16_t> At16kHz(const Sound& sound) {
  if (sound.rate_hz == kSceneRateHz || sound.samples.empty()) return sound.samples;
  auto samples = Resample(sound.samples, sound.rate_hz, kSceneRateHz);
  return samples.ok() ? *std::move(samples) : std::vector<int16_t>();
}

std::vector<std::string> FilesBelow(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) return {path};
  std::filesystem::recursive_directory_iterator entry(path, error);
  // A folder that cannot be read has nothing for us.
  for (const auto end = std::filesystem::recursive_directory_iterator(); !error && entry != end;
       entry.increment(error)) {
    std::error_code unknown;
    if (entry->is_regular_file(unknown)) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Tones, animals and silence among the prompts.
bool IsNoSpeech(absl::string_view path) {
  for (const char* name : {"beep", "silence/", "monkeys", "weasels", "2tone", "dtmf"}) {
    if (absl::StrContains(path, name)) return true;
  }
  return false;
}

std::string Voice(absl::string_view speaker, int num_voices, absl::string_view name) {
  unsigned hash = 0;
  for (const char letter : name.substr(0, 4)) hash = 31 * hash + static_cast<unsigned char>(letter);
  return absl::StrCat(speaker, hash % static_cast<unsigned>(num_voices));
}

void AddRecording(std::string speaker, const Sound& sound, std::vector<Recording>& recordings) {
  Recording recording{std::move(speaker), At16kHz(sound), {}};
  if (LabelCleanSpeech(recording)) recordings.push_back(std::move(recording));
}

// Tag, version, two flags, the compression, then 21 bytes for each file: name, bundle, offset,
// size.
void AddQueen(absl::string_view bytes, absl::string_view speaker, int num_voices,
              std::vector<Recording>& recordings) {
  const auto number = [&](size_t at, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  };
  if (bytes.size() < 15 || !absl::StartsWith(bytes, "QTBL")) return;
  const uint64_t count = number(13, 2);
  for (uint64_t i = 0; i < count && 15 + 21 * (i + 1) <= bytes.size(); ++i) {
    const size_t entry = 15 + 21 * i;
    const absl::string_view name = bytes.substr(entry, 12);
    const uint64_t offset = number(entry + 13, 4);
    const uint64_t size = number(entry + 17, 4);
    if (!absl::StrContains(name, ".SB") || offset + size > bytes.size()) continue;
    AddRecording(Voice(speaker, num_voices, name), Decode(bytes.substr(offset, size), {}),
                 recordings);
  }
}

}  // namespace

absl::Status AddSpeech(const std::string& path, absl::string_view ending, absl::string_view speaker,
                       int num_voices, std::vector<Recording>& recordings) {
  const size_t before = recordings.size();
  for (const std::string& file : FilesBelow(path)) {
    if (!absl::EndsWith(file, absl::StrCat(".", ending)) || IsNoSpeech(file)) continue;
    if (ending == "1c") {
      AddQueen(ReadAll(file), speaker, num_voices, recordings);
    } else {
      const std::string name = std::filesystem::path(file).filename();
      AddRecording(Voice(speaker, num_voices, name), ReadSound(file), recordings);
    }
  }
  if (recordings.size() == before) {
    return absl::NotFoundError(absl::StrCat("no speech below ", path));
  }
  return absl::OkStatus();
}

absl::Status AddMusic(const std::string& path, std::vector<std::vector<int16_t>>& music) {
  const size_t before = music.size();
  for (const std::string& file : FilesBelow(path)) {
    std::vector<int16_t> samples = At16kHz(ReadSound(file));
    if (samples.size() >= kSceneRateHz) music.push_back(std::move(samples));
  }
  if (music.size() == before) return absl::NotFoundError(absl::StrCat("no music below ", path));
  return absl::OkStatus();
}

}  // namespace parlance::audio
