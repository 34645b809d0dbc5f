#include "pipeline/telemetry/turn_spans.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/conversation/turn/turn_messages.h"
#include "pipeline/telemetry/otlp_json.h"
#include "pipeline/telemetry/testing/otlp_checker.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Key;
using testing::Not;
using testing::Pair;

constexpr absl::Duration kUtterance = absl::Milliseconds(600);
const absl::Time kBegan = absl::FromUnixSeconds(1'700'000'000);

// 1, 2, 3, …
RandomBits Counting() {
  return [next = uint64_t{0}]() mutable { return ++next; };
}

// As a receiver sees them.
std::vector<ReceivedSpan> Received(const TurnReport& report, bool with_content = false,
                                   const RandomBits& random = Counting()) {
  const std::string json =
      ExportTraceRequestJson("parlance", TurnSpans("sess_1", kBegan, report, random, with_content));
  const auto request = ReadTraceRequest(json);
  EXPECT_THAT(request, IsOk()) << json;
  return request.ok() ? request->spans : std::vector<ReceivedSpan>();
}

// A turn with a tool call, as a conversation has it.
TurnReport TurnWithCall(bool call_fails = false) {
  SimulatedWorld world(ConversationOptions{.num_messages = 40});
  world.tools.fails = call_fails;
  world.agent = [](const AgentQuestion& question) {
    if (question.answers.empty()) {
      return SimulatedWorld::AgentStep{
          .calls = {{.call = {.name = "clock", .arguments = R"({"city":"Oslo"})"}}}};
    }
    return SimulatedWorld::AgentStep{.texts = {{absl::Milliseconds(40), "It is"},
                                               {absl::Milliseconds(30), " noon, I believe. "}}};
  };
  world.Speak(kUtterance, "what time is it");
  world.Settle();
  return world.turns.at(0);
}

TEST(TurnSpansTest, ATurnIsARootWithItsStagesAndCalls) {
  const TurnReport report = TurnWithCall();
  const std::vector<ReceivedSpan> spans = Received(report);
  ASSERT_GE(spans.size(), 8u);
  const ReceivedSpan& root = spans[0];
  EXPECT_EQ(root.name, "invoke_agent");
  EXPECT_EQ(root.parent_span_id, "");
  EXPECT_FALSE(root.failed);
  EXPECT_EQ(root.start, absl::ToUnixNanos(kBegan + report.began));
  EXPECT_EQ(root.end, absl::ToUnixNanos(kBegan + report.ended));
  EXPECT_THAT(root.attributes, IsSupersetOf({Pair("gen_ai.operation.name", "invoke_agent"),
                                             Pair("gen_ai.conversation.id", "sess_1"),
                                             Pair("parlance.turn.number", "1"),
                                             Pair("parlance.turn.ending", "answered"),
                                             Pair("parlance.turn.from_draft", "false")}));
  std::set<std::string> ids;
  for (const ReceivedSpan& span : spans) {
    EXPECT_TRUE(ids.insert(span.span_id).second);
    EXPECT_EQ(span.trace_id, root.trace_id);
    EXPECT_THAT(span.attributes, Contains(Pair("gen_ai.conversation.id", "sess_1")));
    EXPECT_GE(span.start, root.start);
    EXPECT_LE(span.end, root.end);
    EXPECT_EQ(span.parent_span_id, &span == &root ? "" : root.span_id);
  }
}

// Each moment until the first sound is one stage's, without gaps, and the stages are the whole.
TEST(TurnSpansTest, TheStagesAreTheLatency) {
  const TurnReport report = TurnWithCall();
  const std::vector<ReceivedSpan> spans = Received(report);
  std::map<std::string, int64_t> stages;
  int64_t sum = 0;
  int64_t end = 0;
  for (const ReceivedSpan& span : spans) {
    const auto stage = span.attributes.find("parlance.turn.stage");
    if (stage == span.attributes.end()) continue;
    EXPECT_EQ(span.name, stage->second);
    EXPECT_TRUE(end == 0 || span.start == end);
    end = span.end;
    stages[stage->second] += span.end - span.start;
    sum += span.end - span.start;
    const bool is_agent = absl::StartsWith(span.name, "agent");
    EXPECT_EQ(span.attributes.count("gen_ai.operation.name"), is_agent ? 1u : 0u);
  }
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    const auto stage = static_cast<TurnStage>(i);
    EXPECT_EQ(stages[std::string(TurnStageName(stage))],
              absl::ToInt64Nanoseconds(report.latency[stage]));
  }
  EXPECT_EQ(stages["agent_first_token"], 40'000'000);
  EXPECT_EQ(stages["agent_first_clause"], 30'000'000);
  EXPECT_EQ(sum, absl::ToInt64Nanoseconds(report.latency.total()));
  EXPECT_EQ(spans[0].attributes.at("parlance.turn.latency_ns"), absl::StrCat(sum));
  EXPECT_EQ(spans[0].events.at("parlance.first_sound"), end);
}

