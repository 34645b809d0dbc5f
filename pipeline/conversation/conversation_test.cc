#include "pipeline/conversation/conversation.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "rapidjson/document.h"
#include "session/message.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::StatusIs;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;
using testing::StartsWith;

using World = SimulatedWorld;

constexpr absl::Duration kUtterance = absl::Milliseconds(600);

template <typename Number>
absl::Duration Ms(Number ms) {
  return absl::Milliseconds(static_cast<int64_t>(ms));
}

// An agent that calls a tool and says what came back.
World::AgentStep CallOnce(const AgentQuestion& question, bool effects) {
  if (question.answers.empty()) {
    return {.calls = {{.call = {.name = "clock", .arguments = "{}"}, .effects = effects}}};
  }
  return {.texts = {{Ms(10), absl::StrCat("It is ", question.answers[0].text, ". ")}}};
}

std::vector<std::string> Contents(const World& world) {
  std::vector<std::string> contents;
  for (const session::Message& message : world.stored) contents.push_back(message.content);
  return contents;
}

int64_t Nanoseconds(absl::Duration duration) { return absl::ToInt64Nanoseconds(duration); }

// What the message's metadata says of the latency.
std::map<std::string, int64_t> StoredLatency(const session::Message& message) {
  std::map<std::string, int64_t> latency;
  rapidjson::Document metadata;
  metadata.Parse(message.metadata.value_or("{}").c_str());
  EXPECT_TRUE(metadata.IsObject()) << message.metadata.value_or("");
  const auto found = metadata.FindMember("parlance.turn.latency_ns");
  if (found == metadata.MemberEnd()) return latency;
  for (const auto& member : found->value.GetObject()) {
    latency[member.name.GetString()] = member.value.GetInt64();
  }
  return latency;
}

auto Has(absl::string_view name, int64_t nanoseconds) {
  return Contains(testing::Pair(std::string(name), nanoseconds));
}

std::vector<std::string> Amendments(const World& world) {
  std::vector<std::string> amendments;
  for (const std::string& line : world.log) {
    if (absl::StartsWith(line, "amend")) amendments.push_back(line);
  }
  return amendments;
}

// Each moment is one stage's: the waits follow one another without gaps, and add up to the stages.
void ExpectWaitsAreTheStages(const TurnReport& turn) {
  TurnLatency sums;
  for (size_t i = 0; i < turn.waits.size(); ++i) {
    const StageWait& wait = turn.waits[i];
    sums[wait.stage] += wait.took;
    if (i == 0) continue;
    EXPECT_EQ(turn.waits[i - 1].began + turn.waits[i - 1].took, wait.began);
    EXPECT_NE(turn.waits[i - 1].stage, wait.stage);
  }
  EXPECT_EQ(sums.stages, turn.latency.stages);
}

TEST(ConversationTest, AnswersStoresAndIsHeard) {
  World world;
  world.Speak(kUtterance, "hello");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 1u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kAnswered);
  EXPECT_EQ(world.turns[0].utterance.text, "hello");
  EXPECT_EQ(world.turns[0].reply, "You said hello.");
  EXPECT_EQ(world.turns[0].heard, "You said hello.");
  EXPECT_THAT(Contents(world), ElementsAre("hello", "You said hello."));
  EXPECT_EQ(world.stored[0].role, session::Role::kUser);
  EXPECT_EQ(world.stored[1].role, session::Role::kAssistant);
  // 13 letters and 3 spaces.
  EXPECT_EQ(world.num_heard, 13 * 160 + 3 * 320);
}

TEST(ConversationTest, TheStagesOfATurnAreItsWhole) {
  World world;
  world.agent = [](const AgentQuestion& question) { return CallOnce(question, true); };
  world.Speak(kUtterance, "what time is it");
  world.Settle();
  const TurnLatency& latency = world.turns.at(0).latency;
  EXPECT_EQ(latency[TurnStage::kEndpoint], Ms(500));
  EXPECT_EQ(latency[TurnStage::kRecognition], Ms(5));
  EXPECT_EQ(latency[TurnStage::kTools], Ms(30));
  EXPECT_EQ(latency[TurnStage::kAgentFirstToken], Ms(10));
  EXPECT_EQ(latency[TurnStage::kAgentFirstClause], Ms(0));
  // Synthesis takes 2 ms, and goes on meanwhile.
  EXPECT_EQ(latency[TurnStage::kStore], Ms(3));
  EXPECT_EQ(latency[TurnStage::kSynthesis], Ms(0));
  // To the next frame of 20 ms.
  EXPECT_EQ(latency.since_endpoint(), Ms(60)) << absl::StrJoin(world.log, "\n");
  EXPECT_EQ(latency.total(), Ms(560));
}

