// One connection of a server: from the socket that was accepted until it is closed.
//
//   TLS? ─► requests ─► opening ─► WebSocket ─► lingering ─► over
//             │ stream ───┴──────► stream ────────┘
//
// Everything happens on the thread of its loop, but for what Connection offers to any thread: what
// is sent, and the socket that it is written to, are guarded by a mutex. A large message is given
// to the handler by another thread; until that has returned nothing is read, and the handler is
// told nothing else.
//
// A lingering connection has nothing to say any more: what was sent before is written, and what
// comes is read and thrown away, because a socket that is closed with bytes unread resets the
// connection, and the peer may lose what was sent (RFC 9112, section 9.6).
#ifndef PIPELINE_DOOR_NET_SERVER_CONNECTION_H_
#define PIPELINE_DOOR_NET_SERVER_CONNECTION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/net/connection_limits.h"
#include "pipeline/door/net/server_options.h"
#include "pipeline/door/net/site.h"
#include "pipeline/door/net/token_bucket.h"
#include "pipeline/door/socket/blocking_pool.h"
#include "pipeline/door/socket/event_loop.h"
#include "pipeline/door/socket/file_descriptor.h"
#include "pipeline/door/socket/tls.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/http_response.h"
#include "pipeline/door/wire/websocket.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

// The counters that ServerStats tells.
struct ServerCounters {
  std::atomic<int64_t> num_accepted = 0;
  std::atomic<int64_t> num_requests = 0;
  std::atomic<int64_t> num_websockets = 0;
  std::atomic<int64_t> num_streams = 0;
  std::atomic<int64_t> num_refused_full = 0;
  std::atomic<int64_t> num_refused_peer = 0;
  std::atomic<int64_t> num_refused_busy = 0;
  std::atomic<int64_t> num_refused_request = 0;
  std::atomic<int64_t> num_refused_site = 0;
  std::atomic<int64_t> num_timed_out = 0;
  std::atomic<int64_t> num_slow_readers = 0;
  std::atomic<int64_t> num_flooding = 0;
  std::atomic<int64_t> num_protocol_errors = 0;
  std::atomic<int64_t> num_broken_off = 0;
  std::atomic<int64_t> num_bytes_in = 0;
  std::atomic<int64_t> num_bytes_out = 0;
  std::atomic<int64_t> num_messages_in = 0;
  std::atomic<int64_t> num_messages_out = 0;
};

// The state that the connections of a server share. It outlives them until they are over.
struct ServerContext {
  ServerContext(ServerOptions server_options, Site* server_site)
      : options(std::move(server_options)),
        site(server_site),
        limits(options.max_connections, options.max_connections_of_peer),
        pool(options.num_opening_workers, options.max_waiting_openings),
        // Each connection has one at a time.
        large_messages(options.num_large_message_workers, std::numeric_limits<size_t>::max()) {}

  const ServerOptions options;
  Site* const site;
  ConnectionLimits limits;
  BlockingPool pool;
  BlockingPool large_messages;
  ServerCounters counters;
  std::atomic<bool> is_draining = false;
};

