#include "tools/executor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rapidjson/document.h"
#include "third_party/annotated_mutex.h"
#include "tools/arguments.h"

namespace parlance::tools {
namespace {

using Clock = std::chrono::steady_clock;

ToolError Error(ToolErrorKind kind, std::string message) {
  return {.kind = kind, .message = std::move(message)};
}

ToolError DeadlineError(absl::string_view name) {
  return Error(ToolErrorKind::kDeadlineExceeded,
               absl::StrCat("tool '", name, "' did not answer within its deadline"));
}

ToolErrorKind KindOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return ToolErrorKind::kInvalidArguments;
    case absl::StatusCode::kDeadlineExceeded:
      return ToolErrorKind::kDeadlineExceeded;
    case absl::StatusCode::kCancelled:
      return ToolErrorKind::kCancelled;
    case absl::StatusCode::kUnavailable:
      return ToolErrorKind::kUnavailable;
    default:
      return ToolErrorKind::kFailed;
  }
}

absl::StatusOr<ToolOutput> CallHandler(const Tool& tool, const rapidjson::Value& arguments,
                                       const ToolContext& context) {
  try {
    return tool.handler(arguments, context);
  } catch (const std::exception& exception) {
    return absl::InternalError(absl::StrCat("the tool threw: ", exception.what()));
  }
}

ToolResult ResultOf(const RegisteredTool& tool, absl::StatusOr<ToolOutput> output) {
  if (!output.ok()) {
    return Error(KindOf(output.status().code()), std::string(output.status().message()));
  }
  if (tool.result_schema.has_value()) {
    if (absl::Status ok = CheckResult(*tool.result_schema, output->json); !ok.ok()) {
      return Error(ToolErrorKind::kFailed, std::string(ok.message()));
    }
  }
  return *std::move(output);
}

std::chrono::nanoseconds TimeoutOf(const Tool& tool, absl::Duration asked, absl::Duration usual) {
  const absl::Duration timeout = asked > absl::ZeroDuration()          ? asked
                                 : tool.timeout > absl::ZeroDuration() ? tool.timeout
                                                                       : usual;
  return absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(24)));
}

}  // namespace

class ToolExecutor::Call : public CallScheduler::Call {
 public:
  Call(ToolPtr tool_called, ToolRequest request_made, Done done_first, Clock::time_point until)
      : CallScheduler::Call(tool_called.get(), tool_called->tool.max_concurrency,
                            tool_called->tool.max_attempts, until),
        tool(std::move(tool_called)),
        request(std::move(request_made)) {
    if (done_first != nullptr) done.push_back(std::move(done_first));
  }

  const ToolPtr tool;
  const ToolRequest request;
  // Read by the handler's thread alone, once the call is submitted.
  rapidjson::Document arguments;
  Clock::time_point start;
  std::atomic<bool> cancelled = false;
  // Held while progress is reported. Recursive, because whoever hears of it may end the call.
  std::recursive_mutex progress_mutex;

  // The rest is guarded by the executor's mutex until the call has ended; then it does not change.
  std::vector<Done> done;
  ToolResponse response;
  // Keeps the call alive while the executor needs it.
  std::shared_ptr<Call> self;
};

class ToolExecutor::Impl {
 public:
  Impl(const ToolRegistry* registry, const Options& options)
      : registry_(registry),
        options_(options),
        scheduler_({.max_running = options.max_concurrency,
                    .max_pending = options.max_pending,
                    .max_abandoned = options.max_abandoned,
                    .first_pause = absl::ToChronoNanoseconds(options.first_pause)},
                   [this](CallScheduler::Call& call)
                       ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { OnEnd(static_cast<Call&>(call)); }),
        timer_([this] { ServeTimers(); }) {}

  ~Impl() {
    std::vector<std::unique_ptr<Worker>> workers;
    {
      Lock lock(*this);
      scheduler_.Shutdown();
      is_stopping_ = true;
      timer_changed_.notify_one();
      workers.swap(workers_);
      for (const auto& worker : workers) {
        if (!worker->is_awake) ++num_searching_;
        Wake(*worker);
      }
    }
    timer_.join();
    for (const auto& worker : workers) worker->thread.join();
  }

