#include "pipeline/door/load/misbehaving_clients.h"

#include <pthread.h>
#include <sys/time.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/socket/file_descriptor.h"
#include "pipeline/door/wire/websocket.h"

namespace parlance::pipeline::door {
namespace {

// No call to the system blocks for longer, so that a client can be ended.
constexpr auto kPatience = std::chrono::milliseconds(100);
constexpr auto kBetweenQuestions = std::chrono::milliseconds(100);
constexpr auto kBetweenBytes = std::chrono::seconds(1);
constexpr size_t kFloodBytes = size_t{64} << 10;
constexpr size_t kLargeEventBytes = size_t{15} << 20;
// What of an answer waits in the system of a client that does not read.
constexpr int kReceiveBufferBytes = 4096;

enum class Behaviour { kNeverReads, kSlowRequest, kSilent, kFlood, kLargeEvents };
constexpr size_t kNumBehaviours = 5;

std::string Framed(absl::string_view event) {
  std::string frame;
  AppendClientFrame(Opcode::kText, event, {0x5A, 0x17, 0xC3, 0x88}, frame);
  return frame;
}

std::string Question() {
  return Framed(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",)"
                R"("content":[{"type":"input_text","text":"what time is it"}]}})") +
         Framed(R"({"type":"response.create"})");
}

std::string Flood() {
  const std::string event = Framed(R"({"type":"input_audio_buffer.clear"})");
  std::string frames;
  while (frames.size() < kFloodBytes) frames += event;
  return frames;
}

std::string LargeEvent() {
  return Framed(absl::StrCat(R"({"type":"input_audio_buffer.append","audio":")",
                             std::string(kLargeEventBytes, 'A'), R"("})"));
}

}  // namespace

class MisbehavingClients::Client {
 public:
  Client(const MisbehavingOptions& options, size_t number)
      : options_(options),
        behaviour_(static_cast<Behaviour>(number % kNumBehaviours)),
        random_(number),
        thread_([this] { Run(); }) {}
  ~Client() {
    is_over_ = true;
    thread_.join();
  }

  void Add(MisbehavingCounts& counts) const {
    counts.num_connections += num_connections_;
    counts.num_ended_by_server += num_ended_by_server_;
    counts.num_bytes_sent += num_bytes_sent_;
  }
  absl::Duration cpu_time() {
    clockid_t clock = {};
    timespec time = {};
    if (pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) return {};
    clock_gettime(clock, &time);
    return absl::DurationFromTimespec(time);
  }

 private:
  void Run() {
    while (!is_over_) {
      if (Connect()) {
        ++num_connections_;
        Misbehave();
        if (!is_over_) ++num_ended_by_server_;
      }
      Sleep(kPatience);
    }
    socket_.Close();
  }

  bool Connect() {
    socket_ = FileDescriptor(socket(options_.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience = {.tv_sec = 0, .tv_usec = kPatience / std::chrono::microseconds(1)};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (behaviour_ == Behaviour::kNeverReads) {
      setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes,
                 sizeof(kReceiveBufferBytes));
    }
    return connect(socket_.get(), reinterpret_cast<const sockaddr*>(&options_.address),
                   options_.address_size) == 0;
  }

  // Returns when the connection is over, or all is.
  void Misbehave() {
    std::array<uint8_t, 16> nonce = {};
    for (uint8_t& byte : nonce) byte = static_cast<uint8_t>(random_());
    WebSocketClient client(options_.url, options_.headers, nonce);
    if (behaviour_ == Behaviour::kSlowRequest) return SendSlowly(client.request());
    if (!Send(client.request()) || !Open(client)) return;
    switch (behaviour_) {
      case Behaviour::kNeverReads: {
        const std::string question = Question();
        while (Send(question)) Sleep(kBetweenQuestions);
        break;
      }
      case Behaviour::kSilent:
        while (Drain()) Sleep(kPatience);
        break;
      case Behaviour::kFlood: {
        const std::string frames = Flood();
        while (Send(frames) && Drain()) continue;
        break;
      }
      case Behaviour::kLargeEvents: {
        const std::string event = LargeEvent();
        while (Send(event) && Drain()) continue;
        break;
      }
      case Behaviour::kSlowRequest:
        break;
    }
  }

  // Whether the server agrees to a WebSocket.
  bool Open(WebSocketClient& client) {
    class Nobody : public WebSocketListener {
     public:
      void OnText(absl::string_view /*message*/) override {}
      void OnBinary(absl::Span<const uint8_t> /*message*/) override {}
      void OnPing(absl::string_view /*payload*/) override {}
      void OnPong(absl::string_view /*payload*/) override {}
      void OnClose(uint16_t /*code*/, absl::string_view /*reason*/) override {}
    } nobody;
    std::array<uint8_t, 4096> room = {};
    while (!is_over_ && !client.is_open()) {
      const ssize_t received = recv(socket_.get(), room.data(), room.size(), 0);
      if (received < 0 && errno == EAGAIN) continue;
      if (received <= 0) return false;
      const auto bytes = absl::MakeSpan(room).first(static_cast<size_t>(received));
      if (!client.Feed(bytes, nobody).ok()) return false;
    }
    return !is_over_;
  }

  // Whether all of it could be sent. Whoever reads what comes, does so while the server does not.
  bool Send(absl::string_view bytes) {
    while (!bytes.empty()) {
      if (is_over_) return false;
      const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      const auto size = static_cast<size_t>(std::max<ssize_t>(sent, 0));
      num_bytes_sent_ += static_cast<int64_t>(size);
      bytes.remove_prefix(size);
      if (behaviour_ != Behaviour::kNeverReads && !bytes.empty() && !Drain()) return false;
    }
    return true;
  }

  void SendSlowly(absl::string_view bytes) {
    for (; !bytes.empty() && Send(bytes.substr(0, 1)); bytes.remove_prefix(1)) {
      Sleep(kBetweenBytes);
    }
    while (Drain()) Sleep(kPatience);
  }

  // Takes what has come, and forgets it; whether the connection goes on.
  bool Drain() {
    std::array<uint8_t, 16384> room;
    for (;;) {
      const ssize_t received = recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
      if (received < 0) return errno == EAGAIN && !is_over_;
      if (received == 0) return false;
    }
  }

  void Sleep(std::chrono::milliseconds time) const {
    for (; time.count() > 0 && !is_over_; time -= kPatience) {
      std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(time, kPatience));
    }
  }

  const MisbehavingOptions& options_;
  const Behaviour behaviour_;
  std::mt19937_64 random_;
  FileDescriptor socket_;
  std::atomic<bool> is_over_ = false;
  std::atomic<int64_t> num_connections_ = 0;
  std::atomic<int64_t> num_ended_by_server_ = 0;
  std::atomic<int64_t> num_bytes_sent_ = 0;
  // The last, as it begins at once.
  std::thread thread_;
};

MisbehavingClients::MisbehavingClients(const MisbehavingOptions& options) : options_(options) {
  for (size_t i = 0; i < options_.num_clients; ++i) {
    clients_.push_back(std::make_unique<Client>(options_, i));
  }
}

MisbehavingClients::~MisbehavingClients() = default;

MisbehavingCounts MisbehavingClients::counts() const {
  MisbehavingCounts counts;
  for (const auto& client : clients_) client->Add(counts);
  return counts;
}

absl::Duration MisbehavingClients::cpu_time() const {
  absl::Duration sum;
  for (const auto& client : clients_) sum += client->cpu_time();
  return sum;
}

}  // namespace parlance::pipeline::door
