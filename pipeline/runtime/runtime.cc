#include "pipeline/runtime/runtime.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/runtime/conversation_driver.h"
#include "pipeline/runtime/housekeeper.h"
#include "pipeline/runtime/shard.h"
#include "pipeline/runtime/task_runner.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {
namespace {

// Runs workers' tasks on threads, or on the runtime's caller.
class Runner {
 public:
  Runner(const RuntimeOptions& options, int num_workers) {
    if (options.num_threads == 0) return;
    pool_ = std::make_unique<WorkerPool>(WorkerPool::Options{
        .num_workers = num_workers, .overdue_after = options.overdue_after, .now = options.now});
  }
  TaskRunner* get() { return pool_ == nullptr ? static_cast<TaskRunner*>(&inline_) : pool_.get(); }
  bool RunOne() { return inline_.RunOne(); }
  void ReplaceOverdue() {
    if (pool_ != nullptr) pool_->ReplaceOverdue();
  }
  WorkerPool::Stats stats() const {
    return pool_ == nullptr ? WorkerPool::Stats() : pool_->stats();
  }

 private:
  InlineTaskRunner inline_;
  std::unique_ptr<WorkerPool> pool_;
};

}  // namespace

class Runtime::Impl {
 public:
  Impl(RuntimeParts parts, const RuntimeOptions& options)
      : parts_(std::move(parts)),
        options_(options),
        recognition_(options, options.num_recognition_workers),
        agents_(options, options.num_agent_workers),
        synthesis_(options, options.num_synthesis_workers),
        recognizers_(parts_.create_recognizer, recognition_.get(), options.recognizers) {
    shared_ = {.recognizers = &recognizers_,
               .agent = parts_.agent,
               .agent_runner = agents_.get(),
               .synthesizer = parts_.synthesizer,
               .synthesis_runner = synthesis_.get(),
               .registry = parts_.registry,
               .executor = parts_.executor,
               .store = parts_.store,
               .grammar = parts_.grammar,
               .announcer = parts_.announcer};
    for (int i = 0; i < std::max(options_.num_threads, 1); ++i) {
      shards_.push_back(std::make_shared<Shard>(options_, parts_.announcer,
                                                parts_.synthesizer->sample_rate_hz(),
                                                [this](const std::string& id) { Forget(id); }));
    }
    if (options_.num_threads == 0) return;
    for (const auto& shard : shards_) threads_.emplace_back([shard] { shard->Serve(); });
    housekeeper_.emplace([this] {
      recognition_.ReplaceOverdue();
      agents_.ReplaceOverdue();
      synthesis_.ReplaceOverdue();
    });
  }

  ~Impl() { Stop(); }

  absl::StatusOr<std::shared_ptr<Session>> Open(SessionOptions options, SessionSink* sink) {
    if (absl::Status admitted = Admit(); !admitted.ok()) return admitted;
    absl::StatusOr<std::shared_ptr<Session>> opened = OpenAdmitted(std::move(options), sink);
    annotated::MutexLock lock(mutex_);
    --num_opening_;
    if (opened.ok()) ++counts_.num_opened;
    return opened;
  }

  absl::Status Shutdown(absl::Duration limit) {
    {
      annotated::MutexLock lock(mutex_);
      stopping_ = true;
    }
    for (const auto& shard : shards_) shard->HangUpIdle();
    Pauses(limit);
    // What is still under way is cut, and stored as far as it was heard.
    const size_t num_cut = NumSessions();
    for (const auto& shard : shards_) shard->HangUpAll();
    Pauses(kStoringLimit);
    const size_t num_lost = NumSessions();
    Stop();
    if (num_cut == 0) return absl::OkStatus();
    return absl::DeadlineExceededError(absl::StrCat(
        num_cut, " sessions had a turn under way after ", absl::FormatDuration(limit),
        ", which was cut",
        num_lost == 0 ? "" : absl::StrCat("; of ", num_lost, " the store did not answer")));
  }

  void RunUntil(absl::Duration time, const std::function<void(absl::Duration)>& set_now) {
    for (;;) {
      // Work takes no time here, so what it brings comes first.
      if (ServeOnce()) continue;
      absl::Duration next = absl::InfiniteDuration();
      for (const auto& shard : shards_) next = std::min(next, shard->NextTimer());
      if (next > time) break;
      set_now(std::max(next, options_.now()));
    }
    set_now(std::max(time, options_.now()));
  }

  RuntimeStats stats() const {
    RuntimeStats stats;
    {
      annotated::MutexLock lock(mutex_);
      stats = counts_;
    }
    for (const auto& shard : shards_) shard->AddTo(stats);
    stats.recognizers = recognizers_.stats();
    stats.recognition = recognition_.stats();
    stats.agents = agents_.stats();
    stats.synthesis = synthesis_.stats();
    return stats;
  }