  // What Execute needs before it runs anything on the caller's thread. Null: `error` says why.
  ToolPtr Find(absl::string_view name, size_t num_argument_bytes, ToolError& error) const {
    ToolPtr tool = registry_->Find(name);
    if (tool == nullptr) {
      error = Error(ToolErrorKind::kUnknownTool, absl::StrCat("there is no tool '", name, "'"));
    } else if (num_argument_bytes > options_.max_argument_bytes) {
      error = Error(ToolErrorKind::kInvalidArguments,
                    absl::StrCat("the arguments have ", num_argument_bytes, " bytes; the limit is ",
                                 options_.max_argument_bytes));
      tool = nullptr;
    }
    return tool;
  }

  // Calls the tool on this thread.
  ToolResult Compute(const RegisteredTool& tool, absl::string_view arguments_json,
                     absl::Duration timeout, absl::string_view caller, CallRecord* record) const {
    const Clock::time_point start = Clock::now();
    const Clock::time_point deadline =
        start + TimeoutOf(tool.tool, timeout, options_.default_timeout);
    const ArgumentsOnThread arguments(arguments_json, tool.schema);
    if (!arguments.status().ok()) {
      return Error(ToolErrorKind::kInvalidArguments, std::string(arguments.status().message()));
    }
    if (record != nullptr) {
      record->validated = absl::FromChrono(Clock::now() - start);
      record->running = record->validated;
      record->num_attempts = 1;
    }
    const std::atomic<bool> never_cancelled = false;
    ToolResult result = ResultOf(tool, CallHandler(tool.tool, arguments.value(),
                                                   {.deadline = deadline,
                                                    .cancelled = never_cancelled,
                                                    .caller = caller,
                                                    .arguments_json = arguments_json}));
    if (Clock::now() >= deadline) return DeadlineError(tool.tool.name);
    return result;
  }

  // Submits a call whose arguments are valid. Null if it has ended.
  std::shared_ptr<Call> Submit(std::shared_ptr<Call> call) {
    Lock lock(*this);
    const bool once = !call->request.id.empty() && !call->tool->tool.annotations.MayRepeat();
    if (once) {
      if (std::shared_ptr<Call> first = FindRemembered(*call)) {
        if (first->response.record.arguments_digest != call->response.record.arguments_digest ||
            first->response.record.name != call->response.record.name) {
          EndUnsubmitted(*call, Error(ToolErrorKind::kInvalidArguments,
                                      absl::StrCat("the call id '", call->request.id,
                                                   "' was used for another call")));
          ended_.push_back(std::move(call));
          return nullptr;
        }
        if (!IsEnding(first->state())) {
          first->done.insert(first->done.end(), call->done.begin(), call->done.end());
          return first;
        }
        call->response = first->response;
        ended_.push_back(std::move(call));
        return nullptr;
      }
    }
    call->self = call;
    if (absl::Status submitted = scheduler_.Submit(*call, Clock::now()); !submitted.ok()) {
      call->self = nullptr;
      EndUnsubmitted(*call, Error(absl::IsCancelled(submitted) ? ToolErrorKind::kCancelled
                                                               : ToolErrorKind::kOverloaded,
                                  std::string(submitted.message())));
      ended_.push_back(std::move(call));
      return nullptr;
    }
    if (once) Remember(call);
    if (IsEnding(call->state())) return nullptr;
    if (call->deadline() < timer_wakes_at_) timer_changed_.notify_one();
    WakeWorker();
    return call;
  }

  void Cancel(Call& call) {
    Lock lock(*this);
    scheduler_.Cancel(call, CancelReason::kCaller);
    WakeWorker();
  }

  int num_running() const {
    annotated::MutexLock lock(mutex_);
    return scheduler_.num_running();
  }
  int num_abandoned() const {
    annotated::MutexLock lock(mutex_);
    return scheduler_.num_abandoned();
  }

  const Options& options() const { return options_; }

 private:
  struct Worker {
    std::condition_variable woken;
    // Guarded by the executor's mutex.
    bool is_awake = true;
    std::thread thread;
  };