// A word that nothing can be cut from yet is the agent's first token, and not its first clause.
TEST(ConversationTest, TheFirstTokenAndTheFirstClauseAreToldApart) {
  World world;
  world.agent = [](const AgentQuestion& question) {
    World::AgentStep step = CallOnce(question, true);
    if (step.calls.empty()) step.texts = {{Ms(40), "First"}, {Ms(100), " of all, it rains. "}};
    return step;
  };
  world.Speak(kUtterance, "the weather");
  world.Settle();
  const TurnReport& turn = world.turns.at(0);
  EXPECT_EQ(turn.latency[TurnStage::kTools], Ms(30));
  EXPECT_EQ(turn.latency[TurnStage::kAgentFirstToken], Ms(40));
  EXPECT_EQ(turn.latency[TurnStage::kAgentFirstClause], Ms(100));
  ExpectWaitsAreTheStages(turn);
  EXPECT_EQ(turn.waits.size(), 7u);
  // What was said begins the turn, and what is heard of the answer ends it.
  EXPECT_LE(absl::AbsDuration(turn.waits.front().began - turn.began - kUtterance), Ms(20));
  EXPECT_GT(turn.ended, turn.waits.back().began + turn.waits.back().took);
  ASSERT_EQ(turn.call_times.size(), 1u);
  EXPECT_EQ(turn.call_times[0].ended - turn.call_times[0].began, Ms(30));
  EXPECT_EQ(turn.first_call, 1);
}

TEST(ConversationTest, WhatWasPlayedIsKnownLater) {
  World world;
  world.Speak(kUtterance, "hello");
  world.BeSilent(Ms(600));
  ASSERT_EQ(world.conversation().phase(), TurnPhase::kSpeaking);
  // A mark before the first sample says nothing.
  world.conversation().Played(world.now(), 0);
  world.BeSilent(Ms(100));
  world.conversation().Played(world.now(), 160);
  const absl::Duration played = world.now();
  world.BeSilent(Ms(100));
  world.conversation().Played(world.now(), 320);
  world.BeSilent(Ms(1000));
  world.conversation().Played(world.now(), 1'000'000);
  world.Settle();
  const TurnReport& turn = world.turns.at(0);
  EXPECT_EQ(turn.latency.played, played - turn.waits.at(0).began);
  EXPECT_GE(*turn.latency.played, turn.latency.total() + Ms(100));
  ExpectWaitsAreTheStages(turn);
  EXPECT_THAT(StoredLatency(world.stored.at(1)), Has("played", Nanoseconds(*turn.latency.played)));
}

// It is known when the answer is heard, and nothing else is to be stored after that.
TEST(ConversationTest, TheLatencyIsStoredWithTheAnswer) {
  World world;
  world.Speak(kUtterance, "hello");
  world.Settle();
  const TurnLatency& latency = world.turns.at(0).latency;
  const std::map<std::string, int64_t> stored = StoredLatency(world.stored.at(1));
  EXPECT_THAT(stored, SizeIs(kNumTurnStages + 1));
  int64_t sum = 0;
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    const auto stage = static_cast<TurnStage>(i);
    EXPECT_THAT(stored, Has(TurnStageName(stage), Nanoseconds(latency[stage])));
    sum += Nanoseconds(latency[stage]);
  }
  EXPECT_GT(sum, 0);
  EXPECT_THAT(stored, Has("total", sum));
  EXPECT_EQ(sum, Nanoseconds(latency.total()));
  EXPECT_FALSE(world.stored[0].metadata.has_value());
  // An amendment, and one alone, which changes nothing of what was said.
  EXPECT_THAT(Amendments(world), ElementsAre("amend 2 'You said hello.'"));
}

// The pieces that come after the first sound take the latency along.
TEST(ConversationTest, AmendmentsForPiecesHaveTheLatency) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(10), "It is noon here, as far as I know. "},
                                      {Ms(500), "The weather is fine. "}}};
  };
  world.Speak(kUtterance, "the weather");
  world.Settle();
  EXPECT_THAT(Amendments(world),
              ElementsAre("amend 2 'It is noon here, as far as I know. The weather is fine.'"))
      << absl::StrJoin(world.log, "\n");
  EXPECT_THAT(StoredLatency(world.stored.at(1)),
              Has("total", Nanoseconds(world.turns.at(0).latency.total())));
}

TEST(ConversationTest, TheLatencyOfAnInterruptedAnswerIsStored) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(1), "One two three four five six seven eight. "}}};
  };
  world.Speak(kUtterance, "count");
  world.BeSilent(Ms(600));
  world.Speak(Ms(300), "what time is it", "what time");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 2u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kInterrupted);
  EXPECT_THAT(*world.stored.at(1).metadata, HasSubstr(R"("parlance.answer.interrupted":true)"));
  EXPECT_THAT(StoredLatency(world.stored.at(1)),
              Has("total", Nanoseconds(world.turns[0].latency.total())));
}

