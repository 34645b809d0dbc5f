#include "pipeline/telemetry/span_exporter.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "pipeline/telemetry/otlp_json.h"

namespace parlance::pipeline {
namespace {

// A deadline further away says the same, and can be computed with.
constexpr absl::Duration kMaxDuration = absl::Hours(24);

std::chrono::steady_clock::time_point DeadlineAfter(absl::Duration duration) {
  return std::chrono::steady_clock::now() +
         absl::ToChronoNanoseconds(std::clamp(duration, absl::ZeroDuration(), kMaxDuration));
}

}  // namespace

SpanExporter::SpanExporter(std::unique_ptr<SpanDestination> destination,
                           SpanExporterOptions options)
    : options_(std::move(options)),
      destination_(std::move(destination)),
      thread_([this] { Run(); }) {}

SpanExporter::~SpanExporter() { Shutdown(options_.shutdown_limit); }

bool SpanExporter::Shutdown(absl::Duration limit) {
  if (!thread_.joinable()) return all_sent_;
  {
    annotated::MutexLock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }
  all_sent_ = Flush(limit);
  if (!all_sent_) {
    annotated::MutexLock lock(mutex_);
    aborting_ = true;
    destination_->Abort();
    work_.notify_all();
  }
  thread_.join();
  return all_sent_;
}

void SpanExporter::Export(std::vector<Span> spans) {
  if (spans.empty()) return;
  annotated::MutexLock lock(mutex_);
  if (stopping_) {
    counts_.dropped += static_cast<int64_t>(spans.size());
    return;
  }
  num_queued_ += spans.size();
  queue_.push_back(std::move(spans));
  // The newest turn stays, however many spans it has.
  while (num_queued_ > options_.max_queued_spans && queue_.size() > 1) {
    num_queued_ -= queue_.front().size();
    counts_.dropped += static_cast<int64_t>(queue_.front().size());
    queue_.pop_front();
  }
  work_.notify_all();
}

bool SpanExporter::Flush(absl::Duration limit) {
  const auto deadline = DeadlineAfter(limit);
  annotated::MutexLock lock(mutex_);
  while (is_sending_ || !queue_.empty()) {
    if (idle_.wait_until(lock.native(), deadline) == std::cv_status::timeout) {
      return !is_sending_ && queue_.empty();
    }
  }
  return true;
}

SpanExporter::Counts SpanExporter::counts() const {
  annotated::MutexLock lock(mutex_);
  return counts_;
}

void SpanExporter::Run() {
  for (;;) {
    std::vector<Span> spans;
    {
      annotated::MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) work_.wait(lock.native());
      if (aborting_) {
        counts_.dropped += static_cast<int64_t>(num_queued_);
        num_queued_ = 0;
        queue_.clear();
      }
      if (queue_.empty()) return;
      while (!queue_.empty() && (spans.empty() || spans.size() + queue_.front().size() <=
                                                      options_.max_request_spans)) {
        std::move(queue_.front().begin(), queue_.front().end(), std::back_inserter(spans));
        num_queued_ -= queue_.front().size();
        queue_.pop_front();
      }
      is_sending_ = true;
    }
    const SendResult result = SendPatiently(ExportTraceRequestJson(options_.service_name, spans));
    const auto count = static_cast<int64_t>(spans.size());
    annotated::MutexLock lock(mutex_);
    if (result.kind == SendResult::Kind::kAccepted) {
      const int64_t rejected = std::min(result.num_rejected, count);
      counts_.sent += count - rejected;
      counts_.failed += rejected;
      if (!result.message.empty()) {
        (rejected > 0 ? counts_.last_error : counts_.last_warning) = result.message;
      }
    } else if (aborting_) {
      // What it failed with is that it was broken off.
      counts_.dropped += count;
    } else {
      counts_.failed += count;
      counts_.last_error = result.message;
    }
    is_sending_ = false;
    idle_.notify_all();
  }
}

SendResult SpanExporter::SendPatiently(const std::string& request) {
  for (int tries = 1;; ++tries) {
    SendResult result = destination_->Send(request);
    if (result.kind != SendResult::Kind::kRetry) return result;
    {
      annotated::MutexLock lock(mutex_);
      if (!aborting_) counts_.last_error = result.message;
    }
    if (tries >= options_.max_tries) return result;
    absl::Duration pause = PauseBefore(tries, result);
    if (options_.pause != nullptr) pause = options_.pause(pause);
    if (!Pause(pause)) return result;
    annotated::MutexLock lock(mutex_);
    ++counts_.retries;
  }
}

absl::Duration SpanExporter::PauseBefore(int retry, const SendResult& result) {
  if (result.retry_after.has_value()) {
    return std::min(*result.retry_after, options_.longest_retry_after);
  }
  absl::Duration pause = options_.first_pause;
  for (int i = 1; i < retry && pause < options_.longest_pause; ++i) pause *= 2;
  pause = std::min(pause, options_.longest_pause);
  // The pause is one of 1024 steps between half of it and all of it.
  const uint64_t step = options_.random == nullptr ? 0 : options_.random() % 1024;
  return pause / 2 + pause / 2 * static_cast<int64_t>(step) / 1024;
}

bool SpanExporter::Pause(absl::Duration duration) {
  const auto deadline = DeadlineAfter(duration);
  annotated::MutexLock lock(mutex_);
  while (!aborting_) {
    if (std::chrono::steady_clock::now() >= deadline) return true;
    work_.wait_until(lock.native(), deadline);
  }
  return false;
}

}  // namespace parlance::pipeline