TEST(TurnSpansTest, ACallHasItsNamesAndTimes) {
  const std::vector<ReceivedSpan> spans = Received(TurnWithCall());
  const ReceivedSpan& call = spans.back();
  EXPECT_EQ(call.name, "execute_tool clock");
  EXPECT_EQ(call.end - call.start, 30'000'000);
  EXPECT_FALSE(call.failed);
  EXPECT_THAT(call.attributes,
              IsSupersetOf(
                  {Pair("gen_ai.operation.name", "execute_tool"), Pair("gen_ai.tool.name", "clock"),
                   Pair("gen_ai.tool.call.id", "call_41"), Pair("gen_ai.tool.type", "function")}));
  // It ran while it was waited for.
  for (const ReceivedSpan& span : spans) {
    if (span.name != "tools") continue;
    EXPECT_EQ(span.start, call.start);
    EXPECT_EQ(span.end, call.end);
  }
}

TEST(TurnSpansTest, ErrorsHaveTheirTypes) {
  TurnReport report = TurnWithCall(/*call_fails=*/true);
  EXPECT_THAT(Received(report).back().attributes, Contains(Pair("error.type", "_OTHER")));
  EXPECT_TRUE(Received(report).back().failed);
  const auto type_of = [&](const CallOutcome& outcome) {
    report.outcomes[0] = outcome;
    return Received(report).back().attributes.at("error.type");
  };
  EXPECT_EQ(type_of(CancelledCall()), "cancelled");
  EXPECT_EQ(type_of({.metadata = R"({"error.type":"timeout"})"}), "timeout");
  // What others wrote is no type of errors, and is not believed to be JSON of any depth.
  for (const std::string& json :
       {std::string(R"({"error":"what was said: \"buy milk\""})"), std::string(R"({"error":5})"),
        std::string("{"), std::string("[]"), std::string(60'000, '['),
        absl::StrCat(R"({"error":")", std::string(100, 'x'), R"("})")}) {
    EXPECT_EQ(type_of({.answer = {.ok = false, .json = json, .text = ""}}), "_OTHER")
        << json.substr(0, 50);
  }

  EXPECT_FALSE(Received(report)[0].failed);
  report.unsaid = absl::InternalError("no sound for: buy milk");
  EXPECT_THAT(Received(report)[0].attributes, Contains(Pair("error.type", "internal")));
  report.ending = TurnEnding::kNotStored;
  EXPECT_THAT(Received(report)[0].attributes,
              AllOf(Contains(Pair("error.type", "not_stored")),
                    Contains(Pair("parlance.turn.ending", "not_stored"))));
  EXPECT_TRUE(Received(report)[0].failed);
}

TEST(TurnSpansTest, WhatWasSaidIsLeftOutUnlessAskedFor) {
  TurnReport report = TurnWithCall();
  report.unsaid = absl::InternalError("noon");
  for (const char* secret : {"what time is it", "noon", "Oslo", "answer of", R"({\"of)"}) {
    const std::string without = ExportTraceRequestJson(
        "parlance", TurnSpans("sess_1", kBegan, report, Counting(), /*with_content=*/false));
    EXPECT_THAT(without, Not(HasSubstr(secret)));
  }
  const std::vector<ReceivedSpan> spans = Received(report, /*with_content=*/true);
  EXPECT_EQ(spans[0].attributes.at("gen_ai.input.messages"),
            R"([{"role":"user","parts":[{"type":"text","content":"what time is it"}]}])");
  EXPECT_EQ(spans[0].attributes.at("gen_ai.output.messages"),
            R"([{"role":"assistant","parts":[{"type":"text","content":"It is noon, I believe."}],)"
            R"("finish_reason":"stop"}])");
  EXPECT_EQ(spans.back().attributes.at("gen_ai.tool.call.arguments"), R"({"city":"Oslo"})");
  EXPECT_EQ(spans.back().attributes.at("gen_ai.tool.call.result"), R"({"of":"clock"})");
}

TEST(TurnSpansTest, IdsAreNeverZero) {
  for (const ReceivedSpan& span : Received(TurnWithCall(), false, [] { return uint64_t{0}; })) {
    EXPECT_EQ(span.span_id, "0000000000000001");
  }
}

// Nobody waited for it, and nobody asked.
TEST(TurnSpansTest, AnAnnouncementIsARootAlone) {
  SimulatedWorld world;
  world.conversation().Announce(world.now(), "Your timer is up.");
  world.Settle();
  const std::vector<ReceivedSpan> spans = Received(world.turns.at(0), /*with_content=*/true);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_THAT(spans[0].attributes, Not(Contains(Key("gen_ai.input.messages"))));
  EXPECT_THAT(spans[0].attributes, Not(Contains(Key("parlance.turn.latency_ns"))));
  EXPECT_GT(spans[0].end, spans[0].start);
}

TEST(TurnSpansTest, ACallThatWasNeverBegunHasNoSpan) {
  TurnReport report = TurnWithCall();
  const size_t with_call = Received(report).size();
  report.call_times = {{}};
  EXPECT_EQ(Received(report).size(), with_call - 1);
  // One that never ended lasts as long as the turn.
  report.call_times = {{.began = report.began + absl::Milliseconds(1), .ended = {}}};
  EXPECT_EQ(Received(report).back().end, absl::ToUnixNanos(kBegan + report.ended));
}

TEST(TurnSpansTest, WhatWasPlayedIsAnEvent) {
  TurnReport report = TurnWithCall();
  EXPECT_EQ(Received(report)[0].events.count("parlance.played"), 0u);
  report.latency.played = report.latency.total() + absl::Milliseconds(80);
  const std::map<std::string, int64_t> events = Received(report)[0].events;
  EXPECT_EQ(events.at("parlance.played") - events.at("parlance.first_sound"), 80'000'000);
}

}  // namespace
}  // namespace parlance::pipeline