// Who interrupts is judged by final words here, after the end of what they said: the turn that they
// end keeps its latency, and theirs is counted from that end.
TEST(ConversationTest, EachTurnHasItsOwnLatency) {
  World world;
  world.recognition.delay = Ms(50);
  world.agent = [](const AgentQuestion& question) {
    if (question.utterance.text == "count") {
      return World::AgentStep{
          .texts = {{Ms(1),
                     "One two three four five six seven eight nine ten eleven twelve, and "
                     "so on and so on and so on. "}}};
    }
    return World::AgentStep{.texts = {{Ms(70), "Well. "}}};
  };
  world.Speak(kUtterance, "count");
  world.BeSilent(Ms(680));
  ASSERT_EQ(world.conversation().phase(), TurnPhase::kSpeaking);
  world.Speak(Ms(300), "stop it");
  const absl::Duration said = world.now();
  world.BeSilent(Ms(500));
  ASSERT_EQ(world.conversation().phase(), TurnPhase::kJudging) << absl::StrJoin(world.log, "\n");
  const int64_t heard_before = world.num_heard;
  while (world.num_heard == heard_before && world.now() < absl::Seconds(10)) {
    world.BeSilent(Ms(20));
  }
  const absl::Duration answered = world.last_heard;
  world.conversation().Announce(world.now(), "Your timer is up.");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 3u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kInterrupted);
  EXPECT_EQ(world.turns[0].latency[TurnStage::kAgentFirstToken], Ms(1));
  EXPECT_EQ(world.turns[1].latency[TurnStage::kAgentFirstToken], Ms(70));
  EXPECT_EQ(world.turns[1].latency.total(), answered - said);
  // Nobody waited for an announcement.
  EXPECT_EQ(world.turns[2].heard, "Your timer is up.");
  EXPECT_EQ(world.turns[2].latency, TurnLatency());
  EXPECT_FALSE(world.stored.back().metadata.has_value());
  for (const TurnReport& turn : world.turns) ExpectWaitsAreTheStages(turn);
}

TEST(ConversationTest, CallsAreStoredWithTheirOutputs) {
  World world(ConversationOptions{.num_messages = 40});
  world.agent = [](const AgentQuestion& question) { return CallOnce(question, true); };
  world.Speak(kUtterance, "what time is it");
  world.Settle();
  ASSERT_EQ(world.stored.size(), 4u);
  EXPECT_EQ(world.stored[1].tool_calls,
            R"([{"id":"call_41","type":"function","function":{"name":"clock","arguments":"{}"}}])");
  EXPECT_EQ(world.stored[2].role, session::Role::kTool);
  EXPECT_EQ(world.stored[2].tool_call_id, "call_41");
  EXPECT_EQ(world.stored[2].content, R"({"of":"clock"})");
  EXPECT_EQ(world.stored[3].content, "It is answer of clock.");
  EXPECT_THAT(world.log, Contains("start call_41 clock"));
  EXPECT_EQ(world.turns.at(0).outcomes.size(), 1u);
}

// The agent works while it is not known yet whether the speaker has finished.
TEST(ConversationTest, ADraftTakesItsTimeFromThePause) {
  const auto slow = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(250), "That took a while. "}}};
  };
  absl::Duration with_draft;
  for (const bool draft : {true, false}) {
    ConversationOptions options;
    // The same pause with and without.
    options.endpointer.complete_delay = Ms(500);
    World world(options);
    world.agent = slow;
    world.Speak(kUtterance, "hello", draft ? "hello" : "");
    world.Settle();
    EXPECT_EQ(world.turns.at(0).from_draft, draft);
    if (draft) {
      with_draft = world.turns[0].latency.since_endpoint();
    } else {
      EXPECT_GE(world.turns[0].latency.since_endpoint(), with_draft + Ms(240));
    }
  }
}

TEST(ConversationTest, ADraftOfOtherWordsIsNotTheAnswer) {
  World world;
  world.Speak(kUtterance, "hello world", "hello");
  world.Settle();
  EXPECT_THAT(world.log, Contains("ask agent 1 draft 'hello' 0 answers"));
  EXPECT_THAT(world.log, Contains("stop"));
  EXPECT_EQ(world.turns.at(0).reply, "You said hello world.");
  EXPECT_FALSE(world.turns[0].from_draft);
  EXPECT_THAT(Contents(world), ElementsAre("hello world", "You said hello world."));
}

TEST(ConversationTest, CompleteWordsEndTheTurnSooner) {
  World world;
  world.Speak(kUtterance, "hello", "hello");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).latency[TurnStage::kEndpoint], Ms(300));
}

// What nobody understands is not waited for as if it surely went on.
TEST(ConversationTest, NoWordsTellNothingOfTheEnd) {
  World world;
  world.Speak(kUtterance, "hello", "?");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).latency[TurnStage::kEndpoint], Ms(500));
}