  // Holds the mutex, and when it lets go of it, tells of the calls that have ended meanwhile. To
  // the thread safety analysis it is a lock like any other; how it is made is not analysed.
  class ABSL_SCOPED_LOCKABLE Lock {
   public:
    explicit Lock(Impl& impl) ABSL_EXCLUSIVE_LOCK_FUNCTION(impl.mutex_)
        : impl_(impl), lock_(impl.mutex_) {}
    ~Lock() ABSL_UNLOCK_FUNCTION() { Release(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    // What a condition variable waits with.
    std::unique_lock<std::mutex>& native() { return lock_.native(); }

    void Release() ABSL_UNLOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      if (!lock_.native().owns_lock()) return;
      std::vector<std::shared_ptr<Call>> ended;
      ended.swap(impl_.ended_);
      lock_.unlock();
      for (const std::shared_ptr<Call>& call : ended) {
        const std::lock_guard<std::recursive_mutex> no_more_progress(call->progress_mutex);
        // What a callback holds may hold the call.
        for (const Done& done : std::exchange(call->done, {})) done(call->response);
      }
    }
    void Acquire() ABSL_EXCLUSIVE_LOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS { lock_.lock(); }

   private:
    Impl& impl_;
    annotated::MutexLock lock_;
  };

  std::shared_ptr<Call> FindRemembered(const Call& call) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = remembered_.find(KeyOf(call.request));
    return found == remembered_.end() ? nullptr : found->second;
  }

  // By what a call is remembered: two callers may use the same ids.
  static std::string KeyOf(const ToolRequest& request) {
    return absl::StrCat(request.caller.size(), ":", request.caller, request.id);
  }

  void Remember(const std::shared_ptr<Call>& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::string key = KeyOf(call->request);
    remembered_[key] = call;
    remembered_ids_.push_back(std::move(key));
    // One that runs is not forgotten: calling it again would run it twice.
    for (size_t i = remembered_ids_.size();
         i > 0 && remembered_ids_.size() > options_.max_remembered; --i) {
      std::string id = std::move(remembered_ids_.front());
      remembered_ids_.pop_front();
      const auto oldest = remembered_.find(id);
      if (IsEnding(oldest->second->state())) {
        remembered_.erase(oldest);
      } else {
        remembered_ids_.push_back(std::move(id));
      }
    }
  }

  static void EndUnsubmitted(Call& call, ToolError error) {
    call.response.record.error = error.kind;
    call.response.record.ending =
        error.kind == ToolErrorKind::kCancelled ? CallState::kCancelled : CallState::kFailed;
    call.response.record.ended = absl::FromChrono(Clock::now() - call.start);
    call.response.result = std::move(error);
  }

  // The scheduler calls this in the event that ends the call.
  void OnEnd(Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    call.cancelled.store(true, std::memory_order_relaxed);
    const absl::string_view name = call.tool->tool.name;
    if (call.state() == CallState::kTimedOut) {
      call.response.result = call.num_attempts() > 0
                                 ? DeadlineError(name)
                                 : Error(ToolErrorKind::kDeadlineExceeded,
                                         absl::StrCat("the call of '", name,
                                                      "' waited for others until its deadline"));
    } else if (call.state() == CallState::kCancelled) {
      call.response.result =
          Error(ToolErrorKind::kCancelled, call.cancel_reason() == CancelReason::kShutdown
                                               ? "the executor ends"
                                               : "cancelled by the caller");
    }
    if (const auto* error = std::get_if<ToolError>(&call.response.result)) {
      call.response.record.error = error->kind;
    }
    call.response.record.ending = call.state();
    call.response.record.num_attempts = call.num_attempts();
    call.response.record.ended = absl::FromChrono(Clock::now() - call.start);
    ended_.push_back(call.self);
    // A call that is remembered needs what it gave, and no longer what it was given.
    if (!call.is_inside()) {
      call.arguments = rapidjson::Document();
      call.self = nullptr;
    }
  }

