#include "audio/scenes/corpus.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "audio/scenes/recording_file.h"

namespace parlance::audio {
namespace {

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

void AddRecording(std::string speaker, std::vector<int16_t> samples,
                  std::vector<Recording>& recordings) {
  Recording recording{std::move(speaker), std::move(samples), {}};
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
    AddRecording(Voice(speaker, num_voices, name), DecodeRecording(bytes.substr(offset, size)),
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
      AddRecording(Voice(speaker, num_voices, name), ReadRecordingFile(file), recordings);
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
    std::vector<int16_t> samples = ReadRecordingFile(file);
    if (samples.size() >= kSceneRateHz) music.push_back(std::move(samples));
  }
  if (music.size() == before) return absl::NotFoundError(absl::StrCat("no music below ", path));
  return absl::OkStatus();
}

}  // namespace parlance::audio
