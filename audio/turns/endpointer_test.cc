#include "audio/turns/endpointer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

using Kind = EndpointerEvent::Kind;
using EndReason = EndpointerEvent::EndReason;

// Frames of 10 samples, so that positions read as milliseconds.
Endpointer::Options Options() {
  Endpointer::Options options;
  options.sample_rate_hz = 1000;
  options.threshold = 0.6F;
  options.min_endpointing_delay = absl::Milliseconds(100);
  options.max_endpointing_delay = absl::Milliseconds(100);
  options.speech_pad = absl::Milliseconds(20);
  options.max_speech_duration = absl::Milliseconds(800);
  return options;
}

// A stretch of `ms` milliseconds that all have one probability.
struct Piece {
  float probability;
  int ms;
};

std::vector<float> Frames(const std::vector<Piece>& pieces) {
  std::vector<float> frames;
  for (const Piece& piece : pieces) {
    frames.insert(frames.end(), static_cast<size_t>(piece.ms / 10), piece.probability);
  }
  return frames;
}

// "start 80 from 100 @230; end 320 from 300 @400 silence": positions, edges, decisions.
std::string Text(const EndpointerEvent& event) {
  if (event.kind == Kind::kSpeechStart) {
    return absl::StrCat("start ", event.segment.begin, " from ", event.edge, " @", event.decided);
  }
  const char* reason = event.end_reason == EndReason::kSilence             ? "silence"
                       : event.end_reason == EndReason::kMaxSpeechDuration ? "cut"
                       : event.end_reason == EndReason::kEndOfStream       ? "flush"
                                                                           : "?";
  return absl::StrCat("end ", event.segment.end, " from ", event.edge, " @", event.decided, " ",
                      reason);
}

std::vector<EndpointerEvent> EventsOf(const std::vector<float>& frames, Endpointer& endpointer) {
  std::vector<EndpointerEvent> events;
  const auto add = [&](const std::optional<EndpointerEvent>& event) {
    if (event) events.push_back(*event);
  };
  for (const float frame : frames) add(endpointer.Push(frame));
  add(endpointer.Flush());
  return events;
}

std::string Script(const std::vector<Piece>& pieces,
                   const Endpointer::Options& options = Options()) {
  auto endpointer = *Endpointer::Create(options);
  std::string text;
  for (const EndpointerEvent& event : EventsOf(Frames(pieces), endpointer)) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", Text(event));
  }
  EXPECT_FALSE(endpointer.in_speech());
  return text;
}

struct ScriptCase {
  std::string name;
  std::vector<Piece> pieces;
  std::string events;
};

void PrintTo(const ScriptCase& script, std::ostream* out) { *out << script.name; }

std::string NameOf(const testing::TestParamInfo<ScriptCase>& info) { return info.param.name; }

class EndpointerScriptTest : public testing::TestWithParam<ScriptCase> {};