class ServerConnection final : public Connection,
                               public EventLoop::Source,
                               public std::enable_shared_from_this<ServerConnection>,
                               private WebSocketListener {
 public:
  // The socket does not block, and the peer was admitted by the limits, which it is released from
  // at the end. `tls` may be null.
  ServerConnection(ServerContext* context, EventLoop* loop, FileDescriptor fd, const Peer& peer,
                   const TlsContext* tls);
  ~ServerConnection() override;

  // The loop's thread.
  void Start();
  void OnEvents(uint32_t events) override;
  void OnDeadline() override;
  void OnDrain() override;
  void OnLoopEnd() override;

  // Any thread.
  bool SendText(absl::string_view message) override;
  bool SendBinary(absl::Span<const uint8_t> message) override;
  void Close(uint16_t code, absl::string_view reason) override;
  size_t num_bytes_waiting() const override;

 private:
  enum class State { kTls, kRequests, kOpening, kWebSocket, kStream, kLingering, kOver };
  enum class Io { kDone, kBlocked, kEnded, kFailed };

  void OnText(absl::string_view message) override;
  void OnBinary(absl::Span<const uint8_t> message) override;
  void OnGathered(Opcode opcode, std::string message) override;
  void OnPing(absl::string_view payload) override;
  void OnPong(absl::string_view payload) override;
  void OnClose(uint16_t code, absl::string_view reason) override;

  bool is_stream() const;
  absl::Duration now() const { return loop_->now(); }
  void SetDeadline(absl::Duration deadline) { loop_->SetDeadline(id_, deadline); }

  void ContinueTls();
  // Says without TLS that it is needed, to a peer that speaks HTTP without it.
  void RefuseHttp();
  // Reads what there is, once.
  void ReadSome();
  Io ReadOnce(size_t& size);
  // The peer sends no more.
  void OnEnd();
  void Consume(absl::Span<uint8_t> bytes);
  void ConsumeRequests(absl::string_view bytes);
  void ConsumeFrames(absl::Span<uint8_t> bytes);
  void HandleRequest(HttpRequest request, absl::string_view rest);
  void Respond(const HttpResponse& response, ResponseForm form);

  // The decision, on a thread that may block, and what comes of it.
  void StartOpening(std::shared_ptr<const HttpRequest> request, absl::string_view rest);
  void Opened(Opening opening, const std::string& response);
  void RefuseOpening(const HttpResponse& refusal);

  // Whether a message is to be given to the handler.
  bool MayTake();
  // One message more was taken in this turn: others have theirs after so many.
  void CountTaken();
  // The handler has returned from a large message.
  void OnWorked();
  // Others had their turn.
  void OnTurn();
  // Goes on with what was read before.
  void Resume();
  // Reads no more for a while from a peer that sends faster than it may.
  void Throttle(size_t num_bytes);
  // Whether anything is to be read now from a WebSocket or a stream; UpdateReading makes it so.
  bool MayRead() const {
    return !handler_is_busy_ && !is_throttled_ && !others_have_their_turn_ && !is_awaiting_answer_;
  }
  void UpdateReading();
  // Sends the first ping, or finds that it was not answered.
  void CheckSilence();
  // Something was sent from another thread that changes what the connection is at.
  void OnWake();
  void FailWebSocket(const absl::Status& status, uint16_t code);
  // Marks the connection as over, and tells its handler so once, as soon as it is not busy.
  void EndHandler(const absl::Status& status);
  // After what waits is written, the connection is closed.
  void Linger();
  void Finish(const absl::Status& status);

  bool Send(Opcode opcode, absl::Span<const uint8_t> message);
  // Writes or keeps it. False, with failure_, if that cannot be.
  bool Write(absl::string_view head, absl::string_view body) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Flush() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UpdateEvents() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  size_t num_waiting() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return out_.size() - out_position_;
  }

  ServerContext* const context_;
  EventLoop* const loop_;
  const Peer peer_;

  // The loop's thread alone.
  EventLoop::Id id_ = 0;
  State state_ = State::kRequests;
  std::unique_ptr<HttpRequestParser> parser_;
  bool is_between_requests_ = false;
  // What came behind a request that is being decided about, a large message, or a turn's last one.
  std::string early_input_;
  std::optional<WebSocketReader> reader_;
  std::optional<TokenBucket> bucket_;
  // What stops the reader, beside what it finds itself.
  absl::Status reader_failure_;
  bool peer_has_closed_ = false;
  uint16_t peer_close_code_ = kCloseNoStatus;
  absl::Duration last_received_;
  std::unique_ptr<MessageHandler> handler_;
  // Another thread is in it.
  bool handler_is_busy_ = false;
  std::optional<TokenBucket> bytes_bucket_;
  bool is_throttled_ = false;
  int num_taken_in_turn_ = 0;
  bool others_have_their_turn_ = false;
  // Close was called here, and it was noticed.
  bool is_closing_ = false;
  // The peer sends no more, but something is to be written yet.
  bool has_seen_end_ = false;
  // The same, and the handler will say it, and close.
  bool is_awaiting_answer_ = false;
  std::optional<absl::Status> end_status_;

  // Whether a decision about it is still of interest; whether Close was called.
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> close_is_asked_for_ = false;

  mutable annotated::Mutex mutex_;
  FileDescriptor fd_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<TlsStream> tls_ ABSL_GUARDED_BY(mutex_);
  // The bytes that the peer has not taken yet, from the position on.
  std::string out_ ABSL_GUARDED_BY(mutex_);
  size_t out_position_ ABSL_GUARDED_BY(mutex_) = 0;
  // What is sent has to wait for the response that comes before it.
  bool is_held_ ABSL_GUARDED_BY(mutex_) = false;
  bool can_send_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool wake_is_posted_ ABSL_GUARDED_BY(mutex_) = false;
  // Once nothing waits, the peer is told that nothing follows; it was.
  bool ends_when_flushed_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  // TLS cannot read before it has written, and cannot write before it has read.
  bool read_wants_write_ ABSL_GUARDED_BY(mutex_) = false;
  bool write_wants_read_ ABSL_GUARDED_BY(mutex_) = false;
  uint32_t events_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_SERVER_CONNECTION_H_