TEST(ConversationTest, InterruptingStoresWhatWasHeard) {
  World world;
  world.agent = [](const AgentQuestion& question) {
    if (question.utterance.text == "stop") return World::AgentStep{.texts = {{Ms(1), "Well. "}}};
    return World::AgentStep{
        .texts = {{Ms(1), "One two three four five six seven eight nine ten eleven. "}}};
  };
  world.Speak(kUtterance, "count");
  world.BeSilent(Ms(800));
  ASSERT_EQ(world.conversation().phase(), TurnPhase::kSpeaking);
  const absl::Duration onset = world.now();
  world.Speak(Ms(700), "stop");
  // It is held as soon as somebody may be speaking.
  EXPECT_LE(world.last_heard - onset, Ms(80));
  world.Settle();
  ASSERT_EQ(world.turns.size(), 2u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kInterrupted);
  EXPECT_THAT(world.turns[0].reply, StartsWith(world.turns[0].heard));
  EXPECT_LT(world.turns[0].heard.size(), world.turns[0].reply.size());
  EXPECT_THAT(world.turns[0].heard, HasSubstr("One two"));
  EXPECT_THAT(Contents(world), ElementsAre("count", world.turns[0].heard, "stop", "Well."));
  EXPECT_THAT(*world.stored[1].metadata, HasSubstr("interrupted"));
  EXPECT_EQ(world.turns[1].utterance.text, "stop");
}

TEST(ConversationTest, AShortSoundWithoutWordsDoesNotInterrupt) {
  World world;
  world.Speak(kUtterance, "hello");
  world.BeSilent(Ms(560));
  ASSERT_EQ(world.conversation().phase(), TurnPhase::kSpeaking);
  world.Speak(Ms(200), "");
  EXPECT_EQ(world.conversation().phase(), TurnPhase::kContested);
  world.Settle();
  ASSERT_EQ(world.turns.size(), 1u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kAnswered);
  EXPECT_EQ(world.turns[0].heard, "You said hello.");
  EXPECT_THAT(world.log, AllOf(Contains("hold"), Contains("resume")));
}

TEST(ConversationTest, AgreeingIsNotInterrupting) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(1), "One two three four five six seven eight. "}}};
  };
  world.Speak(kUtterance, "count");
  world.BeSilent(Ms(600));
  ASSERT_EQ(world.conversation().phase(), TurnPhase::kSpeaking);
  world.Speak(Ms(300), "yes okay");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 1u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kAnswered);
  EXPECT_EQ(world.turns[0].heard, world.turns[0].reply);
}

TEST(ConversationTest, WordsInterruptAsSoonAsTheyAreKnown) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(1), "One two three four five six seven eight. "}}};
  };
  world.Speak(kUtterance, "count");
  world.BeSilent(Ms(600));
  world.Speak(Ms(300), "what time is it", "what time");
  EXPECT_EQ(world.conversation().phase(), TurnPhase::kListening);
  world.Settle();
  ASSERT_EQ(world.turns.size(), 2u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kInterrupted);
}

// A legal notice is heard to its end.
TEST(ConversationTest, WhatMayNotBeInterruptedIsNot) {
  World world(ConversationOptions{.interruptible = InterruptionJudge::Policy::Never()});
  world.Speak(kUtterance, "hello");
  world.BeSilent(Ms(560));
  ASSERT_EQ(world.conversation().phase(), TurnPhase::kSpeaking);
  world.Speak(Ms(1500), "stop stop stop");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).ending, TurnEnding::kAnswered);
  EXPECT_THAT(world.log, testing::Not(Contains("hold")));
}

TEST(ConversationTest, ACoughAloneIsNotAnswered) {
  World world;
  world.Speak(Ms(200), "");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).ending, TurnEnding::kNothingSaid);
  EXPECT_THAT(world.stored, IsEmpty());
}

// Speech that nobody understood is answered all the same.
TEST(ConversationTest, LongSpeechWithoutWordsIsAnswered) {
  World world;
  world.Speak(Ms(1500), "");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).ending, TurnEnding::kAnswered);
}

TEST(ConversationTest, GoingOnBeforeTheAnswerIsOneQuestion) {
  World world;
  world.agent = [](const AgentQuestion& question) {
    return World::AgentStep{
        .texts = {{Ms(900), absl::StrCat("You said ", question.utterance.text, ". ")}}};
  };
  world.Speak(kUtterance, "set a timer");
  world.BeSilent(Ms(600));
  ASSERT_EQ(world.conversation().phase(), TurnPhase::kAnswering);
  world.Speak(Ms(700), "for five minutes");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 1u);
  EXPECT_EQ(world.turns[0].utterance.text, "set a timer for five minutes");
  EXPECT_THAT(Contents(world), ElementsAre("set a timer for five minutes",
                                           "You said set a timer for five minutes."));
}

