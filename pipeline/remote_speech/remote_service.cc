#include "pipeline/remote_speech/remote_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pipeline/clock/steady_clock.h"

namespace parlance::pipeline {

absl::string_view RemoteFailureName(RemoteFailure failure) {
  switch (failure) {
    case RemoteFailure::kUnavailable:
      return "unavailable";
    case RemoteFailure::kTooLate:
      return "too_late";
    case RemoteFailure::kRefused:
      return "refused";
    case RemoteFailure::kTooLong:
      return "too_long";
    case RemoteFailure::kNotUnderstood:
      return "not_understood";
  }
  return "";
}

RemoteFailure RemoteFailureOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      return RemoteFailure::kUnavailable;
    case absl::StatusCode::kDeadlineExceeded:
      return RemoteFailure::kTooLate;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kInvalidArgument:
    // A certificate that is not to be trusted.
    case absl::StatusCode::kFailedPrecondition:
      return RemoteFailure::kRefused;
    case absl::StatusCode::kResourceExhausted:
      return RemoteFailure::kTooLong;
    default:
      return RemoteFailure::kNotUnderstood;
  }
}

absl::StatusOr<std::shared_ptr<RemoteService>> RemoteService::Create(RemoteServiceOptions options,
                                                                     absl::string_view path,
                                                                     HttpLoop* loop) {
  if (loop == nullptr) return absl::InvalidArgumentError("the service needs an HTTP loop");
  if (options.model.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the name of the model is missing, as ", options.name, " knows it"));
  }
  if (options.timeout <= absl::ZeroDuration() || options.pause <= absl::ZeroDuration() ||
      options.max_failures < 1) {
    return absl::InvalidArgumentError(
        "the times of a service have to be positive, and so has the number of its failures");
  }
  std::string url = ServiceUrl(options.url, path);
  if (absl::Status usable = CheckService(options.name, url, options.api_key); !usable.ok()) {
    return usable;
  }
  if (options.now == nullptr) options.now = SteadyNow;
  return std::shared_ptr<RemoteService>(
      new RemoteService(std::move(options), std::move(url), loop));
}

RemoteService::RemoteService(RemoteServiceOptions options, std::string url, HttpLoop* loop)
    : options_(std::move(options)),
      url_(std::move(url)),
      loop_(*loop),
      errors_(options_.name, ServiceErrors::Words::kLeftOut) {}

HttpRequest RemoteService::Request(absl::string_view content_type, std::string body,
                                   absl::Duration total) const {
  HttpRequest request;
  request.url = url_;
  request.headers = {{"Content-Type", std::string(content_type)}};
  if (!options_.api_key.empty()) {
    request.headers.emplace_back("Authorization", absl::StrCat("Bearer ", options_.api_key));
  }
  request.body = std::move(body);
  request.connect_timeout = std::min(options_.timeout, total);
  request.first_byte_timeout = std::min(options_.timeout, total);
  request.stall_timeout = std::min(options_.timeout, total);
  request.total_timeout = total;
  return request;
}

bool RemoteService::IsLeftAlone() const {
  if (num_failed_in_a_row_ < options_.max_failures) return false;
  return is_tried_ || options_.now() < left_alone_until_;
}

bool RemoteService::is_left_alone() const {
  annotated::MutexLock lock(mutex_);
  return IsLeftAlone();
}

bool RemoteService::Begin() {
  annotated::MutexLock lock(mutex_);
  if (IsLeftAlone()) return false;
  is_tried_ = num_failed_in_a_row_ >= options_.max_failures;
  ++stats_.num_requests;
  return true;
}

void RemoteService::Answered() {
  annotated::MutexLock lock(mutex_);
  ++stats_.num_answers;
  num_failed_in_a_row_ = 0;
  is_tried_ = false;
}

void RemoteService::Cancelled() {
  annotated::MutexLock lock(mutex_);
  ++stats_.num_cancelled;
  is_tried_ = false;
}

void RemoteService::Failed(const absl::Status& status) {
  bool is_left_alone = false;
  {
    annotated::MutexLock lock(mutex_);
    ++stats_.num_failed[static_cast<size_t>(RemoteFailureOf(status))];
    num_failed_in_a_row_ = std::min(num_failed_in_a_row_ + 1, options_.max_failures);
    is_tried_ = false;
    if (num_failed_in_a_row_ == options_.max_failures) {
      left_alone_until_ = options_.now() + options_.pause;
      is_left_alone = true;
    }
  }
  if (options_.on_failure == nullptr) return;
  options_.on_failure(
      is_left_alone
          ? absl::Status(status.code(),
                         absl::StrCat(status.message(), "; it failed ", options_.max_failures,
                                      " times in a row, and is left alone for ",
                                      absl::FormatDuration(options_.pause)))
          : status);
}

void RemoteService::FellBack() {
  annotated::MutexLock lock(mutex_);
  ++stats_.num_fallbacks;
}

RemoteStats RemoteService::stats() const {
  annotated::MutexLock lock(mutex_);
  return stats_;
}

}  // namespace parlance::pipeline