TEST_P(EndpointerScriptTest, GivesTheseEvents) {
  EXPECT_EQ(Script(GetParam().pieces), GetParam().events);
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

INSTANTIATE_TEST_SUITE_P(
    Turns, EndpointerScriptTest,
    testing::ValuesIn(std::vector<ScriptCase>{
        {"Nothing", {}, ""},
        {"Silence", {{0, 1000}}, ""},
        {"AnUtterance",
         {{0, 100}, {1, 200}, {0, 200}},
         "start 80 from 100 @230; end 320 from 300 @400 silence"},
        {"FromTheFirstFrame",
         {{1, 200}, {0, 200}},
         "start 0 from 0 @130; end 220 from 200 @300 silence"},
        {"APauseWithinIt",
         {{1, 150}, {0, 90}, {1, 50}, {0, 100}},
         "start 0 from 0 @130; end 310 from 290 @390 silence"},
        {"APauseThatEndsIt",
         {{1, 150}, {0, 100}, {1, 150}, {0, 100}},
         "start 0 from 0 @130; end 170 from 150 @250 silence; "
         "start 230 from 250 @380; end 420 from 400 @500 silence"},
        {"BetweenTheThresholdsATurnGoesOn",
         {{1, 150}, {0.5F, 100}, {0, 100}},
         "start 0 from 0 @130; end 270 from 250 @350 silence"},
        {"BetweenTheThresholdsNoneBegins", {{0.5F, 2000}}, ""},
        {"TheEndOfTheStream", {{1, 200}}, "start 0 from 0 @130; end 200 from 200 @200 flush"},
        {"TheEndOfTheStreamInAPause",
         {{1, 200}, {0, 50}},
         "start 0 from 0 @130; end 220 from 200 @250 flush"},
        {"TheEndOfTheStreamBeforeItIsBelieved", {{1, 120}}, ""},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    ShortWords, EndpointerScriptTest,
    testing::ValuesIn(std::vector<ScriptCase>{
        {"NoIn150Ms",
         {{0, 300}, {0.95F, 150}, {0, 300}},
         "start 280 from 300 @430; end 470 from 450 @550 silence"},
        {"NoThatRisesSlowly",
         {{0, 300}, {0.4F, 20}, {0.55F, 20}, {0.7F, 20}, {0.95F, 130}, {0.5F, 30}, {0, 300}},
         "start 280 from 300 @490; end 540 from 520 @620 silence"},
        {"NoInAllButSureFrames",
         {{0, 300}, {0.85F, 250}, {0, 300}},
         "start 280 from 300 @480; end 570 from 550 @650 silence"},
        {"NoWithADip",
         {{0, 300}, {0.95F, 70}, {0.3F, 20}, {0.95F, 100}, {0, 300}},
         "start 280 from 300 @470; end 510 from 490 @590 silence"},
        {"OkayWithItsClosure",
         {{0, 300}, {0.9F, 80}, {0.1F, 70}, {0.95F, 200}, {0, 300}},
         "start 430 from 450 @580; end 670 from 650 @750 silence"},
        {"JustAboveTheThreshold",
         {{0, 300}, {0.65F, 530}, {0, 300}},
         "start 280 from 300 @820; end 850 from 830 @930 silence"},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    NoSpeech, EndpointerScriptTest,
    testing::ValuesIn(std::vector<ScriptCase>{
        {"AClick", {{0, 300}, {1, 20}, {0, 300}}, ""},
        {"ClicksInARow",
         {{1, 30}, {0, 50}, {1, 30}, {0, 50}, {1, 30}, {0, 50}, {1, 30}, {0, 50}, {1, 30}},
         ""},
        {"ASureCough", {{0, 300}, {1, 120}, {0, 300}}, ""},
        {"ARaggedCoughOf200Ms",
         {{0, 300},
          {1, 40},
          {0.2F, 20},
          {0.9F, 30},
          {0.3F, 20},
          {0.95F, 30},
          {0.1F, 20},
          {0.8F, 40},
          {0, 300}},
         ""},
        {"ABreath", {{0, 300}, {0.75F, 200}, {0, 300}}, ""},
        {"ADoubleCough", {{0, 300}, {1, 120}, {0, 60}, {1, 120}, {0, 300}}, ""},
        {"AFitOfCoughs",
         {{1, 120}, {0, 100}, {1, 110}, {0, 80}, {1, 120}, {0, 60}, {1, 100}, {0, 300}},
         ""},
        {"AClickACoughABreath",
         {{1, 30}, {0, 50}, {1, 120}, {0, 60}, {0.75F, 200}, {0, 50}, {1, 20}, {0, 300}},
         ""},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Cuts, EndpointerScriptTest,
    testing::ValuesIn(std::vector<ScriptCase>{
        {"ALongTurn",
         {{1, 900}},
         "start 0 from 0 @130; end 800 from 800 @800 cut; "
         "start 800 from 800 @810; end 900 from 900 @900 flush"},
        {"ALongOneWithATailOfOneFrame",
         {{1, 810}},
         "start 0 from 0 @130; end 800 from 800 @800 cut; "
         "start 800 from 800 @810; end 810 from 810 @810 flush"},
        {"ExactlyAsLong", {{1, 800}}, "start 0 from 0 @130; end 800 from 800 @800 cut"},
        {"CutInAPauseThatGoesOn",
         {{1, 750}, {0, 300}},
         "start 0 from 0 @130; end 800 from 800 @800 cut"},
        {"CutInAShortPause",
         {{1, 750}, {0, 90}, {1, 50}, {0, 100}},
         "start 0 from 0 @130; end 800 from 800 @800 cut; "
         "start 800 from 800 @850; end 910 from 890 @990 silence"},
        {"CutTwice",
         {{0, 50}, {1, 1700}},
         "start 30 from 50 @180; end 830 from 830 @830 cut; "
         "start 830 from 830 @840; end 1630 from 1630 @1630 cut; "
         "start 1630 from 1630 @1640; end 1750 from 1750 @1750 flush"},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(NoProbabilities, EndpointerScriptTest,
                         testing::ValuesIn(std::vector<ScriptCase>{
                             {"NanIsSilence", {{kNan, 300}}, ""},
                             {"NanEndsATurn",
                              {{1, 200}, {kNan, 100}},
                              "start 0 from 0 @130; end 220 from 200 @300 silence"},
                             {"WhatIsBeyondOneIsOne",
                              {{kInfinity, 100}, {2, 100}, {-kInfinity, 50}, {-1, 50}},
                              "start 0 from 0 @130; end 220 from 200 @300 silence"},
                         }),
                         NameOf);

TEST(EndpointerTest, PaddingReachesBackToTheTurnBefore) {
  Endpointer::Options options = Options();
  options.speech_pad = absl::Milliseconds(90);
  options.max_speech_duration = absl::Seconds(1);
  EXPECT_EQ(Script({{1, 150}, {0, 110}, {1, 150}, {0, 100}}, options),
            "start 0 from 0 @130; end 240 from 150 @250 silence; "
            "start 240 from 260 @390; end 500 from 410 @510 silence");
}

// Evidence gathers slowly from a doubtful sound: what has to be kept for its beginning is bounded.
TEST(EndpointerTest, ADoubtfulBeginningIsBounded) {
  Endpointer::Options options = Options();
  options.max_speech_duration = absl::InfiniteDuration();
  auto endpointer = *Endpointer::Create(options);
  // Four frames gain one, three lose most of it.
  std::vector<Piece> pieces;
  for (int i = 0; i < 60; ++i) {
    pieces.push_back({0.65F, 40});
    pieces.push_back({0.5F, 30});
  }
  pieces.push_back({1, 130});
  const std::vector<EndpointerEvent> events = EventsOf(Frames(pieces), endpointer);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].decided - events[0].segment.begin, endpointer.max_pre_roll_samples());
  EXPECT_EQ(endpointer.max_pre_roll_samples(), 4 * 130 + 100 + 20);
}

// Answers that come late are about earlier frames; when they came stays.
TEST(EndpointerTest, LookAheadMovesDecisionsOnly) {
  Endpointer::Options options = Options();
  options.look_ahead_frames = 4;
  EXPECT_EQ(Script({{1, 40}, {0, 100}, {1, 200}, {0, 200}}, options),
            "start 80 from 100 @270; end 320 from 300 @440 silence");
  EXPECT_EQ(Script({{0, 140}, {1, 810}, {0, 300}}, options),
            "start 80 from 100 @270; end 880 from 880 @920 cut; "
            "start 880 from 880 @930; end 930 from 910 @1050 silence");
  EXPECT_EQ(Script({{1, 40}}, options), "");
}

// What a detector that looks ahead says of each frame: at once, and in the end.
struct TwoAnswers {
  std::vector<float> at_once;
  std::vector<float> in_the_end;
};

// The events of a detector that changes its mind look_ahead_frames after a frame.
std::vector<EndpointerEvent> EventsOfTwo(const TwoAnswers& answers,
                                         const Endpointer::Options& options) {
  auto endpointer = *Endpointer::Create(options);
  const size_t look_ahead = static_cast<size_t>(options.look_ahead_frames);
  std::vector<EndpointerEvent> events;
  const auto add = [&](const std::optional<EndpointerEvent>& event) {
    if (event) events.push_back(*event);
  };
  const size_t num_frames = answers.at_once.size();
  for (size_t frame = 0; frame < num_frames + look_ahead; ++frame) {
    // Before the first frame, and after the last, nothing is known.
    std::vector<float> provisional;
    if (frame < num_frames) provisional.assign(look_ahead, 1);
    for (size_t age = 0; age < provisional.size() && age <= frame; ++age) {
      provisional[look_ahead - 1 - age] = answers.at_once[frame - age];
    }
    add(endpointer.Push(frame < look_ahead ? 1 : answers.in_the_end[frame - look_ahead],
                        provisional));
  }
  add(endpointer.Flush());
  // What is pushed after the stream is none of it.
  const int64_t end = static_cast<int64_t>(num_frames) * options.sample_rate_hz / 100;
  for (EndpointerEvent& event : events) event.decided = std::min(event.decided, end);
  return events;
}

std::string ScriptOf(const TwoAnswers& answers, const Endpointer::Options& options) {
  std::string text;
  for (const EndpointerEvent& event : EventsOfTwo(answers, options)) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", Text(event));
  }
  return text;
}

TEST(EndpointerTest, WhatIsKnownAtOnceDecidesAtOnce) {
  Endpointer::Options options = Options();
  options.look_ahead_frames = 4;
  const std::vector<float> frames = Frames({{0, 100}, {1, 200}, {0, 200}});
  EXPECT_EQ(ScriptOf({.at_once = frames, .in_the_end = frames}, options),
            "start 80 from 100 @230; end 320 from 300 @400 silence");
  // The end of the stream cuts nothing off.
  const std::vector<float> speech = Frames({{1, 200}});
  EXPECT_EQ(ScriptOf({.at_once = speech, .in_the_end = speech}, options),
            "start 0 from 0 @130; end 200 from 200 @200 flush");
}

// Whether speech pauses is not asked again.
TEST(EndpointerTest, PausesAreKnownAtOnce) {
  Endpointer::Options options = Options();
  options.look_ahead_frames = 4;
  const std::vector<float> heard = Frames({{1, 200}, {0, 50}, {0.9F, 30}, {0, 200}});
  const std::string events = "start 0 from 0 @130; end 300 from 280 @380 silence";
  EXPECT_EQ(ScriptOf({.at_once = heard, .in_the_end = heard}, options), events);
  EXPECT_EQ(ScriptOf({.at_once = heard, .in_the_end = Frames({{1, 200}, {0, 280}})}, options),
            events);
  EXPECT_EQ(ScriptOf({.at_once = heard, .in_the_end = Frames({{1, 480}})}, options), events);
}

TEST(EndpointerTest, EvidenceThatDoesNotLastIsTakenBack) {
  Endpointer::Options options = Options();
  options.look_ahead_frames = 4;
  const std::vector<float> heard = Frames({{0, 100}, {1, 400}, {0, 200}});
  EXPECT_EQ(ScriptOf({.at_once = heard, .in_the_end = Frames({{0, 700}})}, options), "");
}

// A detector that stays sure for 70 ms after each sound: the same sounds are speech, and end where
// they ended.
TEST(EndpointerTest, TheHangoverIsNoSpeech) {
  Endpointer::Options options = Options();
  options.hangover_frames = 7;
  options.max_speech_duration = absl::Milliseconds(1100);
  // A cough of 120 ms, a word of 150 ms.
  EXPECT_EQ(Script({{0, 300}, {1, 190}, {0, 300}}, options), "");
  EXPECT_EQ(Script({{0, 300}, {1, 220}, {0, 300}}, options),
            "start 280 from 300 @500; end 470 from 450 @550 silence");
  // Pauses of 90 and 100 ms.
  EXPECT_EQ(Script({{1, 300}, {0, 20}, {1, 100}, {0, 30}, {1, 100}}, options),
            "start 0 from 0 @200; end 370 from 350 @450 silence");
  // A pause shorter than the hang-over is not seen, and one frame of silence is enough for a delay
  // as short.
  options.min_endpointing_delay = absl::Milliseconds(50);
  EXPECT_EQ(Script({{1, 300}, {0, 30}}, options),
            "start 0 from 0 @200; end 250 from 230 @310 silence");
  // The last turn is shorter than the hang-over.
  EXPECT_EQ(Script({{1, 1120}, {0, 100}}, options),
            "start 0 from 0 @200; end 1100 from 1100 @1100 cut; "
            "start 1100 from 1100 @1110; end 1130 from 1110 @1130 silence");
  EXPECT_EQ(Script({{1, 300}}, options), "start 0 from 0 @200; end 300 from 300 @300 flush");
}

TEST(EndpointerTest, IsAsNewAfterFlush) {
  auto endpointer = *Endpointer::Create(Options());
  const std::vector<float> frames = Frames({{0, 50}, {1, 1000}, {0, 70}, {1, 70}});
  const std::vector<EndpointerEvent> first = EventsOf(frames, endpointer);
  const std::vector<EndpointerEvent> second = EventsOf(frames, endpointer);
  ASSERT_EQ(first.size(), 4u);
  ASSERT_EQ(second.size(), 4u);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(Text(first[i]), Text(second[i]));
}

Endpointer::Options Adaptive() {
  Endpointer::Options options = Options();
  options.min_endpointing_delay = absl::Milliseconds(300);
  options.max_endpointing_delay = absl::Milliseconds(1000);
  options.max_speech_duration = absl::Seconds(30);
  return options;
}

// The delays after each of the pieces, in ms.
std::vector<int64_t> Delays(const std::vector<Piece>& pieces) {
  auto endpointer = *Endpointer::Create(Adaptive());
  std::vector<int64_t> delays;
  for (const Piece& piece : pieces) {
    for (const float frame : Frames({piece})) endpointer.Push(frame);
    delays.push_back(absl::ToInt64Milliseconds(endpointer.endpointing_delay()));
  }
  return delays;
}

TEST(EndpointerTest, DelaysCanBeChangedWithinATurn) {
  Endpointer endpointer = *Endpointer::Create(Options());
  for (const float frame : Frames({{0, 100}, {1, 300}, {0, 50}})) endpointer.Push(frame);
  ASSERT_TRUE(endpointer.in_speech());
  endpointer.SetDelays(absl::Milliseconds(300), absl::Milliseconds(300), absl::Milliseconds(300),
                       absl::Milliseconds(300));
  for (const float frame : Frames({{0, 240}})) EXPECT_FALSE(endpointer.Push(frame).has_value());
  EXPECT_TRUE(endpointer.Push(0).has_value());
  endpointer.Flush();
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(300)) << "they stay";
}

TEST(EndpointerTest, DelaysThatCannotBeAreTheNearestThatCan) {
  Endpointer endpointer = *Endpointer::Create(Options());
  endpointer.SetDelays(-absl::InfiniteDuration(), -absl::Seconds(1), absl::ZeroDuration(),
                       absl::ZeroDuration());
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(10));
  endpointer.SetDelays(absl::InfiniteDuration(), absl::Seconds(1), absl::InfiniteDuration(),
                       absl::InfiniteDuration());
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Seconds(10));
}

TEST(EndpointerTest, AHesitationLengthensTheDelayAtOnce) {
  EXPECT_EQ(Delays({{1, 200}, {0, 290}, {1, 10}, {0, 430}, {1, 10}, {0, 640}, {1, 10}}),
            (std::vector<int64_t>{300, 300, 440, 440, 650, 650, 960}));
}

TEST(EndpointerTest, TheDelayStaysWithinItsBounds) {
  EXPECT_EQ(Delays({{1, 200},
                    {0, 100},
                    {1, 10},
                    {0, 290},
                    {1, 10},
                    {0, 430},
                    {1, 10},
                    {0, 640},
                    {1, 10},
                    {0, 900},
                    {1, 10}}),
            (std::vector<int64_t>{300, 300, 300, 300, 440, 440, 650, 650, 960, 960, 1000}));
}

TEST(EndpointerTest, ClosuresAreNoHesitations) {
  EXPECT_EQ(Delays({{1, 200}, {0, 90}, {1, 10}}), (std::vector<int64_t>{300, 300, 300}));
}

TEST(EndpointerTest, ATurnThatWasEndedTooSoonIsAHesitation) {
  // 500 ms ended the turn, and it went on: 1.5 times as long would have been right.
  EXPECT_EQ(Delays({{1, 200}, {0, 500}, {1, 130}}), (std::vector<int64_t>{300, 300, 750}));
  // After more than the longest delay it is another turn.
  EXPECT_EQ(Delays({{1, 200}, {0, 1010}, {1, 130}}), (std::vector<int64_t>{300, 300, 300}));
}

TEST(EndpointerTest, FluentTurnsShortenTheDelay) {
  EXPECT_EQ(Delays({{1, 200},
                    {0, 500},
                    {1, 200},
                    {0, 1100},
                    {1, 200},
                    {0, 1100},
                    {1, 200},
                    {0, 1100},
                    {1, 200},
                    {0, 1100},
                    {1, 200},
                    {0, 1100}}),
            (std::vector<int64_t>{300, 300, 750, 750, 750, 570, 570, 430, 430, 320, 320, 300}));
}

TEST(EndpointerTest, ShorterPausesShortenItSlowly) {
  EXPECT_EQ(Delays({{1, 200}, {0, 500}, {1, 200}, {0, 100}, {1, 10}, {0, 100}, {1, 10}}),
            (std::vector<int64_t>{300, 300, 750, 750, 680, 680, 610}));
}

// 300 ms of speech, whose words are known at its end, and then silence: how long it takes to end.
int64_t DelayAfter(Endpointer::Words words, const Endpointer::Options& options) {
  Endpointer endpointer = *Endpointer::Create(options);
  for (int i = 0; i < 30; ++i) endpointer.Push(1);
  endpointer.SetWords(words);
  for (int i = 0; i < 1000; ++i) {
    if (const auto event = endpointer.Push(0)) {
      EXPECT_EQ(event->kind, Kind::kSpeechEnd);
      return event->delay();
    }
  }
  return -1;
}

TEST(EndpointerTest, WordsMoveTheEnd) {
  Endpointer::Options options = Options();
  options.complete_delay = absl::Milliseconds(50);
  options.incomplete_delay = absl::Milliseconds(400);
  EXPECT_EQ(DelayAfter(Endpointer::Words::kUnknown, options), 100);
  EXPECT_EQ(DelayAfter(Endpointer::Words::kComplete, options), 50);
  EXPECT_EQ(DelayAfter(Endpointer::Words::kIncomplete, options), 400);
  // They only shorten, or only lengthen, what the delay would be.
  options.complete_delay = absl::Milliseconds(200);
  options.incomplete_delay = absl::Milliseconds(70);
  EXPECT_EQ(DelayAfter(Endpointer::Words::kComplete, options), 100);
  EXPECT_EQ(DelayAfter(Endpointer::Words::kIncomplete, options), 100);
}

TEST(EndpointerTest, WordsAreOfOneTurn) {
  Endpointer::Options options = Options();
  options.incomplete_delay = absl::Milliseconds(400);
  Endpointer endpointer = *Endpointer::Create(options);
  endpointer.SetWords(Endpointer::Words::kIncomplete);
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(100)) << "nobody speaks";
  for (int i = 0; i < 30; ++i) endpointer.Push(1);
  EXPECT_EQ(endpointer.pause(), absl::ZeroDuration());
  endpointer.SetWords(Endpointer::Words::kIncomplete);
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(400));
  for (int i = 0; i < 10; ++i) endpointer.Push(0);
  EXPECT_EQ(endpointer.pause(), absl::Milliseconds(100));
  // The words that were said last came during the pause: it is over at once.
  endpointer.SetWords(Endpointer::Words::kUnknown);
  ASSERT_TRUE(endpointer.Push(0).has_value());
  EXPECT_EQ(endpointer.pause(), absl::ZeroDuration());
  for (int i = 0; i < 30; ++i) endpointer.Push(1);
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(100));
}

// In the pause after "convert twenty pounds to", the recogniser takes noise for "feet".
TEST(EndpointerTest, NobodySpeaksInAPause) {
  Endpointer::Options options = Options();
  options.complete_delay = absl::Milliseconds(50);
  options.incomplete_delay = absl::Milliseconds(400);
  options.max_words_lag = absl::Milliseconds(150);
  auto endpointer = *Endpointer::Create(options);
  for (int i = 0; i < 30; ++i) endpointer.Push(1);
  endpointer.SetWords(Endpointer::Words::kIncomplete);
  for (int i = 0; i < 15; ++i) endpointer.Push(0);
  endpointer.SetWords(Endpointer::Words::kComplete);
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(400));
  // Once somebody does, words are theirs.
  endpointer.Push(1);
  endpointer.SetWords(Endpointer::Words::kComplete);
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(50));
  // What lags less is believed.
  endpointer.SetWords(Endpointer::Words::kIncomplete);
  for (int i = 0; i < 14; ++i) endpointer.Push(0);
  endpointer.SetWords(Endpointer::Words::kComplete);
  EXPECT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(50));
}