// What was set going for the first part cannot be taken back: it is kept, and a new turn begins.
TEST(ConversationTest, GoingOnAfterSomethingWasChangedIsANewTurn) {
  World world;
  world.tools.delay = Ms(2000);
  world.agent = [](const AgentQuestion& question) { return CallOnce(question, true); };
  world.Speak(kUtterance, "buy milk");
  world.BeSilent(Ms(600));
  world.agent = nullptr;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(1), "All right. "}}};
  };
  world.Speak(Ms(700), "and bread");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 2u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kInterrupted);
  ASSERT_EQ(world.stored.size(), 5u);
  EXPECT_EQ(world.stored[2].role, session::Role::kTool);
  EXPECT_THAT(world.stored[2].content, HasSubstr("cancelled"));
  EXPECT_THAT(world.log, Contains("cancel call 1"));
}

TEST(ConversationTest, AnswersComePieceByPiece) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(10), "First of all, "},
                                      {Ms(100), "the weather is fine, and "},
                                      {Ms(100), "it stays so. "},
                                      {Ms(100), "Tomorrow it will rain."}}};
  };
  world.Speak(kUtterance, "the weather");
  world.Settle();
  std::vector<std::string> pieces;
  for (const std::string& line : world.log) {
    if (absl::StartsWith(line, "synthesize")) pieces.push_back(line);
  }
  EXPECT_THAT(pieces, ElementsAre("synthesize 1 'First of all, '",
                                  "synthesize 2 'the weather is fine, and it stays so. '",
                                  "synthesize 3 'Tomorrow it will rain.'"));
  EXPECT_EQ(world.stored.at(1).content,
            "First of all, the weather is fine, and it stays so. Tomorrow it will rain.");
}

TEST(ConversationTest, ASlowWriterIsHurried) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{
        .texts = {{Ms(10), "The nearest station is at the "}, {Ms(2000), "corner."}}};
  };
  world.Speak(kUtterance, "the station");
  world.Settle();
  EXPECT_THAT(world.log, Contains("synthesize 1 'The nearest station is at the '"));
  EXPECT_LE(world.turns.at(0).latency.since_endpoint(), Ms(460));
}

TEST(ConversationTest, AWordOfWaitingIsSaidOnce) {
  World world;
  world.tools.delay = absl::Seconds(8);
  world.agent = [](const AgentQuestion& question) { return CallOnce(question, true); };
  world.Speak(kUtterance, "a hard question");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 1u);
  EXPECT_EQ(world.turns[0].reply, "One moment, please. It is answer of clock.");
  EXPECT_EQ(world.turns[0].heard, world.turns[0].reply);
  // The calls are between what was said before and after them.
  ASSERT_EQ(world.stored.size(), 5u);
  EXPECT_EQ(world.stored[1].content, "One moment, please.");
  EXPECT_TRUE(world.stored[2].tool_calls.has_value());
  EXPECT_EQ(world.stored[3].role, session::Role::kTool);
  EXPECT_EQ(world.stored[4].content, "It is answer of clock.");
}

TEST(ConversationTest, ATimerRingsInAPause) {
  World world;
  world.conversation().Announce(world.now(), "Your timer is up.");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 1u);
  EXPECT_EQ(world.turns[0].heard, "Your timer is up.");
  EXPECT_THAT(Contents(world), ElementsAre("Your timer is up."));
}

TEST(ConversationTest, ATimerRingsAfterTheAnswer) {
  World world;
  world.Speak(kUtterance, "hello");
  world.conversation().Announce(world.now(), "Your timer tea is up.");
  world.conversation().Announce(world.now(), "Your timer eggs is up.");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 2u);
  EXPECT_EQ(world.turns[1].heard, "Your timer tea is up. Your timer eggs is up.");
}

TEST(ConversationTest, ATimerThatWasNotHeardRingsAgain) {
  World world;
  world.synthesis.delay = Ms(800);
  world.conversation().Announce(world.now(), "Your timer is up.");
  world.Speak(Ms(700), "hello");
  world.Settle();
  ASSERT_EQ(world.turns.size(), 3u);
  EXPECT_EQ(world.turns[0].ending, TurnEnding::kInterrupted);
  EXPECT_EQ(world.turns[0].heard, "");
  EXPECT_EQ(world.turns[1].heard, "You said hello.");
  EXPECT_EQ(world.turns[2].heard, "Your timer is up.");
}

TEST(ConversationTest, AnnouncementsAreBounded) {
  World world;
  world.Speak(kUtterance, "hello");
  for (int i = 0; i < 100; ++i) world.conversation().Announce(world.now(), "Ring.");
  EXPECT_EQ(world.conversation().num_announcements_dropped(), 80);
  world.Settle();
  EXPECT_EQ(world.turns.size(), 2u);
}

// Faults, each of which ends in a stated way.

TEST(ConversationTest, ARecogniserThatHangs) {
  World world;
  world.recognition.hangs = true;
  world.Speak(kUtterance, "hello");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).heard, "Sorry, something went wrong.");
  EXPECT_GE(world.turns[0].latency[TurnStage::kRecognition], absl::Seconds(5));
  EXPECT_THAT(world.log, Contains("cancel recognizer 1"));
  world.recognition.hangs = false;
  world.Speak(kUtterance, "hello again");
  world.Settle();
  EXPECT_EQ(world.turns.at(1).heard, "You said hello again.");
}

