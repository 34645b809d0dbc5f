#include "audio/endpointer.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

// Frames of 10 samples, so that positions read as milliseconds.
Endpointer::Options Options() {
  Endpointer::Options options;
  options.sample_rate_hz = 1000;
  options.min_speech = absl::Milliseconds(30);
  options.endpoint_silence = absl::Milliseconds(100);
  options.padding = absl::Milliseconds(20);
  options.max_segment = absl::Milliseconds(500);
  return options;
}

// "50-210@290": one segment a word, and where its end was decided. `frames`: # speech, . silence, -
// between the two probabilities.
std::string SegmentsOf(const std::string& frames, const Endpointer::Options& options = Options()) {
  auto endpointer = *Endpointer::Create(options);
  std::string text;
  std::optional<int64_t> begin;
  const auto add = [&](const std::optional<EndpointerEvent>& event) {
    if (!event) return;
    if (event->kind == EndpointerEvent::Kind::kSpeechStart) {
      EXPECT_FALSE(begin.has_value());
      begin = event->segment.begin;
      return;
    }
    EXPECT_EQ(begin, event->segment.begin);
    begin.reset();
    absl::StrAppend(&text, text.empty() ? "" : " ", event->segment.begin, "-", event->segment.end,
                    "@", event->decided);
  };
  for (const char frame : frames) add(endpointer.Push(frame == '#' ? 1 : frame == '-' ? 0.5F : 0));
  add(endpointer.Flush());
  EXPECT_FALSE(begin.has_value());
  EXPECT_FALSE(endpointer.in_speech());
  return text;
}

std::string Times(char frame, size_t count) { return std::string(count, frame); }

TEST(EndpointerTest, FindsASegment) {
  EXPECT_EQ(SegmentsOf(Times('.', 10) + Times('#', 10) + Times('.', 20)), "80-220@300");
}

TEST(EndpointerTest, IgnoresClicks) {
  EXPECT_EQ(SegmentsOf(Times('.', 5) + "##" + Times('.', 5) + "##" + Times('.', 20)), "");
}

TEST(EndpointerTest, PausesWithinAnUtteranceDoNotEndIt) {
  EXPECT_EQ(SegmentsOf(Times('#', 5) + Times('.', 9) + Times('#', 5) + Times('.', 10)),
            "0-210@290");
}

TEST(EndpointerTest, APauseEndsIt) {
  EXPECT_EQ(SegmentsOf(Times('#', 5) + Times('.', 10) + Times('#', 5) + Times('.', 10)),
            "0-70@150 130-220@300");
}

TEST(EndpointerTest, TheTwoProbabilitiesAreAHysteresis) {
  EXPECT_EQ(SegmentsOf(Times('-', 20)), "");
  EXPECT_EQ(SegmentsOf(Times('#', 3) + Times('-', 10) + Times('.', 10)), "0-150@230");
}

TEST(EndpointerTest, PaddingReachesBackToTheSegmentBefore) {
  Endpointer::Options options = Options();
  options.padding = absl::Milliseconds(90);
  EXPECT_EQ(SegmentsOf(Times('#', 5) + Times('.', 11) + Times('#', 5) + Times('.', 10), options),
            "0-140@150 140-300@310");
}

TEST(EndpointerTest, TheStreamsEndEndsIt) { EXPECT_EQ(SegmentsOf(Times('#', 10)), "0-100@100"); }

TEST(EndpointerTest, ALongSegmentIsCut) {
  EXPECT_EQ(SegmentsOf(Times('#', 60)), "0-500@500 500-600@600");
}

TEST(EndpointerTest, RefusesOptionsOutOfRange) {
  const auto refused = [](auto change) {
    Endpointer::Options options = Options();
    change(options);
    return Endpointer::Create(options).status().code() == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](auto& options) { options.stop_probability = 0.9F; }));
  EXPECT_TRUE(refused([](auto& options) { options.start_probability = 1.5F; }));
  EXPECT_TRUE(refused([](auto& options) { options.endpoint_silence = absl::ZeroDuration(); }));
  EXPECT_TRUE(refused([](auto& options) { options.max_segment = absl::Milliseconds(50); }));
  EXPECT_TRUE(refused([](auto& options) { options.sample_rate_hz = 0; }));
}

}  // namespace
}  // namespace parlance::audio