TEST(EndpointerTest, EqualDelaysDoNotAdapt) {
  auto endpointer = *Endpointer::Create(Options());
  for (const float frame : Frames({{1, 200}, {0, 90}, {1, 200}, {0, 100}, {1, 200}})) {
    endpointer.Push(frame);
    ASSERT_EQ(endpointer.endpointing_delay(), absl::Milliseconds(100));
  }
}

// A day at 48 kHz, whose samples are more than 32 bits count.
TEST(EndpointerTest, ADayLong) {
  Endpointer::Options options;
  options.sample_rate_hz = 48000;
  auto endpointer = *Endpointer::Create(options);
  constexpr int64_t kDay = 24 * 3600 * 100;
  int64_t num_events = 0;
  std::optional<EndpointerEvent> last;
  for (int64_t frame = 0; frame < kDay; ++frame) {
    // Every ten seconds, three of them.
    if (auto event = endpointer.Push(frame % 1000 < 300 ? 0.95F : 0.05F)) {
      ++num_events;
      last = event;
    }
  }
  EXPECT_EQ(num_events, 2 * kDay / 1000);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->segment.begin, (kDay - 1000 - 20) * 480);
  EXPECT_EQ(last->segment.end, (kDay - 700 + 20) * 480);
  EXPECT_EQ(last->edge, (kDay - 700) * 480);
  EXPECT_EQ(last->decided, (kDay - 650) * 480);
}

