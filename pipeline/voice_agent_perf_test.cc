// How long a caller waits: from the end of speech to the first sound of the answer.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "pipeline/components.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/testing/spoken_requests.h"
#include "pipeline/voice_agent.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::HasSubstr;

// Requests by turns, recorded and synthesised, pushed faster than they were said; so the recogniser
// has less time between chunks than in a call, and its work is warm. The endpointer's silence is a
// choice, not work, and reported apart. Says nothing of a network.
TEST(PipelinePerformance, EndToEndLatency) {
  ComponentOptions options;
  options.database_path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/latency.db");
  auto components = Components::Create(options);
  ASSERT_THAT(components, IsOk());
  TurnReport turn;
  int num_turns = 0;
  VoiceAgent::Options agent_options;
  agent_options.on_turn = [&](const TurnReport& answered) {
    turn = answered;
    ++num_turns;
  };
  auto conversation = (*components)->Start(agent_options);
  ASSERT_THAT(conversation, IsOk());
  const std::vector<SpokenRequest> requests = SpokenRequests();

  const auto options_of = [](const char* name, const char* title) {
    return perf::Recorder::Options{
        .name = name, .title = title, .unit = "ms", .better = perf::LOWER};
  };
  perf::Recorder first_sample(options_of("pipeline.turn.first_sample", "End to End Latency"));
  perf::Recorder silence(options_of("pipeline.turn.endpoint_silence", "Endpoint Silence"));
  perf::Recorder recognition(options_of("pipeline.turn.recognition", "Recognition after Speech"));
  perf::Recorder agent(options_of("pipeline.turn.agent", "Agent in a Turn"));
  perf::Recorder tools(options_of("pipeline.turn.tools", "Tools in a Turn"));
  perf::Recorder session(options_of("pipeline.turn.session", "Session in a Turn"));
  perf::Recorder synthesis(
      options_of("pipeline.turn.synthesis_first_sample", "Synthesis, First Sample"));
  // On one thread the first frame is taken when the whole first piece is made.
  perf::Recorder output(options_of("pipeline.turn.output", "Rest of the First Piece"));
  const int64_t num_warm = perf::Load("warm_turns");
  for (int64_t i = -num_warm; i < perf::Load("turns"); ++i) {
    const SpokenRequest& request = requests[static_cast<size_t>(i + num_warm) % requests.size()];
    num_turns = 0;
    ASSERT_THAT((*conversation)->agent->Push(request.sound), IsOk());
    ASSERT_EQ(num_turns, 1) << request.text;
    ASSERT_THAT(turn.reply, HasSubstr(request.reply)) << request.text;
    if (i < 0) continue;
    const TurnLatency& latency = turn.latency;
    first_sample.Add(latency.since_endpoint());
    silence.Add(latency[TurnStage::kEndpoint]);
    recognition.Add(latency[TurnStage::kRecognition]);
    agent.Add(latency[TurnStage::kAgentFirstToken] + latency[TurnStage::kAgentFirstClause]);
    tools.Add(latency[TurnStage::kTools]);
    session.Add(latency[TurnStage::kStore]);
    synthesis.Add(latency[TurnStage::kSynthesis]);
    output.Add(latency[TurnStage::kOutput]);
  }
}

}  // namespace
}  // namespace parlance::pipeline
