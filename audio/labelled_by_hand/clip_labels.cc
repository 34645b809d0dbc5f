#include "audio/labelled_by_hand/clip_labels.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace parlance::audio {
namespace {

constexpr size_t kMaxClipFrames = 1000;
constexpr double kMaxSeconds = 100'000;

// A line that is no comment.
struct Line {
  absl::string_view table;
  int number = 0;
  std::vector<absl::string_view> fields;

  absl::Status Wrong(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(table, ":", number, ": ", what));
  }
};

std::vector<Line> LinesOf(absl::string_view text, absl::string_view table) {
  std::vector<Line> lines;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    lines.push_back({table, number, absl::StrSplit(line, '\t')});
  }
  return lines;
}

// Seconds with two decimals, in frames.
std::optional<size_t> FramesIn(absl::string_view text) {
  double seconds = 0;
  const size_t point = text.find('.');
  if (point == absl::string_view::npos || text.size() - point != 3 ||
      !absl::SimpleAtod(text, &seconds) || !(seconds >= 0 && seconds <= kMaxSeconds)) {
    return std::nullopt;
  }
  return static_cast<size_t>(std::lround(100 * seconds));
}

absl::Status ParseRecordings(absl::string_view text, ClipTables& tables) {
  for (const Line& line : LinesOf(text, "recordings.tsv")) {
    if (line.fields.size() != 3) return line.Wrong("has not three fields");
    const absl::string_view half = line.fields[1];
    const absl::string_view file = line.fields[2];
    if (half != "choosing" && half != "reporting") return line.Wrong("has an unknown half");
    const Half parsed = half == "choosing" ? Half::kChoosing : Half::kReporting;
    if (file.empty() || absl::StartsWith(file, "/") || absl::StrContains(file, "..")) {
      return line.Wrong("names a file outside of its group");
    }
    if (tables.sources.empty() || tables.sources.back().name != line.fields[0]) {
      for (const LabelledSource& source : tables.sources) {
        if (source.name == line.fields[0]) return line.Wrong("goes on with a source of before");
      }
      tables.sources.push_back({std::string(line.fields[0]), parsed, {}});
    }
    if (tables.sources.back().half != parsed) return line.Wrong("has the source in both halves");
    tables.sources.back().files.emplace_back(file);
  }
  return absl::OkStatus();
}

// Clips get their frames here, all without speech.
absl::Status ParseClips(absl::string_view text, ClipTables& tables,
                        std::map<std::string, size_t, std::less<>>& clip_of) {
  std::vector<size_t> ends(tables.sources.size(), 0);
  for (const Line& line : LinesOf(text, "clips.tsv")) {
    if (line.fields.size() != 4) return line.Wrong("has not four fields");
    const auto source =
        std::find_if(tables.sources.begin(), tables.sources.end(),
                     [&](const LabelledSource& one) { return one.name == line.fields[1]; });
    if (source == tables.sources.end()) return line.Wrong("names a source that is not there");
    const auto index = static_cast<size_t>(source - tables.sources.begin());
    const std::optional<size_t> begin = FramesIn(line.fields[2]);
    const std::optional<size_t> end = FramesIn(line.fields[3]);
    if (!begin.has_value() || !end.has_value()) {
      return line.Wrong("has a time that is not in seconds with two decimals");
    }
    if (*begin != ends[index]) return line.Wrong("does not begin where the clip before it ends");
    if (*end <= *begin || *end - *begin > kMaxClipFrames) return line.Wrong("has no such length");
    ends[index] = *end;
    if (!clip_of.emplace(line.fields[0], tables.clips.size()).second) {
      return line.Wrong("has a clip that is there already");
    }
    tables.clips.push_back({std::string(line.fields[0]), index, *begin,
                            std::vector<LabelledAs>(*end - *begin, LabelledAs::kNoSpeech)});
  }
  for (size_t i = 0; i < ends.size(); ++i) {
    if (ends[i] == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("clips.tsv has no clip of ", tables.sources[i].name));
    }
  }
  return absl::OkStatus();
}

// For each clip, for each frame, whether it is speech.
using Pass = std::vector<std::vector<bool>>;