// Stretches of all sorts of probabilities, as no detector gives them.
std::vector<float> RandomFrames(std::mt19937_64& random) {
  std::vector<float> frames;
  std::uniform_real_distribution<float> any(-0.1F, 1.1F);
  while (frames.size() < 3000) {
    const auto length = std::geometric_distribution<int>(0.04)(random);
    const auto kind = random() % 8;
    const float level = any(random);
    for (int i = 0; i < length; ++i) {
      frames.push_back(kind < 2    ? 0
                       : kind < 4  ? 1
                       : kind == 4 ? any(random)
                       : kind == 5 ? kNan
                                   : level);
    }
  }
  return frames;
}

Endpointer::Options RandomOptions(std::mt19937_64& random) {
  const auto frames = [&](int64_t least, int64_t most) {
    return absl::Milliseconds(10) * std::uniform_int_distribution<int64_t>(least, most)(random);
  };
  Endpointer::Options options;
  options.sample_rate_hz = random() % 2 == 0 ? 8000 : 44100;
  options.threshold = std::uniform_real_distribution<float>(0.01F, 0.99F)(random);
  options.neg_threshold = std::uniform_real_distribution<float>(0.01F, options.threshold)(random);
  options.min_speech_duration = frames(1, 30);
  options.min_endpointing_delay = frames(1, 60);
  options.max_endpointing_delay = options.min_endpointing_delay + frames(0, 60);
  options.speech_pad = frames(0, 50);
  options.hangover_frames = random() % 2 == 0 ? 0 : static_cast<int>(random() % 20);
  options.max_speech_duration = absl::Milliseconds(100) + 4 * options.min_speech_duration +
                                absl::Milliseconds(40) * options.hangover_frames +
                                2 * options.speech_pad + options.max_endpointing_delay +
                                frames(0, 200);
  options.look_ahead_frames = static_cast<int>(random() % 30);
  return options;
}

