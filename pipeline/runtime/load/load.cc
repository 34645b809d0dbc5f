#include "pipeline/runtime/load/load.h"

#include <malloc.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/runtime/load/load_table.h"
#include "pipeline/runtime/load/machine_use.h"
#include "pipeline/runtime/load/rounds.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(20);
// The sender looks for what is due so often.
constexpr absl::Duration kTick = absl::Milliseconds(1);
constexpr int kTicksPerFrame = 20;
constexpr absl::Duration kProgressInterval = absl::Seconds(1);
// Beyond these a load is not borne.
constexpr absl::Duration kMaxFrameAge = absl::Milliseconds(20);
constexpr absl::Duration kMaxTurnLatency = absl::Milliseconds(500);

double HeapBytes() { return static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd); }

std::vector<Round> RoundsOf(const LoadOptions& options) {
  return MakeRounds(options.utterances, options.speech_part, options.sample_rate_hz, options.seed);
}

// What came of all callers' turns. Thread-safe.
class Turns {
 public:
  explicit Turns(std::function<void(const TurnReport&)> on_turn) : on_turn_(std::move(on_turn)) {}

  void Add(const TurnReport& report) {
    annotated::MutexLock lock(mutex_);
    ++num_;
    if (!measuring_) return;
    if (on_turn_ != nullptr) on_turn_(report);
    ++report_.num_turns;
    if (report.ending != TurnEnding::kAnswered) ++report_.num_unanswered_turns;
    if (report.ending != TurnEnding::kAnswered) return;
    report_.turn_latency.Add(report.latency.since_endpoint());
    for (size_t i = 0; i < kNumTurnStages; ++i) report_.stages[i].Add(report.latency.stages[i]);
  }
  void Measure(bool on) {
    annotated::MutexLock lock(mutex_);
    measuring_ = on;
  }
  void CopyTo(LoadReport& report) const {
    annotated::MutexLock lock(mutex_);
    report.num_turns = report_.num_turns;
    report.num_unanswered_turns = report_.num_unanswered_turns;
    report.turn_latency = report_.turn_latency;
    report.stages = report_.stages;
  }
  int64_t num() const {
    annotated::MutexLock lock(mutex_);
    return num_;
  }

 private:
  const std::function<void(const TurnReport&)> on_turn_;
  mutable annotated::Mutex mutex_;
  int64_t num_ ABSL_GUARDED_BY(mutex_) = 0;
  bool measuring_ ABSL_GUARDED_BY(mutex_) = false;
  LoadReport report_ ABSL_GUARDED_BY(mutex_);
};

class Caller : public SessionSink {
 public:
  Caller(const std::vector<Round>* rounds, const LoadOptions& options, uint64_t number,
         Turns* turns)
      : rounds_(*rounds),
        frame_samples_(static_cast<size_t>(options.sample_rate_hz / 50)),
        turns_(*turns) {
    std::mt19937_64 random(options.seed * 7919 + number);
    round_ = random() % rounds_.size();
    // It begins up to `spread` before its round ends, so that callers do not all speak at once.
    const size_t num_frames = rounds_[round_].samples.size() / frame_samples_;
    const auto spread = static_cast<size_t>(options.spread / kFrame);
    frame_ = num_frames - random() % std::clamp<size_t>(spread, 1, num_frames);
  }

  absl::Status Open(Runtime& runtime, const LoadOptions& options) {
    SessionOptions session;
    session.title = "Load";
    session.conversation = options.conversation;
    session.conversation.input_sample_rate_hz = options.sample_rate_hz;
    auto opened = runtime.Open(std::move(session), this);
    if (!opened.ok()) return opened.status();
    session_ = *std::move(opened);
    return absl::OkStatus();
  }
  // Sends the next 20 ms.
  void Send() {
    if (frame_ * frame_samples_ >= rounds_[round_].samples.size()) {
      round_ = (round_ + 1) % rounds_.size();
      frame_ = 0;
    }
    const absl::Status pushed =
        session_->Push(absl::MakeConstSpan(rounds_[round_].samples)
                           .subspan(frame_ * frame_samples_, frame_samples_));
    if (!pushed.ok()) closed_ = true;
    ++frame_;
  }
  void HangUp() { session_->HangUp(); }
  bool is_open() const { return session_ != nullptr; }
  bool is_closed() const { return closed_; }

