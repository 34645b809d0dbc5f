// How many people one runtime can talk with at once, and what that costs.
//
// The callers are in the same process and on the same processors, so with one that is remote the
// agent has more of them. Their sound is recorded speech at 8 kHz, as from a telephone. Where the
// recogniser and the synthesiser are simulated, all else is real: resampling, detector, endpointer,
// echo, agent, tools, store.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "audio/signal/resampler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/memory_recorder.h"
#include "perf/recorder.h"
#include "pipeline/agent/model/model_agent.h"
#include "pipeline/components.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/runtime/load/load.h"
#include "pipeline/runtime/load/simulated_parts.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/speech/synthesizer.h"
#include "pipeline/testing/spoken_requests.h"
#include "session/store.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/transport/testing/http_peer.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;

constexpr int kTelephoneHz = 8000;

// What somebody says in a second and a half to two and a half.
std::vector<std::vector<int16_t>> Utterances() {
  std::vector<std::vector<int16_t>> utterances;
  for (const SpokenRequest& request : SpokenRequests()) {
    utterances.push_back(*audio::Resample(request.sound, 16000, kTelephoneHz));
    // The silence after it is the load's matter.
    while (!utterances.back().empty() && utterances.back().back() == 0) {
      utterances.back().pop_back();
    }
  }
  return utterances;
}

class RuntimePerf : public testing::Test {
 protected:
  RuntimePerf() {
    ComponentOptions options;
    options.write_patience = absl::ZeroDuration();
    options.database_path =
        absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                     testing::UnitTest::GetInstance()->current_test_info()->name(), ".db");
    auto components = Components::Create(options);
    EXPECT_THAT(components, IsOk());
    components_ = *std::move(components);
    parts_ = components_->ForRuntime();
    load_.utterances = Utterances();
    load_.sample_rate_hz = kTelephoneHz;
    load_.length = absl::Milliseconds(perf::LoadValue("runtime_length_ms"));
    load_.warm_up = absl::Milliseconds(perf::LoadValue("runtime_warm_up_ms"));
    load_.spread = absl::Milliseconds(perf::LoadValue("runtime_spread_ms"));
    load_.ramp = absl::Milliseconds(500);
    // However busy this machine is, nobody is refused, but where that is what is measured.
    options_.max_utilization = 1000;
    options_.session_utilization = 0;
    options_.max_frame_age = absl::InfiniteDuration();
  }

  void SimulateRecognizer() {
    parts_.create_recognizer = [] {
      return CreateSimulatedRecognizer("what time is it", absl::ZeroDuration());
    };
    options_.recognizers.max_recognizers = 100000;
  }
  void SimulateSpeech() {
    SimulateRecognizer();
    parts_.synthesizer = synthesizer_.get();
  }
  void SimulateStore() { parts_.store = store_.get(); }

  std::unique_ptr<Runtime> CreateRuntime() {
    auto runtime = Runtime::Create(parts_, options_);
    EXPECT_THAT(runtime, IsOk());
    return *std::move(runtime);
  }
  // Runs so often, and until somebody was answered: a busy machine may be too slow for it.
  void RunRounds(const std::function<void(const LoadReport&)>& each) {
    int64_t num_answered = 0;
    for (int64_t i = 0; i < perf::Load("runtime_rounds") || num_answered == 0; ++i) {
      const LoadReport report = Run();
      num_answered += report.num_turns - report.num_unanswered_turns;
      each(report);
      if (testing::Test::HasFailure()) return;
    }
  }
  LoadReport Run() {
    const std::unique_ptr<Runtime> runtime = CreateRuntime();
    auto report = RunLoad(*runtime, load_);
    EXPECT_THAT(report, IsOk());
    return *std::move(report);
  }

  std::unique_ptr<Components> components_;
  const std::unique_ptr<Synthesizer> synthesizer_ = CreateSimulatedSynthesizer();
  const std::unique_ptr<session::SessionStore> store_ = CreateForgetfulStore();
  RuntimeParts parts_;
  RuntimeOptions options_;
  LoadOptions load_;
};

perf::Recorder::Options Named(const char* name, const char* title, const char* unit) {
  return {.name = name, .title = title, .unit = unit, .better = perf::LOWER};
}

