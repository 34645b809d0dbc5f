#include "pipeline/door/net/server_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pipeline/door/wire/websocket_handshake.h"

namespace parlance::pipeline::door {
namespace {

absl::string_view AsText(absl::Span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

absl::Span<const uint8_t> AsBytes(absl::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// At most this many messages of one peer are given to its handler before others have their turn.
constexpr int kMessagesInTurn = 16;

bool IsTemporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// Statistics order nothing.
void Count(std::atomic<int64_t>& counter, size_t count = 1) {
  counter.fetch_add(static_cast<int64_t>(count), std::memory_order_relaxed);
}

HttpResponse Unavailable(absl::string_view message) {
  return {.status = 503, .headers = {{"Retry-After", "1"}}, .body = absl::StrCat(message, "\n")};
}

}  // namespace

ServerConnection::ServerConnection(ServerContext* context, EventLoop* loop, FileDescriptor fd,
                                   const Peer& peer, const TlsContext* tls)
    : context_(context), loop_(loop), peer_(peer), fd_(std::move(fd)) {
  if (tls != nullptr) {
    state_ = State::kTls;
    tls_ = tls->NewStream(fd_.get());
  }
}

bool ServerConnection::is_stream() const {
  return context_->options.listeners[peer_.listener].is_stream;
}

ServerConnection::~ServerConnection() {
  // The server has ended before its handler's thread could say that it is done.
  if (handler_ != nullptr) {
    handler_->OnClosed(end_status_.value_or(absl::CancelledError("the server has ended")));
  }
}

void ServerConnection::Start() {
  last_received_ = now();
  bool is_usable = false;
  {
    annotated::MutexLock lock(mutex_);
    events_ = EPOLLIN;
    id_ = loop_->Add(fd_.get(), events_, shared_from_this());
    is_usable = id_ != 0 && (state_ != State::kTls || tls_ != nullptr);
  }
  if (!is_usable || context_->is_draining) {
    return Finish(absl::UnavailableError("there is no memory for it, or the server shuts down"));
  }
  if (!is_stream()) parser_ = std::make_unique<HttpRequestParser>(context_->options.request);
  SetDeadline(now() + context_->options.request_timeout);
  if (state_ != State::kTls && is_stream()) StartOpening(nullptr, "");
}

void ServerConnection::OnDrain() {
  switch (state_) {
    case State::kTls:
      return Finish(absl::OkStatus());
    case State::kRequests:
      // One that has begun is answered, and the connection closed then.
      if (!parser_->has_begun()) Finish(absl::OkStatus());
      return;
    case State::kWebSocket:
    case State::kStream:
      return Close(kCloseGoingAway, "the server is shutting down");
    case State::kOpening:
    case State::kLingering:
    case State::kOver:
      return;
  }
}

void ServerConnection::OnLoopEnd() {
  // The threads that give large messages have ended before.
  handler_is_busy_ = false;
  Finish(absl::CancelledError("the server has ended"));
}

void ServerConnection::OnEvents(uint32_t events) {
  if (state_ == State::kOver) return;
  bool is_reading = false;
  bool is_flushed = false;
  {
    annotated::MutexLock lock(mutex_);
    if ((events & EPOLLOUT) != 0) {
      read_wants_write_ = false;
      Flush();
    }
    is_reading = is_reading_;
    is_flushed = num_waiting() == 0;
    UpdateEvents();
  }
  if (state_ == State::kTls) return ContinueTls();
  if (has_seen_end_ && is_flushed) return Finish(absl::OkStatus());
  if (is_reading) {
    ReadSome();
  } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    Count(context_->counters.num_broken_off);
    Finish(absl::UnavailableError("the connection broke off"));
  }
}

void ServerConnection::ContinueTls() {
  TlsStream::Result result;
  {
    annotated::MutexLock lock(mutex_);
    result = tls_->Handshake();
    read_wants_write_ = result == TlsStream::Result::kWantsWrite;
    UpdateEvents();
  }
  switch (result) {
    case TlsStream::Result::kWantsRead:
    case TlsStream::Result::kWantsWrite:
      return;
    case TlsStream::Result::kDone:
      break;
    case TlsStream::Result::kFailedByHttp:
      if (!is_stream()) return RefuseHttp();
      [[fallthrough]];
    case TlsStream::Result::kEnded:
    case TlsStream::Result::kFailed:
      Count(context_->counters.num_refused_request);
      return Finish(absl::InvalidArgumentError("the peer does not speak TLS as it should"));
  }
  state_ = State::kRequests;
  if (is_stream()) return StartOpening(nullptr, "");
  ReadSome();
}

void ServerConnection::RefuseHttp() {
  Count(context_->counters.num_refused_request);
  {
    annotated::MutexLock lock(mutex_);
    tls_.reset();
    read_wants_write_ = false;
  }
  Respond({.status = 400, .body = "this port speaks TLS: ask for https:// or wss:// here\n"}, {});
}

ServerConnection::Io ServerConnection::ReadOnce(size_t& size) {
  annotated::MutexLock lock(mutex_);
  const absl::Span<uint8_t> buffer = loop_->buffer();
  if (tls_ != nullptr) {
    const TlsStream::Result result = tls_->Read(buffer, size);
    read_wants_write_ = result == TlsStream::Result::kWantsWrite;
    // What could not be written before something was read can be now.
    if (write_wants_read_) Flush();
    UpdateEvents();
    switch (result) {
      case TlsStream::Result::kDone:
        return Io::kDone;
      case TlsStream::Result::kWantsRead:
      case TlsStream::Result::kWantsWrite:
        return Io::kBlocked;
      case TlsStream::Result::kEnded:
        return Io::kEnded;
      case TlsStream::Result::kFailed:
      case TlsStream::Result::kFailedByHttp:
        return Io::kFailed;
    }
  }
  const ssize_t received = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (received > 0) {
    size = static_cast<size_t>(received);
    return Io::kDone;
  }
  if (received == 0) return Io::kEnded;
  return IsTemporary(errno) ? Io::kBlocked : Io::kFailed;
}

void ServerConnection::ReadSome() {
  for (;;) {
    size_t size = 0;
    switch (ReadOnce(size)) {
      case Io::kBlocked:
        return;
      case Io::kEnded:
        return OnEnd();
      case Io::kFailed:
        if (state_ != State::kLingering && !is_closing_) {
          Count(context_->counters.num_broken_off);
        }
        return Finish(is_closing_ ? absl::OkStatus()
                                  : absl::UnavailableError("the connection broke off"));
      case Io::kDone:
        break;
    }
    Count(context_->counters.num_bytes_in, size);
    last_received_ = now();
    Consume(loop_->buffer().first(size));
    if (state_ == State::kWebSocket || state_ == State::kStream) Throttle(size);
    annotated::MutexLock lock(mutex_);
    // What the socket has is told by the next round, so that others have their turn; what TLS has
    // read already is told by nobody.
    if (!is_reading_ || tls_ == nullptr || !tls_->has_pending()) return;
  }
}

void ServerConnection::OnEnd() {
  switch (state_) {
    case State::kStream:
      if (!is_closing_ && !close_is_asked_for_ && handler_->OnEndOfInput()) {
        is_awaiting_answer_ = true;
        // It may have closed meanwhile.
        OnWake();
        return UpdateReading();
      }
      EndHandler(absl::OkStatus());
      Linger();
      break;
    case State::kRequests:
      // It may wait for an answer all the same.
      Linger();
      break;
    case State::kWebSocket:
      if (is_closing_) break;
      Count(context_->counters.num_broken_off);
      return Finish(absl::UnavailableError("the peer disconnected without closing"));
    default:
      break;
  }
  {
    annotated::MutexLock lock(mutex_);
    has_seen_end_ = num_waiting() > 0 && state_ == State::kLingering;
    is_reading_ = !has_seen_end_;
    UpdateEvents();
  }
  if (!has_seen_end_) Finish(absl::OkStatus());
}

void ServerConnection::Consume(absl::Span<uint8_t> bytes) {
  switch (state_) {
    case State::kRequests:
      return ConsumeRequests(AsText(bytes));
    case State::kWebSocket:
      return ConsumeFrames(bytes);
    case State::kStream:
      if (is_closing_ || close_is_asked_for_) return;
      Count(context_->counters.num_messages_in);
      return handler_->OnBinary(bytes);
    case State::kOpening:
      // Reading was stopped in the middle of what TLS had read.
      early_input_.append(AsText(bytes).data(), bytes.size());
      return;
    case State::kTls:
    case State::kLingering:
    case State::kOver:
      return;
  }
}

void ServerConnection::ConsumeRequests(absl::string_view bytes) {
  while (state_ == State::kRequests) {
    bytes.remove_prefix(parser_->Feed(bytes));
    if (parser_->error().has_value()) {
      Count(context_->counters.num_refused_request);
      const HttpError error = *parser_->error();
      return Respond({.status = error.status, .body = absl::StrCat(error.message, "\n")},
                     {.without_body = parser_->request().method == "HEAD"});
    }
    if (parser_->has_begun() && is_between_requests_) {
      is_between_requests_ = false;
      SetDeadline(now() + context_->options.request_timeout);
    }
    if (!parser_->is_complete()) return;
    HandleRequest(parser_->Take(), bytes);
  }
}

void ServerConnection::HandleRequest(HttpRequest request, absl::string_view rest) {
  Count(context_->counters.num_requests);
  if (AsksForWebSocket(request)) {
    if (const auto refusal = RefuseHandshake(request); refusal.has_value()) {
      Count(context_->counters.num_refused_request);
      return Respond(*refusal, {.without_body = request.method == "HEAD"});
    }
    return StartOpening(std::make_shared<const HttpRequest>(std::move(request)), rest);
  }
  const HttpResponse response = context_->site->Answer(request, peer_);
  is_between_requests_ = true;
  SetDeadline(now() + context_->options.keep_alive_timeout);
  Respond(response, {.keep_alive = request.keep_alive && !context_->is_draining,
                     .without_body = request.method == "HEAD"});
}

void ServerConnection::Respond(const HttpResponse& response, ResponseForm form) {
  {
    annotated::MutexLock lock(mutex_);
    Write(Encode(response, form), "");
  }
  if (!form.keep_alive) Linger();
}

void ServerConnection::StartOpening(std::shared_ptr<const HttpRequest> request,
                                    absl::string_view rest) {
  state_ = State::kOpening;
  parser_.reset();
  early_input_ = std::string(rest);
  {
    annotated::MutexLock lock(mutex_);
    is_held_ = true;
    can_send_ = true;
    is_reading_ = false;
    UpdateEvents();
  }
  SetDeadline(now() + context_->options.opening_timeout);
  const bool is_posted =
      context_->pool.Post([self = shared_from_this(), request = std::move(request)] {
        // It may be gone before its turn has come.
        if (self->is_over_) return;
        Site* const site = self->context_->site;
        Opening opening = request == nullptr ? site->OpenStream(self->peer_, self)
                                             : site->OpenWebSocket(*request, self->peer_, self);
        std::string response;
        if (request != nullptr)
          response = Encode(AcceptHandshake(*request, opening.subprotocol), {});
        self->loop_->Post(
            [self, opening = std::move(opening), response = std::move(response)]() mutable {
              self->Opened(std::move(opening), response);
            });
      });
  if (is_posted) return;
  Count(context_->counters.num_refused_busy);
  RefuseOpening(Unavailable("too many connections are being opened; try again"));
}

void ServerConnection::RefuseOpening(const HttpResponse& refusal) {
  {
    annotated::MutexLock lock(mutex_);
    can_send_ = false;
    is_held_ = false;
    out_.clear();
  }
  is_over_ = true;
  std::string().swap(early_input_);
  if (is_stream()) return Linger();
  Respond(refusal, {});
}

void ServerConnection::Opened(Opening opening, const std::string& response) {
  if (state_ != State::kOpening) {
    if (opening.handler != nullptr) {
      opening.handler->OnClosed(end_status_.value_or(absl::UnavailableError("it is over")));
    }
    return;
  }
  if (opening.handler == nullptr) {
    Count(context_->counters.num_refused_site);
    return RefuseOpening(opening.refusal);
  }
  if (context_->is_draining) {
    opening.handler->OnClosed(absl::UnavailableError("the server is shutting down"));
    return RefuseOpening(Unavailable("the server is shutting down"));
  }
  handler_ = std::move(opening.handler);
  state_ = is_stream() ? State::kStream : State::kWebSocket;
  Count(is_stream() ? context_->counters.num_streams : context_->counters.num_websockets);
  if (state_ == State::kWebSocket) {
    reader_.emplace(context_->options.max_message_bytes);
    bucket_.emplace(context_->options.messages, now());
  }
  bytes_bucket_.emplace(context_->options.bytes, now());
  last_received_ = now();
  {
    annotated::MutexLock lock(mutex_);
    is_held_ = false;
    is_reading_ = true;
    if (failure_.ok()) {
      out_.insert(0, response);
      Flush();
    }
    UpdateEvents();
  }
  CheckSilence();
  // What the handler did meanwhile: it may have closed.
  OnWake();
  if (!early_input_.empty() && state_ != State::kOver) {
    std::string early;
    early.swap(early_input_);
    Consume({reinterpret_cast<uint8_t*>(early.data()), early.size()});
  }
  // What TLS has read before is told by no event.
  if (state_ == State::kWebSocket || state_ == State::kStream) ReadSome();
}

bool ServerConnection::MayTake() {
  if (is_closing_ || close_is_asked_for_ || !reader_failure_.ok()) return false;
  if (bucket_->Take(context_->options.messages, now())) return true;
  Count(context_->counters.num_flooding);
  reader_failure_ =
      absl::ResourceExhaustedError(absl::StrCat("more than ", context_->options.messages.per_second,
                                                " messages come in a second; send larger ones"));
  return false;
}

void ServerConnection::OnText(absl::string_view message) {
  if (!MayTake()) return;
  Count(context_->counters.num_messages_in);
  CountTaken();
  handler_->OnText(message);
}

void ServerConnection::OnBinary(absl::Span<const uint8_t> message) {
  if (!MayTake()) return;
  Count(context_->counters.num_messages_in);
  CountTaken();
  handler_->OnBinary(message);
}

void ServerConnection::CountTaken() {
  if (++num_taken_in_turn_ >= kMessagesInTurn) reader_->Hold();
}

void ServerConnection::OnGathered(Opcode opcode, std::string message) {
  if (message.size() <= context_->options.large_message_bytes) {
    return WebSocketListener::OnGathered(opcode, std::move(message));
  }
  if (!MayTake()) return;
  Count(context_->counters.num_messages_in);
  reader_->Hold();
  handler_is_busy_ = true;
  UpdateReading();
  // It is not taken only if the server ends.
  context_->large_messages.Post([self = shared_from_this(), handler = handler_.get(), opcode,
                                 message = std::move(message)]() mutable {
    if (opcode == Opcode::kText) {
      handler->OnText(message);
    } else {
      handler->OnBinary(AsBytes(message));
    }
    std::string().swap(message);
    EventLoop* const loop = self->loop_;
    loop->Post([self = std::move(self)] { self->OnWorked(); });
  });
}

void ServerConnection::OnWorked() {
  if (!handler_is_busy_) return;
  handler_is_busy_ = false;
  if (end_status_.has_value()) return EndHandler(*end_status_);
  last_received_ = now();
  Resume();
}

void ServerConnection::OnTurn() {
  others_have_their_turn_ = false;
  if (state_ == State::kWebSocket) Resume();
}

void ServerConnection::Resume() {
  UpdateReading();
  std::string rest;
  rest.swap(early_input_);
  ConsumeFrames({reinterpret_cast<uint8_t*>(rest.data()), rest.size()});
  // What TLS has read before is told by no event.
  if (state_ == State::kWebSocket && MayRead()) ReadSome();
}

void ServerConnection::Throttle(size_t num_bytes) {
  const absl::Duration pause =
      bytes_bucket_->Spend(context_->options.bytes, now(), static_cast<double>(num_bytes));
  // Whoever closes has a deadline already.
  if (pause <= absl::ZeroDuration() || is_closing_) return;
  is_throttled_ = true;
  UpdateReading();
  SetDeadline(now() + pause);
}

void ServerConnection::UpdateReading() {
  annotated::MutexLock lock(mutex_);
  is_reading_ = MayRead();
  UpdateEvents();
}

void ServerConnection::OnPing(absl::string_view payload) {
  if (!MayTake()) return;
  CountTaken();
  Send(Opcode::kPong, AsBytes(payload));
}

void ServerConnection::OnPong(absl::string_view) { MayTake(); }

void ServerConnection::OnClose(uint16_t code, absl::string_view) {
  peer_has_closed_ = true;
  peer_close_code_ = code;
}

void ServerConnection::ConsumeFrames(absl::Span<uint8_t> bytes) {
  num_taken_in_turn_ = 0;
  const absl::Status status = reader_->Feed(bytes, *this);
  if (const size_t num_held = reader_->num_bytes_held(); handler_is_busy_ || num_held > 0) {
    early_input_ = std::string(AsText(bytes.last(num_held)));
    if (handler_is_busy_) return;
    others_have_their_turn_ = true;
    UpdateReading();
    loop_->Post([self = shared_from_this()] { self->OnTurn(); });
    return;
  }
  if (!reader_failure_.ok()) return FailWebSocket(reader_failure_, kClosePolicyViolation);
  if (!status.ok()) {
    Count(context_->counters.num_protocol_errors);
    return FailWebSocket(status, reader_->close_code());
  }
  if (!peer_has_closed_) return;
  {
    annotated::MutexLock lock(mutex_);
    if (can_send_) Write(CloseFrame(peer_close_code_, ""), "");
    can_send_ = false;
  }
  EndHandler(absl::OkStatus());
  Linger();
}

void ServerConnection::FailWebSocket(const absl::Status& status, uint16_t code) {
  {
    annotated::MutexLock lock(mutex_);
    if (can_send_) Write(CloseFrame(code, status.message()), "");
    can_send_ = false;
  }
  EndHandler(is_closing_ ? absl::OkStatus() : status);
  Linger();
}

void ServerConnection::CheckSilence() {
  const ServerOptions& options = context_->options;
  // Nothing is read meanwhile.
  if (handler_is_busy_) return SetDeadline(now() + options.ping_interval);
  const bool is_websocket = state_ == State::kWebSocket;
  const absl::Duration limit = is_websocket ? options.idle_timeout : options.stream_idle_timeout;
  const absl::Duration silence = now() - last_received_;
  if (silence >= limit) {
    Count(context_->counters.num_timed_out);
    const absl::Status status = absl::DeadlineExceededError(
        absl::StrCat("nothing has come for ", absl::FormatDuration(limit)));
    if (is_websocket) return FailWebSocket(status, kCloseGoingAway);
    EndHandler(status);
    return Linger();
  }
  absl::Duration next = last_received_ + limit;
  if (is_websocket) {
    if (silence >= options.ping_interval) {
      Send(Opcode::kPing, {});
      next = std::min(next, now() + options.ping_interval);
    } else {
      next = std::min(next, last_received_ + options.ping_interval);
    }
  }
  SetDeadline(next);
}

void ServerConnection::OnDeadline() {
  switch (state_) {
    case State::kTls:
      Count(context_->counters.num_timed_out);
      return Finish(absl::OkStatus());
    case State::kRequests:
      if (is_between_requests_) return Finish(absl::OkStatus());
      Count(context_->counters.num_timed_out);
      return Respond({.status = 408, .body = "the request took too long\n"}, {});
    case State::kOpening:
      Count(context_->counters.num_timed_out);
      EndHandler(absl::DeadlineExceededError("the decision about the connection took too long"));
      return RefuseOpening(Unavailable("opening the connection took too long; try again"));
    case State::kWebSocket:
    case State::kStream:
      if (is_closing_) return Finish(absl::OkStatus());
      if (!is_throttled_) return CheckSilence();
      is_throttled_ = false;
      UpdateReading();
      CheckSilence();
      if (MayRead()) ReadSome();
      return;
    case State::kLingering:
      return Finish(absl::OkStatus());
    case State::kOver:
      return;
  }
}

void ServerConnection::OnWake() {
  absl::Status failure;
  {
    annotated::MutexLock lock(mutex_);
    wake_is_posted_ = false;
    failure = failure_;
  }
  if (state_ == State::kOver) return;
  if (!failure.ok()) {
    if (state_ != State::kLingering && !is_closing_) {
      Count(absl::IsResourceExhausted(failure) ? context_->counters.num_slow_readers
                                               : context_->counters.num_broken_off);
    }
    return Finish(is_closing_ ? absl::OkStatus() : failure);
  }
  if (!close_is_asked_for_ || is_closing_) return;
  if (state_ != State::kWebSocket && state_ != State::kStream) return;
  is_closing_ = true;
  if (is_awaiting_answer_) {
    is_awaiting_answer_ = false;
    EndHandler(absl::OkStatus());
    return Linger();
  }
  SetDeadline(now() + context_->options.close_timeout);
  if (state_ == State::kStream) {
    annotated::MutexLock lock(mutex_);
    ends_when_flushed_ = true;
    Flush();
    UpdateEvents();
  }
}

void ServerConnection::EndHandler(const absl::Status& status) {
  is_over_ = true;
  {
    annotated::MutexLock lock(mutex_);
    can_send_ = false;
  }
  if (!end_status_.has_value()) end_status_ = status;
  if (handler_ == nullptr || handler_is_busy_) return;
  const std::unique_ptr<MessageHandler> handler = std::move(handler_);
  handler->OnClosed(*end_status_);
}

void ServerConnection::Linger() {
  if (state_ == State::kOver) return;
  state_ = State::kLingering;
  parser_.reset();
  reader_.reset();
  SetDeadline(now() + context_->options.close_timeout);
  annotated::MutexLock lock(mutex_);
  can_send_ = false;
  is_held_ = false;
  is_reading_ = true;
  ends_when_flushed_ = true;
  Flush();
  UpdateEvents();
}

void ServerConnection::Finish(const absl::Status& status) {
  if (state_ == State::kOver) return;
  state_ = State::kOver;
  // The loop's reference goes with Remove.
  const std::shared_ptr<ServerConnection> self = shared_from_this();
  {
    annotated::MutexLock lock(mutex_);
    can_send_ = false;
    if (id_ != 0) loop_->Remove(id_, fd_.get());
    tls_.reset();
    fd_.Close();
    std::string().swap(out_);
    out_position_ = 0;
  }
  parser_.reset();
  reader_.reset();
  std::string().swap(early_input_);
  EndHandler(status);
  context_->limits.Release(peer_.address.Peer());
}

bool ServerConnection::SendText(absl::string_view message) {
  return Send(Opcode::kText, AsBytes(message));
}

bool ServerConnection::SendBinary(absl::Span<const uint8_t> message) {
  return Send(Opcode::kBinary, message);
}

bool ServerConnection::Send(Opcode opcode, absl::Span<const uint8_t> message) {
  annotated::MutexLock lock(mutex_);
  if (!can_send_) return false;
  std::array<uint8_t, kMaxFrameHeaderBytes> header = {};
  const size_t header_size = is_stream() ? 0 : EncodeFrameHeader(opcode, message.size(), header);
  if (!Write(AsText({header.data(), header_size}), AsText(message))) return false;
  Count(context_->counters.num_messages_out);
  return true;
}

void ServerConnection::Close(uint16_t code, absl::string_view reason) {
  annotated::MutexLock lock(mutex_);
  if (!can_send_) return;
  can_send_ = false;
  close_is_asked_for_ = true;
  if (!is_stream()) Write(CloseFrame(code, reason), "");
  Wake();
}

size_t ServerConnection::num_bytes_waiting() const {
  annotated::MutexLock lock(mutex_);
  return num_waiting();
}

bool ServerConnection::Write(absl::string_view head, absl::string_view body) {
  if (!fd_.is_open() || !failure_.ok()) return false;
  const size_t size = head.size() + body.size();
  size_t sent = 0;
  if (!is_held_ && tls_ == nullptr && num_waiting() == 0) {
    std::array<iovec, 2> parts = {};
    parts[0] = {const_cast<char*>(head.data()), head.size()};
    parts[1] = {const_cast<char*>(body.data()), body.size()};
    msghdr message = {};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t returned = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (returned < 0 && !IsTemporary(errno)) {
      Fail(absl::UnavailableError("the connection broke off"));
      return false;
    }
    if (returned > 0) sent = static_cast<size_t>(returned);
    Count(context_->counters.num_bytes_out, sent);
    if (sent == size) return true;
  }
  if (num_waiting() + (size - sent) > context_->options.max_waiting_bytes) {
    Fail(absl::ResourceExhaustedError(absl::StrCat("the peer does not read: more than ",
                                                   context_->options.max_waiting_bytes,
                                                   " bytes wait for it")));
    return false;
  }
  // What was written is dropped once it is most of it.
  if (out_position_ > out_.size() / 2) {
    out_.erase(0, out_position_);
    out_position_ = 0;
  }
  const size_t sent_of_head = std::min(sent, head.size());
  head.remove_prefix(sent_of_head);
  body.remove_prefix(sent - sent_of_head);
  out_.append(head.data(), head.size());
  out_.append(body.data(), body.size());
  if (is_held_) return true;
  if (tls_ != nullptr) Flush();
  UpdateEvents();
  return failure_.ok();
}

void ServerConnection::Flush() {
  if (!fd_.is_open() || is_held_) return;
  write_wants_read_ = false;
  while (num_waiting() > 0) {
    const absl::string_view rest = absl::string_view(out_).substr(out_position_);
    size_t written = 0;
    if (tls_ != nullptr) {
      const TlsStream::Result result = tls_->Write(AsBytes(rest), written);
      if (result == TlsStream::Result::kWantsWrite) return;
      if (result == TlsStream::Result::kWantsRead) {
        write_wants_read_ = true;
        return;
      }
      if (result != TlsStream::Result::kDone) {
        return Fail(absl::UnavailableError("the connection broke off"));
      }
    } else {
      const ssize_t returned = send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (returned < 0 && IsTemporary(errno)) return;
      if (returned < 0) return Fail(absl::UnavailableError("the connection broke off"));
      written = static_cast<size_t>(returned);
    }
    Count(context_->counters.num_bytes_out, written);
    out_position_ += written;
  }
  std::string().swap(out_);
  out_position_ = 0;
  if (ends_when_flushed_ && !has_ended_) {
    has_ended_ = true;
    if (tls_ != nullptr) tls_->End();
    shutdown(fd_.get(), SHUT_WR);
  }
}

void ServerConnection::Fail(absl::Status status) {
  if (failure_.ok()) failure_ = std::move(status);
  can_send_ = false;
  std::string().swap(out_);
  out_position_ = 0;
  Wake();
}

void ServerConnection::Wake() {
  if (wake_is_posted_) return;
  wake_is_posted_ = true;
  loop_->Post([self = shared_from_this()] { self->OnWake(); });
}

void ServerConnection::UpdateEvents() {
  if (!fd_.is_open()) return;
  const bool wants_write =
      read_wants_write_ || (num_waiting() > 0 && !is_held_ && !write_wants_read_);
  const uint32_t events = (is_reading_ ? EPOLLIN : 0u) | (wants_write ? EPOLLOUT : 0u);
  if (events == events_) return;
  events_ = events;
  loop_->SetEvents(id_, fd_.get(), events);
}

}  // namespace parlance::pipeline::door
