#include "pipeline/door/net/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/door/net/connection_limits.h"
#include "pipeline/door/net/server_connection.h"
#include "pipeline/door/socket/event_loop.h"
#include "pipeline/door/socket/file_descriptor.h"
#include "pipeline/door/socket/socket_address.h"
#include "pipeline/door/socket/tls.h"
#include "pipeline/door/wire/http_response.h"

namespace parlance::pipeline::door {
namespace {

constexpr int kMaxThreads = 256;
// After so many, others have their turn.
constexpr int kAcceptedAtOnce = 64;
// How long nobody is accepted once there are no more descriptors.
constexpr absl::Duration kPauseWithoutDescriptors = absl::Milliseconds(100);

absl::Status CheckOptions(const ServerOptions& options) {
  const auto refuse = [](auto... message) {
    return absl::InvalidArgumentError(absl::StrCat(message...));
  };
  if (options.listeners.empty()) return refuse("a server needs an address to listen at");
  if (options.num_threads < 1 || options.num_threads > kMaxThreads ||
      options.num_opening_workers < 1 || options.num_opening_workers > kMaxThreads ||
      options.num_large_message_workers < 1 || options.num_large_message_workers > kMaxThreads) {
    return refuse("a server has 1 to ", kMaxThreads,
                  " threads, and as many that open connections and take large messages");
  }
  if (options.messages.per_second <= 0 || options.messages.burst < 1) {
    return refuse("a peer must be allowed at least one message");
  }
  if (options.bytes.per_second < 1 || options.bytes.burst < 1) {
    return refuse("a peer must be allowed at least one byte a second");
  }
  for (const absl::Duration time :
       {options.request_timeout, options.keep_alive_timeout, options.opening_timeout,
        options.ping_interval, options.idle_timeout, options.stream_idle_timeout,
        options.close_timeout}) {
    if (time <= absl::ZeroDuration()) return refuse("a server's times are more than 0");
  }
  for (const ListenerOptions& listener : options.listeners) {
    if (listener.certificate_file.empty() != listener.key_file.empty()) {
      return refuse("TLS needs both a certificate and a key");
    }
  }
  return absl::OkStatus();
}

// Where peers come in, of one listener and one loop.
class Acceptor : public EventLoop::Source {
 public:
  // Decides which loop takes a connection.
  using Take = std::function<void(FileDescriptor fd, const Peer& peer)>;

  Acceptor(ServerContext* context, EventLoop* loop, FileDescriptor fd, Peer kind, Take take)
      : context_(context), loop_(loop), fd_(std::move(fd)), kind_(kind), take_(std::move(take)) {}

  // All of these on the loop's thread.
  void Start(std::shared_ptr<Acceptor> self) {
    id_ = loop_->Add(fd_.get(), EPOLLIN, std::move(self));
  }
  void OnEvents(uint32_t) override {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      sockaddr_storage address = {};
      socklen_t size = sizeof(address);
      FileDescriptor fd(accept4(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd.is_open()) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          // The socket would be readable in every round until somebody closes something.
          loop_->SetEvents(id_, fd_.get(), 0);
          loop_->SetDeadline(id_, loop_->now() + kPauseWithoutDescriptors);
          return;
        }
        // That peer is gone again.
        continue;
      }
      Admit(std::move(fd), FromSystem(address));
    }
  }
  void OnDeadline() override { loop_->SetEvents(id_, fd_.get(), EPOLLIN); }
  void OnDrain() override { Stop(); }
  void OnLoopEnd() override { Stop(); }

 private:
  void Stop() {
    if (!fd_.is_open()) return;
    if (id_ != 0) loop_->Remove(id_, fd_.get());
    fd_.Close();
  }

  void Admit(FileDescriptor fd, const SocketAddress& address) {
    ServerCounters& counters = context_->counters;
    counters.num_accepted.fetch_add(1, std::memory_order_relaxed);
    switch (context_->limits.Admit(address.Peer())) {
      case ConnectionLimits::Verdict::kFull:
        counters.num_refused_full.fetch_add(1, std::memory_order_relaxed);
        return Refuse(fd.get(), 503, "there are too many connections; try again later\n");
      case ConnectionLimits::Verdict::kPeerHasTooMany:
        counters.num_refused_peer.fetch_add(1, std::memory_order_relaxed);
        return Refuse(fd.get(), 429, "there are too many connections from your address\n");
      case ConnectionLimits::Verdict::kAdmitted:
        break;
    }
    const int on = 1;
    // A message is sent when it is, and a host that is gone is noticed. Neither is worth refusing
    // somebody for.
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    Peer peer = kind_;
    peer.address = address;
    take_(std::move(fd), peer);
  }

  // Says why, if the socket takes it at once.
  void Refuse(int fd, int status, absl::string_view why) {
    if (context_->options.listeners[kind_.listener].is_stream || kind_.is_encrypted) return;
    const std::string bytes =
        Encode({.status = status, .headers = {{"Retry-After", "5"}}, .body = std::string(why)}, {});
    send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
  }