  // SessionSink:
  void Frame(absl::Span<const int16_t> /*samples*/) override {}
  void TurnDone(const TurnReport& report) override { turns_.Add(report); }
  void Closed(const absl::Status& /*status*/) override { closed_ = true; }

 private:
  const std::vector<Round>& rounds_;
  const size_t frame_samples_;
  Turns& turns_;
  std::shared_ptr<Runtime::Session> session_;
  size_t round_ = 0;
  size_t frame_ = 0;
  std::atomic<bool> closed_ = false;
};

absl::Status Check(const LoadOptions& options) {
  if (options.num_sessions < 1 || options.num_sessions > 1000000) {
    return absl::InvalidArgumentError("the number of sessions is not in 1 to 1,000,000");
  }
  if (!(options.speech_part >= 0 && options.speech_part <= 0.6)) {
    return absl::InvalidArgumentError("the part that is speech is not in 0 to 0.6");
  }
  if (options.sample_rate_hz < 8000 || options.sample_rate_hz > 48000 ||
      options.sample_rate_hz % 50 != 0) {
    return absl::InvalidArgumentError("the rate is not in 8000 to 48000 Hz, in steps of 50");
  }
  if (options.length <= absl::ZeroDuration() || options.spread < absl::ZeroDuration() ||
      options.ramp < absl::ZeroDuration() || options.warm_up < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("a load takes some time");
  }
  return absl::OkStatus();
}