absl::Status ParsePass(absl::string_view text, absl::string_view table, const ClipTables& tables,
                       const std::map<std::string, size_t, std::less<>>& clip_of, Pass& pass) {
  // Where the labels of each clip have come to; nothing where there is none yet.
  std::vector<std::optional<size_t>> reached(tables.clips.size());
  pass.clear();
  for (const ClipLabels& clip : tables.clips) pass.emplace_back(clip.frames.size(), false);
  for (const Line& line : LinesOf(text, table)) {
    const auto clip = clip_of.find(line.fields[0]);
    if (clip == clip_of.end()) return line.Wrong("names a clip that is not there");
    const size_t index = clip->second;
    const size_t num_frames = pass[index].size();
    if (line.fields.size() == 2 && line.fields[1] == "none") {
      if (reached[index].has_value()) return line.Wrong("labels a clip that has labels");
      reached[index] = num_frames;
      continue;
    }
    if (line.fields.size() != 3) return line.Wrong("has neither a begin and an end nor 'none'");
    const std::optional<size_t> begin = FramesIn(line.fields[1]);
    const std::optional<size_t> end = FramesIn(line.fields[2]);
    if (!begin.has_value() || !end.has_value()) {
      return line.Wrong("has a time that is not in seconds with two decimals");
    }
    if (*end <= *begin) return line.Wrong("ends before it begins");
    if (*end > num_frames) return line.Wrong("ends after its clip");
    if (reached[index].has_value() && *begin <= *reached[index]) {
      return line.Wrong("begins before the label before it has ended");
    }
    std::fill(pass[index].begin() + static_cast<ptrdiff_t>(*begin),
              pass[index].begin() + static_cast<ptrdiff_t>(*end), true);
    reached[index] = *end;
  }
  for (size_t i = 0; i < reached.size(); ++i) {
    if (!reached[i].has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(table, " says nothing of ", tables.clips[i].name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClipTables> ParseClipTables(absl::string_view recordings, absl::string_view clips,
                                           absl::string_view pass_a, absl::string_view pass_b) {
  ClipTables tables;
  std::map<std::string, size_t, std::less<>> clip_of;
  Pass a;
  Pass b;
  if (absl::Status parsed = ParseRecordings(recordings, tables); !parsed.ok()) return parsed;
  if (absl::Status parsed = ParseClips(clips, tables, clip_of); !parsed.ok()) return parsed;
  for (const auto& [text, name, pass] :
       {std::tuple(pass_a, "pass_a.tsv", &a), std::tuple(pass_b, "pass_b.tsv", &b)}) {
    absl::Status parsed = ParsePass(text, name, tables, clip_of, *pass);
    if (!parsed.ok()) return parsed;
  }
  for (size_t i = 0; i < tables.clips.size(); ++i) {
    std::vector<LabelledAs>& frames = tables.clips[i].frames;
    for (size_t frame = 0; frame < frames.size(); ++frame) {
      if (a[i][frame] != b[i][frame]) {
        frames[frame] = LabelledAs::kDisputed;
      } else if (a[i][frame]) {
        frames[frame] = LabelledAs::kSpeech;
      }
    }
  }
  return tables;
}

std::vector<uint8_t> SettledSpeech(const std::vector<LabelledAs>& frames) {
  std::vector<uint8_t> speech(frames.size(), 0);
  for (size_t begin = 0; begin < frames.size();) {
    if (frames[begin] != LabelledAs::kDisputed) {
      speech[begin] = frames[begin] == LabelledAs::kSpeech;
      ++begin;
      continue;
    }
    size_t end = begin;
    while (end < frames.size() && frames[end] == LabelledAs::kDisputed) ++end;
    for (size_t i = begin; i < end; ++i) {
      const bool has_before = begin > 0;
      const bool has_after = end < frames.size();
      if (has_before && (!has_after || i - (begin - 1) <= end - i)) {
        speech[i] = speech[begin - 1];
      } else if (has_after) {
        speech[i] = frames[end] == LabelledAs::kSpeech;
      }
    }
    begin = end;
  }
  return speech;
}

}  // namespace parlance::audio