 private:
  // How long what was said last may take to be stored, when the runtime ends.
  static constexpr absl::Duration kStoringLimit = absl::Seconds(10);

  size_t NumSessions() const {
    size_t num_sessions = 0;
    for (const auto& shard : shards_) num_sessions += shard->num_sessions();
    return num_sessions;
  }

  // Counts the session among those that are being opened, if it may be.
  absl::Status Admit() {
    double utilization = 1e9;
    absl::Duration oldest = absl::InfiniteDuration();
    for (const auto& shard : shards_) {
      utilization = std::min(utilization, shard->ExpectedUtilization());
      oldest = std::min(oldest, shard->OldestFrame());
    }
    annotated::MutexLock lock(mutex_);
    // One that is opened just now is counted as the one or the other, and never as neither.
    const size_t num_sessions = NumSessions();
    if (stopping_) {
      ++counts_.num_refused_stopping;
      return absl::UnavailableError("the agent shuts down; call again in a minute");
    }
    if (num_sessions + num_opening_ >= options_.max_sessions) {
      ++counts_.num_refused_full;
      return absl::ResourceExhaustedError(
          absl::StrCat("there are ", options_.max_sessions,
                       " conversations already, which is the limit; call again later"));
    }
    if (oldest > options_.max_frame_age) {
      ++counts_.num_refused_busy;
      return absl::UnavailableError(
          absl::StrCat("the agent is busy: sound waits ",
                       absl::FormatDuration(absl::Trunc(oldest, absl::Milliseconds(1))),
                       " to be heard; call again in a few seconds"));
    }
    if (utilization > options_.max_utilization) {
      ++counts_.num_refused_busy;
      return absl::UnavailableError(absl::StrCat(
          "the agent is busy: with one conversation more its threads would be at work ",
          static_cast<int>(utilization * 100), " % of the time, and ",
          static_cast<int>(options_.max_utilization * 100),
          " % is the limit; call again in a few seconds"));
    }
    ++num_opening_;
    return absl::OkStatus();
  }

  // The session is not open here any more.
  void Forget(const std::string& id) {
    annotated::MutexLock lock(mutex_);
    open_ids_.erase(id);
  }

  absl::StatusOr<std::shared_ptr<Session>> OpenAdmitted(SessionOptions options, SessionSink* sink) {
    if (sink == nullptr) return absl::InvalidArgumentError("a session needs somebody who hears it");
    if (options.output_lead < absl::ZeroDuration() || options.output_lead > absl::Seconds(1)) {
      return absl::InvalidArgumentError("output_lead has to be 0 to 1 s");
    }
    const bool is_new = options.session_id.empty();
    if (is_new) {
      const auto created = parts_.store->CreateSession(options.title);
      if (!created.ok()) return created.status();
      options.session_id = created->id;
    }
    const std::string id = options.session_id;
    {
      annotated::MutexLock lock(mutex_);
      if (!open_ids_.insert(id).second) {
        return absl::AlreadyExistsError(
            absl::StrCat("the conversation ", id, " is going on already; hang up first"));
      }
    }
    // Only now, when nobody else can add to it any more, its messages can be counted.
    int64_t num_messages = 0;
    absl::Status found;
    if (!is_new) {
      const auto stored = parts_.store->GetSession(id);
      found = stored.status();
      if (stored.ok()) num_messages = stored->num_messages;
      if (stored.ok() && stored->closed.has_value()) {
        found = absl::FailedPreconditionError(
            absl::StrCat("the session ", id, " is closed; resume it first"));
      }
    }
    auto session = found.ok() ? Begin(num_messages, std::move(options), sink) : found;
    if (!session.ok()) Forget(id);
    return session;
  }