TEST(EndpointerTest, InvariantsHoldForAnyProbabilities) {
  constexpr uint64_t kSeed = 20240611;
  int num_events = 0;
  int num_contiguous = 0;
  for (uint64_t seed = kSeed; seed < kSeed + 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937_64 random(seed);
    const Endpointer::Options options = RandomOptions(random);
    const std::vector<float> frames = RandomFrames(random);
    auto endpointer = Endpointer::Create(options);
    ASSERT_THAT(endpointer, IsOk());
    const int64_t pre_roll = endpointer->max_pre_roll_samples();
    const int64_t frame_samples = options.sample_rate_hz / 100;
    const int64_t length = static_cast<int64_t>(frames.size()) * frame_samples;
    const int64_t longest =
        absl::ToInt64Milliseconds(options.max_speech_duration) / 10 * frame_samples;
    // Half of the detectors change their mind later.
    std::vector<float> at_once = RandomFrames(random);
    at_once.resize(frames.size());
    const std::vector<EndpointerEvent> events =
        seed % 2 == 0 ? EventsOf(frames, *endpointer)
                      : EventsOfTwo({.at_once = at_once, .in_the_end = frames}, options);
    bool in_speech = false;
    EndpointerEvent last;
    for (const EndpointerEvent& event : events) {
      ++num_events;
      ASSERT_EQ(event.kind, in_speech ? Kind::kSpeechEnd : Kind::kSpeechStart);
      ASSERT_GE(event.position(), last.position());
      ASSERT_GE(event.decided, last.decided);
      ASSERT_GE(event.decided, event.position());
      ASSERT_GE(event.decided, event.edge);
      ASSERT_GE(event.delay(), 0);
      ASSERT_LE(event.decided, length);
      ASSERT_EQ(event.position() % frame_samples, 0);
      if (in_speech) {
        ASSERT_EQ(event.segment.begin, last.segment.begin);
        ASSERT_LT(event.segment.begin, event.segment.end);
        ASSERT_LE(event.segment.end - event.segment.begin, longest);
        ASSERT_LE(event.edge, event.segment.end);
        ASSERT_GT(event.edge, event.segment.begin);
      } else {
        ASSERT_EQ(event.end_reason, EndReason::kNone);
        ASSERT_LE(event.segment.begin, event.edge);
        ASSERT_LE(event.decided - event.segment.begin, pre_roll);
        num_contiguous += last.end_reason == EndReason::kMaxSpeechDuration &&
                          event.segment.begin == last.segment.end;
      }
      in_speech = !in_speech;
      last = event;
    }
    ASSERT_FALSE(in_speech);
  }
  // The sequences are not all silence to these options.
  EXPECT_GT(num_events, 5000);
  EXPECT_GT(num_contiguous, 100);
}