// Live sessions, each with 20 ms in and out on its own beat, of which a third speak.
TEST_F(RuntimePerf, ManySessions) {
  SimulateSpeech();
  load_.num_sessions = static_cast<size_t>(perf::Load("runtime_sessions"));
  perf::Recorder age(Named("pipeline.runtime.frame_age_p99", "Age of Sound, 99 % of It", "ms"));
  perf::Recorder dropped(Named("pipeline.runtime.dropped", "Sound Dropped", "frames"));
  perf::Recorder answer(
      Named("pipeline.runtime.answer_latency", "End of Turn to Answer, Many Sessions", "ms"));
  perf::Recorder active(
      Named("pipeline.runtime.active_session", "Memory of an Active Session", "kB"));
  perf::Recorder processors(Named("pipeline.runtime.cpu", "Processors for Sessions", "cores"));
  load_.on_turn = [&](const TurnReport& turn) {
    if (turn.ending == TurnEnding::kAnswered) answer.Add(turn.latency.since_endpoint());
  };
  int num_noisy = 0;
  RunRounds([&](const LoadReport& report) {
    EXPECT_EQ(report.num_admitted, load_.num_sessions) << report.refusal;
    age.Add(report.frame_age.Percentile(0.99));
    dropped.Add(static_cast<double>(report.num_frames_dropped));
    active.Add(report.active_heap_bytes / 1024);
    processors.Add(report.runtime_cpus);
    num_noisy += report.is_noisy() ? 1 : 0;
  });
  age.SetCounter("noisy_rounds", num_noisy);
}

// Sessions in which nothing is said, with the detector's state and what was heard last.
TEST_F(RuntimePerf, IdleSessions) {
  SimulateSpeech();
  SimulateStore();
  load_.num_sessions = static_cast<size_t>(perf::Load("runtime_sessions"));
  load_.speech_part = 0;
  load_.length = absl::Milliseconds(500);
  perf::Recorder idle(Named("pipeline.runtime.idle_session", "Memory of an Idle Session", "kB"));
  idle.Add(Run().idle_heap_bytes / 1024);
}

// What the runtime itself adds between the decision that a turn is over and the first frame of the
// answer: nothing else takes any time.
TEST_F(RuntimePerf, OwnLatency) {
  SimulateSpeech();
  SimulateStore();
  load_.num_sessions = 20;
  perf::Recorder own(
      Named("pipeline.runtime.own_latency", "End of Turn to Answer, Nothing to Do", "us"));
  load_.on_turn = [&](const TurnReport& turn) {
    if (turn.ending == TurnEnding::kAnswered) own.Add(turn.latency.since_endpoint());
  };
  RunRounds([](const LoadReport&) {});
}

// With the recogniser, the synthesiser and the store that talk to people.
TEST_F(RuntimePerf, RealParts) {
  load_.num_sessions = static_cast<size_t>(perf::Load("runtime_real_sessions"));
  // Some of what is said takes three seconds, and so do some answers.
  load_.length *= 2;
  perf::Recorder answer(
      Named("pipeline.runtime.real_latency", "End of Turn to Answer, Real Speech", "ms"));
  perf::Recorder age(
      Named("pipeline.runtime.real_frame_age_p99", "Age of Sound, Real Speech", "ms"));
  load_.on_turn = [&](const TurnReport& turn) {
    if (turn.ending == TurnEnding::kAnswered) answer.Add(turn.latency.since_endpoint());
  };
  RunRounds([&](const LoadReport& report) { age.Add(report.frame_age.Percentile(0.99)); });
}