  // Wakes or starts a worker if a call is ready and no worker is on its way to look for one. That
  // worker wakes the next.
  void WakeWorker() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_stopping_ || num_searching_ > 0 || !scheduler_.HasReady()) return;
    ++num_searching_;
    if (!idle_.empty()) {
      Worker* const worker = idle_.back();
      idle_.pop_back();
      Wake(*worker);
      return;
    }
    workers_.push_back(std::make_unique<Worker>());
    Worker* const worker = workers_.back().get();
    worker->thread = std::thread([this, worker] { Work(*worker); });
  }

  static void Wake(Worker& worker) {
    worker.is_awake = true;
    worker.woken.notify_one();
  }

  void Work(Worker& worker) {
    Lock lock(*this);
    bool is_searching = true;
    for (;;) {
      auto* const taken = static_cast<Call*>(scheduler_.Take(Clock::now()));
      if (std::exchange(is_searching, false)) --num_searching_;
      if (taken == nullptr) {
        if (is_stopping_) return;
        worker.is_awake = false;
        idle_.push_back(&worker);
        TellOfEnded(lock);
        while (!worker.is_awake) worker.woken.wait(lock.native());
        is_searching = true;
        continue;
      }
      // It lives until Return below.
      Call& call = *taken;
      if (!call.response.record.running.has_value()) {
        call.response.record.running = absl::FromChrono(Clock::now() - call.start);
      }
      WakeWorker();
      lock.Release();
      absl::StatusOr<ToolOutput> output = Run(call);
      const bool is_transient = absl::IsUnavailable(output.status());
      ToolResult result = ResultOf(*call.tool, std::move(output));
      const Outcome outcome = is_transient ? Outcome::kTransientError
                              : std::holds_alternative<ToolOutput>(result) ? Outcome::kResult
                                                                           : Outcome::kError;
      lock.Acquire();
      const bool is_late = IsEnding(call.state());
      if (!is_late) call.response.result = std::move(result);
      scheduler_.Return(call, outcome, Clock::now());
      if (is_late) call.self = nullptr;
      // A pause may have begun.
      if (const auto next = scheduler_.NextTimer(); next.has_value() && *next < timer_wakes_at_) {
        timer_changed_.notify_one();
      }
    }
  }

  absl::StatusOr<ToolOutput> Run(Call& call) {
    const std::function<void(const ToolProgress&)> report = [&](const ToolProgress& progress) {
      const std::lock_guard<std::recursive_mutex> reporting(call.progress_mutex);
      {
        annotated::MutexLock lock(mutex_);
        if (!scheduler_.Progress(call, Clock::now())) return;
        ++call.response.record.num_progress;
      }
      if (call.request.on_progress != nullptr) call.request.on_progress(progress);
    };
    return CallHandler(call.tool->tool, call.arguments,
                       {.deadline = call.deadline(),
                        .cancelled = call.cancelled,
                        .caller = call.request.caller,
                        .on_progress = &report,
                        .arguments_json = call.request.arguments});
  }

  // Lets go of the mutex and takes it again, which the analysis cannot follow in an argument.
  void TellOfEnded(Lock& lock)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    while (!ended_.empty()) {
      lock.Release();
      lock.Acquire();
    }
  }

  void ServeTimers() {
    Lock lock(*this);
    while (!is_stopping_) {
      scheduler_.Advance(Clock::now());
      WakeWorker();
      TellOfEnded(lock);
      // Looked at again: calls may have come while the mutex was free.
      if (is_stopping_) return;
      const std::optional<TimePoint> next = scheduler_.NextTimer();
      timer_wakes_at_ = next.value_or(TimePoint::max());
      if (next.has_value()) {
        timer_changed_.wait_until(lock.native(), *next);
      } else {
        timer_changed_.wait(lock.native());
      }
      timer_wakes_at_ = TimePoint::min();
    }
  }

  const ToolRegistry* const registry_;
  const Options options_;

  mutable annotated::Mutex mutex_;
  CallScheduler scheduler_ ABSL_GUARDED_BY(mutex_);
  // The calls that the event under way has ended. Whoever holds the mutex tells of them.
  std::vector<std::shared_ptr<Call>> ended_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::shared_ptr<Call>> remembered_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> remembered_ids_ ABSL_GUARDED_BY(mutex_);
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Worker>> workers_ ABSL_GUARDED_BY(mutex_);
  // How many workers were woken or started and have not looked for a call yet.
  int num_searching_ ABSL_GUARDED_BY(mutex_) = 0;
  // The workers that sleep, the last one to fall asleep last: its cache is warmest.
  std::vector<Worker*> idle_ ABSL_GUARDED_BY(mutex_);
  std::condition_variable timer_changed_;
  // When the timers' thread wakes by itself; the past while it does not wait.
  TimePoint timer_wakes_at_ ABSL_GUARDED_BY(mutex_) = TimePoint::min();
  // Last, as it uses the others at once.
  std::thread timer_;
};