TEST(ConversationTest, ARecogniserThatCrashes) {
  World world;
  world.recognition.fails = true;
  world.Speak(kUtterance, "hello");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).heard, "Sorry, something went wrong.");
}

TEST(ConversationTest, AnAgentThatFailsOrHangs) {
  for (const bool hangs : {false, true}) {
    World world;
    world.agent = [hangs](const AgentQuestion&) {
      return World::AgentStep{.fails = true, .hangs = hangs};
    };
    world.Speak(kUtterance, "hello");
    world.Settle();
    ASSERT_EQ(world.turns.size(), 1u);
    EXPECT_THAT(world.turns[0].heard, HasSubstr("Sorry, something went wrong."));
    EXPECT_THAT(world.turns[0].heard, EndsWith(world.stored.back().content));
  }
}

TEST(ConversationTest, AnAgentThatFailsInTheMiddleWasHeardSoFar) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(1), "This is what I know, and then "}}, .fails = true};
  };
  world.Speak(kUtterance, "hello");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).heard, "This is what I know, and then Sorry, something went wrong.");
}

TEST(ConversationTest, AnAgentThatNeverEnds) {
  World world(ConversationOptions{.max_answer_bytes = 100});
  world.agent = [](const AgentQuestion&) {
    World::AgentStep step;
    for (int i = 0; i < 1000; ++i) step.texts.emplace_back(Ms(1), "and so on and on. ");
    return step;
  };
  world.Speak(kUtterance, "hello");
  world.Settle();
  EXPECT_THAT(world.turns.at(0).reply.size(), Le(100u));
  EXPECT_EQ(world.turns[0].heard, world.turns[0].reply);
}

TEST(ConversationTest, AnAgentThatCallsForEver) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.calls = {{.call = {.name = "clock", .arguments = "{}"}}}};
  };
  world.Speak(kUtterance, "hello");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).calls.size(), 8u);
  EXPECT_EQ(world.turns[0].outcomes.size(), 8u);
  EXPECT_EQ(world.turns[0].heard, "Sorry, something went wrong.");
}

TEST(ConversationTest, AToolThatNeverReturns) {
  World world(ConversationOptions{.tool_timeout = absl::Seconds(10)});
  world.tools.hangs = true;
  world.agent = [](const AgentQuestion& question) {
    if (question.answers.empty()) {
      return World::AgentStep{.calls = {{.call = {.name = "clock", .arguments = "{}"}}}};
    }
    return World::AgentStep{.texts = {{Ms(1), question.answers[0].text}}};
  };
  world.Speak(kUtterance, "what time is it");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).reply, "One moment, please. That was interrupted.");
  EXPECT_THAT(world.open_calls, IsEmpty());
  EXPECT_THAT(world.stored.at(3).content, HasSubstr("cancelled"));
}

TEST(ConversationTest, ASynthesiserThatStopsInTheMiddle) {
  World world;
  world.synthesis.fails = true;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{.texts = {{Ms(1), "One two three four five six. "}}};
  };
  world.Speak(kUtterance, "count");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).ending, TurnEnding::kAnswered);
  EXPECT_EQ(world.turns[0].heard, "One two three");
  EXPECT_EQ(world.stored.at(1).content, "One two three");
  EXPECT_THAT(world.turns[0].unsaid, StatusIs(absl::StatusCode::kInternal));
}

TEST(ConversationTest, ASynthesiserThatHangs) {
  World world;
  world.synthesis.hangs = true;
  world.Speak(kUtterance, "hello");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).heard, "");
  EXPECT_EQ(world.stored.at(1).content, "");
  EXPECT_THAT(world.log, Contains("cancel synthesis 1"));
}

TEST(ConversationTest, AStoreThatIsFull) {
  World world;
  world.storing.fails = true;
  world.Speak(kUtterance, "hello");
  world.Settle();
  EXPECT_EQ(world.turns.at(0).ending, TurnEnding::kNotStored);
  EXPECT_EQ(world.turns[0].heard, "Sorry, I cannot keep that, so I did not answer.");
  world.storing.fails = false;
  world.Speak(kUtterance, "hello again");
  world.Settle();
  EXPECT_EQ(world.turns.at(1).heard, "You said hello again.");
}

// What a locked store wrote in the end, although nobody waited any more, was not heard.
TEST(ConversationTest, AStoreThatIsLate) {
  World world;
  world.storing.delay = absl::Seconds(12);
  world.Speak(kUtterance, "hello");
  world.BeSilent(absl::Seconds(11));
  world.storing.delay = Ms(3);
  world.Settle();
  EXPECT_EQ(world.turns.at(0).ending, TurnEnding::kNotStored);
  EXPECT_THAT(Contents(world), ElementsAre("hello", ""));
}

