// What the conversation itself costs, with its recogniser, agent, synthesiser and store simulated:
// so many of these fit on a core, before any of those works. The detector is the real one.
//
// Allocations and instructions of each are counted by the suite (--counts), and gate.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "benchmark/benchmark.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/detector.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/conversation/turn/turn_machine.h"

namespace parlance::pipeline {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(20);

// 20 ms in and 20 ms out, while nobody speaks: resampling from 8 kHz, the detector, the endpointer.
void BM_IdleFrame(benchmark::State& state) {
  state.SetLabel("Conversation, an Idle Frame of 20 ms");
  ConversationOptions options;
  options.input_sample_rate_hz = 8000;
  SimulatedWorld world(options, *CreateDetector());
  Conversation& conversation = world.conversation();
  const std::vector<int16_t> silence(160, 3);
  std::vector<int16_t> out(320);
  absl::Duration now;
  size_t heard = 0;
  for (auto _ : state) {
    now += kFrame;
    conversation.Sound(now, silence);
    heard += conversation.TakeFrame(now, absl::MakeSpan(out));
  }
  if (heard != 0) state.SkipWithError("something was said");
}
BENCHMARK(BM_IdleFrame)->Name("pipeline.conversation.idle_frame");

// The same while somebody tells a story, and is listened to: what the recogniser does is not in it.
void BM_ListeningFrame(benchmark::State& state) {
  state.SetLabel("Conversation, a Frame of Speech of 20 ms");
  SimulatedWorld world(ConversationOptions(), *CreateDetector());
  Conversation& conversation = world.conversation();
  const std::vector<int16_t> recording = audio::RecordedSpeech(
      "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav", 16000);
  // Without the silence around it, which would end the turn where the story begins anew.
  const auto prose = absl::MakeConstSpan(recording).subspan(4800, recording.size() - 11'200);
  const size_t num_frames = prose.size() / 320;
  std::vector<int16_t> out(320);
  absl::Duration now;
  size_t i = 0;
  const auto listen = [&] {
    now += kFrame;
    conversation.Sound(now, prose.subspan(i * 320, 320));
    benchmark::DoNotOptimize(conversation.TakeFrame(now, absl::MakeSpan(out)));
    i = (i + 1) % num_frames;
  };
  // The turn began two seconds ago.
  while (i < 100) listen();
  for (auto _ : state) listen();
}
BENCHMARK(BM_ListeningFrame)->Name("pipeline.conversation.listening_frame");

// A whole turn by the rules alone: one call, two pieces.
void BM_TurnMachine(benchmark::State& state) {
  state.SetLabel("Turn Machine, a Turn");
  TurnMachine machine;
  std::vector<TurnAction> actions;
  int32_t call = 0;
  int32_t piece = 0;
  for (auto _ : state) {
    actions.clear();
    const auto tell = [&](const TurnEvent& event) { machine.Handle(event, actions); };
    tell({.kind = TurnEventKind::kSpeechBegan});
    tell({.kind = TurnEventKind::kSpeechEnded});
    tell({.kind = TurnEventKind::kRecognized, .id = machine.utterance(), .usable = true});
    tell({.kind = TurnEventKind::kCalls, .id = machine.attempt(), .count = 1, .effects = true});
    tell({.kind = TurnEventKind::kCallEnded, .id = ++call});
    for (int i = 0; i < 2; ++i) {
      tell({.kind = TurnEventKind::kPiece, .id = machine.attempt()});
      tell({.kind = TurnEventKind::kStored, .id = ++piece});
      tell({.kind = TurnEventKind::kFirstHeard});
      tell({.kind = TurnEventKind::kSynthesized, .id = piece});
      tell({.kind = TurnEventKind::kHeard, .id = piece});
    }
    tell({.kind = TurnEventKind::kAttemptDone, .id = machine.attempt()});
    benchmark::DoNotOptimize(actions.data());
  }
  if (machine.phase() != TurnPhase::kIdle) state.SkipWithError("the turn is not over");
}
BENCHMARK(BM_TurnMachine)->Name("pipeline.conversation.turn_rules");

}  // namespace
}  // namespace parlance::pipeline
