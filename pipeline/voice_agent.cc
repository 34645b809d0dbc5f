#include "pipeline/voice_agent.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_join.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/runtime/conversation_driver.h"
#include "pipeline/runtime/recognizer_pool.h"
#include "pipeline/runtime/task_runner.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {
namespace {

constexpr int kFramesPerSecond = 50;
constexpr absl::Duration kFrame = absl::Milliseconds(1000 / kFramesPerSecond);
constexpr absl::Duration kAnnouncementInterval = absl::Milliseconds(100);

// Rings when there is mail, for whoever waits for it. What comes of a task is handled while the
// task goes on, on its thread: the first sound of a piece is there before its last.
class Bell {
 public:
  // Any thread. `handle` is called instead if this thread is at a task.
  void Ring(const std::function<void()>& handle) {
    if (task_thread_.load(std::memory_order_acquire) == std::this_thread::get_id()) {
      task_thread_.store({}, std::memory_order_release);
      handle();
      task_thread_.store(std::this_thread::get_id(), std::memory_order_release);
      return;
    }
    annotated::MutexLock lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  void BeginTask() { task_thread_.store(std::this_thread::get_id(), std::memory_order_release); }
  void EndTask() { task_thread_.store({}, std::memory_order_release); }
  // Waits until it has rung since it was waited for.
  void Wait() {
    annotated::MutexLock lock(mutex_);
    while (!rung_) changed_.wait(lock.native());
    rung_ = false;
  }

 private:
  // The thread that is at a task, if one is.
  std::atomic<std::thread::id> task_thread_ = {};
  annotated::Mutex mutex_;
  std::condition_variable changed_;
  bool rung_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

// Tasks of the recogniser, the agent and the synthesiser are run on the caller's thread, one after
// the other; tools and the store are waited for.
class VoiceAgent::Impl {
 public:
  Impl(VoiceAgentParts parts, Options options)
      : parts_(std::move(parts)),
        options_(std::move(options)),
        waits_for_agent_(!options_.live),
        recognizers_([this] { return std::move(parts_.recognizer); }, &runner_,
                     {.max_recognizers = 1, .gather = absl::ZeroDuration()}),
        started_(options_.steady_now()) {}

  absl::Status Start(std::unique_ptr<audio::VoiceActivityDetector> vad) {
    auto driver = ConversationDriver::Create(
        {.recognizers = &recognizers_,
         .agent = parts_.agent,
         .agent_runner = &runner_,
         .synthesizer = parts_.synthesizer,
         .synthesis_runner = &runner_,
         .registry = parts_.registry,
         .executor = parts_.executor,
         .store = parts_.store,
         .grammar = parts_.grammar,
         .announcer = parts_.announcer},
        std::move(vad),
        {.handling =
             {.session_id = options_.session_id,
              .tool_timeout = options_.tool_timeout,
              .tools_on_workers = false,
              .record = options_.record,
              // The bell may be rung after the agent is gone, but then no task of it is run.
              .wake = [this, bell = bell_] { bell->Ring([this] { HandleMail(); }); },
              .on_hold = nullptr,
              .on_resume = nullptr,
              .on_stop = nullptr,
              .on_turn = options_.on_turn},
         .conversation = options_.conversation,
         .detector = options_.detector});
    if (!driver.ok()) return driver.status();
    driver_ = *std::move(driver);
    frame_samples_ =
        static_cast<size_t>(options_.conversation.input_sample_rate_hz / kFramesPerSecond);
    output_frame_.resize(
        static_cast<size_t>(parts_.synthesizer->sample_rate_hz() / kFramesPerSecond));
    return absl::OkStatus();
  }

  absl::Status Push(absl::Span<const int16_t> samples) {
    while (!samples.empty()) {
      // Frames of 20 ms, whatever the sizes of what is pushed.
      const auto part =
          samples.first(std::min(samples.size(), frame_samples_ - input_frame_.size()));
      samples.remove_prefix(part.size());
      input_frame_.insert(input_frame_.end(), part.begin(), part.end());
      if (input_frame_.size() < frame_samples_) break;
      PassFrame(input_frame_);
      input_frame_.clear();
      if (!options_.live) SayAll();
    }
    return driver_->TakeStatus();
  }

  absl::Status Flush() {
    waits_for_agent_ = true;
    PassFrame(input_frame_);
    input_frame_.clear();
    driver_->events().EndOfSound(now_);
    Work();
    SayAll();
    waits_for_agent_ = !options_.live;
    return driver_->TakeStatus();
  }

  const Conversation& conversation() const { return driver_->conversation(); }

 private:
  // 20 ms in which `sound` was said: it is heard, and what is to be heard for them is given.
  void PassFrame(absl::Span<const int16_t> sound) {
    now_ = options_.live ? Now() : now_ + kFrame;
    Announce();
    driver_->events().Sound(now_, sound);
    Work();
    size_t count = driver_->events().TakeFrame(now_, absl::MakeSpan(output_frame_));
    if (options_.live) {
      std::fill(output_frame_.begin() + static_cast<std::ptrdiff_t>(count), output_frame_.end(),
                int16_t{0});
      count = output_frame_.size();
    }
    if (count > 0 && options_.on_audio != nullptr) {
      options_.on_audio(absl::MakeConstSpan(output_frame_).first(count));
    }
    Work();
  }

  // Until the answer is over, whatever it takes. Nothing is said meanwhile.
  void SayAll() {
    const auto is_answering = [this] {
      const TurnPhase phase = driver_->conversation().phase();
      return phase == TurnPhase::kAnswering || phase == TurnPhase::kSpeaking;
    };
    while (is_answering()) PassFrame({});
  }

  void Announce() {
    if (parts_.announcer == nullptr || now_ < next_announcements_) return;
    next_announcements_ = now_ + kAnnouncementInterval;
    const std::vector<std::string> due = parts_.announcer->TakeDue(options_.session_id);
    if (!due.empty()) driver_->events().Announce(now_, absl::StrJoin(due, " "));
  }

  // Does what was ordered, and what comes of it. Time passes meanwhile; of a recording, none in
  // between.
  void Work() {
    if (!options_.live) started_ = options_.steady_now();
    for (;;) {
      if (HandleMail() > 0) continue;
      // Tools and the store come first, so that each takes what it takes. Somebody who speaks now
      // may go on while an agent thinks: what it says is handled with a later frame.
      const bool leaves_agent = driver_->awaits_agent() && !waits_for_agent_;
      const int num_awaited = driver_->num_awaited() - (leaves_agent ? 1 : 0);
      if (num_awaited > static_cast<int>(runner_.size())) {
        bell_->Wait();
        continue;
      }
      if (runner_.size() == 0) return;
      bell_->BeginTask();
      runner_.RunOne();
      bell_->EndTask();
    }
  }
  int HandleMail() {
    return driver_->HandleMail([this] { return Now(); });
  }
  // The time now: live, or with what the work has taken.
  absl::Duration Now() {
    const absl::Duration steady = options_.steady_now();
    now_ += std::max(steady - std::exchange(started_, steady), absl::ZeroDuration());
    return now_;
  }

  VoiceAgentParts parts_;
  const Options options_;
  bool waits_for_agent_;
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  InlineTaskRunner runner_;
  RecognizerPool recognizers_;
  std::unique_ptr<ConversationDriver> driver_;
  size_t frame_samples_ = 0;
  std::vector<int16_t> input_frame_;
  std::vector<int16_t> output_frame_;
  absl::Duration now_;
  absl::Duration started_;
  absl::Duration next_announcements_;
};

absl::StatusOr<std::unique_ptr<VoiceAgent>> VoiceAgent::Create(VoiceAgentParts parts,
                                                               Options options) {
  if (parts.vad == nullptr || parts.recognizer == nullptr || parts.agent == nullptr ||
      parts.synthesizer == nullptr || parts.registry == nullptr || parts.executor == nullptr ||
      parts.store == nullptr) {
    return absl::InvalidArgumentError("a voice agent needs all its parts");
  }
  if (options.steady_now == nullptr) options.steady_now = SteadyNow;
  const auto session = parts.store->GetSession(options.session_id);
  if (!session.ok()) return session.status();
  options.conversation.num_messages = session->num_messages;
  // A recording does not hear its answers.
  options.conversation.hears_echo = options.conversation.hears_echo && options.live;
  options.conversation.output_sample_rate_hz = parts.synthesizer->sample_rate_hz();
  std::unique_ptr<audio::VoiceActivityDetector> vad = std::move(parts.vad);
  auto impl = std::make_unique<Impl>(std::move(parts), std::move(options));
  if (absl::Status started = impl->Start(std::move(vad)); !started.ok()) return started;
  return std::unique_ptr<VoiceAgent>(new VoiceAgent(std::move(impl)));
}

VoiceAgent::VoiceAgent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VoiceAgent::~VoiceAgent() = default;

absl::Status VoiceAgent::Push(absl::Span<const int16_t> samples) { return impl_->Push(samples); }
absl::Status VoiceAgent::Flush() { return impl_->Flush(); }
int64_t VoiceAgent::num_store_failures() const {
  return impl_->conversation().num_store_failures();
}
int64_t VoiceAgent::num_announcements_dropped() const {
  return impl_->conversation().num_announcements_dropped();
}

}  // namespace parlance::pipeline