TEST(ConversationTest, AClientThatSendsNothing) {
  World world;
  world.Speak(Ms(300), "hello");
  world.SendNothing(absl::Seconds(20));
  EXPECT_THAT(world.turns, IsEmpty()) << "the utterance is not over, as far as anybody knows";
  world.Settle();
  EXPECT_EQ(world.turns.size(), 1u);
}

TEST(ConversationTest, AClockThatGoesBackStandsStill) {
  World world;
  world.Speak(kUtterance, "hello");
  world.conversation().Tick(absl::ZeroDuration());
  world.conversation().Tick(-absl::InfiniteDuration());
  world.Settle();
  EXPECT_EQ(world.turns.at(0).latency.total(),
            world.turns[0].latency[TurnStage::kEndpoint] + world.turns[0].latency.since_endpoint());
  EXPECT_EQ(world.turns[0].heard, "You said hello.");
}

TEST(ConversationTest, AHangUpKeepsWhatWasHeard) {
  World world;
  world.Speak(kUtterance, "hello");
  world.BeSilent(Ms(640));
  world.HangUp();
  EXPECT_EQ(world.conversation().phase(), TurnPhase::kClosed);
  EXPECT_FALSE(world.conversation().is_quiet());
  world.Settle();
  EXPECT_TRUE(world.conversation().is_quiet());
  EXPECT_EQ(world.turns.at(0).ending, TurnEnding::kHungUp);
  EXPECT_THAT(Contents(world), ElementsAre("hello", world.turns[0].heard));
  EXPECT_THAT(std::string("You said hello."), StartsWith(world.turns[0].heard));
  EXPECT_THAT(world.open_recognizers, IsEmpty());
}

// Silence, speech, and the sound of an answer, frame by frame.
TEST(ConversationTest, FramesAllocateNothing) {
  World world;
  world.agent = [](const AgentQuestion&) {
    return World::AgentStep{
        .texts = {{Ms(1), "A long answer that takes a while to say, and so on and so forth. "}}};
  };
  Conversation& conversation = world.conversation();
  const std::vector<int16_t> silence(320, 0);
  std::vector<int16_t> frame(320);
  absl::Duration at;
  const auto frames = [&](absl::Span<const int16_t> sound) {
    return perf::CountAllocations([&] {
      for (int i = 0; i < 10; ++i) {
        at += Ms(20);
        conversation.Sound(at, sound);
        conversation.TakeFrame(at, absl::MakeSpan(frame));
      }
    });
  };
  EXPECT_EQ(frames(silence), 0);
  world.BeSilent(Ms(400));
  world.Speak(kUtterance, "hello");
  at = world.now();
  EXPECT_EQ(frames(std::vector<int16_t>(320, 5000)), 0);
  world.BeSilent(Ms(700));
  ASSERT_EQ(conversation.phase(), TurnPhase::kSpeaking);
  at = world.now();
  EXPECT_EQ(frames(silence), 0);
  EXPECT_EQ(conversation.phase(), TurnPhase::kSpeaking);
}

