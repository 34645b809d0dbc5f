// Any bytes as a label file: no crash; what is refused is refused with its line; what is read is in
// its ranges, comes back after it was written, and gives spans and frames that agree.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "audio/evaluation/labels.h"

namespace parlance::audio {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckSpans(const std::vector<Label>& labels) {
  const std::vector<TimeSpan> spans = SpeechSpans(labels);
  for (size_t i = 0; i < spans.size(); ++i) {
    Check(spans[i].begin_s < spans[i].end_s);
    Check(i == 0 || spans[i - 1].end_s < spans[i].begin_s);
  }
  // The first seconds, frame by frame.
  const std::vector<uint8_t> frames = SpeechFrames(spans, 400);
  Check(frames.size() == 400);
  for (size_t i = 0; i < frames.size(); ++i) {
    const double middle = static_cast<double>(i) / 100 + 0.005;
    bool is_in = false;
    bool is_at_border = false;
    for (const Label& label : labels) {
      if (!IsSpeech(label) || label.begin_s == label.end_s) continue;
      is_in = is_in || (label.begin_s <= middle && middle < label.end_s);
      is_at_border = is_at_border || std::abs(label.begin_s - middle) < 1e-6 ||
                     std::abs(label.end_s - middle) < 1e-6;
    }
    Check(is_at_border || is_in == (frames[i] == 1));
  }
}

}  // namespace
}  // namespace parlance::audio

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::audio;  // NOLINT
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::vector<Label>> labels = ParseLabels(text, "labels.txt");
  if (!labels.ok()) {
    Check(labels.status().code() == absl::StatusCode::kInvalidArgument);
    const absl::string_view message = labels.status().message();
    Check(absl::StartsWith(message, "labels.txt:") && message.size() < 300);
    Check(std::none_of(message.begin(), message.end(), [](char c) { return c >= 0 && c < ' '; }));
    return 0;
  }
  for (const Label& label : *labels) {
    Check(label.begin_s >= 0 && label.begin_s <= label.end_s && label.end_s <= 1e7);
  }
  CheckSpans(*labels);
  const absl::StatusOr<std::vector<Label>> again = ParseLabels(FormatLabels(*labels), "again.txt");
  Check(again.ok() && again->size() == labels->size());
  for (size_t i = 0; i < labels->size(); ++i) {
    const Label& before = (*labels)[i];
    const Label& after = (*again)[i];
    Check(std::abs(after.begin_s - before.begin_s) < 1e-6);
    Check(std::abs(after.end_s - before.end_s) < 1e-6);
    std::string text_before = before.text;
    std::replace(text_before.begin(), text_before.end(), '\t', ' ');
    std::replace(text_before.begin(), text_before.end(), '\r', ' ');
    Check(after.text == text_before);
  }
  return 0;
}