  ServerContext* const context_;
  EventLoop* const loop_;
  FileDescriptor fd_;
  const Peer kind_;
  const Take take_;
  EventLoop::Id id_ = 0;
};

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Site* site) : context_(std::move(options), site) {}

  absl::Status Start() {
    const ServerOptions& options = context_.options;
    for (int i = 0; i < options.num_threads; ++i) {
      absl::StatusOr<std::unique_ptr<EventLoop>> loop =
          EventLoop::Create(options.now == nullptr ? SteadyNow : options.now);
      if (!loop.ok()) return loop.status();
      loops_.push_back(*std::move(loop));
    }
    for (size_t i = 0; i < options.listeners.size(); ++i) {
      if (absl::Status status = StartListener(i); !status.ok()) return status;
    }
    for (const auto& [loop, acceptor] : acceptors_) {
      loop->Post([acceptor = acceptor] { acceptor->Start(acceptor); });
    }
    return absl::OkStatus();
  }

  ~Impl() {
    context_.is_draining = true;
    context_.pool.Stop();
    context_.large_messages.Stop();
    // The first loop may have peers for those after it.
    for (const auto& loop : loops_) loop->Stop();
  }

  const std::vector<std::string>& worries() const { return worries_; }
  uint16_t port(size_t listener) const { return ports_[listener]; }

  absl::Status Drain(absl::Duration limit) {
    context_.is_draining = true;
    for (const auto& loop : loops_) loop->Drain();
    const size_t num_left = context_.limits.WaitUntilNone(limit);
    if (num_left == 0) return absl::OkStatus();
    return absl::DeadlineExceededError(
        absl::StrCat(num_left, " connections were not closed in time"));
  }

  void CheckClock() {
    for (const auto& loop : loops_) loop->Post([] {});
  }

  ServerStats stats() const {
    const ServerCounters& counters = context_.counters;
    ServerStats stats;
    stats.num_open = static_cast<int64_t>(context_.limits.num_connections());
    stats.num_accepted = counters.num_accepted;
    stats.num_requests = counters.num_requests;
    stats.num_websockets = counters.num_websockets;
    stats.num_streams = counters.num_streams;
    stats.num_refused_full = counters.num_refused_full;
    stats.num_refused_peer = counters.num_refused_peer;
    stats.num_refused_busy = counters.num_refused_busy;
    stats.num_refused_request = counters.num_refused_request;
    stats.num_refused_site = counters.num_refused_site;
    stats.num_timed_out = counters.num_timed_out;
    stats.num_slow_readers = counters.num_slow_readers;
    stats.num_flooding = counters.num_flooding;
    stats.num_protocol_errors = counters.num_protocol_errors;
    stats.num_broken_off = counters.num_broken_off;
    stats.num_bytes_in = counters.num_bytes_in;
    stats.num_bytes_out = counters.num_bytes_out;
    stats.num_messages_in = counters.num_messages_in;
    stats.num_messages_out = counters.num_messages_out;
    return stats;
  }

 private:
  absl::Status StartListener(size_t index) {
    const ListenerOptions& listener = context_.options.listeners[index];
    std::unique_ptr<TlsContext> tls;
    if (!listener.certificate_file.empty()) {
      absl::StatusOr<std::unique_ptr<TlsContext>> created =
          TlsContext::Create(listener.certificate_file, listener.key_file);
      if (!created.ok()) return created.status();
      tls = *std::move(created);
      if (!tls->worry().empty()) worries_.push_back(tls->worry());
    }
    tls_.push_back(std::move(tls));
    const Peer kind = {.is_encrypted = tls_.back() != nullptr, .listener = index};
    uint16_t port = listener.port;
    const size_t num_acceptors = context_.options.share_port ? loops_.size() : 1;
    for (size_t i = 0; i < num_acceptors; ++i) {
      absl::StatusOr<FileDescriptor> fd =
          Listen(listener.address, port, context_.options.share_port);
      if (!fd.ok()) return fd.status();
      // A port that was free is that of the others, too.
      port = LocalAddress(fd->get()).port;
      EventLoop* const own = loops_[i].get();
      acceptors_.emplace_back(
          own, std::make_shared<Acceptor>(
                   &context_, own, *std::move(fd), kind,
                   [this, own, tls = tls_.back().get()](FileDescriptor accepted, const Peer& peer) {
                     EventLoop* loop = own;
                     if (!context_.options.share_port) {
                       loop = loops_[next_loop_++ % loops_.size()].get();
                     }
                     Take(loop, std::move(accepted), peer, tls);
                   }));
    }
    ports_.push_back(port);
    return absl::OkStatus();
  }

  void Take(EventLoop* loop, FileDescriptor fd, const Peer& peer, const TlsContext* tls) {
    auto connection = std::make_shared<ServerConnection>(&context_, loop, std::move(fd), peer, tls);
    loop->Post([connection = std::move(connection)] { connection->Start(); });
  }

  ServerContext context_;
  std::vector<std::unique_ptr<TlsContext>> tls_;
  std::vector<std::string> worries_;
  std::vector<uint16_t> ports_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::pair<EventLoop*, std::shared_ptr<Acceptor>>> acceptors_;
  // The first loop's thread alone.
  size_t next_loop_ = 0;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options, Site* site) {
  if (const absl::Status status = CheckOptions(options); !status.ok()) return status;
  auto impl = std::make_unique<Impl>(std::move(options), site);
  if (const absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
const std::vector<std::string>& Server::worries() const { return impl_->worries(); }
uint16_t Server::port(size_t listener) const { return impl_->port(listener); }
absl::Status Server::Drain(absl::Duration limit) { return impl_->Drain(limit); }
void Server::CheckClock() { impl_->CheckClock(); }
ServerStats Server::stats() const { return impl_->stats(); }

}  // namespace parlance::pipeline::door