TEST(ConversationTest, BadPartsAreRefused) {
  World world;
  EXPECT_THAT(Conversation::Create({}, nullptr, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument));
  ConversationOptions options;
  options.agent_timeout = absl::ZeroDuration();
  EXPECT_THAT(Conversation::Create(options, std::make_unique<LoudnessVad>(), nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// A life at random: people who speak, cough, interrupt and hang up at any time, and a world that is
// slow, fails and hangs. Whatever happens, each turn ends once, what is stored is what was heard,
// each call has its output, and in the end nothing is under way.
class RandomLife : public testing::TestWithParam<uint32_t> {};

World::AgentStep AnyStep(const AgentQuestion& question, std::mt19937& random) {
  World::AgentStep step;
  const uint32_t kind = random() % 10;
  if (kind == 0) step.fails = true;
  if (kind == 1 && random() % 4 == 0) step.hangs = true;
  if (kind >= 7 && question.calls.size() < 3) {
    const size_t count = 1 + random() % 2;
    for (size_t i = 0; i < count; ++i) {
      step.calls.push_back(
          {.call = {.name = "tool", .arguments = "{}"}, .effects = random() % 2 == 0});
    }
    return step;
  }
  const size_t texts = random() % 4;
  for (size_t i = 0; i < texts; ++i) {
    step.texts.emplace_back(Ms(random() % 300), "Some words, and then some more of them. ");
  }
  return step;
}

void Live(uint32_t seed, World& world) {
  std::mt19937 random(seed);
  world.agent = [&](const AgentQuestion& question) { return AnyStep(question, random); };
  const char* const kWords[] = {"hello", "?", "", "what time is it", "yes"};
  for (int i = 0; i < 12; ++i) {
    for (World::Behaviour* part :
         {&world.recognition, &world.tools, &world.synthesis, &world.storing}) {
      part->delay = Ms(random() % (random() % 3 == 0 ? 2000 : 20));
      part->fails = random() % 8 == 0;
      part->hangs = false;
    }
    switch (random() % 6) {
      case 0:
        world.SendNothing(Ms(20 * (random() % 50)));
        break;
      case 1:
        world.conversation().Announce(world.now(), "Your timer is up.");
        break;
      default:
        world.Speak(Ms(20 * (random() % 60)), kWords[random() % 5],
                    random() % 2 == 0 ? "hello" : "");
        break;
    }
    world.BeSilent(Ms(20 * (random() % 100)));
  }
  if (random() % 3 == 0) world.HangUp();
  for (World::Behaviour* part :
       {&world.recognition, &world.tools, &world.synthesis, &world.storing}) {
    part->fails = false;
  }
  world.Settle();
}

TEST_P(RandomLife, KeepsItsPromises) {
  World world;
  Live(GetParam(), world);
  EXPECT_TRUE(world.conversation().is_quiet());
  EXPECT_THAT(world.open_recognizers, IsEmpty());
  EXPECT_THAT(world.open_calls, IsEmpty());
  // In order, each turn once.
  std::vector<std::string> heard;
  for (size_t i = 0; i < world.turns.size(); ++i) {
    const TurnReport& turn = world.turns[i];
    EXPECT_EQ(turn.turn, static_cast<int32_t>(i) + 1);
    EXPECT_TRUE(turn.calls.size() == turn.outcomes.size());
    EXPECT_TRUE(turn.heard.size() <= turn.reply.size());
    if (turn.ending == TurnEnding::kAnswered) heard.push_back(turn.heard);
    absl::Duration sum;
    for (const absl::Duration stage : turn.latency.stages) {
      EXPECT_GE(stage, absl::ZeroDuration());
      sum += stage;
    }
    EXPECT_EQ(sum, turn.latency.total());
    ExpectWaitsAreTheStages(turn);
    EXPECT_LE(turn.began, turn.ended);
    EXPECT_EQ(turn.call_times.size(), turn.calls.size());
  }
  // Each output has its call, before it.
  std::string calls;
  for (const session::Message& message : world.stored) {
    if (message.tool_calls.has_value()) absl::StrAppend(&calls, *message.tool_calls);
    if (message.role != session::Role::kTool) continue;
    EXPECT_THAT(calls, HasSubstr(absl::StrCat("\"", *message.tool_call_id, "\"")));
  }
}

// The same events at the same times are the same conversation.
TEST_P(RandomLife, RepeatsItself) {
  World first;
  World second;
  Live(GetParam(), first);
  Live(GetParam(), second);
  EXPECT_EQ(first.log, second.log);
  EXPECT_EQ(Contents(first), Contents(second));
}

// Where the store does not fail, what is in it is what was heard, turn by turn.
TEST_P(RandomLife, StoresWhatWasHeard) {
  World world;
  std::mt19937 random(GetParam());
  world.agent = [&](const AgentQuestion& question) { return AnyStep(question, random); };
  for (int i = 0; i < 8; ++i) {
    world.synthesis.fails = random() % 4 == 0;
    world.Speak(Ms(20 * (10 + random() % 60)), random() % 2 == 0 ? "hello" : "what time is it");
    world.BeSilent(Ms(20 * (random() % 100)));
  }
  world.Settle();
  std::vector<std::string> heard;
  for (const TurnReport& turn : world.turns) {
    if (!turn.reply.empty()) heard.push_back(turn.heard);
  }
  std::vector<std::string> answers;
  for (const session::Message& message : world.stored) {
    if (message.role == session::Role::kAssistant && !message.tool_calls.has_value()) {
      answers.push_back(message.content);
    }
  }
  // An answer that was cut before it was ready to be heard was not stored.
  std::erase(heard, "");
  std::erase(answers, "");
  EXPECT_EQ(answers, heard);
  // Each turn that was heard has its latency in the store, once, stage by stage.
  std::vector<int64_t> totals;
  for (const TurnReport& turn : world.turns) {
    if (!turn.heard.empty()) totals.push_back(Nanoseconds(turn.latency.total()));
  }
  std::vector<int64_t> stored_totals;
  for (const session::Message& message : world.stored) {
    const std::map<std::string, int64_t> latency = StoredLatency(message);
    if (latency.empty()) continue;
    int64_t sum = 0;
    for (const auto& [name, nanoseconds] : latency) sum += name == "total" ? 0 : nanoseconds;
    EXPECT_EQ(latency.at("total"), sum);
    if (!message.content.empty()) stored_totals.push_back(sum);
  }
  EXPECT_EQ(stored_totals, totals);
}

INSTANTIATE_TEST_SUITE_P(, RandomLife, testing::Range(uint32_t{1}, uint32_t{201}));

}  // namespace
}  // namespace parlance::pipeline
