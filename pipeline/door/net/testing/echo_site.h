// A site for tests: says back what it hears, and writes down what becomes of its connections.
#ifndef PIPELINE_DOOR_NET_TESTING_ECHO_SITE_H_
#define PIPELINE_DOOR_NET_TESTING_ECHO_SITE_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/net/site.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/http_response.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

// What is asked for decides what happens:
//   /healthz       200, "ok"
//   /big           200, 1 MiB
//   /echo          a WebSocket that says back what it hears; the text "close CODE REASON" closes
//   it,
//                  and one that begins with "wait" is said back after Release
//   /early         one that is sent "early" before the decision is made, and then echoes
//   /closed        one that is closed before the decision is made
//   /slow          one whose decision waits for Release
//   anything else  404, refused with 403 as a WebSocket
// A stream echoes; "quit" closes it. After "later" the end of its input is no end: the test says
// something, and closes.
class EchoSite : public Site {
 public:
  HttpResponse Answer(const HttpRequest& request, const Peer& peer) override;
  Opening OpenWebSocket(const HttpRequest& request, const Peer& peer,
                        std::shared_ptr<Connection> connection) override;
  Opening OpenStream(const Peer& peer, std::shared_ptr<Connection> connection) override;

  // Decisions about /slow are made from now on, and texts of "wait" said back.
  void Release();
  // From now on they wait for another Release.
  void Hold();
  // Returns once so many of them have waited since the last Hold.
  void WaitForWaiting(int count);

  // Returns once so many connections have ended: how, in their order.
  std::vector<absl::Status> WaitForClosed(size_t count);
  size_t num_opened() const;
  // How many streams had an end of input that was no end.
  int num_waiting_for_answers() const { return num_waiting_for_answers_; }
  // The connection that was opened as the Nth, from 0 on.
  std::shared_ptr<Connection> connection(size_t index) const;

  // Called by handlers.
  void WaitForRelease();
  void Closed(const absl::Status& status);
  void WaitsForAnswer() { ++num_waiting_for_answers_; }

 private:
  std::unique_ptr<MessageHandler> Open(std::shared_ptr<Connection> connection);

  std::atomic<int> num_waiting_for_answers_ = 0;
  mutable annotated::Mutex mutex_;
  std::condition_variable changed_;
  bool is_released_ ABSL_GUARDED_BY(mutex_) = false;
  int num_waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::Status> closed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_TESTING_ECHO_SITE_H_
