#include "pipeline/conversation/replay/replay.h"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/replay/explanation.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::Contains;
using testing::HasSubstr;

template <typename Number>
absl::Duration Ms(Number ms) {
  return absl::Milliseconds(static_cast<int64_t>(ms));
}

ReplayOptions Options() {
  return {.make_detector = [](absl::string_view name)
              -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
    if (name != "loudness") return absl::NotFoundError("no such detector");
    return std::make_unique<LoudnessVad>();
  }};
}

// A conversation with an interruption, a call, a failure and a hang-up, as a record.
std::string Recorded(uint32_t seed, size_t max_bytes = ConversationRecorder::kMaxBytes) {
  std::string record;
  {
    SimulatedWorld world;
    world.Record([&](absl::string_view bytes) { record.append(bytes.data(), bytes.size()); },
                 max_bytes);
    std::mt19937 random(seed);
    world.agent = [&](const AgentQuestion& question) {
      if (question.answers.empty() && random() % 2 == 0) {
        return SimulatedWorld::AgentStep{
            .calls = {{.call = {.name = "clock", .arguments = "{}"}, .effects = false}}};
      }
      return SimulatedWorld::AgentStep{
          .texts = {{Ms(random() % 200), "One two three, four five six seven. And eight. "}}};
    };
    for (int i = 0; i < 6; ++i) {
      world.synthesis.fails = random() % 4 == 0;
      world.Speak(Ms(20 * (20 + random() % 40)), "hello", random() % 2 == 0 ? "hello" : "");
      world.BeSilent(Ms(20 * (random() % 80)));
    }
    world.HangUp();
    world.Settle();
  }
  return record;
}

TEST(ReplayTest, DoesTheSameAgain) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const auto result = ReplayConversation(Recorded(seed), Options());
    ASSERT_THAT(result, IsOk());
    EXPECT_TRUE(result->agrees()) << seed;
    EXPECT_GT(result->num_actions, 20);
    EXPECT_GT(result->length, absl::Seconds(5));
  }
}

TEST(ReplayTest, OnAnyNumberOfThreads) {
  std::vector<std::string> records;
  std::vector<uint64_t> expected;
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    records.push_back(Recorded(seed));
    expected.push_back(ReplayConversation(records.back(), Options())->digest);
  }
  std::vector<uint64_t> digests(records.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < records.size(); ++i) {
    threads.emplace_back(
        [&, i] { digests[i] = ReplayConversation(records[i], Options())->digest; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(digests, expected);
}

// One other sample, and it is another conversation.
TEST(ReplayTest, NoticesADifference) {
  std::string record = Recorded(1);
  const auto before = ReplayConversation(record, Options());
  // Somewhere in the sound of the first utterance.
  const size_t at = record.find("\x88\x13\x88\x13");
  ASSERT_NE(at, std::string::npos);
  record[at] = '\x89';
  const auto after = ReplayConversation(record, Options());
  ASSERT_THAT(after, IsOk());
  EXPECT_FALSE(after->agrees());
  EXPECT_NE(after->digest, before->digest);
}

TEST(ReplayTest, ARecordThatBreaksOffIsReplayedUpToThere) {
  const std::string record = Recorded(2);
  const auto whole = ReplayConversation(record, Options());
  for (size_t size = record.size() - 1; size > 1000; size = size * 3 / 4) {
    const auto part = ReplayConversation(absl::string_view(record).substr(0, size), Options());
    ASSERT_THAT(part, IsOk());
    EXPECT_FALSE(part->recorded.has_value());
    EXPECT_LE(part->num_events, whole->num_events);
  }
}

TEST(ReplayTest, WhatFollowsTheEndOfARecordIsDamage) {
  const std::string record = Recorded(2);
  ASSERT_THAT(ReplayConversation(record, Options()), IsOk());
  for (const absl::string_view more : {"\xff", "garbage", "\x7f", "\x01"}) {
    EXPECT_THAT(ReplayConversation(absl::StrCat(record, more), Options()),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr(absl::StrCat("the record is damaged at byte ", record.size()))));
  }
}

TEST(ReplayTest, ARecordIsBounded) {
  const std::string record = Recorded(3, 20000);
  EXPECT_LE(record.size(), 20000u);
  const auto result = ReplayConversation(record, Options());
  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->recorded.has_value());
}

TEST(ReplayTest, WhatIsNoRecordIsRefused) {
  for (const absl::string_view text :
       {"", "hello, this is no record", "\x02\x0a", "RIFF....WAVE"}) {
    EXPECT_THAT(ReplayConversation(text, Options()), StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
  ReplayOptions other = Options();
  other.make_detector =
      [](absl::string_view) -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
    return absl::NotFoundError("no such detector");
  };
  EXPECT_THAT(ReplayConversation(Recorded(1), other), StatusIs(absl::StatusCode::kNotFound));
}

// Bytes at random, in a record that was right: it is refused, or replayed to something, and nothing
// worse.
TEST(ReplayTest, ADamagedRecordDoesNoHarm) {
  const std::string record = Recorded(4);
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = record;
    const size_t places = 1 + random() % 5;
    for (size_t place = 0; place < places; ++place) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    const auto result = ReplayConversation(damaged, Options());
    if (!result.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(result.status()) || absl::IsInvalidArgument(result.status()) ||
                  absl::IsNotFound(result.status()))
          << result.status();
    }
  }
}

TEST(ReplayTest, IsExplainedToAPerson) {
  std::vector<std::string> lines;
  Explanation explanation([&](absl::string_view line) { lines.emplace_back(line); });
  ReplayOptions options = Options();
  options.actions = &explanation;
  options.on_event = [&](const ConversationEvent& event) { explanation.OnEvent(event); };
  options.on_sound = [&](absl::Span<const int16_t> sound) { explanation.OnSound(sound); };
  ASSERT_THAT(ReplayConversation(Recorded(1), options), IsOk());
  for (const char* const part :
       {"speech begins (utterance 1)", "speech has ended", "was \"hello\"", "the agent is asked",
        "piece 1 of the answer", "the answer is heard", "turn 1 is over", "the person hangs up"}) {
    EXPECT_THAT(lines, Contains(HasSubstr(part)));
  }
}

}  // namespace
}  // namespace parlance::pipeline
