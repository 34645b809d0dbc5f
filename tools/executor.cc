#include "tools/executor.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"

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

ToolResult ResultOf(absl::StatusOr<ToolOutput> output) {
  if (output.ok()) return *std::move(output);
  const bool arguments = absl::IsInvalidArgument(output.status());
  return Error(arguments ? ToolErrorKind::kInvalidArguments : ToolErrorKind::kFailed,
               std::string(output.status().message()));
}

}  // namespace

// Worker threads, started when they are first needed.
class ToolExecutor::Pool {
 public:
  explicit Pool(int max_concurrency) : max_concurrency_(max_concurrency) {}

  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      for (Call* call : running_) call->cancelled = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  ToolResult Run(const Tool& tool, std::unique_ptr<rapidjson::Document> arguments,
                 Clock::time_point deadline, bool wait_when_busy) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto has_room = [&] { return stopping_ || num_taken_ < max_concurrency_; };
    if (!has_room() && !wait_when_busy) {
      return Error(ToolErrorKind::kOverloaded,
                   absl::StrCat(max_concurrency_, " calls run already"));
    }
    if (!changed_.wait_until(lock, deadline, has_room)) {
      return Error(ToolErrorKind::kOverloaded, absl::StrCat("no call ended before the deadline; ",
                                                            max_concurrency_, " run at once"));
    }
    if (stopping_) return Error(ToolErrorKind::kCancelled, "the executor ends");
    ++num_taken_;
    auto call = std::make_shared<Call>(tool, std::move(arguments), deadline);
    queue_.push_back(call);
    if (num_idle_ < queue_.size()) workers_.emplace_back([this] { Work(); });
    // Idle workers and callers that wait for room share the condition, so that all have to look.
    changed_.notify_all();
    if (!call->done.wait_until(lock, deadline, [&] { return call->result.has_value(); })) {
      call->cancelled = true;
      return DeadlineError(tool.name);
    }
    return *std::move(call->result);
  }

 private:
  struct Call {
    Call(const Tool& tool_called, std::unique_ptr<rapidjson::Document> arguments_given,
         Clock::time_point until)
        : tool(tool_called), arguments(std::move(arguments_given)), deadline(until) {}

    const Tool& tool;
    const std::unique_ptr<rapidjson::Document> arguments;
    const Clock::time_point deadline;
    std::atomic<bool> cancelled = false;
    // Both under the pool's mutex.
    std::condition_variable done;
    std::optional<ToolResult> result;
  };

  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      ++num_idle_;
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      --num_idle_;
      if (queue_.empty()) return;
      const std::shared_ptr<Call> call = std::move(queue_.front());
      queue_.pop_front();
      running_.insert(call.get());
      if (stopping_) call->cancelled = true;
      lock.unlock();
      ToolResult result =
          call->cancelled
              ? Error(ToolErrorKind::kCancelled, "cancelled before it began")
              : ResultOf(call->tool.handler(
                    *call->arguments, {.deadline = call->deadline, .cancelled = call->cancelled}));
      lock.lock();
      running_.erase(call.get());
      --num_taken_;
      call->result = std::move(result);
      call->done.notify_one();
      changed_.notify_all();
    }
  }

  const int max_concurrency_;
  std::mutex mutex_;
  // Room, work, or the end.
  std::condition_variable changed_;
  bool stopping_ = false;
  // Calls that wait for a worker or run.
  int num_taken_ = 0;
  size_t num_idle_ = 0;
  std::deque<std::shared_ptr<Call>> queue_;
  std::set<Call*> running_;
  std::vector<std::thread> workers_;
};

absl::StatusOr<std::unique_ptr<ToolExecutor>> ToolExecutor::Create(const ToolRegistry* registry,
                                                                   Options options) {
  if (options.max_concurrency < 1 || options.default_timeout <= absl::ZeroDuration() ||
      options.max_argument_bytes == 0) {
    return absl::InvalidArgumentError(
        "max_concurrency, default_timeout and max_argument_bytes must be positive");
  }
  return std::unique_ptr<ToolExecutor>(new ToolExecutor(registry, options));
}

ToolExecutor::ToolExecutor(const ToolRegistry* registry, Options options)
    : registry_(registry),
      options_(options),
      pool_(std::make_unique<Pool>(options.max_concurrency)) {}

ToolExecutor::~ToolExecutor() = default;

ToolResult ToolExecutor::Execute(absl::string_view name, absl::string_view arguments_json,
                                 absl::Duration timeout) {
  const Clock::time_point deadline =
      Clock::now() +
      absl::ToChronoNanoseconds(std::min(
          timeout <= absl::ZeroDuration() ? options_.default_timeout : timeout, absl::Hours(24)));
  const RegisteredTool* registered = registry_->Find(name);
  if (registered == nullptr) {
    return Error(ToolErrorKind::kUnknownTool, absl::StrCat("there is no tool '", name, "'"));
  }
  if (arguments_json.size() > options_.max_argument_bytes) {
    return Error(ToolErrorKind::kInvalidArguments,
                 absl::StrCat("the arguments have ", arguments_json.size(), " bytes; the limit is ",
                              options_.max_argument_bytes));
  }
  if (arguments_json.empty()) arguments_json = "{}";
  auto arguments = std::make_unique<rapidjson::Document>();
  // Iterative, so that depth costs no stack; the schema's validation bounds it.
  arguments->Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
      arguments_json.data(), arguments_json.size());
  if (arguments->HasParseError()) {
    return Error(ToolErrorKind::kInvalidArguments,
                 absl::StrCat("the arguments are not JSON: at byte ", arguments->GetErrorOffset(),
                              ": ", rapidjson::GetParseError_En(arguments->GetParseError())));
  }
  if (const std::optional<SchemaError> error = registered->schema.Validate(*arguments)) {
    return Error(ToolErrorKind::kInvalidArguments,
                 absl::StrCat(error->pointer.empty() ? "the arguments" : error->pointer, ": ",
                              error->message));
  }
  const Tool& tool = registered->tool;
  if (!tool.computes_only) {
    return pool_->Run(tool, std::move(arguments), deadline, options_.wait_when_busy);
  }
  const std::atomic<bool> never_cancelled = false;
  ToolResult result =
      ResultOf(tool.handler(*arguments, {.deadline = deadline, .cancelled = never_cancelled}));
  if (Clock::now() > deadline) return DeadlineError(name);
  return result;
}

}  // namespace parlance::tools