  absl::StatusOr<std::shared_ptr<Session>> Begin(int64_t num_messages, SessionOptions options,
                                                 SessionSink* sink) {
    auto vad = parts_.create_vad();
    if (!vad.ok()) return vad.status();
    // The emptiest of those that are not behind.
    const auto load = [&](const std::shared_ptr<Shard>& shard) {
      return std::make_pair(shard->OldestFrame() > options_.max_frame_age, shard->num_sessions());
    };
    std::shared_ptr<Shard> shard = shards_.front();
    auto least = load(shard);
    for (const auto& other : shards_) {
      if (const auto its = load(other); its < least) {
        shard = other;
        least = its;
      }
    }
    options.conversation.num_messages = num_messages;
    options.conversation.output_sample_rate_hz = parts_.synthesizer->sample_rate_hz();
    auto session = std::make_shared<ServedSession>(options.session_id, shard, sink, options_,
                                                   options.conversation.input_sample_rate_hz);
    auto driver = ConversationDriver::Create(
        shared_, *std::move(vad),
        {.handling = {
             .session_id = options.session_id,
             .tool_timeout = options.tool_timeout,
             .tools_on_workers = options_.num_threads > 0,
             .record = std::move(options.record),
             .wake =
                 [weak = std::weak_ptr<ServedSession>(session)] {
                   if (const std::shared_ptr<ServedSession> woken = weak.lock()) woken->Wake();
                 },
             .on_hold = [sink] { sink->Hold(); },
             .on_resume = [sink] { sink->Resume(); },
             .on_stop =
                 [sink, owner = session.get()] {
                   // What comes next does not wait for what is thrown away.
                   owner->next_frame = owner->last_event;
                   sink->Stop();
                 },
             .on_turn =
                 [sink, shard = shard.get(), owner = session.get()](const TurnReport& report) {
                   shard->CountTurn();
                   owner->told_played = 0;
                   if (owner->taking_frame) {
                     owner->turns_done.push_back(report);
                   } else {
                     sink->TurnDone(report);
                   }
                 },
             .observer = sink},
         .conversation = std::move(options.conversation),
         .detector = options.detector});
    if (!driver.ok()) return driver.status();
    session->driver = *std::move(driver);
    session->output_lead = options.output_lead;
    session->began = options_.now();
    if (options.turn_taking.has_value()) {
      session->driver->events().Configure(absl::ZeroDuration(), *options.turn_taking);
    }
    if (!shard->Add(session)) return absl::UnavailableError("the agent shuts down");
    return std::static_pointer_cast<Session>(session);
  }

  // Lets the sessions go on until there are none, but no longer than so long. Without threads, a
  // clock that stands still is not waited for: what is waited for others' threads counts, too.
  void Pauses(absl::Duration limit) {
    absl::Duration now = options_.now();
    const absl::Duration end = now + limit;
    absl::Duration waited;
    while (NumSessions() > 0 && now + waited < end) {
      const absl::Duration before = std::exchange(now, options_.now());
      if (options_.num_threads > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      } else if (!ServeOnce() && now <= before) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        waited += absl::Milliseconds(1);
      }
    }
  }
  // Without threads: does what is due now, and one piece of work of each kind. Whether there was
  // any.
  bool ServeOnce() {
    bool any = false;
    for (const auto& shard : shards_) any = shard->ServeDue() || any;
    any = recognition_.RunOne() || any;
    any = agents_.RunOne() || any;
    return synthesis_.RunOne() || any;
  }

  void Stop() {
    {
      annotated::MutexLock lock(mutex_);
      if (ended_) return;
      ended_ = true;
      stopping_ = true;
    }
    for (const auto& shard : shards_) shard->Stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    housekeeper_.reset();
    if (options_.num_threads == 0) {
      for (const auto& shard : shards_) shard->CloseAll();
    }
  }

  const RuntimeParts parts_;
  const RuntimeOptions options_;
  mutable annotated::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  size_t num_opening_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string> open_ids_ ABSL_GUARDED_BY(mutex_);
  RuntimeStats counts_ ABSL_GUARDED_BY(mutex_);
  Runner recognition_;
  Runner agents_;
  Runner synthesis_;
  RecognizerPool recognizers_;
  SharedParts shared_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::vector<std::thread> threads_;
  std::optional<Housekeeper> housekeeper_;
};

absl::StatusOr<std::unique_ptr<Runtime>> Runtime::Create(RuntimeParts parts,
                                                         RuntimeOptions options) {
  if (parts.create_vad == nullptr || parts.create_recognizer == nullptr || parts.agent == nullptr ||
      parts.synthesizer == nullptr || parts.registry == nullptr || parts.executor == nullptr ||
      parts.store == nullptr) {
    return absl::InvalidArgumentError("a runtime needs all its parts");
  }
  if (options.num_threads < 0 || options.num_recognition_workers < 1 ||
      options.num_agent_workers < 1 || options.num_synthesis_workers < 1 ||
      options.recognizers.max_recognizers < 1 || options.max_sessions < 1 ||
      options.max_queued_sound < kFrame || options.idle_timeout <= absl::ZeroDuration() ||
      options.overdue_after <= absl::ZeroDuration() || options.max_late < absl::ZeroDuration() ||
      !(options.max_utilization > 0) || !(options.session_utilization >= 0)) {
    return absl::InvalidArgumentError("an option of the runtime is out of range");
  }
  if (options.now == nullptr) options.now = SteadyNow;
  return std::unique_ptr<Runtime>(new Runtime(std::make_unique<Impl>(std::move(parts), options)));
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;

absl::StatusOr<std::shared_ptr<Runtime::Session>> Runtime::Open(SessionOptions options,
                                                                SessionSink* sink) {
  return impl_->Open(std::move(options), sink);
}
absl::Status Runtime::Shutdown(absl::Duration limit) { return impl_->Shutdown(limit); }
void Runtime::RunUntil(absl::Duration time, const std::function<void(absl::Duration)>& set_now) {
  impl_->RunUntil(time, set_now);
}
RuntimeStats Runtime::stats() const { return impl_->stats(); }

}  // namespace parlance::pipeline