// Sends for all callers, in time.
class Sender {
 public:
  Sender(Runtime& runtime, const LoadOptions& options)
      : runtime_(runtime), options_(options), rounds_(RoundsOf(options)), turns_(options.on_turn) {
    for (size_t i = 0; i < options.num_sessions; ++i) {
      callers_.push_back(std::make_unique<Caller>(&rounds_, options, i, &turns_));
    }
  }
  ~Sender() {
    // Nobody may be called any more when the callers go.
    for (const auto& caller : callers_) {
      if (caller->is_open()) caller->HangUp();
    }
    for (const auto& caller : callers_) {
      while (caller->is_open() && !caller->is_closed()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }

  LoadReport Run() {
    LoadReport report;
    report.num_asked = callers_.size();
    const double heap_before = HeapBytes();
    // The calls are opened by a thread of their own, as each waits for the store.
    std::thread opener([&] { OpenAll(report.refusal); });
    Send(options_.ramp, "opening, ", nullptr);
    opener.join();
    std::vector<Caller*> open;
    for (const auto& caller : callers_) {
      if (caller->is_open()) open.push_back(caller.get());
    }
    report.num_admitted = open.size();
    const double num = std::max<double>(static_cast<double>(open.size()), 1);
    report.idle_heap_bytes = (heap_opened_ - heap_before) / num;

    Send(options_.warm_up, "warming up, ", nullptr);
    const RuntimeStats before = runtime_.stats();
    const Processors processors_before = ReadProcessors();
    const absl::Duration cpu_before = CpuTime(CLOCK_PROCESS_CPUTIME_ID);
    const absl::Duration sender_before = CpuTime(CLOCK_THREAD_CPUTIME_ID);
    const absl::Duration began = SteadyNow();
    turns_.Measure(true);
    Send(options_.length, "", &report.timer_lateness);
    turns_.Measure(false);
    report.length = SteadyNow() - began;
    const absl::Duration sender = CpuTime(CLOCK_THREAD_CPUTIME_ID) - sender_before;
    const absl::Duration cpu = CpuTime(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
    const Processors processors = ReadProcessors();
    const RuntimeStats after = runtime_.stats();
    report.active_heap_bytes = (HeapBytes() - heap_before) / num;
    report.resident_bytes = ResidentBytes(getpid()) / num;
    report.sender_cpus = absl::FDivDuration(sender, report.length);
    report.runtime_cpus = absl::FDivDuration(cpu - sender, report.length);
    report.stolen = StolenPart(processors_before, processors);
    turns_.CopyTo(report);
    report.num_frames_in = after.num_frames_in - before.num_frames_in;
    report.num_frames_out = after.num_frames_out - before.num_frames_out;
    report.num_frames_dropped = after.num_frames_dropped - before.num_frames_dropped;
    report.num_answers_delayed = after.num_answers_delayed - before.num_answers_delayed;
    report.num_utterances_refused =
        after.recognizers.num_refused_line - before.recognizers.num_refused_line +
        after.recognizers.num_refused_sound - before.recognizers.num_refused_sound;
    report.frame_age = after.frame_age.Since(before.frame_age);
    report.frame_lateness = after.frame_lateness.Since(before.frame_lateness);
    return report;
  }

 private:
  // Opens one after the other, spread over the ramp, before any of them sends.
  void OpenAll(absl::Status& refusal) {
    const absl::Duration began = SteadyNow();
    for (size_t i = 0; i < callers_.size(); ++i) {
      const absl::Duration due =
          began + options_.ramp * static_cast<double>(i) / static_cast<double>(callers_.size());
      if (const absl::Duration wait = due - SteadyNow(); wait > absl::ZeroDuration()) {
        std::this_thread::sleep_for(absl::ToChronoNanoseconds(wait));
      }
      if (absl::Status opened = callers_[i]->Open(runtime_, options_); !opened.ok()) {
        refusal = opened;
      }
      // The sender may use it from now on.
      num_called_.store(i + 1, std::memory_order_release);
    }
    heap_opened_ = HeapBytes();
  }

  // Sends for so long, 20 ms every 20 ms for each caller who is there. `what`: for progress.
  void Send(absl::Duration length, absl::string_view what, DurationHistogram* lateness) {
    const absl::Duration origin = SteadyNow();
    const int64_t num_ticks = length / kTick;
    absl::Duration next_progress = kProgressInterval;
    for (int64_t tick = 0; tick < num_ticks; ++tick) {
      const absl::Duration due = origin + kTick * tick;
      const timespec until = absl::ToTimespec(due);
      while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
      }
      if (lateness != nullptr) lateness->Add(SteadyNow() - due);
      const size_t num_called = num_called_.load(std::memory_order_acquire);
      for (auto i = static_cast<size_t>(tick % kTicksPerFrame); i < num_called;
           i += kTicksPerFrame) {
        if (callers_[i]->is_open() && !callers_[i]->is_closed()) callers_[i]->Send();
      }
      if (options_.on_progress != nullptr && due - origin >= next_progress) {
        next_progress += kProgressInterval;
        options_.on_progress(absl::StrCat(what, num_called, " callers, ", turns_.num(), " turns, ",
                                          absl::ToInt64Seconds(due - origin), " of ",
                                          absl::ToInt64Seconds(length), " s"));
      }
    }
  }

  Runtime& runtime_;
  const LoadOptions& options_;
  const std::vector<Round> rounds_;
  Turns turns_;
  std::vector<std::unique_ptr<Caller>> callers_;
  std::atomic<size_t> num_called_ = 0;
  double heap_opened_ = 0;
};

}  // namespace

bool LoadReport::is_noisy() const {
  return stolen > kNoisyStolen || timer_lateness.Percentile(0.99) > kNoisyLateness;
}

bool LoadReport::is_sustained() const {
  return num_admitted == num_asked && num_frames_dropped == 0 && num_utterances_refused == 0 &&
         frame_age.Percentile(0.99) <= kMaxFrameAge &&
         turn_latency.Percentile(0.95) <= kMaxTurnLatency;
}

std::string LoadReport::Table() const {
  std::string table = absl::StrFormat(
      "%d of %d sessions, %.0f s, %d turns%s\n", num_admitted, num_asked,
      absl::ToDoubleSeconds(length), num_turns,
      num_unanswered_turns == 0 ? ""
                                : absl::StrCat(", ", num_unanswered_turns, " of them unanswered"));
  if (!refusal.ok()) absl::StrAppend(&table, "  refused: ", refusal.message(), "\n");
  absl::StrAppend(&table, LoadTableHeading());
  absl::StrAppend(&table, LoadTableLine("age of sound in", frame_age));
  absl::StrAppend(&table, LoadTableLine("lateness of sound out", frame_lateness));
  absl::StrAppend(&table, LoadTableLine("end of turn to answer", turn_latency));
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    if (static_cast<TurnStage>(i) == TurnStage::kEndpoint) continue;
    absl::StrAppend(
        &table,
        LoadTableLine(absl::StrCat("  ", TurnStageName(static_cast<TurnStage>(i))), stages[i]));
  }
  absl::StrAppend(&table, LoadTableLine("timers of this machine", timer_lateness));
  absl::StrAppend(
      &table,
      absl::StrFormat(
          "  frames: %d in, %d out, %d dropped; %d answers delayed; %d utterances that no "
          "recogniser had time for\n",
          num_frames_in, num_frames_out, num_frames_dropped, num_answers_delayed,
          num_utterances_refused),
      absl::StrFormat("  processors: %.2f for the agent, %.2f for the callers, %.1f %% stolen\n",
                      runtime_cpus, sender_cpus, stolen * 100),
      absl::StrFormat("  memory a session: %.1f kB of heap when idle, %.1f kB at the end; %.1f kB "
                      "resident, of all\n",
                      idle_heap_bytes / 1024, active_heap_bytes / 1024, resident_bytes / 1024));
  if (is_noisy()) {
    absl::StrAppend(&table, "  NOISY: this machine was busy with something else; run it again\n");
  }
  return table;
}

