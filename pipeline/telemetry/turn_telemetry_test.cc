#include "pipeline/telemetry/turn_telemetry.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/telemetry/metrics.h"
#include "pipeline/telemetry/span_destination.h"
#include "pipeline/telemetry/span_exporter.h"
#include "pipeline/telemetry/testing/otlp_checker.h"
#include "pipeline/telemetry/turn_metrics.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const absl::Time kBegan = absl::FromUnixSeconds(1'700'000'000);

class KeepingDestination : public SpanDestination {
 public:
  explicit KeepingDestination(std::vector<std::string>* requests) : requests_(*requests) {}
  SendResult Send(const std::string& request) override {
    requests_.push_back(request);
    return {};
  }
  void Abort() override {}

 private:
  std::vector<std::string>& requests_;
};

// The values of samples by their names with labels.
std::map<std::string, double> SamplesOf(const std::string& text) {
  std::map<std::string, double> samples;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (absl::StartsWith(line, "#")) continue;
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    double value = 0;
    EXPECT_TRUE(absl::SimpleAtod(parts.second, &value)) << line;
    EXPECT_TRUE(samples.emplace(parts.first, value).second) << line;
  }
  return samples;
}

// A turn that was answered, one that was interrupted, one in which nothing was said, and an
// announcement.
std::vector<TurnReport> Turns() {
  SimulatedWorld world;
  world.agent = [](const AgentQuestion&) {
    return SimulatedWorld::AgentStep{
        .texts = {{absl::Milliseconds(1), "One two three four five six seven eight. "}}};
  };
  world.Speak(absl::Milliseconds(600), "count");
  world.Settle();
  world.Speak(absl::Milliseconds(600), "count");
  world.BeSilent(absl::Milliseconds(600));
  world.Speak(absl::Milliseconds(300), "what time is it", "what time");
  world.Settle();
  world.Speak(absl::Milliseconds(200), "");
  world.Settle();
  world.conversation().Announce(world.now(), "Your timer is up.");
  world.Settle();
  return world.turns;
}

TEST(TurnTelemetryTest, EachTurnIsATrace) {
  const std::vector<TurnReport> turns = Turns();
  ASSERT_EQ(turns.size(), 5u);
  std::vector<std::string> requests;
  SpanExporter exporter(std::make_unique<KeepingDestination>(&requests), {});
  TurnTelemetry telemetry(
      {.exporter = &exporter, .random = [next = uint64_t{0}]() mutable { return ++next; }});
  for (const TurnReport& turn : turns) telemetry.Add("sess_1", kBegan, turn);
  ASSERT_TRUE(exporter.Flush(absl::Minutes(5)));
  std::set<std::string> traces;
  std::map<std::string, int64_t> stages;
  std::map<std::string, int64_t> wholes;
  for (const std::string& request : requests) {
    const auto read = ReadTraceRequest(request);
    ASSERT_THAT(read, IsOk());
    for (const ReceivedSpan& span : read->spans) {
      traces.insert(span.trace_id);
      if (span.attributes.count("parlance.turn.stage") > 0) {
        stages[span.trace_id] += span.end - span.start;
      }
      const auto whole = span.attributes.find("parlance.turn.latency_ns");
      if (whole == span.attributes.end()) continue;
      ASSERT_TRUE(absl::SimpleAtoi(whole->second, &wholes[span.trace_id]));
    }
  }
  EXPECT_EQ(traces.size(), 5u);
  EXPECT_EQ(stages, wholes);
}