// A detector that knows all at once decides as one without look-ahead does, whatever it says.
TEST(EndpointerTest, LookAheadDelaysNothing) {
  constexpr uint64_t kSeed = 20261130;
  size_t num_events = 0;
  for (uint64_t seed = kSeed; seed < kSeed + 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937_64 random(seed);
    Endpointer::Options options = RandomOptions(random);
    const std::vector<float> frames = RandomFrames(random);
    const std::vector<EndpointerEvent> late =
        EventsOfTwo({.at_once = frames, .in_the_end = frames}, options);
    options.look_ahead_frames = 0;
    auto endpointer = *Endpointer::Create(options);
    const std::vector<EndpointerEvent> early = EventsOf(frames, endpointer);
    ASSERT_EQ(late.size(), early.size());
    for (size_t i = 0; i < late.size(); ++i) ASSERT_EQ(Text(late[i]), Text(early[i])) << i;
    num_events += late.size();
  }
  EXPECT_GT(num_events, 5000u);
}

// Nothing is shared between endpointers, nor does it matter how many are pushed to in between.
TEST(EndpointerTest, InterleavedOnesAreAsEachAlone) {
  constexpr uint64_t kSeed = 7;
  constexpr size_t kStreams = 16;
  std::vector<std::vector<float>> frames;
  std::vector<Endpointer> endpointers;
  std::vector<std::string> alone(kStreams);
  for (size_t i = 0; i < kStreams; ++i) {
    std::mt19937_64 random(kSeed + i);
    endpointers.push_back(*Endpointer::Create(RandomOptions(random)));
    frames.push_back(RandomFrames(random));
    Endpointer copy = endpointers[i];
    for (const EndpointerEvent& event : EventsOf(frames[i], copy)) {
      absl::StrAppend(&alone[i], Text(event), "; ");
    }
  }
  std::vector<std::string> together(kStreams);
  std::vector<size_t> places(kStreams);
  std::mt19937_64 random(kSeed);
  const auto add = [&](size_t i, const std::optional<EndpointerEvent>& event) {
    if (event) absl::StrAppend(&together[i], Text(*event), "; ");
  };
  for (size_t left = kStreams; left > 0;) {
    const size_t i = random() % kStreams;
    if (places[i] == frames[i].size()) continue;
    for (size_t chunk = random() % 50; chunk > 0 && places[i] < frames[i].size(); --chunk) {
      add(i, endpointers[i].Push(frames[i][places[i]++]));
    }
    if (places[i] == frames[i].size()) --left;
  }
  for (size_t i = 0; i < kStreams; ++i) {
    add(i, endpointers[i].Flush());
    EXPECT_EQ(together[i], alone[i]) << "seed " << kSeed + i;
    EXPECT_FALSE(alone[i].empty());
  }
}