absl::StatusOr<LoadReport> RunLoad(Runtime& runtime, const LoadOptions& options) {
  if (absl::Status ok = Check(options); !ok.ok()) return ok;
  return Sender(runtime, options).Run();
}

absl::Status RunVirtualLoad(Runtime& runtime, const LoadOptions& options, int64_t num_turns,
                            const std::function<void(absl::Duration)>& set_now,
                            const std::function<void(int64_t)>& on_turns) {
  if (absl::Status ok = Check(options); !ok.ok()) return ok;
  const std::vector<Round> rounds = RoundsOf(options);
  Turns turns(options.on_turn);
  std::vector<std::unique_ptr<Caller>> callers;
  for (size_t i = 0; i < options.num_sessions; ++i) {
    callers.push_back(std::make_unique<Caller>(&rounds, options, i, &turns));
    if (absl::Status opened = callers.back()->Open(runtime, options); !opened.ok()) return opened;
  }
  // Whoever never comes to a turn would go on for ever.
  constexpr int64_t kMaxFramesPerTurn = 3000;
  absl::Duration now;
  int64_t frame = 0;
  for (; turns.num() < num_turns; ++frame) {
    if (frame > kMaxFramesPerTurn * (turns.num() / static_cast<int64_t>(callers.size()) + 1)) {
      return absl::DeadlineExceededError(
          absl::StrCat("only ", turns.num(), " turns were over after ", absl::FormatDuration(now)));
    }
    for (const auto& caller : callers) caller->Send();
    now += kFrame;
    runtime.RunUntil(now, set_now);
    if (on_turns != nullptr) on_turns(turns.num());
  }
  for (const auto& caller : callers) caller->HangUp();
  runtime.RunUntil(now + absl::Seconds(10), set_now);
  return absl::OkStatus();
}

}  // namespace parlance::pipeline
