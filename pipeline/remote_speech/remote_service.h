// A server elsewhere that hears or speaks: how it is asked, whether it is worth asking, and what
// came of it.
//
//   Begin ─► Answered | Cancelled | Failed        FellBack: somebody else did what it should have
//
// A server that fails max_failures times in a row is left alone for a while: Begin says no. Then
// one request tries whether it is back; all others wait for what comes of that.
//
// Messages have nothing of what was said, nor of the key, nor the server's words, which may repeat
// what it was given.
//
// Threads: any. Nothing here waits.
#ifndef PIPELINE_REMOTE_SPEECH_REMOTE_SERVICE_H_
#define PIPELINE_REMOTE_SPEECH_REMOTE_SERVICE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/http/service.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

// Why a server did not do what it was asked for.
enum class RemoteFailure {
  // It cannot be reached, breaks off, or cannot answer now.
  kUnavailable,
  kTooLate,
  // It does not take the key, the model or the request.
  kRefused,
  // Its answer, or what it would have to be sent, is too long.
  kTooLong,
  // Nobody understands its answer.
  kNotUnderstood,
};
inline constexpr size_t kNumRemoteFailures = 5;

// "unavailable", "too_late", "refused", "too_long", "not_understood".
absl::string_view RemoteFailureName(RemoteFailure failure);
// Returns the kind of failure of a status that is not OK.
RemoteFailure RemoteFailureOf(const absl::Status& status);

// What happened so far. Each request is answered, cancelled or failed in the end.
struct RemoteStats {
  int64_t num_requests = 0;
  int64_t num_answers = 0;
  int64_t num_cancelled = 0;
  // By RemoteFailure.
  std::array<int64_t, kNumRemoteFailures> num_failed = {};
  // The requests that were done without the server, for whatever reason.
  int64_t num_fallbacks = 0;
};

struct RemoteServiceOptions {
  // How messages call it: "the recognition server".
  std::string name = {};
  // The URL of the server: http://localhost:8080, https://api.openai.com/v1, or the whole path.
  std::string url = {};
  // The model's name, as the server knows it.
  std::string model = {};
  // Sent as "Authorization: Bearer …"; empty: nothing is.
  std::string api_key = {};
  // More than 0: how long the server may be silent, and how long a connection may take. Whoever
  // asks says how long an answer may take altogether.
  absl::Duration timeout = absl::Seconds(5);
  // At least 1, and more than 0.
  int max_failures = 3;
  absl::Duration pause = absl::Seconds(30);
  // A steady clock. Null: this machine's.
  std::function<absl::Duration()> now = nullptr;
  // Told of each failure. From any thread; must not block. May be null.
  std::function<void(const absl::Status&)> on_failure = nullptr;
};

class RemoteService {
 public:
  // `path`: what is asked for, such as "/audio/speech". `loop` must outlive the service.
  // InvalidArgument for a URL, a key, a time or a number that cannot be used, and for a missing
  // model.
  static absl::StatusOr<std::shared_ptr<RemoteService>> Create(RemoteServiceOptions options,
                                                               absl::string_view path,
                                                               HttpLoop* loop);

  const RemoteServiceOptions& options() const { return options_; }
  HttpLoop& loop() const { return loop_; }
  // How its errors are told.
  const ServiceErrors& errors() const { return errors_; }

  // A POST to the server, with its key and its times; `total`: how long it may take altogether.
  HttpRequest Request(absl::string_view content_type, std::string body, absl::Duration total) const;

  // Whether a request would be refused by Begin for a while to come.
  bool is_left_alone() const;
  // Whether the server is to be asked now. If so, one of the next three follows.
  bool Begin();
  void Answered();
  void Cancelled();
  void Failed(const absl::Status& status);

  void FellBack();
  RemoteStats stats() const;

 private:
  RemoteService(RemoteServiceOptions options, std::string url, HttpLoop* loop);
  bool IsLeftAlone() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const RemoteServiceOptions options_;
  const std::string url_;
  HttpLoop& loop_;
  const ServiceErrors errors_;
  mutable annotated::Mutex mutex_;
  RemoteStats stats_ ABSL_GUARDED_BY(mutex_);
  int num_failed_in_a_row_ ABSL_GUARDED_BY(mutex_) = 0;
  // Where there were too many failures: until when nobody asks, and whether somebody is trying.
  absl::Duration left_alone_until_ ABSL_GUARDED_BY(mutex_);
  bool is_tried_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_REMOTE_SPEECH_REMOTE_SERVICE_H_