// What is added to a language model: the decision that a turn is over, a question over HTTP to a
// server that answers at once, the first piece of the answer stored, spoken by Flite and given. The
// last three are beyond the model's first clause, however long a real one takes for that.
TEST_F(RuntimePerf, ModelAnswers) {
  SimulateRecognizer();
  const tools::mcp::HttpPeer model(
      [](const tools::mcp::HttpPeer::Request&, tools::mcp::HttpPeer::Responder& responder) {
        responder.Answer(200, "text/event-stream",
                         R"(data: {"choices":[{"index":0,"delta":{"content":"It is noon, "}}]})"
                         "\n\n"
                         R"(data: {"choices":[{"index":0,"delta":{"content":"or so."}}]})"
                         "\n\ndata: [DONE]\n\n");
      },
      tools::mcp::HttpPeer::Connections::kKeepAlive);
  auto http = HttpLoop::Create({});
  ASSERT_THAT(http, IsOk());
  ModelAgentOptions options;
  options.url = model.origin();
  options.model = "at-once";
  auto agent = ModelAgent::Create(options, http->get());
  ASSERT_THAT(agent, IsOk());
  parts_.agent = agent->get();
  load_.num_sessions = 10;
  // A turn is over once all of its answer was heard.
  load_.length *= 2;
  perf::Recorder answer(
      Named("pipeline.model.answer_latency", "End of Turn to Answer, Model at Once", "ms"));
  perf::Recorder first_audio(
      Named("pipeline.model.first_audio", "First Clause of a Model to First Sound", "ms"));
  load_.on_turn = [&](const TurnReport& turn) {
    if (turn.ending != TurnEnding::kAnswered) return;
    answer.Add(turn.latency.since_endpoint());
    first_audio.Add(turn.latency[TurnStage::kStore] + turn.latency[TurnStage::kSynthesis] +
                    turn.latency[TurnStage::kOutput]);
  };
  RunRounds([](const LoadReport&) {});
  EXPECT_GT(agent->get()->stats().num_answers, 0);
  EXPECT_EQ(agent->get()->stats().num_failed, 0);
}

// Ten times as many callers as there can be: those who are admitted must not suffer, and whoever
// calls two seconds after must be admitted.
TEST_F(RuntimePerf, Overload) {
  SimulateSpeech();
  SimulateStore();
  load_.num_sessions = static_cast<size_t>(perf::Load("overload_sessions"));
  options_ = RuntimeOptions();
  options_.recognizers.max_recognizers = 100000;
  options_.max_sessions = 100000;
  options_.max_utilization = perf::LoadValue("overload_utilization");
  perf::Recorder age(
      Named("pipeline.overload.frame_age_p99", "Age of Sound of the Admitted, Overload", "ms"));
  perf::Recorder recovery(
      Named("pipeline.overload.recovery", "Until a Call Is Taken after Overload", "ms"));
  perf::Recorder admitted({.name = "pipeline.overload.admitted",
                           .title = "Admitted in Overload",
                           .unit = "sessions",
                           .better = perf::HIGHER});
  for (int64_t i = 0; i < perf::Load("runtime_rounds"); ++i) {
    const std::unique_ptr<Runtime> runtime = CreateRuntime();
    const auto report = RunLoad(*runtime, load_);
    ASSERT_THAT(report, IsOk());
    age.Add(report->frame_age.Percentile(0.99));
    admitted.Add(static_cast<double>(report->num_admitted));
    const absl::Time began = absl::Now();
    LoadOptions one;
    one.num_sessions = 1;
    one.ramp = absl::ZeroDuration();
    one.warm_up = absl::ZeroDuration();
    one.length = absl::Milliseconds(20);
    // Bounded by the test's own time-out.
    for (;;) {
      const auto again = RunLoad(*runtime, one);
      ASSERT_THAT(again, IsOk());
      if (again->num_admitted == 1) break;
    }
    recovery.Add(absl::Now() - began);
  }
}

// Turn after turn in virtual time: memory must not grow with them.
TEST_F(RuntimePerf, Soak) {
  SimulateSpeech();
  SimulateStore();
  absl::Duration now;
  options_.num_threads = 0;
  options_.now = [&] { return now; };
  const std::unique_ptr<Runtime> runtime = CreateRuntime();
  load_.num_sessions = 50;
  // As little silence as an answer needs.
  load_.speech_part = 0.6;
  perf::MemoryRecorder memory(
      {.name = "pipeline.runtime.soak", .title = "Runtime", .work_unit = "turn"});
  const int64_t num_warm = perf::Load("soak_warm_turns");
  int64_t last = num_warm;
  EXPECT_THAT(RunVirtualLoad(
                  *runtime, load_, num_warm + perf::Load("soak_turns"),
                  [&](absl::Duration time) { now = time; },
                  [&](int64_t num_turns) {
                    if (num_turns <= last) return;
                    last = num_turns;
                    memory.Sample(num_turns - num_warm);
                  }),
              IsOk());
}

}  // namespace
}  // namespace parlance::pipeline
