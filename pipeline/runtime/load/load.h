// Calls a runtime as many people at once would: each says something, listens to the answer, and
// says something again.
//
// Every caller sends 20 ms of sound every 20 ms, on its own beat, whatever the runtime does
// meanwhile: whoever waits for the system that is measured does not see its worst moments (G. Tene,
// "coordinated omission"). Times of sending are counted from one origin, so that being late once
// does not move what comes after.
//
// One thread sends for all callers. What it costs is reported apart, and how late it was is how
// late this machine wakes whoever sleeps: if that is more than a few milliseconds, or if another
// machine took processor time away, the run says little, and is marked noisy.
#ifndef PIPELINE_RUNTIME_LOAD_LOAD_H_
#define PIPELINE_RUNTIME_LOAD_LOAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/runtime/duration_histogram.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline {

struct LoadOptions {
  size_t num_sessions = 100;
  // For how long sessions are opened, evenly, and then for how long all go on and are measured.
  absl::Duration ramp = absl::Seconds(2);
  absl::Duration length = absl::Seconds(10);
  // The part of the time in which callers speak: 0 to 0.6. With 0 nobody speaks.
  double speech_part = 0.3;
  // Over how long they begin to speak. If it is less than what a caller says and is silent for,
  // they speak in waves.
  absl::Duration spread = absl::Seconds(20);
  // The utterances that they say, in turn: mono PCM16 at `sample_rate_hz`, 8 to 48 kHz.
  std::vector<std::vector<int16_t>> utterances;
  int sample_rate_hz = 8000;
  // The seed that decides which callers begin when.
  uint64_t seed = 1;
  // How each session listens and answers. Its rate is the above.
  ConversationOptions conversation = {};
  // What comes once, such as making a recogniser, is not measured: all go on for so long before.
  absl::Duration warm_up = absl::Seconds(3);
  // Called for each turn of the measured time, one at a time, on the runtime's threads.
  std::function<void(const TurnReport&)> on_turn = nullptr;
  // Called now and then while it goes on.
  std::function<void(const std::string&)> on_progress = nullptr;
};

struct LoadReport {
  size_t num_asked = 0;
  size_t num_admitted = 0;
  // Why the last one was refused.
  absl::Status refusal;
  // What happened in the measured time, and how long it was.
  absl::Duration length;
  int64_t num_turns = 0;
  // Turns that were interrupted, or had nothing to answer; they have no latency.
  int64_t num_unanswered_turns = 0;
  int64_t num_frames_in = 0;
  int64_t num_frames_out = 0;
  int64_t num_frames_dropped = 0;
  int64_t num_answers_delayed = 0;
  // Utterances that no recogniser had time for; their turns failed.
  int64_t num_utterances_refused = 0;
  DurationHistogram frame_age = {};
  DurationHistogram frame_lateness = {};
  // From when it was decided that the caller had finished to the first frame of the answer, and
  // where that went.
  DurationHistogram turn_latency = {};
  std::array<DurationHistogram, kNumTurnStages> stages = {};
  // How late the sender woke.
  DurationHistogram timer_lateness = {};
  // Processors, such as 0.5, that the runtime and what it uses had, and the sender.
  double runtime_cpus = 0;
  double sender_cpus = 0;
  // The part of this machine's processors that another machine had, if that is known.
  double stolen = 0;
  // Heap and resident memory, by session: after all were opened and before anything was said, and
  // at the end.
  double idle_heap_bytes = 0;
  double active_heap_bytes = 0;
  double resident_bytes = 0;

  // Whether the machine was too busy, by others, for the figures to say much.
  bool is_noisy() const;
  // Whether all of it was borne: nothing was dropped or refused, a frame in a hundred may be older
  // than 20 ms, and an answer in twenty may come more than half a second after the end of a turn.
  bool is_sustained() const;
  // Returns a table for people, several lines.
  std::string Table() const;
};

// Opens the sessions, measures, and hangs up. InvalidArgument for options out of range. A session
// that is refused is no error.
absl::StatusOr<LoadReport> RunLoad(Runtime& runtime, const LoadOptions& options);

// The same in virtual time, on the caller's thread, until so many turns are over: for a runtime
// without threads, whose clock says what `set_now` was called with. `on_turns` is called with how
// many turns are over, at most once for each 20 ms. Says nothing of times.
absl::Status RunVirtualLoad(Runtime& runtime, const LoadOptions& options, int64_t num_turns,
                            const std::function<void(absl::Duration)>& set_now,
                            const std::function<void(int64_t)>& on_turns);

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_LOAD_LOAD_H_
