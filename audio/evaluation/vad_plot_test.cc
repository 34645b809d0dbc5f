// Pictures are for the eye; this looks at whether they are sound XML, and have what they should.
#include "audio/evaluation/vad_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/evaluation/envelope.h"
#include "audio/evaluation/labels.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/sound_file/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

// What keeps a text from being well-formed, as far as our pictures go; "" for nothing. Elements
// nest, attributes are quoted, references are known, characters are XML's.
std::string NotWellFormed(absl::string_view text) {
  for (absl::string_view rest = text; !rest.empty();) {
    const size_t size = Utf8CharacterSize(rest);
    if (size == 0) return "not UTF-8";
    const auto first = static_cast<unsigned char>(rest[0]);
    if (first < 0x20 && first != '\n') return "a control character";
    if (rest.substr(0, size) == "\xEF\xBF\xBF") return "U+FFFF";
    rest.remove_prefix(size);
  }
  std::vector<std::string> open;
  while (!text.empty()) {
    if (text[0] == '&') {
      const absl::string_view name = text.substr(0, text.find(';') + 1);
      if (name != "&lt;" && name != "&gt;" && name != "&amp;" && name != "&quot;") return "a '&'";
      text.remove_prefix(name.size());
    } else if (text[0] == '<') {
      const size_t end = text.find('>');
      if (end == absl::string_view::npos) return "a '<'";
      absl::string_view tag = text.substr(1, end - 1);
      text.remove_prefix(end + 1);
      if (tag[0] == '/') {
        if (open.empty() || open.back() != tag.substr(1)) return absl::StrCat("</", tag.substr(1));
        open.pop_back();
        continue;
      }
      const bool is_empty = tag.back() == '/';
      if (is_empty) tag.remove_suffix(1);
      const std::string name(tag.substr(0, tag.find(' ')));
      if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return absl::StrCat("quotes in ", tag);
      if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; })) {
        return absl::StrCat("the element '", name, "'");
      }
      if (!is_empty) open.push_back(name);
    } else {
      if (open.empty() && text[0] != '\n') return "text outside";
      text.remove_prefix(1);
    }
  }
  return open.empty() ? "" : absl::StrCat("<", open.back(), "> is open");
}

struct Sound {
  Envelope envelope;
  std::vector<float> probabilities;
};

Sound SoundOf(double seconds, int rate_hz) {
  Sound sound;
  sound.envelope.Push(WhiteNoise(static_cast<size_t>(seconds * rate_hz), 1000, 1));
  for (int i = 0; i < std::ceil(seconds * 100 - 1e-9); ++i) {
    sound.probabilities.push_back(static_cast<float>(i % 101) / 100);
  }
  return sound;
}

std::string Drawn(const VadPlot& plot) {
  const auto svg = DrawVad(plot);
  EXPECT_THAT(svg, IsOk());
  if (!svg.ok()) return "";
  EXPECT_EQ(NotWellFormed(*svg), "");
  EXPECT_THAT(*svg, Not(AnyOf(HasSubstr("nan"), HasSubstr("inf\""))));
  return *svg;
}

int CountOf(absl::string_view text, absl::string_view part) {
  return static_cast<int>(std::vector<absl::string_view>(absl::StrSplit(text, part)).size()) - 1;
}

TEST(VadPlotTest, HasWhatWasHeard) {
  const Sound sound = SoundOf(2, 16000);
  const std::vector<TimeSpan> segments = {{0.25, 0.75}, {1, 1.5}};
  const std::string svg = Drawn({.name = "dir/call.wav",
                                 .detector = "classic",
                                 .envelope = &sound.envelope,
                                 .sample_rate_hz = 16000,
                                 .probabilities = sound.probabilities,
                                 .threshold = 0.7F,
                                 .segments = segments,
                                 .labels = std::nullopt});
  for (const char* part :
       {"<title>dir/call.wav, classic</title>", "2 segments with 1.00 s of speech (50 %)",
        "threshold 0.7", "<title>0.25 s to 0.75 s</title>", ">1.4 s<"}) {
    EXPECT_THAT(svg, HasSubstr(part)) << part;
  }
  EXPECT_THAT(svg, Not(HasSubstr("labels")));
  EXPECT_EQ(CountOf(svg, ">found<"), 1);
}

TEST(VadPlotTest, HasTheLabels) {
  const Sound sound = SoundOf(2, 16000);
  const std::vector<Label> labels = {
      {1, 1.5, "you <there> & \"here\""}, {0, 0.5, "hello"}, {0.7, 0.8, "noise"}, {0.6, 0.6, "p"}};
  const std::string svg = Drawn({.name = "a",
                                 .detector = "b",
                                 .envelope = &sound.envelope,
                                 .sample_rate_hz = 16000,
                                 .probabilities = sound.probabilities,
                                 .threshold = 0.5F,
                                 .segments = {},
                                 .labels = labels});
  for (const char* part : {">hello<", ">you &lt;there&gt; &amp; &quot;here&quot;<", ">noise<",
                           "<title>0.60 s to 0.60 s: p</title>", "0 segments", ">labels<"}) {
    EXPECT_THAT(svg, HasSubstr(part)) << part;
  }
}

