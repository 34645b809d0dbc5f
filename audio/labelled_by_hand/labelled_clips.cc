#include "audio/labelled_by_hand/labelled_clips.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "audio/scenes/recording_file.h"
#include "audio/scenes/scene.h"

namespace parlance::audio {
namespace {

constexpr double kPeak = 0.7 * 32767;

absl::StatusOr<std::string> ReadTable(absl::string_view name) {
  const std::string path = absl::StrCat("audio/labelled_by_hand/", name);
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, " cannot be read"));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<ClipTables> ReadTables() {
  std::vector<std::string> texts;
  for (const char* name : {"recordings.tsv", "clips.tsv", "pass_a.tsv", "pass_b.tsv"}) {
    absl::StatusOr<std::string> text = ReadTable(name);
    if (!text.ok()) return text.status();
    texts.push_back(*std::move(text));
  }
  return ParseClipTables(texts[0], texts[1], texts[2], texts[3]);
}

// The sound of a source: as many samples as its clips have, or all it has if that is less.
absl::StatusOr<std::vector<int16_t>> ReadSource(const LabelledSource& source, size_t num_samples) {
  std::vector<int16_t> samples;
  for (const std::string& file : source.files) {
    const std::string path = absl::StrCat("third_party/speech_samples/", file);
    const std::vector<int16_t> sound = ReadRecordingFile(path);
    if (sound.empty()) return absl::NotFoundError(absl::StrCat(path, " has no sound to read"));
    samples.insert(samples.end(), sound.begin(), sound.end());
  }
  samples.resize(std::min(samples.size(), num_samples));
  int peak = 1;
  for (const int16_t sample : samples) peak = std::max(peak, std::abs(static_cast<int>(sample)));
  for (int16_t& sample : samples) {
    sample = static_cast<int16_t>(std::lround(sample * kPeak / peak));
  }
  return samples;
}

}  // namespace

absl::StatusOr<std::vector<LabelledClip>> ReadLabelledClips() {
  const absl::StatusOr<ClipTables> tables = ReadTables();
  if (!tables.ok()) return tables.status();
  std::vector<size_t> num_samples(tables->sources.size(), 0);
  for (const ClipLabels& clip : tables->clips) {
    num_samples[clip.source] += clip.frames.size() * kSceneFrame;
  }
  std::vector<std::vector<int16_t>> sounds;
  for (size_t i = 0; i < tables->sources.size(); ++i) {
    absl::StatusOr<std::vector<int16_t>> sound = ReadSource(tables->sources[i], num_samples[i]);
    if (!sound.ok()) return sound.status();
    if (sound->size() < num_samples[i]) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the recordings of ", tables->sources[i].name, " have ", sound->size(),
          " samples at 16 kHz, but were labelled up to ", num_samples[i],
          ": its package is of another version than README.md in audio/labelled_by_hand says"));
    }
    sounds.push_back(*std::move(sound));
  }
  std::vector<LabelledClip> clips;
  for (const ClipLabels& clip : tables->clips) {
    const LabelledSource& source = tables->sources[clip.source];
    const auto begin =
        sounds[clip.source].begin() + static_cast<ptrdiff_t>(clip.begin_frame * kSceneFrame);
    clips.push_back({clip.name, source.name, source.half,
                     std::vector<int16_t>(
                         begin, begin + static_cast<ptrdiff_t>(clip.frames.size() * kSceneFrame)),
                     clip.frames});
  }
  return clips;
}

}  // namespace parlance::audio
