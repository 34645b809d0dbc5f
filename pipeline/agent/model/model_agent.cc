#include "pipeline/agent/model/model_agent.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "pipeline/agent/model/completion.h"
#include "pipeline/agent/model/prompt.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/http/server_json.h"
#include "pipeline/http/service.h"
#include "pipeline/json/bounded_json.h"
#include "third_party/annotated_mutex.h"
#include "third_party/http_url.h"

namespace parlance::pipeline {
namespace {

// Whether it is OpenAI's own service, which names a member of requests otherwise.
bool IsOpenAi(const std::string& url) {
  const absl::StatusOr<http_url::Url> read = http_url::Read(url);
  return read.ok() && read->host == "api.openai.com";
}

double DefaultRandom() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

class ModelAgent::Shared {
 public:
  Shared(ModelAgentOptions given, HttpLoop* http, std::string completions_url)
      : options(std::move(given)),
        loop(*http),
        url(std::move(completions_url)),
        is_openai(IsOpenAi(url)) {}

  template <typename Change>
  void Count(Change change) {
    annotated::MutexLock lock(mutex_);
    change(stats_);
  }
  ModelAgentStats stats() const {
    annotated::MutexLock lock(mutex_);
    return stats_;
  }

  const ModelAgentOptions options;
  HttpLoop& loop;
  const std::string url;
  const bool is_openai;