struct RefusedCase {
  std::string name;
  void (*change)(Endpointer::Options& options);
};

class RefusedOptionsTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedOptionsTest, IsAnInvalidArgument) {
  Endpointer::Options options = Options();
  GetParam().change(options);
  EXPECT_THAT(Endpointer::Create(options), StatusIs(absl::StatusCode::kInvalidArgument));
}

using EndpointerOptions = Endpointer::Options;

INSTANTIATE_TEST_SUITE_P(
    Options, RefusedOptionsTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        {"NegThresholdAbove", [](EndpointerOptions& o) { o.neg_threshold = 0.9F; }},
        {"ThresholdOfOne", [](EndpointerOptions& o) { o.threshold = 1; }},
        {"ThresholdNan", [](EndpointerOptions& o) { o.threshold = kNan; }},
        {"NegThresholdOfZero", [](EndpointerOptions& o) { o.neg_threshold = 0; }},
        {"NoCompleteDelay", [](EndpointerOptions& o) { o.complete_delay = absl::ZeroDuration(); }},
        {"EndlessIncompleteDelay",
         [](EndpointerOptions& o) { o.incomplete_delay = absl::InfiniteDuration(); }},
        {"NoWordsLag", [](EndpointerOptions& o) { o.max_words_lag = absl::ZeroDuration(); }},
        {"EndlessWordsLag",
         [](EndpointerOptions& o) { o.max_words_lag = absl::InfiniteDuration(); }},
        {"NoDelay", [](EndpointerOptions& o) { o.min_endpointing_delay = absl::ZeroDuration(); }},
        {"DelaysReversed",
         [](EndpointerOptions& o) { o.max_endpointing_delay = absl::Milliseconds(90); }},
        {"EndlessDelay",
         [](EndpointerOptions& o) { o.max_endpointing_delay = absl::InfiniteDuration(); }},
        {"NoMinSpeech", [](EndpointerOptions& o) { o.min_speech_duration = absl::ZeroDuration(); }},
        {"LongMinSpeech", [](EndpointerOptions& o) { o.min_speech_duration = absl::Seconds(2); }},
        {"NegativePadding", [](EndpointerOptions& o) { o.speech_pad = absl::Milliseconds(-1); }},
        {"EndlessPadding", [](EndpointerOptions& o) { o.speech_pad = absl::InfiniteDuration(); }},
        {"ShortTurns",
         [](EndpointerOptions& o) { o.max_speech_duration = absl::Milliseconds(750); }},
        {"NoRate", [](EndpointerOptions& o) { o.sample_rate_hz = 0; }},
        {"FramesOfHalfSamples", [](EndpointerOptions& o) { o.sample_rate_hz = 22050; }},
        {"NegativeLookAhead", [](EndpointerOptions& o) { o.look_ahead_frames = -1; }},
        {"NegativeHangover", [](EndpointerOptions& o) { o.hangover_frames = -1; }},
        {"LongHangover",
         [](EndpointerOptions& o) {
           o.hangover_frames = 51;
           o.max_speech_duration = absl::Seconds(10);
         }},
        {"LongLookAhead", [](EndpointerOptions& o) { o.look_ahead_frames = 101; }},
    }),
    [](const testing::TestParamInfo<RefusedCase>& info) { return info.param.name; });

}  // namespace
}  // namespace parlance::audio