TEST(TurnTelemetryTest, TurnsAreCounted) {
  const std::vector<TurnReport> turns = Turns();
  MetricRegistry registry;
  TurnMetrics metrics(&registry);
  TurnTelemetry telemetry({.metrics = &metrics});
  for (const TurnReport& turn : turns) telemetry.Add("sess_1", kBegan, turn);
  std::map<std::string, double> samples = SamplesOf(registry.Text());
  EXPECT_EQ(samples.at("parlance_turns_total{ending=\"answered\"}"), 3);
  EXPECT_EQ(samples.at("parlance_turns_total{ending=\"interrupted\"}"), 1);
  EXPECT_EQ(samples.at("parlance_turns_total{ending=\"nothing_said\"}"), 1);
  EXPECT_EQ(samples.at("parlance_turns_total{ending=\"not_stored\"}"), 0);
  EXPECT_EQ(samples.at("parlance_turns_total{ending=\"hung_up\"}"), 0);
  // What was heard of those that were asked: the stages are the whole here, too.
  EXPECT_EQ(samples.at("parlance_turn_latency_seconds_count"), 3);
  double sum = 0;
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    const absl::string_view stage = TurnStageName(static_cast<TurnStage>(i));
    EXPECT_EQ(samples.at(absl::StrCat("parlance_turn_stage_seconds_count{stage=\"", stage, "\"}")),
              3);
    sum += samples.at(absl::StrCat("parlance_turn_stage_seconds_sum{stage=\"", stage, "\"}"));
  }
  EXPECT_NEAR(samples.at("parlance_turn_latency_seconds_sum"), sum, 1e-9);
  EXPECT_EQ(samples.at("parlance_turn_latency_seconds_bucket{le=\"+Inf\"}"), 3);
  EXPECT_EQ(samples.at("parlance_turn_latency_seconds_bucket{le=\"0.2\"}"), 0);
  EXPECT_EQ(samples.at("parlance_turn_played_seconds_count"), 0);
}

// Every family as the format has it: TYPE, UNIT where the name ends with one, and HELP, and the
// end.
TEST(TurnTelemetryTest, TheTextIsOpenMetrics) {
  MetricRegistry registry;
  TurnMetrics metrics(&registry);
  for (const TurnReport& turn : Turns()) metrics.Add(turn);
  const std::string text = registry.Text();
  std::string family;
  std::string type;
  std::set<std::string> families;
  EXPECT_THAT(text, EndsWith("\n# EOF\n"));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, "# TYPE ")) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      ASSERT_EQ(words.size(), 4u) << line;
      family = words[2];
      type = words[3];
      EXPECT_TRUE(families.insert(family).second) << line;
      EXPECT_THAT(family, StartsWith("parlance_")) << line;
      EXPECT_EQ(type == "histogram", absl::EndsWith(family, "_seconds")) << line;
      EXPECT_THAT(family, Not(EndsWith("_total"))) << line;
      EXPECT_EQ(absl::StrContains(text, absl::StrCat("# UNIT ", family, " seconds\n")),
                type == "histogram");
      EXPECT_THAT(text, HasSubstr(absl::StrCat("# HELP ", family, " ")));
    } else if (!absl::StartsWith(line, "#")) {
      const std::string name = line.substr(0, line.find_first_of("{ "));
      if (type == "counter") {
        EXPECT_EQ(name, absl::StrCat(family, "_total")) << line;
      } else {
        EXPECT_TRUE(name == absl::StrCat(family, "_bucket") ||
                    name == absl::StrCat(family, "_sum") || name == absl::StrCat(family, "_count"))
            << line;
      }
    }
  }
  EXPECT_EQ(families.size(), 7u);
}

TEST(TurnTelemetryTest, WhatIsLostIsCounted) {
  MetricRegistry registry;
  TurnMetrics metrics(&registry);
  metrics.AddStoreFailures(2);
  metrics.AddDroppedAnnouncements(3);
  metrics.SetSpans({.sent = 10, .dropped = 4, .failed = 1});
  // The same again is nothing new.
  metrics.SetSpans({.sent = 11, .dropped = 4, .failed = 1});
  std::map<std::string, double> samples = SamplesOf(registry.Text());
  EXPECT_EQ(samples.at("parlance_store_failures_total"), 2);
  EXPECT_EQ(samples.at("parlance_dropped_total{what=\"announcements\"}"), 3);
  EXPECT_EQ(samples.at("parlance_dropped_total{what=\"spans\"}"), 4);
  EXPECT_EQ(samples.at("parlance_spans_total{result=\"sent\"}"), 11);
  EXPECT_EQ(samples.at("parlance_spans_total{result=\"failed\"}"), 1);
}

TEST(TurnTelemetryTest, WhatIsPlayedIsMeasured) {
  TurnReport turn = Turns()[0];
  turn.latency.played = absl::Seconds(4);
  MetricRegistry registry;
  TurnMetrics metrics(&registry);
  metrics.Add(turn);
  EXPECT_EQ(SamplesOf(registry.Text()).at("parlance_turn_played_seconds_sum"), 4);
}

}  // namespace
}  // namespace parlance::pipeline
