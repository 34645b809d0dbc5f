#include "pipeline/http/http_loop.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "third_party/annotated_mutex.h"
#include "third_party/content_coding.h"
#include "third_party/http_url.h"

namespace parlance::pipeline {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Clock::time_point kNever = Clock::time_point::max();

Clock::time_point After(Clock::time_point now, absl::Duration time) {
  // What is farther away than a century is never.
  constexpr absl::Duration kMaxTime = absl::Hours(24 * 365 * 100);
  if (time >= kMaxTime) return kNever;
  return now + std::chrono::nanoseconds(absl::ToInt64Nanoseconds(time));
}

bool HasAny(absl::string_view text, absl::string_view characters) {
  return text.find_first_of(characters) != absl::string_view::npos;
}

// What may be told of a URL; an error if it cannot be used.
absl::StatusOr<std::string> OriginOf(const std::string& url) {
  absl::StatusOr<http_url::Url> read = http_url::Read(url);
  if (!read.ok()) return read.status();
  if (read->has_credentials) {
    return absl::InvalidArgumentError(
        "the URL has a name or a password in it; send it in a header instead");
  }
  return std::move(read->origin);
}

long Milliseconds(absl::Duration time) {
  return static_cast<long>(std::clamp<int64_t>(absl::ToInt64Milliseconds(time), 1, INT_MAX));
}

absl::StatusCode CodeOf(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return absl::StatusCode::kDeadlineExceeded;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return absl::StatusCode::kFailedPrecondition;
    case CURLE_OUT_OF_MEMORY:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

class HttpLoop::Impl {
 public:
  Impl(const Options& options, CURLM* multi, int epoll_fd, int wake_fd)
      : options_(options), multi_(multi), epoll_fd_(epoll_fd), wake_fd_(wake_fd) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Impl::OnSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Impl::OnTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options.max_idle_connections));
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = wake_fd_;
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
    thread_ = std::thread([this] { Run(); });
  }

  ~Impl() {
    {
      annotated::MutexLock lock(mutex_);
      stopping_ = true;
    }
    Wake();
    thread_.join();
    curl_multi_cleanup(multi_);
    close(wake_fd_);
    close(epoll_fd_);
  }

  absl::StatusOr<uint64_t> Start(HttpRequest request, std::shared_ptr<HttpListener> listener) {
    if (absl::Status usable = Check(request); !usable.ok()) return usable;
    auto transfer = std::make_unique<Transfer>();
    absl::StatusOr<std::string> origin = OriginOf(request.url);
    if (!origin.ok()) return origin.status();
    transfer->origin = *std::move(origin);
    transfer->loop = this;
    transfer->request = std::move(request);
    transfer->listener = std::move(listener);
    if (absl::Status prepared = Prepare(*transfer); !prepared.ok()) return prepared;
    annotated::MutexLock lock(mutex_);
    if (stopping_) return absl::CancelledError("the program ends");
    if (num_transfers_ >= options_.max_transfers) {
      return absl::ResourceExhaustedError(
          absl::StrCat("there are ", num_transfers_, " requests already; try again later"));
    }
    ++num_transfers_;
    const uint64_t id = ++last_id_;
    transfer->id = id;
    started_.push_back(std::move(transfer));
    lock.unlock();
    Wake();
    return id;
  }

  void Cancel(uint64_t id) {
    {
      annotated::MutexLock lock(mutex_);
      cancelled_.push_back(id);
    }
    Wake();
  }

  size_t num_transfers() const {
    annotated::MutexLock lock(mutex_);
    return num_transfers_;
  }

 private:
  using Deadline = std::pair<Clock::time_point, uint64_t>;

  // One request, from Start to OnDone.
  struct Transfer {
    ~Transfer() {
      curl_easy_cleanup(easy);
      curl_slist_free_all(headers);
    }

    Impl* loop = nullptr;
    uint64_t id = 0;
    HttpRequest request = {};
    std::string origin = {};
    std::shared_ptr<HttpListener> listener = {};
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
    std::array<char, CURL_ERROR_SIZE> error = {};
    // Whether it is with libcurl, and not waiting for its delay.
    bool is_running = false;
    bool has_head = false;
    bool has_body = false;
    // What is wrong with how the body is coded; it is not read then.
    std::optional<std::string> wrong_coding = {};
    size_t num_body_bytes = 0;
    // When it is over unless something comes.
    Clock::time_point deadline = kNever;
    // Why it was ended from here.
    absl::Status ended = absl::OkStatus();
  };

  static absl::Status Prepare(Transfer& transfer) {
    transfer.easy = curl_easy_init();
    if (transfer.easy == nullptr) return absl::ResourceExhaustedError("curl_easy_init fails");
    CURL* const easy = transfer.easy;
    const auto add = [&](const std::string& header) {
      transfer.headers = curl_slist_append(transfer.headers, header.c_str());
    };
    for (const auto& [name, value] : transfer.request.headers) {
      // A header without a value is written so; with a colon it would be taken out.
      add(value.empty() ? absl::StrCat(name, ";") : absl::StrCat(name, ": ", value));
    }
    add("Accept-Encoding: identity");
    // The server is not asked first whether the body is welcome.
    add("Expect:");
    curl_easy_setopt(easy, CURLOPT_URL, transfer.request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "parlance");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
    if (transfer.request.body.has_value()) {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer.request.body->data());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(transfer.request.body->size()));
    }
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     Milliseconds(transfer.request.connect_timeout));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, Milliseconds(transfer.request.total_timeout));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Impl::OnData);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    return absl::OkStatus();
  }

  void Wake() {
    const uint64_t one = 1;
    // What cannot be written is a counter that is full, which wakes as well.
    if (write(wake_fd_, &one, sizeof(one)) < 0) return;
  }

  void Run() {
    std::array<epoll_event, 256> events = {};
    while (TakeOrders()) {
      const int count = epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()),
                                   MillisecondsToWait());
      int num_running = 0;
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        if (event.data.fd == wake_fd_) {
          uint64_t number = 0;
          if (read(wake_fd_, &number, sizeof(number)) < 0) continue;
          continue;
        }
        int mask = 0;
        if ((event.events & (EPOLLIN | EPOLLHUP)) != 0) mask |= CURL_CSELECT_IN;
        if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
        if ((event.events & EPOLLERR) != 0) mask |= CURL_CSELECT_ERR;
        curl_multi_socket_action(multi_, event.data.fd, mask, &num_running);
      }
      if (timer_ <= Clock::now()) {
        timer_ = kNever;
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &num_running);
      }
      EndThoseThatAreDone();
      CheckDeadlines();
    }
    while (!transfers_.empty()) {
      End(transfers_.begin()->first, absl::CancelledError("the program ends"));
    }
  }

  // False if there are to be no more.
  bool TakeOrders() {
    annotated::MutexLock lock(mutex_);
    std::vector<std::unique_ptr<Transfer>> started = std::exchange(started_, {});
    const std::vector<uint64_t> cancelled = std::exchange(cancelled_, {});
    const bool stopping = stopping_;
    lock.unlock();
    for (std::unique_ptr<Transfer>& transfer : started) {
      const uint64_t id = transfer->id;
      Transfer& added = *transfers_.emplace(id, std::move(transfer)).first->second;
      if (stopping) continue;
      if (added.request.delay > absl::ZeroDuration()) {
        SetDeadline(added, added.request.delay);
      } else {
        Begin(added);
      }
    }
    for (const uint64_t id : cancelled) End(id, absl::CancelledError("it was cancelled"));
    return !stopping;
  }

  void SetDeadline(Transfer& transfer, absl::Duration time) {
    transfer.deadline = After(Clock::now(), time);
    deadlines_.emplace(transfer.deadline, transfer.id);
  }

  void Begin(Transfer& transfer) {
    transfer.is_running = true;
    SetDeadline(transfer, transfer.request.first_byte_timeout);
    if (curl_multi_add_handle(multi_, transfer.easy) != CURLM_OK) {
      transfer.is_running = false;
      End(transfer.id, absl::ResourceExhaustedError("curl_multi_add_handle fails"));
    }
  }

  int MillisecondsToWait() {
    Clock::time_point next = timer_;
    if (!deadlines_.empty()) next = std::min(next, deadlines_.top().first);
    if (next == kNever) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
  }

  // A transfer to which something came since has a later deadline than the one that is queued.
  void CheckDeadlines() {
    const Clock::time_point now = Clock::now();
    while (!deadlines_.empty() && deadlines_.top().first <= now) {
      const uint64_t id = deadlines_.top().second;
      deadlines_.pop();
      const auto found = transfers_.find(id);
      if (found == transfers_.end()) continue;
      Transfer& transfer = *found->second;
      if (transfer.deadline > now) {
        deadlines_.emplace(transfer.deadline, id);
      } else if (!transfer.is_running) {
        Begin(transfer);
      } else {
        const HttpRequest& request = transfer.request;
        End(id, absl::DeadlineExceededError(
                    transfer.has_body
                        ? absl::StrCat(transfer.origin, ": nothing came for ",
                                       absl::FormatDuration(request.stall_timeout))
                        : absl::StrCat(transfer.origin, ": there was no answer for ",
                                       absl::FormatDuration(request.first_byte_timeout))));
      }
    }
  }

  void EndThoseThatAreDone() {
    int num_left = 0;
    while (CURLMsg* const message = curl_multi_info_read(multi_, &num_left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      absl::Status status = transfer->ended;
      if (code != CURLE_OK && status.ok()) {
        const char* const why =
            transfer->error[0] != '\0' ? transfer->error.data() : curl_easy_strerror(code);
        status = absl::Status(CodeOf(code), absl::StrCat(transfer->origin, ": ", why));
      }
      if (status.ok()) GiveHead(*transfer);
      End(transfer->id, status);
    }
  }

  void End(uint64_t id, const absl::Status& status) {
    const auto found = transfers_.find(id);
    if (found == transfers_.end()) return;
    const std::unique_ptr<Transfer> transfer = std::move(found->second);
    transfers_.erase(found);
    if (transfer->is_running) curl_multi_remove_handle(multi_, transfer->easy);
    {
      annotated::MutexLock lock(mutex_);
      --num_transfers_;
    }
    transfer->listener->OnDone(status);
  }

  static int StatusOf(const Transfer& transfer) {
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }

  static void GiveHead(Transfer& transfer) {
    if (std::exchange(transfer.has_head, true)) return;
    HttpHead head;
    head.status = StatusOf(transfer);
    const char* content_type = nullptr;
    curl_easy_getinfo(transfer.easy, CURLINFO_CONTENT_TYPE, &content_type);
    if (content_type != nullptr) head.content_type = content_type;
    // Seconds, which may have been a date; 0 if the header is not there or makes no sense.
    curl_off_t seconds = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0) head.retry_after = absl::Seconds(seconds);
    transfer.listener->OnHead(head);
  }

  // libcurl's callbacks.

  static size_t OnData(char* data, size_t, size_t size, void* context) {
    Transfer& transfer = *static_cast<Transfer*>(context);
    if (!transfer.has_head) transfer.wrong_coding = content_coding::WhatIsWrong(transfer.easy);
    const int status = StatusOf(transfer);
    if (transfer.wrong_coding.has_value() && status >= 200 && status <= 299) {
      transfer.ended = absl::FailedPreconditionError(
          absl::StrCat(transfer.origin, ": ", *transfer.wrong_coding));
      return CURL_WRITEFUNC_ERROR;
    }
    GiveHead(transfer);
    transfer.deadline = After(Clock::now(), transfer.request.stall_timeout);
    if (!std::exchange(transfer.has_body, true)) {
      // It may be before the one that is queued; those that follow are after it.
      transfer.loop->deadlines_.emplace(transfer.deadline, transfer.id);
    }
    transfer.num_body_bytes += size;
    if (transfer.num_body_bytes > transfer.request.max_body_bytes) {
      transfer.ended =
          absl::ResourceExhaustedError(absl::StrCat(transfer.origin, ": the answer is longer than ",
                                                    transfer.request.max_body_bytes, " bytes"));
      return CURL_WRITEFUNC_ERROR;
    }
    // The status of an error says enough.
    if (transfer.wrong_coding.has_value()) return size;
    if (transfer.listener->OnBody({data, size})) return size;
    transfer.ended = absl::CancelledError("nothing more of it was wanted");
    return CURL_WRITEFUNC_ERROR;
  }

  static int OnSocket(CURL*, curl_socket_t fd, int what, void* context, void* known) {
    Impl& loop = *static_cast<Impl*>(context);
    if (what == CURL_POLL_REMOVE) {
      // The socket may be closed already, which has taken it out.
      epoll_ctl(loop.epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
      return 0;
    }
    epoll_event event = {};
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    event.data.fd = fd;
    if (known != nullptr || epoll_ctl(loop.epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
      epoll_ctl(loop.epoll_fd_, EPOLL_CTL_MOD, fd, &event);
    }
    curl_multi_assign(loop.multi_, fd, &loop);
    return 0;
  }

  static int OnTimer(CURLM*, long milliseconds, void* context) {
    Impl& loop = *static_cast<Impl*>(context);
    loop.timer_ =
        milliseconds < 0 ? kNever : Clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }

  const Options options_;
  CURLM* const multi_;
  const int epoll_fd_;
  const int wake_fd_;

  mutable annotated::Mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> started_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint64_t> cancelled_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t num_transfers_ ABSL_GUARDED_BY(mutex_) = 0;

  // The thread's own.
  std::map<uint64_t, std::unique_ptr<Transfer>> transfers_;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  // When libcurl wants to be called.
  Clock::time_point timer_ = kNever;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<HttpLoop>> HttpLoop::Create(const Options& options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) return absl::InternalError(curl_easy_strerror(global));
  CURLM* const multi = curl_multi_init();
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (multi == nullptr || epoll_fd < 0 || wake_fd < 0) {
    if (multi != nullptr) curl_multi_cleanup(multi);
    if (epoll_fd >= 0) close(epoll_fd);
    if (wake_fd >= 0) close(wake_fd);
    return absl::ResourceExhaustedError(
        "there are no more files to be opened, as requests need; raise the limit (ulimit -n)");
  }
  return std::unique_ptr<HttpLoop>(
      new HttpLoop(std::make_unique<Impl>(options, multi, epoll_fd, wake_fd)));
}

HttpLoop::HttpLoop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpLoop::~HttpLoop() = default;

absl::Status HttpLoop::Check(const HttpRequest& request) {
  if (absl::StatusOr<std::string> origin = OriginOf(request.url); !origin.ok()) {
    return origin.status();
  }
  for (const auto& [name, value] : request.headers) {
    // They would make other headers of it.
    if (name.empty() || HasAny(name, absl::string_view(":; \t\r\n\0", 7)) ||
        HasAny(value, absl::string_view("\r\n\0", 3))) {
      return absl::InvalidArgumentError(
          "a header has a line break in it, or another character that headers cannot have");
    }
  }
  for (const absl::Duration time : {request.connect_timeout, request.first_byte_timeout,
                                    request.stall_timeout, request.total_timeout}) {
    if (time <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError("the times of a request have to be positive");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> HttpLoop::Start(HttpRequest request,
                                         std::shared_ptr<HttpListener> listener) {
  return impl_->Start(std::move(request), std::move(listener));
}
void HttpLoop::Cancel(uint64_t transfer) { impl_->Cancel(transfer); }
size_t HttpLoop::num_transfers() const { return impl_->num_transfers(); }

}  // namespace parlance::pipeline
