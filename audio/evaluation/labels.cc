#include "audio/evaluation/labels.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "audio/sound_file/utf8.h"

namespace parlance::audio {
namespace {

constexpr double kMaxSeconds = 1e7;

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

// Takes off and returns what is before the next `separator`, which is taken off as well.
absl::string_view TakeUntil(char separator, absl::string_view& text) {
  const size_t end = text.find(separator);
  const absl::string_view taken = text.substr(0, end);
  text.remove_prefix(end == absl::string_view::npos ? text.size() : end + 1);
  return taken;
}

// "1,5".
bool HasDecimalComma(absl::string_view field) {
  const size_t comma = field.find(',');
  double number = 0;
  return comma != absl::string_view::npos &&
         absl::SimpleAtod(absl::StrCat(field.substr(0, comma), ".", field.substr(comma + 1)),
                          &number);
}

// A field as an error message shows it, without what a terminal would take for a command.
std::string Quoted(absl::string_view field) {
  constexpr size_t kMaxShown = 40;
  std::string quoted;
  while (!field.empty() && quoted.size() < kMaxShown) {
    const size_t size = Utf8CharacterSize(field);
    if (size > 1 || absl::ascii_isprint(static_cast<unsigned char>(field[0]))) {
      absl::StrAppend(&quoted, field.substr(0, size));
    } else {
      quoted += '?';
    }
    field.remove_prefix(std::max<size_t>(size, 1));
  }
  return absl::StrCat("'", quoted, field.empty() ? "" : "...", "'");
}

constexpr char kMark[] = " (vad ";

// The mark of what was found, with the text's checksum (FNV-1a: Fowler, Noll, Vo).
std::string MarkOf(absl::string_view text) {
  uint32_t sum = 0x811c9dc5;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x01000193;
  return absl::StrFormat("%s%08x)", kMark, sum);
}

absl::Status Wrong(absl::string_view message) { return absl::InvalidArgumentError(message); }

absl::StatusOr<double> ParseSeconds(absl::string_view which, absl::string_view field) {
  if (absl::StripAsciiWhitespace(field).empty()) {
    return Wrong(absl::StrCat("the ", which, " is missing; a line is begin, tab, end, tab, text"));
  }
  if (HasDecimalComma(field)) {
    return Wrong(absl::StrCat("the ", which, " ", Quoted(field),
                              " has a decimal comma; write a point instead"));
  }
  double seconds = 0;
  if (!absl::SimpleAtod(field, &seconds) || !std::isfinite(seconds)) {
    return Wrong(absl::StrCat("the ", which, " ", Quoted(field),
                              " is not a number of seconds; a line is begin, tab, end, tab, text"));
  }
  if (seconds < 0) return Wrong(absl::StrCat("the ", which, " ", Quoted(field), " is negative"));
  if (seconds > kMaxSeconds) {
    return Wrong(absl::StrCat("the ", which, " ", Quoted(field), " is beyond ",
                              static_cast<int64_t>(kMaxSeconds), " s"));
  }
  return seconds;
}

absl::StatusOr<Label> ParseLine(absl::string_view line) {
  if (!IsUtf8(line)) return Wrong("it is not UTF-8; export the labels as UTF-8");
  absl::StatusOr<double> begin = ParseSeconds("begin", TakeUntil('\t', line));
  if (!begin.ok()) return begin.status();
  Label label{.begin_s = *begin, .end_s = *begin, .text = ""};
  absl::string_view rest = line;
  const absl::string_view field = TakeUntil('\t', rest);
  // Without an end, what follows is the text of a point.
  double number = 0;
  if (absl::SimpleAtod(field, &number) || HasDecimalComma(field) || field.size() < line.size()) {
    absl::StatusOr<double> end = ParseSeconds("end", field);
    if (!end.ok()) return end.status();
    if (*end < *begin) {
      return Wrong(absl::StrCat("the end ", Quoted(field), " is before the begin ", *begin));
    }
    label.end_s = *end;
    line = rest;
  }
  label.text = std::string(line);
  return label;
}

}  // namespace

absl::StatusOr<std::vector<Label>> ParseLabels(absl::string_view text, absl::string_view name) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  std::vector<Label> labels;
  for (int64_t number = 1; !text.empty(); ++number) {
    absl::string_view line = TakeUntil('\n', text);
    absl::ConsumeSuffix(&line, "\r");
    if (absl::StripAsciiWhitespace(line).empty() || line.front() == '\\') continue;
    absl::StatusOr<Label> label = ParseLine(line);
    if (!label.ok()) {
      return Wrong(absl::StrCat(name, ":", number, ": ", label.status().message()));
    }
    labels.push_back(*std::move(label));
  }
  return labels;
}

std::string FormatLabels(absl::Span<const Label> labels) {
  std::string lines;
  for (const Label& label : labels) {
    std::string text = label.text;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
    absl::StrAppendFormat(&lines, "%.6f\t%.6f\t%s\n", label.begin_s, label.end_s, text);
  }
  return lines;
}

std::string FormatFoundSpeech(absl::Span<const TimeSpan> spans) {
  std::vector<Label> labels;
  for (const TimeSpan& span : spans) labels.push_back({span.begin_s, span.end_s, "speech"});
  std::string text = FormatLabels(labels);
  if (text.empty()) return text;
  text.pop_back();
  return absl::StrCat(text, MarkOf(text), "\n");
}

bool IsFoundSpeech(absl::string_view text) {
  if (!absl::ConsumeSuffix(&text, "\n")) return false;
  const size_t mark = text.rfind(kMark);
  return mark != absl::string_view::npos && text.substr(mark) == MarkOf(text.substr(0, mark));
}

bool IsSpeech(const Label& label) {
  const absl::string_view text = absl::StripAsciiWhitespace(label.text);
  for (const absl::string_view other : {"noise", "music", "silence", "nonspeech"}) {
    if (absl::EqualsIgnoreCase(text, other)) return false;
  }
  return true;
}

std::vector<TimeSpan> SpeechSpans(absl::Span<const Label> labels) {
  std::vector<TimeSpan> sorted;
  for (const Label& label : labels) {
    if (label.begin_s < label.end_s && IsSpeech(label)) {
      sorted.push_back({label.begin_s, label.end_s});
    }
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.begin_s < b.begin_s; });
  std::vector<TimeSpan> merged;
  for (const TimeSpan& span : sorted) {
    if (!merged.empty() && span.begin_s <= merged.back().end_s) {
      merged.back().end_s = std::max(merged.back().end_s, span.end_s);
    } else {
      merged.push_back(span);
    }
  }
  return merged;
}

std::vector<uint8_t> SpeechFrames(absl::Span<const TimeSpan> spans, size_t num_frames) {
  std::vector<uint8_t> frames(num_frames);
  // The first frame whose middle is not before the moment.
  const auto first_from = [&](double seconds) {
    const double frame = std::ceil(seconds * 100 - 0.5 - 1e-6);
    return static_cast<size_t>(std::clamp(frame, 0.0, static_cast<double>(num_frames)));
  };
  for (const TimeSpan& span : spans) {
    std::fill(frames.begin() + static_cast<ptrdiff_t>(first_from(span.begin_s)),
              frames.begin() + static_cast<ptrdiff_t>(first_from(span.end_s)), uint8_t{1});
  }
  return frames;
}

}  // namespace parlance::audio
