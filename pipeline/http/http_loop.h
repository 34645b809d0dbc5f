// HTTP requests to servers elsewhere, many at once, on one thread, with libcurl and epoll.
//
//   Start(request, listener) ─► OnHead ─► OnBody … ─► OnDone     on the loop's thread
//   Cancel ───────────────────────────────────────► OnDone(Cancelled)
//
// Connections are kept and used again. Certificates are verified. Redirects are not followed: their
// status is the answer. Proxies that the environment names are not used, so that what is said goes
// to the host of the URL and nowhere else. Nothing is compressed: a server is asked not to, an
// answer that is compressed nevertheless fails, and of one whose status is no success the body is
// left out. HTTP/1.1 is spoken (RFC 9112).
//
// Bounds: transfers at a time, bytes of a response, and the times of a request; each failure says
// which it was, with the origin of the URL and without anything else of the request.
#ifndef PIPELINE_HTTP_HTTP_LOOP_H_
#define PIPELINE_HTTP_HTTP_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace parlance::pipeline {

struct HttpRequest {
  // http:// or https://, without a name or a password.
  std::string url = {};
  // Sent in this order. Nothing of them is in any message.
  std::vector<std::pair<std::string, std::string>> headers = {};
  // Not set: a GET; otherwise a POST.
  std::optional<std::string> body = {};
  // How long to wait before it is sent: for one that is tried again.
  absl::Duration delay = absl::ZeroDuration();
  // More than 0 each: until there is a connection; from the beginning to the first byte of the
  // response's body; between two pieces of it; altogether. A delay counts for none of them.
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration first_byte_timeout = absl::Seconds(30);
  absl::Duration stall_timeout = absl::Seconds(30);
  absl::Duration total_timeout = absl::Minutes(5);
  // The most bytes that the response's body may have.
  size_t max_body_bytes = size_t{8} << 20;
};

struct HttpHead {
  int status = 0;
  // Such as "text/event-stream; charset=utf-8"; empty if there is none.
  std::string content_type = {};
  // Retry-After, as a time from now on; more than 0.
  std::optional<absl::Duration> retry_after = {};
};

// Who is told of one transfer. Called on the loop's thread, one call at a time: must not block, but
// may use the loop.
class HttpListener {
 public:
  virtual ~HttpListener() = default;
  // Once, before the body, if there is a response.
  virtual void OnHead(const HttpHead& head) = 0;
  // A piece of the body, valid during the call. False: nothing more is wanted; OnDone(Cancelled)
  // follows.
  virtual bool OnBody(absl::string_view bytes) = 0;
  // The last call, once for each transfer. OK if the response is at its end, whatever its status.
  // Unavailable if there is no connection or it broke off; DeadlineExceeded; ResourceExhausted for
  // a body that is too long; FailedPrecondition for a certificate that is not to be trusted, and
  // for a body that is compressed; Cancelled.
  virtual void OnDone(const absl::Status& status) = 0;
};

// All methods may be called from any thread, and none blocks.
class HttpLoop {
 public:
  struct Options {
    // How many transfers there may be, with those that wait for their delay.
    size_t max_transfers = 4096;
    // How many connections are kept that nothing uses.
    size_t max_idle_connections = 64;
  };

  // ResourceExhausted if the system has no more of what it takes.
  static absl::StatusOr<std::unique_ptr<HttpLoop>> Create(const Options& options);
  // Cancels all transfers, and returns when every listener has heard its last. Not to be called by
  // a listener.
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  // Whether Start would take the request: InvalidArgument for a URL, a header or a time that cannot
  // be used, with what to do.
  static absl::Status Check(const HttpRequest& request);

  // The transfer's number, for Cancel. The listener may be called before this returns. What Check
  // says; ResourceExhausted if there are too many transfers. The listener is not called then.
  absl::StatusOr<uint64_t> Start(HttpRequest request, std::shared_ptr<HttpListener> listener);
  // Ends the transfer, if it goes on. A call of the listener may be under way.
  void Cancel(uint64_t transfer);

  // How many there are at the moment.
  size_t num_transfers() const;

 private:
  class Impl;
  explicit HttpLoop(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_HTTP_HTTP_LOOP_H_
