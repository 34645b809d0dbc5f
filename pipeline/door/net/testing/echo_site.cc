#include "pipeline/door/net/testing/echo_site.h"

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/wire/websocket_handshake.h"

namespace parlance::pipeline::door {
namespace {

class EchoHandler : public MessageHandler {
 public:
  EchoHandler(EchoSite* site, std::shared_ptr<Connection> connection)
      : site_(site), connection_(std::move(connection)) {}

  // A connection whose handler is not told that it is over has a fault.
  ~EchoHandler() override {
    if (!is_closed_) std::abort();
  }

  void OnText(absl::string_view message) override {
    if (is_closed_) std::abort();
    if (absl::StartsWith(message, "close ")) {
      const std::vector<std::string> words = absl::StrSplit(message, absl::MaxSplits(' ', 2));
      uint32_t code = 0;
      if (!absl::SimpleAtoi(words[1], &code)) code = kCloseNormal;
      connection_->Close(static_cast<uint16_t>(code), words.size() > 2 ? words[2] : "");
      return;
    }
    if (absl::StartsWith(message, "wait")) site_->WaitForRelease();
    connection_->SendText(message);
    if (is_closed_) std::abort();
  }

  void OnBinary(absl::Span<const uint8_t> message) override {
    if (is_closed_) std::abort();
    connection_->SendBinary(message);
    const absl::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
    if (text == "quit") connection_->Close(kCloseNormal, "");
    answers_later_ = text == "later";
  }

  bool OnEndOfInput() override {
    if (is_closed_) std::abort();
    if (answers_later_) site_->WaitsForAnswer();
    return answers_later_;
  }

  void OnClosed(const absl::Status& status) override {
    if (is_closed_) std::abort();
    is_closed_ = true;
    site_->Closed(status);
  }

 private:
  EchoSite* const site_;
  const std::shared_ptr<Connection> connection_;
  bool is_closed_ = false;
  bool answers_later_ = false;
};

}  // namespace

HttpResponse EchoSite::Answer(const HttpRequest& request, const Peer&) {
  if (request.path == "/healthz") return {.body = absl::StrCat("ok", request.body)};
  if (request.path == "/big") return {.body = std::string(size_t{1} << 20, 'b')};
  return {.status = 404, .body = "not found\n"};
}

std::unique_ptr<MessageHandler> EchoSite::Open(std::shared_ptr<Connection> connection) {
  annotated::MutexLock lock(mutex_);
  connections_.push_back(connection);
  changed_.notify_all();
  return std::make_unique<EchoHandler>(this, std::move(connection));
}

Opening EchoSite::OpenWebSocket(const HttpRequest& request, const Peer&,
                                std::shared_ptr<Connection> connection) {
  Opening opening;
  for (const std::string& offered : OfferedSubprotocols(request)) {
    if (offered == "realtime") opening.subprotocol = offered;
  }
  if (request.path == "/slow") {
    WaitForRelease();
  } else if (request.path == "/early") {
    connection->SendText("early");
  } else if (request.path == "/closed") {
    connection->SendText("last");
    connection->Close(kCloseTryAgainLater, "later");
  } else if (request.path != "/echo") {
    return opening;
  }
  opening.handler = Open(std::move(connection));
  return opening;
}

Opening EchoSite::OpenStream(const Peer&, std::shared_ptr<Connection> connection) {
  return {.handler = Open(std::move(connection))};
}

void EchoSite::Release() {
  annotated::MutexLock lock(mutex_);
  is_released_ = true;
  changed_.notify_all();
}

void EchoSite::Hold() {
  annotated::MutexLock lock(mutex_);
  is_released_ = false;
  num_waiting_ = 0;
}

void EchoSite::WaitForRelease() {
  annotated::MutexLock lock(mutex_);
  ++num_waiting_;
  changed_.notify_all();
  while (!is_released_) changed_.wait(lock.native());
}

void EchoSite::WaitForWaiting(int count) {
  annotated::MutexLock lock(mutex_);
  while (num_waiting_ < count) changed_.wait(lock.native());
}

std::vector<absl::Status> EchoSite::WaitForClosed(size_t count) {
  annotated::MutexLock lock(mutex_);
  while (closed_.size() < count) changed_.wait(lock.native());
  return closed_;
}

size_t EchoSite::num_opened() const {
  annotated::MutexLock lock(mutex_);
  return connections_.size();
}

std::shared_ptr<Connection> EchoSite::connection(size_t index) const {
  annotated::MutexLock lock(mutex_);
  return connections_[index];
}

void EchoSite::Closed(const absl::Status& status) {
  annotated::MutexLock lock(mutex_);
  closed_.push_back(status);
  changed_.notify_all();
}

}  // namespace parlance::pipeline::door
