#include "tools/mcp/transport/http_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "third_party/annotated_mutex.h"
#include "third_party/content_coding.h"
#include "third_party/http_url.h"
#include "tools/mcp/transport/json_rpc.h"
#include "tools/mcp/transport/sse.h"

namespace parlance::tools::mcp {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr char kInitialize[] = "initialize";
constexpr char kInitialized[] = "notifications/initialized";
// How much is kept of a body that only says what went wrong.
constexpr size_t kMaxErrorBytes = 4096;
// How long the server may take to end a stream whose request is answered. Cut off before, the
// connection could not be used again.
constexpr milliseconds kStreamEndGrace(1000);
// A server that wants to be asked again at once gets no loop without a pause.
constexpr milliseconds kMinReconnectDelay(10);
constexpr milliseconds kMaxReconnectDelay(30'000);
// Each has a connection. A server that asks and does not read the answers gets no more of either.
constexpr size_t kMaxAnswersUnderWay = 8;
constexpr size_t kMaxAnswersUnsent = 256;
constexpr size_t kMaxNotificationsUnderWay = 8;

milliseconds Milliseconds(absl::Duration duration) { return absl::ToChronoMilliseconds(duration); }

absl::StatusCode CodeOf(long http_status) {
  switch (http_status) {
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    default:
      return http_status >= 500 ? absl::StatusCode::kUnavailable
                                : absl::StatusCode::kFailedPrecondition;
  }
}

// Where a redirect leads, as far as it may be told: paths may be secrets.
std::string WhereTo(const http_url::Url& from, const std::string& target) {
  const absl::StatusOr<http_url::Url> to = http_url::Read(target);
  if (!to.ok()) return "";
  if (to->origin != from.origin) return "; it leads to another server";
  if (to->path == absl::StrCat(from.path, "/")) {
    return "; it leads to the same path with a / at its end: use that";
  }
  if (absl::StrCat(to->path, "/") == from.path) {
    return "; it leads to the same path without the / at its end: use that";
  }
  return "; it leads to another path of the same server";
}

// The error of an HTTP status, with what the server says about it, if it says so as JSON-RPC.
// `redirect`: the URL that a redirect leads to, or nothing.
absl::Status HttpError(const http_url::Url& url, long http_status, const std::string& redirect,
                       const std::string& body) {
  std::string text = absl::StrCat("the server answers with HTTP status ", http_status);
  if (http_status >= 300 && http_status <= 399) {
    absl::StrAppend(&text, ", a redirect, which is not followed", WhereTo(url, redirect));
  }
  const auto parsed = ParseMessage(body);
  const auto* message = std::get_if<Message>(&parsed);
  if (message != nullptr && message->kind() == Message::Kind::kError) {
    absl::StrAppend(&text, ": ", message->error().message);
  }
  return absl::Status(CodeOf(http_status), text);
}

// What went wrong below HTTP.
std::string TransferError(CURLcode code) {
  // That of newer libraries has no name in older ones.
  constexpr int kTooLarge = 100;
  if (code == CURLE_OUT_OF_MEMORY || static_cast<int>(code) == kTooLarge) {
    return "a header of the response is too long";
  }
  return curl_easy_strerror(code);
}

// A session id is of visible ASCII characters.
bool IsSessionId(absl::string_view id) {
  return !id.empty() && id.size() <= 1024 &&
         std::all_of(id.begin(), id.end(), [](char c) { return c >= 0x21 && c <= 0x7E; });
}

// A message is a request, a notification, or an answer to a request of the server.
bool IsAnswer(const OutgoingMessage& message) { return message.method.empty(); }
bool IsNotification(const OutgoingMessage& message) {
  return !IsAnswer(message) && !message.request_id.has_value();
}

// One HTTP request.
struct Exchange {
  enum class Kind { kPost, kStream, kDelete };
  enum class Body { kUnknown, kEvents, kMessage, kOther };

  explicit Exchange(size_t max_message_bytes) : events(max_message_bytes) {}
  ~Exchange() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Kind kind = Kind::kPost;
  // For a POST: what is sent. For a stream: the request whose answer it is to bring, if any.
  OutgoingMessage message;
  bool has_session = false;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::function<absl::Status(absl::string_view)> receive;
  std::function<void()> on_head;
  // Whether the response has begun: what no answer is expected to is delivered.
  bool has_head = false;
  // What is read of the response.
  Body body = Body::kUnknown;
  std::string text;
  SseParser events;
  // Why we broke it off ourselves.
  absl::Status broken;
  // The request is answered, and the server may end the stream until then.
  std::optional<Clock::time_point> end_by;
};

// A stream that is to be taken up again.
struct Reconnect {
  Clock::time_point when;
  std::optional<int64_t> request_id;
  std::string last_event_id;
};

// One thread runs all exchanges.
class HttpTransport : public Transport {
 public:
  HttpTransport(const HttpTransportOptions& options, http_url::Url url, CURLM* multi)
      : options_(options), url_(std::move(url)), multi_(multi) {}

  ~HttpTransport() override {
    HttpTransport::Close();
    exchanges_.clear();
    curl_multi_cleanup(multi_);
  }

  absl::Status Start(Handler handler) override {
    handler_ = std::move(handler);
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  absl::Status Send(OutgoingMessage message) override {
    {
      annotated::MutexLock lock(mutex_);
      if (stopping_) return absl::UnavailableError("the connection is closed");
      if (unsent_bytes_ + message.text.size() > options_.max_unsent_bytes) {
        return absl::ResourceExhaustedError(
            "the queue of messages to be sent is full; try again later");
      }
      if (IsAnswer(message)) {
        if (num_answers_unsent_ == kMaxAnswersUnsent) {
          return absl::ResourceExhaustedError(
              "the queue of answers to be sent is full; try again later");
        }
        ++num_answers_unsent_;
      }
      if (message.request_id.has_value()) open_requests_.insert(*message.request_id);
      unsent_bytes_ += message.text.size();
      unsent_.push_back(std::move(message));
    }
    curl_multi_wakeup(multi_);
    return absl::OkStatus();
  }

  void Finish(int64_t request_id, bool answered) override {
    {
      annotated::MutexLock lock(mutex_);
      open_requests_.erase(request_id);
      finished_.emplace_back(request_id, answered);
    }
    curl_multi_wakeup(multi_);
  }

  void SetProtocolVersion(const std::string& version) override {
    annotated::MutexLock lock(mutex_);
    protocol_version_ = version;
  }

  void Close() override {
    {
      annotated::MutexLock lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  bool IsOpen(int64_t request_id) {
    annotated::MutexLock lock(mutex_);
    return open_requests_.count(request_id) > 0;
  }

  void Fail(int64_t request_id, const absl::Status& status) {
    if (IsOpen(request_id)) handler_.on_request_failed(request_id, status);
  }

  void Run() {
    std::optional<Clock::time_point> stop_by;
    for (;;) {
      bool stopping = false;
      {
        annotated::MutexLock lock(mutex_);
        stopping = stopping_;
      }
      if (stopping && !stop_by.has_value()) {
        stop_by = Clock::now() + Milliseconds(options_.close_timeout);
        reconnects_.clear();
      }
      EndFinished();
      if (stopping) {
        // Notifications are still to reach the server. Nobody there needs an answer any more.
        exchanges_.remove_if([&](const std::unique_ptr<Exchange>& exchange) {
          const bool is_needed = exchange->kind == Exchange::Kind::kDelete ||
                                 (exchange->kind == Exchange::Kind::kPost && !exchange->has_head &&
                                  IsNotification(exchange->message));
          if (!is_needed) curl_multi_remove_handle(multi_, exchange->easy);
          return !is_needed;
        });
      }
      StartUnsent(stopping);
      if (stopping && exchanges_.empty() && !session_id_.empty()) StartDelete();
      if (stopping && (exchanges_.empty() || Clock::now() >= *stop_by)) break;
      StartReconnects();

      int num_running = 0;
      curl_multi_perform(multi_, &num_running);
      int num_left = 0;
      bool completed = false;
      while (CURLMsg* const message = curl_multi_info_read(multi_, &num_left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Complete(message->easy_handle, message->data.result);
        completed = true;
      }
      // Others may have waited for it.
      if (EndInitialization(stopping) || completed) continue;
      curl_multi_poll(multi_, nullptr, 0, PollTimeout(stop_by), nullptr);
    }
    for (const auto& exchange : exchanges_) curl_multi_remove_handle(multi_, exchange->easy);
  }

  // How long to wait, at most, for the sockets: until something else is to be done.
  int PollTimeout(std::optional<Clock::time_point> stop_by) const {
    Clock::time_point next = Clock::now() + milliseconds(60'000);
    if (stop_by.has_value()) next = std::min(next, *stop_by);
    if (initialized_by_.has_value()) next = std::min(next, *initialized_by_);
    for (const Reconnect& reconnect : reconnects_) next = std::min(next, reconnect.when);
    for (const auto& exchange : exchanges_) {
      if (exchange->end_by.has_value()) next = std::min(next, *exchange->end_by);
    }
    const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
    return static_cast<int>(std::max<int64_t>(left.count(), 0));
  }

  void EndFinished() {
    std::vector<std::pair<int64_t, bool>> finished;
    {
      annotated::MutexLock lock(mutex_);
      finished.swap(finished_);
      for (const auto& [id, answered] : finished) {
        // What was given up before it was sent.
        for (auto message = unsent_.begin(); message != unsent_.end(); ++message) {
          if (message->request_id == id) {
            unsent_bytes_ -= message->text.size();
            unsent_.erase(message);
            break;
          }
        }
      }
    }
    for (const auto& [id, answered] : finished) {
      reconnects_.remove_if(
          [&, request_id = id](const Reconnect& one) { return one.request_id == request_id; });
      for (const auto& exchange : exchanges_) {
        if (exchange->message.request_id == id) {
          exchange->end_by = Clock::now() + (answered ? kStreamEndGrace : milliseconds(0));
        }
      }
    }
    const Clock::time_point now = Clock::now();
    exchanges_.remove_if([&](const std::unique_ptr<Exchange>& exchange) {
      const bool ended = exchange->end_by.has_value() && *exchange->end_by <= now;
      if (ended) curl_multi_remove_handle(multi_, exchange->easy);
      return ended;
    });
  }

  void StartUnsent(bool stopping) {
    // Requests are several connections at once, and none may overtake the end of an initialisation.
    while (!initialized_by_.has_value()) {
      std::optional<OutgoingMessage> message = TakeUnsent(stopping);
      if (!message.has_value()) return;
      if (message->method == kInitialize) {
        session_id_.clear();
        DropSession();
      }
      if (message->method == kInitialized) {
        initialized_by_ = Clock::now() + Milliseconds(options_.initialized_timeout);
      }
      auto exchange = std::make_unique<Exchange>(options_.max_message_bytes);
      exchange->message = *std::move(message);
      StartExchange(std::move(exchange), "");
    }
  }

  // The first message that may be sent now.
  std::optional<OutgoingMessage> TakeUnsent(bool stopping) {
    size_t num_answers = 0;
    size_t num_notifications = 0;
    for (const auto& exchange : exchanges_) {
      if (exchange->kind != Exchange::Kind::kPost) continue;
      if (IsAnswer(exchange->message)) ++num_answers;
      if (IsNotification(exchange->message)) ++num_notifications;
    }
    annotated::MutexLock lock(mutex_);
    for (auto message = unsent_.begin(); message != unsent_.end();) {
      const bool is_needed = !stopping || IsNotification(*message);
      const bool has_to_wait = IsAnswer(*message)
                                   ? num_answers >= kMaxAnswersUnderWay
                                   : IsNotification(*message) && message->method != kInitialized &&
                                         num_notifications >= kMaxNotificationsUnderWay;
      if (is_needed && has_to_wait) {
        ++message;
        continue;
      }
      OutgoingMessage taken = std::move(*message);
      message = unsent_.erase(message);
      unsent_bytes_ -= taken.text.size();
      if (IsAnswer(taken)) --num_answers_unsent_;
      if (is_needed) return taken;
    }
    return std::nullopt;
  }

  // True if messages that waited for the end of the initialisation may be sent from now on: its
  // response has begun, it failed, or it takes too long.
  bool EndInitialization(bool stopping) {
    const std::optional<long> status = std::exchange(initialized_status_, std::nullopt);
    const bool is_late = initialized_by_.has_value() && *initialized_by_ <= Clock::now();
    if (!status.has_value() && !is_late) return false;
    initialized_by_.reset();
    const bool accepted = status.has_value() && *status >= 200 && *status <= 299;
    if (accepted && options_.listen && !stopping) StartStream(std::nullopt, "");
    return true;
  }

  void StartReconnects() {
    const Clock::time_point now = Clock::now();
    std::list<Reconnect> due;
    for (auto reconnect = reconnects_.begin(); reconnect != reconnects_.end();) {
      const auto next = std::next(reconnect);
      if (reconnect->when <= now) due.splice(due.end(), reconnects_, reconnect);
      reconnect = next;
    }
    for (const Reconnect& reconnect : due) {
      StartStream(reconnect.request_id, reconnect.last_event_id);
    }
  }

  void StartStream(std::optional<int64_t> request_id, const std::string& last_event_id) {
    auto exchange = std::make_unique<Exchange>(options_.max_message_bytes);
    exchange->kind = Exchange::Kind::kStream;
    exchange->message.request_id = request_id;
    StartExchange(std::move(exchange), last_event_id);
  }

  void StartDelete() {
    auto exchange = std::make_unique<Exchange>(options_.max_message_bytes);
    exchange->kind = Exchange::Kind::kDelete;
    StartExchange(std::move(exchange), "");
    session_id_.clear();
  }

  // Ends the streams that listened in a session that has expired, and what initialised it.
  void DropSession() {
    reconnects_.remove_if([](const Reconnect& one) { return !one.request_id.has_value(); });
    exchanges_.remove_if([&](const std::unique_ptr<Exchange>& exchange) {
      const bool listens =
          exchange->kind == Exchange::Kind::kStream && !exchange->message.request_id.has_value();
      const bool is_of_session = listens || exchange->message.method == kInitialized;
      if (is_of_session) curl_multi_remove_handle(multi_, exchange->easy);
      return is_of_session;
    });
  }

  void StartExchange(std::unique_ptr<Exchange> exchange, const std::string& last_event_id) {
    CURL* const easy = curl_easy_init();
    exchange->easy = easy;
    const bool is_post = exchange->kind == Exchange::Kind::kPost;
    const bool is_initialize = exchange->message.method == kInitialize;
    const auto add = [&](const std::string& name, const std::string& value) {
      exchange->headers =
          curl_slist_append(exchange->headers, absl::StrCat(name, ": ", value).c_str());
    };
    for (const auto& [name, value] : options_.headers) add(name, value);
    if (is_post) {
      add("Content-Type", "application/json");
      add("Accept", "application/json, text/event-stream");
      add("Accept-Encoding", "identity");
      // Not asked first whether the body is welcome.
      exchange->headers = curl_slist_append(exchange->headers, "Expect:");
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(exchange->message.text.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->message.text.c_str());
      if (!exchange->message.request_id.has_value()) {
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                         static_cast<long>(Milliseconds(options_.notification_timeout).count()));
      }
    } else if (exchange->kind == Exchange::Kind::kStream) {
      add("Accept", "text/event-stream");
      add("Accept-Encoding", "identity");
      if (!last_event_id.empty()) add("Last-Event-ID", last_event_id);
    } else {
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
    }
    if (!is_initialize) {
      if (!session_id_.empty()) add("MCP-Session-Id", session_id_);
      annotated::MutexLock lock(mutex_);
      if (!protocol_version_.empty()) add("MCP-Protocol-Version", protocol_version_);
    }
    exchange->has_session = !is_initialize && !session_id_.empty();
    curl_easy_setopt(easy, CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(Milliseconds(options_.connect_timeout).count()));
    // A proxy that the environment names cannot reach this machine.
    if (url_.is_this_machine) curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpTransport::OnData);
    exchange->receive = [this, raw = exchange.get()](absl::string_view data) {
      return Receive(*raw, data);
    };
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange.get());
    exchange->on_head = [this, raw = exchange.get()] { OnHead(*raw); };
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpTransport::OnHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange.get());
    curl_multi_add_handle(multi_, easy);
    exchanges_.push_back(std::move(exchange));
  }

  static size_t OnData(char* data, size_t, size_t size, void* exchange) {
    auto* const receiver = static_cast<Exchange*>(exchange);
    receiver->broken = receiver->receive({data, size});
    return receiver->broken.ok() ? size : CURL_WRITEFUNC_ERROR;
  }

  // Called with one line of the head after the other; the last one is empty.
  static size_t OnHeader(char* data, size_t, size_t size, void* exchange) {
    if (absl::string_view(data, size) == "\r\n" || absl::string_view(data, size) == "\n") {
      static_cast<Exchange*>(exchange)->on_head();
    }
    return size;
  }

  void OnHead(Exchange& exchange) {
    long status = 0;
    curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
    // Others follow after those that only inform.
    if (status < 200 || std::exchange(exchange.has_head, true)) return;
    if (exchange.message.method == kInitialized) initialized_status_ = status;
    // What follows answers nothing.
    if (exchange.kind == Exchange::Kind::kPost && !exchange.message.request_id.has_value()) {
      exchange.end_by = Clock::now() + kStreamEndGrace;
    }
  }

  absl::Status Receive(Exchange& exchange, absl::string_view data) {
    if (exchange.body == Exchange::Body::kUnknown) {
      if (absl::Status readable = ReadHeaders(exchange); !readable.ok()) return readable;
    }
    switch (exchange.body) {
      case Exchange::Body::kEvents:
        return exchange.events.Append(data, [&](const SseEvent& event) {
          if (event.type == "message") handler_.on_message(event.data);
        });
      case Exchange::Body::kMessage:
        if (exchange.text.size() + data.size() > options_.max_message_bytes) {
          return absl::ResourceExhaustedError(absl::StrCat(
              "the server sends a message of more than ", options_.max_message_bytes, " bytes"));
        }
        exchange.text.append(data.data(), data.size());
        return absl::OkStatus();
      default:
        exchange.text.append(data.data(),
                             std::min(data.size(), kMaxErrorBytes - exchange.text.size()));
        return absl::OkStatus();
    }
  }

  // Called when the first part of the body is there, or there is none.
  absl::Status ReadHeaders(Exchange& exchange) {
    long status = 0;
    curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
    const char* type = nullptr;
    curl_easy_getinfo(exchange.easy, CURLINFO_CONTENT_TYPE, &type);
    const absl::string_view content_type = type == nullptr ? "" : type;
    exchange.body = Exchange::Body::kOther;
    if (status < 200 || status > 299) return absl::OkStatus();
    if (const auto wrong = content_coding::WhatIsWrong(exchange.easy); wrong.has_value()) {
      return absl::InternalError(*wrong);
    }
    if (absl::StartsWithIgnoreCase(content_type, "text/event-stream")) {
      exchange.body = Exchange::Body::kEvents;
    } else if (absl::StartsWithIgnoreCase(content_type, "application/json")) {
      exchange.body = Exchange::Body::kMessage;
    }
    curl_header* header = nullptr;
    if (exchange.message.method == kInitialize &&
        curl_easy_header(exchange.easy, "MCP-Session-Id", 0, CURLH_HEADER, -1, &header) ==
            CURLHE_OK &&
        IsSessionId(header->value)) {
      session_id_ = header->value;
    }
    return absl::OkStatus();
  }

  static std::string RedirectOf(const Exchange& exchange) {
    const char* url = nullptr;
    curl_easy_getinfo(exchange.easy, CURLINFO_REDIRECT_URL, &url);
    return url == nullptr ? "" : url;
  }

  void Complete(CURL* easy, CURLcode code) {
    curl_multi_remove_handle(multi_, easy);
    const auto found = std::find_if(exchanges_.begin(), exchanges_.end(),
                                    [&](const auto& one) { return one->easy == easy; });
    const std::unique_ptr<Exchange> exchange = std::move(*found);
    exchanges_.erase(found);
    if (exchange->body == Exchange::Body::kUnknown) exchange->broken.Update(ReadHeaders(*exchange));
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (exchange->message.method == kInitialized && !exchange->has_head) initialized_status_ = 0;
    if (exchange->message.request_id.has_value()) {
      CompleteRequest(*exchange, code, status);
    } else if (exchange->kind == Exchange::Kind::kStream) {
      CompleteListening(*exchange, code, status);
    }
  }

  void CompleteRequest(Exchange& exchange, CURLcode code, long status) {
    const int64_t id = *exchange.message.request_id;
    if (!IsOpen(id)) return;
    if (!exchange.broken.ok()) return Fail(id, exchange.broken);
    if (exchange.body == Exchange::Body::kEvents) {
      if (exchange.events.last_event_id().empty()) {
        return Fail(id, absl::UnavailableError("the server's stream ended before its answer"));
      }
      reconnects_.push_back({.when = Clock::now() + ReconnectDelay(exchange.events),
                             .request_id = id,
                             .last_event_id = exchange.events.last_event_id()});
      return;
    }
    if (code != CURLE_OK) {
      return Fail(id, absl::UnavailableError(absl::StrCat(url_.origin, ": ", TransferError(code))));
    }
    if (status == 404 && exchange.has_session) {
      return Fail(id, absl::AbortedError("the session has expired"));
    }
    if (exchange.body != Exchange::Body::kMessage) {
      return Fail(id, status >= 200 && status <= 299
                          ? absl::InternalError("the server answers with neither JSON nor events")
                          : HttpError(url_, status, RedirectOf(exchange), exchange.text));
    }
    handler_.on_message(std::move(exchange.text));
    Fail(id, absl::InternalError("the server answers with another message than the response"));
  }

  void CompleteListening(Exchange& exchange, CURLcode code, long status) {
    const bool was_stream = exchange.body == Exchange::Body::kEvents;
    if (!was_stream && code == CURLE_OK && status < 500) return;
    failed_listens_ = was_stream ? 0 : std::min(failed_listens_ + 1, 15);
    const milliseconds delay =
        std::min(ReconnectDelay(exchange.events) * (1 << failed_listens_),
                 std::max(kMaxReconnectDelay, ReconnectDelay(exchange.events)));
    reconnects_.push_back({.when = Clock::now() + delay,
                           .request_id = std::nullopt,
                           .last_event_id = exchange.events.last_event_id()});
  }

  milliseconds ReconnectDelay(const SseParser& events) const {
    return std::max(std::min(events.retry().value_or(Milliseconds(options_.reconnect_delay)),
                             milliseconds(86'400'000)),
                    kMinReconnectDelay);
  }

  const HttpTransportOptions options_;
  const http_url::Url url_;
  CURLM* const multi_;
  Handler handler_;
  std::thread thread_;

  // Used by the thread alone.
  std::list<std::unique_ptr<Exchange>> exchanges_;
  std::list<Reconnect> reconnects_;
  std::string session_id_;
  // The end of an initialisation is under way, and messages wait for it until then.
  std::optional<Clock::time_point> initialized_by_;
  // What came of it, if that is new: an HTTP status, or 0 for none.
  std::optional<long> initialized_status_;
  int failed_listens_ = 0;

  annotated::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<OutgoingMessage> unsent_ ABSL_GUARDED_BY(mutex_);
  size_t unsent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t num_answers_unsent_ ABSL_GUARDED_BY(mutex_) = 0;
  // Requests whose answer somebody waits for.
  std::set<int64_t> open_requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<int64_t, bool>> finished_ ABSL_GUARDED_BY(mutex_);
  std::string protocol_version_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> CreateHttpTransport(
    const HttpTransportOptions& options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) return absl::InternalError(curl_easy_strerror(global));
  const absl::StatusOr<http_url::Url> url = http_url::Read(options.url);
  if (!url.ok()) return url.status();
  for (const auto& [name, value] : options.headers) {
    // They would make other headers of it.
    if (name.empty() || name.find_first_of(":\r\n ") != std::string::npos ||
        value.find_first_of("\r\n") != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("'", name, "' is not a header"));
    }
  }
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) return absl::ResourceExhaustedError("curl_multi_init fails");
  return std::make_unique<HttpTransport>(options, *url, multi);
}

}  // namespace parlance::tools::mcp
