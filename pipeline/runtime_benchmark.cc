// What a runtime does for one session, on one thread and in virtual time. Detector, recogniser,
// agent, synthesiser and store are simulated, and do next to nothing, so that what remains is the
// runtime's own and the conversation's.
//
// Allocations and instructions of each are counted by the suite (--counts), and gate.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"
#include "benchmark/benchmark.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/deciding_agent.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/runtime/load/simulated_parts.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/speech/synthesizer.h"
#include "session/store.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(20);
constexpr size_t kFrameSamples = 320;
// How loud speech is to the simulated detector, and silence.
constexpr int16_t kSpeech = 2000;
constexpr int16_t kSilence = 3;
// A turn that takes longer is lost.
constexpr int kMaxFramesPerTurn = 1000;

// The answer is short, so that its sound does not make the heap grow and shrink in each turn, which
// would be system calls of the allocator's.
class TimeTeller : public DecidingAgent {
 public:
  int max_history_messages() const override { return 0; }
  absl::StatusOr<AgentStep> Decide(const AgentInput& /*input*/) override {
    return AgentStep{.reply = "Ten."};
  }
};

struct CountingSink : SessionSink {
  void Frame(absl::Span<const int16_t> /*samples*/) override { ++num_frames; }
  void TurnDone(const TurnReport& /*report*/) override { ++num_turns; }

  int64_t num_frames = 0;
  int64_t num_turns = 0;
};

// Somebody on the line, from whom a frame comes every 20 ms.
class Call {
 public:
  Call() {
    RuntimeOptions options;
    options.num_threads = 0;
    options.now = [this] { return now_; };
    auto executor = tools::ToolExecutor::Create(&registry_, {});
    if (!executor.ok()) return;
    executor_ = *std::move(executor);
    auto runtime = Runtime::Create(
        {.create_vad = []() -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
           return std::make_unique<LoudnessVad>();
         },
         .create_recognizer =
             [] { return CreateSimulatedRecognizer("what time is it", absl::ZeroDuration()); },
         .agent = &agent_,
         .synthesizer = synthesizer_.get(),
         .registry = &registry_,
         .executor = executor_.get(),
         .store = store_.get()},
        options);
    if (!runtime.ok()) return;
    runtime_ = *std::move(runtime);
    SessionOptions session;
    // Constant samples are no sound that an echo could be told from.
    session.conversation.hears_echo = false;
    session.detector = "loudness";
    auto opened = runtime_->Open(std::move(session), &sink_);
    if (opened.ok()) session_ = *std::move(opened);
    // The executor's threads go to sleep for the first time while nothing is counted yet.
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  bool is_open() const { return session_ != nullptr; }
  const CountingSink& sink() const { return sink_; }

  void Frame(absl::Span<const int16_t> samples) {
    RunUntil(now_ + kFrame);
    session_->Push(samples).IgnoreError();
    RunUntil(now_);
  }

 private:
  void RunUntil(absl::Duration time) {
    runtime_->RunUntil(time, [this](absl::Duration now) { now_ = now; });
  }

  absl::Duration now_ = absl::Hours(1);
  TimeTeller agent_;
  const std::unique_ptr<Synthesizer> synthesizer_ = CreateSimulatedSynthesizer();
  const std::unique_ptr<session::SessionStore> store_ = CreateForgetfulStore();
  tools::ToolRegistry registry_;
  std::unique_ptr<tools::ToolExecutor> executor_;
  CountingSink sink_;
  std::unique_ptr<Runtime> runtime_;
  std::shared_ptr<Runtime::Session> session_;
};

// 20 ms in, while nobody speaks.
void BM_IdleFrame(benchmark::State& state) {
  state.SetLabel("Runtime, an Idle Frame of 20 ms");
  Call call;
  if (!call.is_open()) return state.SkipWithError("no session");
  const std::vector<int16_t> silence(kFrameSamples, kSilence);
  for (auto _ : state) call.Frame(silence);
  if (call.sink().num_frames != 0) state.SkipWithError("something was said");
}
BENCHMARK(BM_IdleFrame)->Name("pipeline.runtime.idle_frame");

// Half a second of speech, the silence that ends it, and the answer to its end, frame by frame.
void BM_Turn(benchmark::State& state) {
  state.SetLabel("Runtime, a Turn");
  Call call;
  if (!call.is_open()) return state.SkipWithError("no session");
  const std::vector<int16_t> silence(kFrameSamples, kSilence);
  const std::vector<int16_t> speech(kFrameSamples, kSpeech);
  int64_t num_turns = 0;
  for (auto _ : state) {
    for (int i = 0; i < 25; ++i) call.Frame(speech);
    for (int i = 0; i < kMaxFramesPerTurn && call.sink().num_turns == num_turns; ++i) {
      call.Frame(silence);
    }
    if (call.sink().num_turns != ++num_turns) return state.SkipWithError("a turn did not end");
  }
  state.counters["frames_out"] = benchmark::Counter(static_cast<double>(call.sink().num_frames),
                                                    benchmark::Counter::kAvgIterations);
  if (call.sink().num_frames == 0) state.SkipWithError("nothing was answered");
}
BENCHMARK(BM_Turn)->Name("pipeline.runtime.turn");

}  // namespace
}  // namespace parlance::pipeline