 private:
  mutable annotated::Mutex mutex_;
  ModelAgentStats stats_ ABSL_GUARDED_BY(mutex_);
};

// One question, with all its tries. Lives as long as one of them is under way.
class ModelAgent::Question : public HttpListener,
                             public std::enable_shared_from_this<ModelAgent::Question> {
 public:
  Question(std::shared_ptr<Shared> shared, std::string body, std::shared_ptr<AgentAnswer> answer)
      : shared_(std::move(shared)),
        body_(std::move(body)),
        answer_(std::move(answer)),
        deadline_(shared_->options.now() + shared_->options.timeout) {}

  void Begin() {
    answer_->OnCancel([weak = weak_from_this()] {
      if (const std::shared_ptr<Question> question = weak.lock()) question->Cancel();
    });
    Try(absl::ZeroDuration());
  }

  // HttpListener:
  void OnHead(const HttpHead& head) override {
    retry_after_ = head.retry_after;
    reader_->Begin(head.status, head.content_type);
  }
  bool OnBody(absl::string_view bytes) override {
    if (has_answered_) return true;
    if (!reader_->Append(bytes).ok()) {
      is_refused_ = true;
      return false;
    }
    // The server has said its last: nobody waits for it to end the response, but it may, so that
    // the connection can be used again.
    if (reader_->is_at_end()) {
      completion_ = reader_->Finish();
      if (completion_->ok() && !(*completion_)->has_broken_call) {
        has_answered_ = true;
        Answered(std::move(**completion_));
        completion_.reset();
      }
      // What is wrong with it is told at once.
      return has_answered_;
    }
    return true;
  }
  void OnDone(const absl::Status& status) override {
    if (has_answered_) return;
    if (is_cancelled()) {
      shared_->Count([](ModelAgentStats& stats) { ++stats.num_cancelled; });
      return;
    }
    if (!completion_.has_value()) {
      // A connection that falls silent after the model's last word has lost nothing.
      const bool is_whole = status.ok() || is_refused_ || reader_->has_finish_reason();
      completion_ = is_whole ? reader_->Finish() : status;
    }
    absl::StatusOr<Completion> completion = *std::exchange(completion_, std::nullopt);
    if (!completion.ok()) {
      Failed(completion.status());
    } else {
      Answered(*std::move(completion));
    }
  }

 private:
  bool is_cancelled() const {
    annotated::MutexLock lock(mutex_);
    return cancelled_;
  }

  void Cancel() {
    annotated::MutexLock lock(mutex_);
    cancelled_ = true;
    if (transfer_.has_value()) shared_->loop.Cancel(*transfer_);
  }

  // Sends the question, after a pause. On whatever thread asks, and then on the loop's.
  void Try(absl::Duration pause) {
    const ModelAgentOptions& options = shared_->options;
    const absl::Duration left = deadline_ - options.now() - pause;
    if (left <= absl::ZeroDuration()) {
      GiveUp(absl::DeadlineExceededError(
          absl::StrCat("the model did not answer within ", absl::FormatDuration(options.timeout))));
      return;
    }
    ++num_tries_;
    retry_after_.reset();
    is_refused_ = false;
    reader_ = std::make_unique<CompletionReader>([this](absl::string_view text) {
      // What was said is not said again.
      if (is_muted_) return;
      has_spoken_ = true;
      answer_->Text(text);
    });
    HttpRequest request;
    request.url = shared_->url;
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    if (!options.api_key.empty()) {
      request.headers.emplace_back("Authorization", absl::StrCat("Bearer ", options.api_key));
    }
    request.body = body_;
    request.delay = pause;
    request.connect_timeout = std::min(options.connect_timeout, left);
    request.first_byte_timeout = left;
    request.stall_timeout = std::min(options.stall_timeout, left);
    request.total_timeout = left;
    annotated::MutexLock lock(mutex_);
    if (cancelled_) {
      lock.unlock();
      shared_->Count([](ModelAgentStats& stats) { ++stats.num_cancelled; });
      return;
    }
    const absl::StatusOr<uint64_t> started =
        shared_->loop.Start(std::move(request), shared_from_this());
    if (started.ok()) {
      transfer_ = *started;
      return;
    }
    lock.unlock();
    GiveUp(started.status());
  }

  void Failed(const absl::Status& status) {
    const ModelAgentOptions& options = shared_->options;
    const bool may_try_again =
        absl::IsUnavailable(status) && !reader_->has_begun() && num_tries_ < options.max_tries;
    if (!may_try_again) {
      GiveUp(status);
      return;
    }
    absl::Duration pause = options.first_pause * (1 << std::min(num_tries_ - 1, 16)) *
                           (1 - 0.5 * std::clamp(options.random(), 0.0, 1.0));
    pause = std::max(pause, retry_after_.value_or(absl::ZeroDuration()));
    if (pause >= deadline_ - options.now()) {
      // What the server says is worth more than that time was up.
      GiveUp(status);
      return;
    }
    shared_->Count([](ModelAgentStats& stats) { ++stats.num_tried_again; });
    Try(pause);
  }

  void Answered(Completion completion) {
    shared_->Count([&](ModelAgentStats& stats) {
      stats.input_tokens += completion.input_tokens.value_or(0);
      stats.output_tokens += completion.output_tokens.value_or(0);
    });
    if (completion.has_broken_call) {
      if (std::exchange(asked_again_, true)) {
        GiveUp(absl::UnknownError("the model's calls are cut short, or are not JSON"));
        return;
      }
      shared_->Count([](ModelAgentStats& stats) { ++stats.num_broken_calls; });
      is_muted_ = has_spoken_;
      Try(absl::ZeroDuration());
      return;
    }
    AgentStep step;
    std::set<std::string> seen;
    for (ToolCall& call : completion.calls) {
      const auto arguments = ParseServerJson(call.arguments);
      const std::string identity = absl::StrCat(
          call.name, "\n", arguments.has_value() ? CanonicalJsonOf(*arguments) : call.arguments);
      if (seen.insert(identity).second) step.calls.push_back(std::move(call));
    }
    const size_t num_repeated = completion.calls.size() - step.calls.size();
    if (step.calls.empty() && !has_spoken_) {
      GiveUp(absl::UnknownError(
          completion.has_call_as_text ? "the model wrote its call as text, and nothing else"
          : completion.num_reasoning_bytes > 0 ? "the model thought, and said nothing"
                                               : "the model said nothing"));
      return;
    }
    shared_->Count([&](ModelAgentStats& stats) {
      ++stats.num_answers;
      stats.num_repeated_calls += static_cast<int64_t>(num_repeated);
    });
    answer_->Done(std::move(step));
  }

  void GiveUp(const absl::Status& status) {
    const ModelAgentOptions& options = shared_->options;
    shared_->Count([](ModelAgentStats& stats) { ++stats.num_failed; });
    if (options.on_failure != nullptr) options.on_failure(status);
    answer_->Done(AgentStep{.reply = has_spoken_ ? options.broken_off : options.fallback});
  }

  const std::shared_ptr<Shared> shared_;
  const std::string body_;
  const std::shared_ptr<AgentAnswer> answer_;
  const absl::Duration deadline_;

  mutable annotated::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<uint64_t> transfer_ ABSL_GUARDED_BY(mutex_);

  // It belongs to whoever starts a try, and then to the loop's thread until that is over.
  std::unique_ptr<CompletionReader> reader_;
  std::optional<absl::Duration> retry_after_;
  // What the reader has made of the response, and was not told to anybody.
  std::optional<absl::StatusOr<Completion>> completion_;
  // The reader cannot go on; the question is answered, although the response goes on.
  bool is_refused_ = false;
  bool has_answered_ = false;
  int num_tries_ = 0;
  bool asked_again_ = false;
  bool has_spoken_ = false;
  bool is_muted_ = false;
};

absl::StatusOr<std::unique_ptr<ModelAgent>> ModelAgent::Create(ModelAgentOptions options,
                                                               HttpLoop* loop) {
  if (loop == nullptr) return absl::InvalidArgumentError("the agent needs an HTTP loop");
  if (options.url.empty()) {
    return absl::InvalidArgumentError(
        "the URL of the model's server is missing, such as http://localhost:8080/v1");
  }
  if (options.model.empty()) {
    return absl::InvalidArgumentError("the name of the model is missing, as the server knows it");
  }
  for (const absl::Duration time :
       {options.timeout, options.connect_timeout, options.stall_timeout}) {
    if (time <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError("the times of an answer have to be positive");
    }
  }
  if (options.max_tries < 1 || options.max_history_messages < 0 || options.max_prompt_tokens < 1) {
    return absl::InvalidArgumentError(
        "a question is sent once at least, and its prompt has a length");
  }
  std::string url = ServiceUrl(options.url, "/chat/completions");
  if (absl::Status usable = CheckService("the model's server", url, options.api_key);
      !usable.ok()) {
    return usable;
  }
  if (options.random == nullptr) options.random = DefaultRandom;
  if (options.now == nullptr) options.now = SteadyNow;
  return std::unique_ptr<ModelAgent>(
      new ModelAgent(std::make_shared<Shared>(std::move(options), loop, std::move(url))));
}

ModelAgent::ModelAgent(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
ModelAgent::~ModelAgent() = default;

int ModelAgent::max_history_messages() const { return shared_->options.max_history_messages; }

void ModelAgent::Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) {
  const ModelAgentOptions& options = shared_->options;
  shared_->Count([](ModelAgentStats& stats) { ++stats.num_questions; });
  PromptOptions prompt;
  prompt.model = options.model;
  prompt.instructions = options.instructions;
  if (options.tools != nullptr) prompt.tools = options.tools();
  prompt.temperature = options.temperature;
  prompt.max_output_tokens = options.max_output_tokens;
  prompt.says_max_completion_tokens = shared_->is_openai;
  prompt.max_prompt_tokens = options.max_prompt_tokens;
  std::make_shared<Question>(shared_, PromptBody(prompt, input), std::move(answer))->Begin();
}

ModelAgentStats ModelAgent::stats() const { return shared_->stats(); }

}  // namespace parlance::pipeline
