#include "audio/scenes/corpus.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "audio/scenes/noises.h"
#include "audio/scenes/recording_file.h"

namespace parlance::audio {
namespace {

constexpr size_t kMinUnlabelledFrames = 30;
constexpr size_t kJoinedSeconds = 10;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
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

// A recording, or nothing where it is of no use.
std::optional<Recording> Useful(std::string speaker, std::vector<int16_t> samples,
                                Labelling labelling) {
  Recording recording{.speaker = std::move(speaker), .samples = std::move(samples), .speech = {}};
  if (labelling == Labelling::kByLevel) {
    if (!LabelCleanSpeech(recording)) return std::nullopt;
    return recording;
  }
  recording.speech.resize(recording.samples.size() / kSceneFrame);
  if (recording.speech.size() < kMinUnlabelledFrames) return std::nullopt;
  return recording;
}

// Calls `make` for 0 to `count` - 1 on all processors, and adds what it returns, in this order.
template <typename Result>
void AddAll(size_t count, absl::FunctionRef<std::optional<Result>(size_t)> make,
            std::vector<Result>& all) {
  std::vector<std::optional<Result>> made(count);
  std::atomic<size_t> next = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(std::thread::hardware_concurrency(), 1U); ++i) {
    threads.emplace_back([&] {
      for (size_t k = next++; k < count; k = next++) made[k] = make(k);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::optional<Result>& one : made) {
    if (one.has_value()) all.push_back(*std::move(one));
  }
}

// Tag, version, two flags, the compression, then 21 bytes for each file: name, bundle, offset,
// size.
void AddQueen(absl::string_view bytes, absl::string_view speaker, int num_voices,
              Labelling labelling, std::vector<Recording>& recordings) {
  const auto number = [&](size_t at, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  };
  constexpr size_t kHead = 15;
  constexpr size_t kEntry = 21;
  if (bytes.size() < kHead || !absl::StartsWith(bytes, "QTBL")) return;
  const size_t count = std::min<uint64_t>(number(13, 2), (bytes.size() - kHead) / kEntry);
  AddAll<Recording>(
      count,
      [&](size_t i) -> std::optional<Recording> {
        const size_t entry = kHead + kEntry * i;
        const absl::string_view name = bytes.substr(entry, 12);
        const uint64_t offset = number(entry + 13, 4);
        const uint64_t size = number(entry + 17, 4);
        if (!absl::StrContains(name, ".SB") || offset + size > bytes.size()) return std::nullopt;
        return Useful(Voice(speaker, num_voices, name), DecodeRecording(bytes.substr(offset, size)),
                      labelling);
      },
      recordings);
}

}  // namespace

absl::Status AddSpeech(const std::string& path, absl::string_view ending, absl::string_view speaker,
                       int num_voices, Labelling labelling, std::vector<Recording>& recordings) {
  const size_t before = recordings.size();
  const std::string suffix =
      absl::StrContains(ending, '.') ? std::string(ending) : absl::StrCat(".", ending);
  std::vector<std::string> files = FilesBelow(path);
  std::erase_if(files, [&](const std::string& file) {
    return !absl::EndsWith(file, suffix) || IsNoSpeech(file);
  });
  if (ending == "1c") {
    for (const std::string& file : files) {
      AddQueen(ReadAll(file), speaker, num_voices, labelling, recordings);
    }
  } else {
    AddAll<Recording>(
        files.size(),
        [&](size_t i) {
          const std::string name = std::filesystem::path(files[i]).filename();
          return Useful(Voice(speaker, num_voices, name), ReadRecordingFile(files[i]), labelling);
        },
        recordings);
  }
  if (recordings.size() == before) {
    return absl::NotFoundError(absl::StrCat("no speech below ", path));
  }
  return absl::OkStatus();
}

absl::Status AddMusic(const std::string& path, std::vector<std::vector<int16_t>>& music) {
  const size_t before = music.size();
  const std::vector<std::string> files = FilesBelow(path);
  std::vector<std::vector<int16_t>> sounds;
  AddAll<std::vector<int16_t>>(
      files.size(),
      [&](size_t i) -> std::optional<std::vector<int16_t>> {
        std::vector<int16_t> samples = ReadRecordingFile(files[i]);
        if (samples.empty()) return std::nullopt;
        return samples;
      },
      sounds);
  // The pauses between short sounds: 100 to 700 ms.
  Random random(sounds.size());
  std::vector<int16_t> joined;
  for (std::vector<int16_t>& sound : sounds) {
    if (sound.size() >= kSceneRateHz) {
      music.push_back(std::move(sound));
      continue;
    }
    joined.insert(joined.end(), sound.begin(), sound.end());
    joined.resize(joined.size() + static_cast<size_t>(random.Uniform(0.1, 0.7) * kSceneRateHz));
    if (joined.size() >= kJoinedSeconds * kSceneRateHz) music.push_back(std::exchange(joined, {}));
  }
  if (joined.size() >= kSceneRateHz) music.push_back(std::move(joined));
  if (music.size() == before) return absl::NotFoundError(absl::StrCat("no music below ", path));
  return absl::OkStatus();
}

}  // namespace parlance::audio