TEST(VadPlotTest, AnyLengthHasRowsAndTicks) {
  const struct {
    double seconds;
    int rate_hz;
    int num_rows;
    const char* tick;
  } cases[] = {
      {0.01, 8000, 1, ">0.005 s<"},    {0.0000625, 16000, 1, ">0.0000 s<"},
      {1, 48000, 1, ">0.3 s<"},        {30, 16000, 1, ">26 s<"},
      {31, 16000, 2, ">30 s<"},        {90, 8000, 3, ">1:14<"},
      {600, 8000, 10, ">9:45<"},       {3600, 100, 12, ">0:55:00<"},
      {8 * 3600, 100, 8, ">7:45:00<"}, {24 * 3600, 50, 12, ">23:50:00<"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.seconds);
    const Sound sound = SoundOf(test.seconds, test.rate_hz);
    const std::string svg = Drawn({.name = "a",
                                   .detector = "b",
                                   .envelope = &sound.envelope,
                                   .sample_rate_hz = test.rate_hz,
                                   .probabilities = sound.probabilities,
                                   .threshold = 0.5F,
                                   .segments = {},
                                   .labels = std::nullopt});
    EXPECT_EQ(CountOf(svg, ">found<"), test.num_rows);
    EXPECT_THAT(svg, HasSubstr(test.tick)) << test.tick;
    EXPECT_LT(svg.size(), 1500000u);
  }
}

TEST(VadPlotTest, AnyNameIsWellFormed) {
  const Sound sound = SoundOf(0.5, 8000);
  std::vector<std::string> names = {"",
                                    "<a href=\"x\">&'",
                                    "]]><!-- --><![CDATA[",
                                    std::string("nul\0.wav", 8),
                                    "\x1B[31m\x7F",
                                    "\xFF\xFE latin \xE9",
                                    "\xEF\xBF\xBF\xEF\xBF\xBE",
                                    std::string(5000, '&')};
  constexpr uint64_t kSeed = 3;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 50; ++i) {
    std::string name;
    for (int k = 0; k < 40; ++k) name += static_cast<char>(random());
    names.push_back(name);
  }
  for (const std::string& name : names) {
    const std::string svg =
        Drawn({.name = name,
               .detector = name,
               .envelope = &sound.envelope,
               .sample_rate_hz = 8000,
               .probabilities = sound.probabilities,
               .threshold = 0.5F,
               .segments = {},
               .labels = std::vector<Label>{{.begin_s = 0, .end_s = 0.5, .text = name}}});
    EXPECT_FALSE(svg.empty()) << "seed " << kSeed;
  }
}

TEST(VadPlotTest, RefusesWhatCannotBeDrawn) {
  const Sound sound = SoundOf(0.5, 8000);
  const Envelope nothing;
  VadPlot plot{.name = "a",
               .detector = "b",
               .envelope = &nothing,
               .sample_rate_hz = 8000,
               .probabilities = sound.probabilities,
               .threshold = 0.5F,
               .segments = {},
               .labels = std::nullopt};
  EXPECT_THAT(DrawVad(plot), StatusIs(absl::StatusCode::kInvalidArgument));
  plot.envelope = &sound.envelope;
  EXPECT_THAT(DrawVad(plot), IsOk());
  plot.sample_rate_hz = 0;
  EXPECT_THAT(DrawVad(plot), StatusIs(absl::StatusCode::kInvalidArgument));
  plot.sample_rate_hz = 8000;
  plot.probabilities = {};
  EXPECT_THAT(DrawVad(plot), StatusIs(absl::StatusCode::kInvalidArgument));
  const Sound day = SoundOf(24 * 3600 + 1, 10);
  plot.envelope = &day.envelope;
  plot.sample_rate_hz = 10;
  plot.probabilities = day.probabilities;
  EXPECT_THAT(DrawVad(plot), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(EnvelopeTest, IsTheSameWhateverTheChunks) {
  const std::vector<int16_t> noise = WhiteNoise(300000, 5000, 4);
  Envelope whole;
  whole.Push(noise);
  // 300,000 samples need parts of 8 to be at most 65,536.
  ASSERT_EQ(whole.samples_per_part(), 8);
  ASSERT_EQ(whole.parts().size(), 37500u);
  for (size_t i = 0; i < whole.parts().size(); ++i) {
    const auto part = absl::MakeConstSpan(noise).subspan(i * 8, 8);
    ASSERT_EQ(whole.parts()[i].low, *std::min_element(part.begin(), part.end())) << i;
    ASSERT_EQ(whole.parts()[i].high, *std::max_element(part.begin(), part.end())) << i;
  }
  constexpr uint64_t kSeed = 5;
  std::mt19937_64 random(kSeed);
  Envelope pieces;
  for (absl::Span<const int16_t> rest = noise; !rest.empty();) {
    const size_t count = std::min<size_t>(rest.size(), 1 + random() % 900);
    pieces.Push(rest.first(count));
    rest.remove_prefix(count);
  }
  EXPECT_EQ(pieces.num_samples(), 300000);
  ASSERT_EQ(pieces.parts().size(), whole.parts().size());
  for (size_t i = 0; i < whole.parts().size(); ++i) {
    ASSERT_EQ(pieces.parts()[i].low, whole.parts()[i].low) << i << ", seed " << kSeed;
    ASSERT_EQ(pieces.parts()[i].high, whole.parts()[i].high) << i << ", seed " << kSeed;
  }
}

}  // namespace
}  // namespace parlance::audio