absl::StatusOr<std::unique_ptr<ToolExecutor>> ToolExecutor::Create(const ToolRegistry* registry,
                                                                   Options options) {
  if (options.max_concurrency < 1 || options.max_abandoned < 1 ||
      options.default_timeout <= absl::ZeroDuration() ||
      options.first_pause <= absl::ZeroDuration() || options.max_argument_bytes == 0) {
    return absl::InvalidArgumentError(
        "max_concurrency, max_abandoned, default_timeout, first_pause and max_argument_bytes must "
        "be positive");
  }
  return std::unique_ptr<ToolExecutor>(new ToolExecutor(std::make_unique<Impl>(registry, options)));
}

ToolExecutor::ToolExecutor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ToolExecutor::~ToolExecutor() = default;

std::shared_ptr<ToolExecutor::Call> ToolExecutor::Start(ToolRequest request, Done done) {
  const Clock::time_point start = Clock::now();
  CallRecord record{.id = request.id,
                    .name = request.name,
                    .arguments_digest = DigestOf(request.arguments),
                    .start = absl::Now()};
  const auto end = [&](ToolResult result) {
    record.ended = absl::FromChrono(Clock::now() - start);
    if (const auto* error = std::get_if<ToolError>(&result)) {
      record.error = error->kind;
      record.ending = error->kind == ToolErrorKind::kDeadlineExceeded ? CallState::kTimedOut
                                                                      : CallState::kFailed;
    } else {
      record.ending = CallState::kSucceeded;
    }
    if (done != nullptr) done({.result = std::move(result), .record = std::move(record)});
    return nullptr;
  };
  ToolError error;
  ToolPtr tool = impl_->Find(request.name, request.arguments.size(), error);
  if (tool == nullptr) return end(error);
  // The scheduler sees to it that a call runs at most once.
  if (tool->tool.computes_only && !request.on_worker &&
      (request.id.empty() || tool->tool.annotations.MayRepeat())) {
    return end(impl_->Compute(*tool, request.arguments, request.timeout, request.caller, &record));
  }
  const Clock::time_point deadline =
      start + TimeoutOf(tool->tool, request.timeout, impl_->options().default_timeout);
  rapidjson::Document arguments;
  if (absl::Status read = ReadArguments(request.arguments, tool->schema, arguments); !read.ok()) {
    return end(Error(ToolErrorKind::kInvalidArguments, std::string(read.message())));
  }
  record.validated = absl::FromChrono(Clock::now() - start);
  auto call =
      std::make_shared<Call>(std::move(tool), std::move(request), std::move(done), deadline);
  call->arguments = std::move(arguments);
  call->start = start;
  call->response.record = std::move(record);
  return impl_->Submit(std::move(call));
}

ToolResponse ToolExecutor::Execute(const ToolRequest& request) {
  return std::move(ExecuteAll(absl::MakeConstSpan(&request, 1)).front());
}

ToolResult ToolExecutor::Execute(absl::string_view name, absl::string_view arguments_json,
                                 absl::Duration timeout) {
  ToolError error;
  const ToolPtr tool = impl_->Find(name, arguments_json.size(), error);
  if (tool == nullptr) return error;
  if (tool->tool.computes_only)
    return impl_->Compute(*tool, arguments_json, timeout, /*caller=*/"", nullptr);
  ToolResponse response = Execute(ToolRequest{
      .name = std::string(name), .arguments = std::string(arguments_json), .timeout = timeout});
  return std::move(response.result);
}

std::vector<ToolResponse> ToolExecutor::ExecuteAll(absl::Span<const ToolRequest> requests) {
  std::vector<ToolResponse> responses(requests.size());
  std::mutex mutex;
  std::condition_variable changed;
  size_t num_ended = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    Start(requests[i], [&, i](const ToolResponse& response) {
      // Under the mutex, because the condition is gone as soon as the last one is counted.
      std::lock_guard<std::mutex> lock(mutex);
      responses[i] = response;
      if (++num_ended == requests.size()) changed.notify_one();
    });
  }
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return num_ended == requests.size(); });
  return responses;
}

void ToolExecutor::Cancel(const std::shared_ptr<Call>& call) {
  if (call != nullptr) impl_->Cancel(*call);
}

int ToolExecutor::num_running() const { return impl_->num_running(); }
int ToolExecutor::num_abandoned() const { return impl_->num_abandoned(); }

}  // namespace parlance::tools
