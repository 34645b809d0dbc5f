#include "audio/evaluation/vad_plot.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audio/sound_file/utf8.h"

namespace parlance::audio {
namespace {

constexpr double kWidth = 1200;
constexpr double kLeft = 72;
constexpr double kColumns = 1104;
constexpr double kHeader = 92;
constexpr double kBand = 16;
constexpr double kBandGap = 4;
constexpr double kPanelGap = 8;
constexpr double kAxis = 22;
constexpr double kRowGap = 18;
constexpr double kOneRowSeconds = 30;
constexpr double kMaxRows = 12;
constexpr double kRowSeconds[] = {30, 60, 120, 300, 600, 1200, 1800, 3600, 7200};
constexpr double kTickSeconds[] = {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                   0.05,   0.1,    0.2,    0.5,   1,     2,     5,    10,
                                   15,     30,     60,     120,   300,   600,   900};
constexpr double kTickPixels = 72;
// Quieter sound is not drawn larger than this peak would be: 1 % of full scale.
constexpr int kMinPeak = 328;

// The colours differ in lightness as well.
constexpr char kStyle[] = R"(<style>
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif;font-size:11px;fill:#475569}
.h{font-size:18px;font-weight:600;fill:#0f172a}
.s{font-size:12px}
.t{fill:#64748b}
.p{fill:#f8fafc}
.g{stroke:#e2e8f0;stroke-width:1;fill:none}
.w{fill:#475569;stroke:#475569;stroke-width:.6;stroke-linejoin:round}
.z{fill:#dbeafe}
.d{fill:#2563eb}
.q{fill:none;stroke:#1d4ed8;stroke-width:1.3;stroke-linejoin:round}
.a{fill:#3b82f6;fill-opacity:.18}
.r{fill:#3b82f6;fill-opacity:.3}
.x{stroke:#dc2626;stroke-width:1.2;stroke-dasharray:5 4;fill:none}
.l{fill:#f59e0b}
.o{fill:#cbd5e1}
.k{fill:#7c2d12}
.b{fill:#1c1917;font-size:10.5px}
</style>
)";

// The text as XML 1.0 has it: what XML has no place for is replaced.
std::string Escaped(absl::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    const absl::string_view character = text.substr(0, std::max<size_t>(size, 1));
    text.remove_prefix(character.size());
    const auto first = static_cast<unsigned char>(character[0]);
    if (size == 0 || first < 0x20 || first == 0x7F || character == "\xEF\xBF\xBE" ||
        character == "\xEF\xBF\xBF") {
      escaped += "\xEF\xBF\xBD";
    } else if (first == '<') {
      escaped += "&lt;";
    } else if (first == '>') {
      escaped += "&gt;";
    } else if (first == '&') {
      escaped += "&amp;";
    } else if (first == '"') {
      escaped += "&quot;";
    } else {
      absl::StrAppend(&escaped, character);
    }
  }
  return escaped;
}

std::vector<absl::string_view> Characters(absl::string_view text) {
  std::vector<absl::string_view> characters;
  while (!text.empty()) {
    characters.push_back(text.substr(0, std::max<size_t>(Utf8CharacterSize(text), 1)));
    text.remove_prefix(characters.back().size());
  }
  return characters;
}

constexpr char kEllipsis[] = "\xE2\x80\xA6";

// The last `max_characters` of a text. What comes last in a path says most.
std::string LastOf(absl::string_view text, size_t max_characters) {
  const std::vector<absl::string_view> characters = Characters(text);
  if (characters.size() <= max_characters) return std::string(text);
  std::string last = kEllipsis;
  for (size_t i = characters.size() - max_characters + 1; i < characters.size(); ++i) {
    absl::StrAppend(&last, characters[i]);
  }
  return last;
}

std::string FirstOf(absl::string_view text, size_t most) {
  const std::vector<absl::string_view> characters = Characters(text);
  if (characters.size() <= most) return std::string(text);
  std::string first;
  for (size_t i = 0; i + 1 < most; ++i) absl::StrAppend(&first, characters[i]);
  return first + kEllipsis;
}

// "0.25 s", "1:05", "2:00:00".
std::string Clock(double seconds, double step, double duration) {
  if (duration < 60) {
    const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 4);
    return absl::StrFormat("%.*f s", decimals, seconds);
  }
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (duration < 3600) return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
  return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

class Drawing {
 public:
  explicit Drawing(const VadPlot& plot) : plot_(plot) {
    const auto num_samples = static_cast<double>(plot.envelope->num_samples());
    duration_ = std::max(num_samples / plot.sample_rate_hz, 1.0 / plot.sample_rate_hz);
    row_seconds_ = duration_;
    if (duration_ > kOneRowSeconds) {
      row_seconds_ = *std::find_if(std::begin(kRowSeconds), std::end(kRowSeconds) - 1,
                                   [&](double row) { return duration_ <= kMaxRows * row; });
    }
    num_rows_ = static_cast<int>(std::ceil(duration_ / row_seconds_ - 1e-9));
    const auto* step =
        std::find_if(std::begin(kTickSeconds), std::end(kTickSeconds) - 1,
                     [&](double tick) { return tick / row_seconds_ * kColumns >= kTickPixels; });
    tick_seconds_ = *step;
    wave_height_ = num_rows_ > 3 ? 64 : 104;
    probability_height_ = num_rows_ > 3 ? 44 : 72;
    for (const Envelope::Part& part : plot.envelope->parts()) {
      peak_ = std::max({peak_, static_cast<int>(part.high), -static_cast<int>(part.low)});
    }
    if (plot.labels.has_value()) {
      labels_ = *plot.labels;
      std::stable_sort(labels_.begin(), labels_.end(),
                       [](const Label& a, const Label& b) { return a.begin_s < b.begin_s; });
    }
  }

  std::string Draw() && {
    const double bands = (plot_.labels.has_value() ? 2 : 1) * (kBand + kBandGap);
    const double row_height = bands + wave_height_ + kPanelGap + probability_height_ + kAxis;
    const double height = kHeader + num_rows_ * (row_height + kRowGap);
    absl::StrAppendFormat(&svg_,
                          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" "
                          "viewBox=\"0 0 %g %g\" role=\"img\">\n",
                          kWidth, height, kWidth, height);
    absl::StrAppend(&svg_, "<title>", Escaped(plot_.name), ", ", Escaped(plot_.detector),
                    "</title>\n", kStyle, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    DrawHeader();
    for (int row = 0; row < num_rows_; ++row) {
      begin_ = row * row_seconds_;
      end_ = std::min(begin_ + row_seconds_, duration_);
      DrawRow(kHeader + row * (row_height + kRowGap));
    }
    absl::StrAppend(&svg_, "</svg>\n");
    return std::move(svg_);
  }

 private:
  double X(double seconds) const {
    return kLeft + (std::clamp(seconds, begin_, end_) - begin_) / row_seconds_ * kColumns;
  }

  void Rect(const char* style, double x, double y, double width, double height,
            absl::string_view title = "") {
    absl::StrAppendFormat(&svg_,
                          "<rect class=\"%s\" x=\"%.2f\" y=\"%g\" width=\"%.2f\" height=\"%g\"",
                          style, x, y, width, height);
    absl::StrAppend(&svg_,
                    title.empty() ? "/>\n" : absl::StrCat("><title>", title, "</title></rect>\n"));
  }

  void Line(const char* style, double x1, double y1, double x2, double y2) {
    absl::StrAppendFormat(&svg_, "<path class=\"%s\" d=\"M%.2f %gL%.2f %g\"/>\n", style, x1, y1, x2,
                          y2);
  }

  void Text(const char* style, double x, double y, const char* anchor, absl::string_view text) {
    absl::StrAppendFormat(&svg_, "<text class=\"%s\" x=\"%.1f\" y=\"%g\" text-anchor=\"%s\">",
                          style, x, y, anchor);
    absl::StrAppend(&svg_, Escaped(text), "</text>\n");
  }

  void DrawHeader() {
    Text("h", 24, 34, "start", LastOf(plot_.name, 100));
    double speech = 0;
    for (const TimeSpan& segment : plot_.segments) speech += segment.end_s - segment.begin_s;
    Text("s", 24, 55, "start",
         absl::StrFormat(
             "detector %s, %s; %d %s with %.2f s of speech (%.0f %%); peak %s",
             FirstOf(plot_.detector, 60),
             duration_ < 60 ? absl::StrFormat("%.2f s", duration_) : Clock(duration_, 1, duration_),
             plot_.segments.size(), plot_.segments.size() == 1 ? "segment" : "segments", speech,
             100 * speech / duration_,
             peak_ == 0 ? "is silence"
                        : absl::StrFormat("%.1f dBFS", 20 * std::log10(peak_ / 32768.0))));
    double x = 24;
    const auto key = [&](absl::string_view name, double width) {
      Text("s", x + 26, 78, "start", name);
      x += 26 + width;
    };
    Rect("w", x, 72, 20, 4);
    key("waveform", 74);
    Rect("d", x, 69, 20, 10);
    key("speech found", 98);
    Line("q", x, 74, x + 20, 74);
    key("probability of speech", 142);
    Line("x", x, 74, x + 20, 74);
    key(absl::StrFormat("threshold %g", plot_.threshold), 104);
    if (!plot_.labels.has_value()) return;
    Rect("l", x, 69, 20, 10);
    key("labelled speech", 112);
    Rect("o", x, 69, 20, 10);
    key("labelled as something else", 0);
  }

  void DrawRow(double y) {
    if (plot_.labels.has_value()) {
      DrawLabels(y);
      y += kBand + kBandGap;
    }
    const double right = X(end_);
    Rect("p", kLeft, y, right - kLeft, kBand);
    Text("t", kLeft - 8, y + 12, "end", "found");
    const double wave_y = y + kBand + kBandGap;
    const double probability_y = wave_y + wave_height_ + kPanelGap;
    Rect("p", kLeft, wave_y, right - kLeft, wave_height_);
    Rect("p", kLeft, probability_y, right - kLeft, probability_height_);
    for (const TimeSpan& segment : plot_.segments) {
      if (segment.end_s <= begin_ || segment.begin_s >= end_) continue;
      const double x = X(segment.begin_s);
      const double width = std::max(X(segment.end_s) - x, 0.5);
      Rect("d", x, y, width, kBand,
           absl::StrFormat("%.2f s to %.2f s", segment.begin_s, segment.end_s));
      Rect("z", x, wave_y, width, wave_height_);
    }
    DrawAxis(wave_y, probability_y + probability_height_);
    DrawWave(wave_y);
    DrawProbabilities(probability_y);
  }

  void DrawLabels(double y) {
    Rect("p", kLeft, y, X(end_) - kLeft, kBand);
    Text("t", kLeft - 8, y + 12, "end", "labels");
    double text_end = 0;
    for (const Label& label : labels_) {
      // A point at the border of two rows is in the second.
      if (label.begin_s >= end_ || (label.end_s <= begin_ && label.begin_s < begin_)) continue;
      const double x = X(label.begin_s);
      const double width = std::max(X(label.end_s) - x, 1.5);
      const bool is_point = label.begin_s == label.end_s;
      Rect(is_point          ? "k"
           : IsSpeech(label) ? "l"
                             : "o",
           x, y, width, kBand,
           absl::StrFormat("%.2f s to %.2f s: %s", label.begin_s, label.end_s,
                           Escaped(FirstOf(label.text, 200))));
      // A character is some 6 pixels wide.
      const auto fitting = static_cast<size_t>(std::max(0.0, (width - 8) / 6.2));
      if (fitting >= 2 && x + 4 >= text_end && !label.text.empty()) {
        Text("b", x + 4, y + 12, "start", FirstOf(label.text, fitting));
        text_end = x + width;
      }
    }
  }

  void DrawAxis(double top, double bottom) {
    for (auto tick = static_cast<int64_t>(std::ceil(begin_ / tick_seconds_ - 1e-9));; ++tick) {
      const double seconds = static_cast<double>(tick) * tick_seconds_;
      if (seconds > end_ + 1e-9) break;
      Line("g", X(seconds), top, X(seconds), bottom + 4);
      Text("t", X(seconds), bottom + 17, "middle", Clock(seconds, tick_seconds_, duration_));
    }
  }

  // For each pixel the lowest and highest sample, the way there and back.
  void DrawWave(double y) {
    const double middle = y + wave_height_ / 2;
    const double scale = (wave_height_ / 2 - 3) / std::max(peak_, kMinPeak);
    const absl::Span<const Envelope::Part> parts = plot_.envelope->parts();
    const double parts_per_second = static_cast<double>(plot_.sample_rate_hz) /
                                    static_cast<double>(plot_.envelope->samples_per_part());
    const auto num_columns = static_cast<int>(std::ceil(X(end_) - kLeft - 1e-6));
    std::string lows;
    absl::StrAppend(&svg_, "<path class=\"w\" d=\"");
    for (int column = 0; column < num_columns; ++column) {
      const double seconds = begin_ + column / kColumns * row_seconds_;
      const auto first =
          std::min(static_cast<size_t>(seconds * parts_per_second + 1e-6), parts.size() - 1);
      const auto last = std::clamp(
          static_cast<size_t>((seconds + row_seconds_ / kColumns) * parts_per_second + 1e-6),
          first + 1, parts.size());
      Envelope::Part all = parts[first];
      for (const Envelope::Part& part : parts.subspan(first, last - first)) {
        all.low = std::min(all.low, part.low);
        all.high = std::max(all.high, part.high);
      }
      const double x = kLeft + column + 0.5;
      absl::StrAppendFormat(&svg_, "%c%.1f %.1f", column == 0 ? 'M' : 'L', x,
                            middle - all.high * scale);
      lows.insert(0, absl::StrFormat("L%.1f %.1f", x, middle - all.low * scale));
    }
    absl::StrAppend(&svg_, lows, "Z\"/>\n");
  }

  // Steps of 10 ms, or, if a pixel has several frames, their mean, and how far they spread.
  void DrawProbabilities(double y) {
    const double bottom = y + probability_height_ - 2;
    const double height = probability_height_ - 4;
    Text("t", kLeft - 8, y + 9, "end", "1");
    Text("t", kLeft - 8, bottom + 2, "end", "0");
    const auto at = [&](double probability) {
      return bottom - height * std::clamp(probability, 0.0, 1.0);
    };
    const absl::Span<const float> all = plot_.probabilities;
    const auto first = std::min(static_cast<size_t>(std::llround(begin_ * 100)), all.size());
    const auto last =
        std::clamp(static_cast<size_t>(std::ceil(end_ * 100 - 1e-6)), first, all.size());
    std::string means;
    std::string spreads;
    double x = kLeft;
    for (size_t i = first; i < last;) {
      const size_t from = i;
      float low = all[i];
      float high = all[i];
      double sum = all[i];
      double next_x = X(static_cast<double>(++i) / 100);
      while (i < last && next_x < x + 1) {
        low = std::min(low, all[i]);
        high = std::max(high, all[i]);
        sum += all[i];
        next_x = X(static_cast<double>(++i) / 100);
      }
      absl::StrAppendFormat(&means, "%s%.1f %.1fH%.1f", means.empty() ? "M" : "L", x,
                            at(sum / static_cast<double>(i - from)), next_x);
      if (high - low >= 0.02F) {
        absl::StrAppendFormat(&spreads, "M%.1f %.1fV%.1fH%.1fV%.1fZ", x, at(low), at(high), next_x,
                              at(low));
      }
      x = next_x;
    }
    if (!spreads.empty()) absl::StrAppend(&svg_, "<path class=\"r\" d=\"", spreads, "\"/>\n");
    if (!means.empty()) {
      absl::StrAppendFormat(&svg_, "<path class=\"a\" d=\"%sL%.1f %.1fL%.1f %.1fZ\"/>\n", means, x,
                            bottom, kLeft, bottom);
      absl::StrAppendFormat(&svg_, "<path class=\"q\" d=\"%s\"/>\n", means);
    }
    Line("x", kLeft, at(plot_.threshold), X(end_), at(plot_.threshold));
  }

  const VadPlot& plot_;
  double duration_;
  double row_seconds_;
  int num_rows_;
  double tick_seconds_;
  double wave_height_;
  double probability_height_;
  int peak_ = 0;
  // In the order of their begins.
  std::vector<Label> labels_;
  // The times between which the row that is being drawn lies.
  double begin_ = 0;
  double end_ = 0;
  std::string svg_;
};

}  // namespace

absl::StatusOr<std::string> DrawVad(const VadPlot& plot) {
  constexpr int64_t kMaxSeconds = 24 * 3600;
  if (plot.envelope == nullptr || plot.envelope->num_samples() == 0 || plot.probabilities.empty() ||
      plot.sample_rate_hz <= 0) {
    return absl::InvalidArgumentError("there is no sound to plot");
  }
  if (plot.envelope->num_samples() > kMaxSeconds * plot.sample_rate_hz) {
    return absl::OutOfRangeError("more than 24 h cannot be plotted; plot a part of it");
  }
  return Drawing(plot).Draw();
}

}  // namespace parlance::audio
