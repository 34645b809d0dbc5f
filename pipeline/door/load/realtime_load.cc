#include "pipeline/door/load/realtime_load.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "audio/signal/g711.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/socket/file_descriptor.h"
#include "pipeline/door/wire/base64.h"
#include "pipeline/door/wire/websocket.h"
#include "pipeline/json/bounded_json.h"
#include "pipeline/runtime/load/load_table.h"
#include "pipeline/runtime/load/machine_use.h"
#include "pipeline/runtime/load/rounds.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(20);
// The callers look for what is due so often.
constexpr absl::Duration kTick = absl::Milliseconds(1);
constexpr size_t kTicksPerFrame = 20;
constexpr size_t kTicksPerProbe = 1000;
constexpr absl::Duration kProgressInterval = absl::Seconds(1);
// The pause that ends a turn, as the server is asked for it.
constexpr absl::Duration kPause = absl::Milliseconds(500);
// Beyond these a load is not borne.
constexpr absl::Duration kMaxDoorToDoor = absl::Milliseconds(20);
constexpr absl::Duration kMaxAnswerAfterPause = absl::Milliseconds(500);
// How many callers of a thread wait for a server's agreement at a time.
constexpr size_t kMaxConnecting = 100;
// How long is waited for connections beyond the ramp, and for replies and closing at the end.
constexpr absl::Duration kConnectLimit = absl::Minutes(1);
constexpr absl::Duration kEndLimit = absl::Seconds(3);
// How long all are silent before it is looked how much memory that takes.
constexpr absl::Duration kSilence = absl::Seconds(1);
// What waits for a server that does not read.
constexpr size_t kMaxWaitingBytes = size_t{1} << 20;
constexpr size_t kMaxMessageBytes = size_t{1} << 20;
constexpr JsonBounds kEventBounds = {.max_bytes = kMaxMessageBytes, .max_depth = 32};
constexpr absl::string_view kProbe = "probe-";

enum class Phase { kConnect, kSilent, kSpeak, kMeasure, kReplies, kHangUp };

// A round as it goes over the wire: frames of a WebSocket, masked.
struct WireRound {
  std::vector<std::string> frames;
  // Which of them has the last sound of what is said.
  std::optional<size_t> last_speech;
};

// What callers have seen in the measured time.
struct Measured {
  int64_t num_turns = 0;
  int64_t num_unanswered_turns = 0;
  int64_t num_frames_sent = 0;
  int64_t num_messages_received = 0;
  DurationHistogram answer = {};
  DurationHistogram door_to_door = {};
  int64_t num_probes = 0;
  DurationHistogram timer_lateness = {};
};

// What the callers of one thread have seen, from the beginning on but for what is measured.
struct Tally {
  size_t num_connected = 0;
  size_t num_lost = 0;
  absl::Status refusal;
  absl::Status loss;
  DurationHistogram connecting = {};
  absl::Duration first_start = absl::InfiniteDuration();
  absl::Duration last_created = -absl::InfiniteDuration();
  int64_t num_errors = 0;
  std::string last_error = {};
  Measured measured = {};
};

// What all callers know.
struct Plan {
  const RealtimeLoadOptions* options = nullptr;
  std::vector<WireRound> rounds = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string session_update = {};
  sockaddr_storage address = {};
  socklen_t address_size = 0;
  std::atomic<Phase> phase = Phase::kConnect;
};

std::string FormatJson(RealtimeFormat format) {
  switch (format) {
    case RealtimeFormat::kPcm:
      return R"({"type":"audio/pcm","rate":24000})";
    case RealtimeFormat::kMuLaw:
      return R"({"type":"audio/pcmu"})";
    case RealtimeFormat::kALaw:
      return R"({"type":"audio/pcma"})";
  }
  return "";
}

std::string SessionUpdate(RealtimeFormat format) {
  return absl::StrCat(
      R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":)",
      FormatJson(format), R"(,"turn_detection":{"type":"server_vad","silence_duration_ms":)",
      absl::ToInt64Milliseconds(kPause), R"(}},"output":{"format":)", FormatJson(format), "}}}}");
}

std::array<uint8_t, 4> RandomMask(std::mt19937_64& random) {
  const uint64_t bits = random();
  return {static_cast<uint8_t>(bits), static_cast<uint8_t>(bits >> 8),
          static_cast<uint8_t>(bits >> 16), static_cast<uint8_t>(bits >> 24)};
}

// The bytes of PCM16 or G.711.
std::vector<uint8_t> Encoded(absl::Span<const int16_t> samples, RealtimeFormat format) {
  std::vector<uint8_t> bytes(samples.size() * (format == RealtimeFormat::kPcm ? 2 : 1));
  switch (format) {
    case RealtimeFormat::kPcm:
      for (size_t i = 0; i < samples.size(); ++i) {
        bytes[2 * i] = static_cast<uint8_t>(samples[i]);
        bytes[2 * i + 1] = static_cast<uint8_t>(samples[i] >> 8);
      }
      break;
    case RealtimeFormat::kMuLaw:
      audio::EncodeMuLaw(samples, absl::MakeSpan(bytes));
      break;
    case RealtimeFormat::kALaw:
      audio::EncodeALaw(samples, absl::MakeSpan(bytes));
      break;
  }
  return bytes;
}

std::vector<WireRound> WireRounds(const RealtimeLoadOptions& options) {
  std::mt19937_64 random(options.seed);
  const int rate = SampleRateOf(options.format);
  const auto frame_samples = static_cast<size_t>(rate / 50);
  std::vector<WireRound> rounds;
  for (const Round& round :
       MakeRounds(options.utterances, options.speech_part, rate, options.seed)) {
    WireRound& wire = rounds.emplace_back();
    for (size_t i = 0; i < round.samples.size(); i += frame_samples) {
      std::string event = R"({"type":"input_audio_buffer.append","audio":")";
      AppendBase64(
          Encoded(absl::MakeConstSpan(round.samples).subspan(i, frame_samples), options.format),
          event);
      event += "\"}";
      AppendClientFrame(Opcode::kText, event, RandomMask(random), wire.frames.emplace_back());
    }
    if (round.speech_end > 0) wire.last_speech = (round.speech_end - 1) / frame_samples;
  }
  return rounds;
}

// The type of an event. Servers write it first; wherever it is, it is found.
std::string TypeOf(absl::string_view event) {
  if (absl::ConsumePrefix(&event, R"({"type":")")) {
    return std::string(event.substr(0, event.find('"')));
  }
  rapidjson::Document document;
  if (!ParseJsonObject(event, kEventBounds, document).ok()) return "";
  return std::string(TextOf(Member(&document, "type")).value_or(""));
}

std::string Errno(absl::string_view what) { return absl::StrCat(what, ": ", std::strerror(errno)); }

// One client. All calls are on its thread.
class Caller : public WebSocketListener {
 public:
  Caller(const Plan* plan, size_t number, Tally* tally)
      : plan_(*plan), tally_(*tally), random_(plan->options->seed * 7919 + number) {
    round_ = random_() % plan_.rounds.size();
    // It begins up to `spread` before its round ends, so that callers do not all speak at once.
    const size_t num_frames = plan_.rounds[round_].frames.size();
    const auto spread = static_cast<size_t>(plan_.options->spread / kFrame);
    frame_ = num_frames - random_() % std::clamp<size_t>(spread, 1, num_frames);
  }

  void Connect(int epoll) {
    epoll_ = epoll;
    started_ = SteadyNow();
    tally_.first_start = std::min(tally_.first_start, started_);
    state_ = State::kConnecting;
    socket_ = FileDescriptor(
        socket(plan_.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.is_open()) return Fail(absl::UnavailableError(Errno("socket")));
    // As clients of this protocol do: otherwise what is sent waits for what was sent before to be
    // acknowledged, for up to 40 ms.
    const int on = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&plan_.address),
                plan_.address_size) != 0 &&
        errno != EINPROGRESS) {
      return Fail(absl::UnavailableError(Errno("connect")));
    }
    std::array<uint8_t, 16> nonce = {};
    for (uint8_t& byte : nonce) byte = static_cast<uint8_t>(random_());
    client_ = std::make_unique<WebSocketClient>(plan_.options->url, plan_.headers, nonce,
                                                kMaxMessageBytes);
    waiting_ = client_->request();
    is_watching_writes_ = true;
    epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data = {.ptr = this}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_.get(), &event);
  }

  void OnEvents(uint32_t events, absl::Span<uint8_t> room) {
    if ((events & EPOLLOUT) != 0) Flush();
    if (socket_.is_open() && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Read(room);
  }

  // The next 20 ms.
  void Speak(absl::Duration due) {
    const WireRound& round = plan_.rounds[round_];
    if (round.last_speech == frame_) {
      if (asked_.has_value()) {
        ++tally_.measured.num_turns;
        ++tally_.measured.num_unanswered_turns;
      }
      asked_ = due;
      is_answered_ = false;
    }
    ++tally_.measured.num_frames_sent;
    Write(round.frames[frame_]);
    if (++frame_ < round.frames.size()) return;
    frame_ = 0;
    round_ = (round_ + 1) % plan_.rounds.size();
  }
  // Asks for what is not there, which is answered at once.
  void Probe(absl::Duration due) {
    ++tally_.measured.num_probes;
    probes_.push_back(due);
    Say(absl::StrCat(R"({"type":"conversation.item.retrieve","item_id":"nobody","event_id":")",
                     kProbe, num_probes_++, "\"}"));
  }
  // What was asked before is of no interest from now on.
  void Forget() {
    asked_.reset();
    num_stale_probes_ = probes_.size();
  }
  void HangUp() {
    if (!is_open()) return;
    is_hanging_up_ = true;
    std::string frame;
    AppendClientFrame(Opcode::kClose, "\x03\xE8", RandomMask(random_), frame);
    Write(frame);
  }

  bool is_waiting() const { return state_ == State::kNone; }
  bool is_connecting() const { return state_ == State::kConnecting; }
  bool is_ready() const { return state_ == State::kReady; }
  bool is_open() const { return socket_.is_open(); }
  bool has_probes() const { return is_open() && !probes_.empty(); }

  // WebSocketListener:
  void OnText(absl::string_view message) override {
    ++tally_.measured.num_messages_received;
    const std::string type = TypeOf(message);
    if (type == "response.output_audio.delta") {
      if (!asked_.has_value() || !is_answered_) return;
      tally_.measured.answer.Add(SteadyNow() - *asked_);
      ++tally_.measured.num_turns;
      asked_.reset();
    } else if (type == "response.created") {
      is_answered_ = asked_.has_value();
    } else if (type == "error") {
      OnError(message);
    } else if (type == "session.created") {
      ++tally_.num_connected;
      tally_.last_created = SteadyNow();
      tally_.connecting.Add(tally_.last_created - started_);
      is_connected_ = true;
      Say(plan_.session_update);
    } else if (type == "session.updated" && is_connected_) {
      state_ = State::kReady;
    }
  }
  void OnBinary(absl::Span<const uint8_t> /*message*/) override {
    ++tally_.measured.num_messages_received;
  }
  void OnPing(absl::string_view payload) override {
    std::string frame;
    AppendClientFrame(Opcode::kPong, payload, RandomMask(random_), frame);
    Write(frame);
  }
  void OnPong(absl::string_view /*payload*/) override {}
  void OnClose(uint16_t code, absl::string_view reason) override {
    closed_ = absl::UnavailableError(
        absl::StrCat("the server closed it with ", code, reason.empty() ? "" : ": ", reason));
  }

 private:
  enum class State { kNone, kConnecting, kReady, kOver };

  void OnError(absl::string_view message) {
    rapidjson::Document document;
    absl::string_view id;
    std::string said = "an event that is not JSON";
    if (ParseJsonObject(message, kEventBounds, document).ok()) {
      const rapidjson::Value* const error = Member(&document, "error");
      id = TextOf(Member(error, "event_id")).value_or("");
      said = std::string(TextOf(Member(error, "message")).value_or(""));
    }
    if (!absl::ConsumePrefix(&id, kProbe) || probes_.empty()) {
      ++tally_.num_errors;
      tally_.last_error = said;
      return;
    }
    const absl::Duration due = probes_.front();
    probes_.pop_front();
    if (num_stale_probes_ > 0) {
      --num_stale_probes_;
      return;
    }
    tally_.measured.door_to_door.Add(SteadyNow() - due);
  }

  void Say(absl::string_view event) {
    std::string frame;
    AppendClientFrame(Opcode::kText, event, RandomMask(random_), frame);
    Write(frame);
  }

  void Write(absl::string_view bytes) {
    if (!is_open()) return;
    if (waiting_.empty()) {
      const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return Fail(absl::UnavailableError(Errno("send")));
      bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
    }
    if (bytes.empty()) return;
    absl::StrAppend(&waiting_, bytes);
    if (waiting_.size() > kMaxWaitingBytes) {
      return Fail(absl::ResourceExhaustedError("the server does not read what it is sent"));
    }
    WatchWrites(true);
  }

  void Flush() {
    if (!waiting_.empty()) {
      const ssize_t sent = send(socket_.get(), waiting_.data(), waiting_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return Fail(absl::UnavailableError(Errno("connect")));
      waiting_.erase(0, static_cast<size_t>(std::max<ssize_t>(sent, 0)));
    }
    if (waiting_.empty()) WatchWrites(false);
  }

  void WatchWrites(bool on) {
    if (on == is_watching_writes_) return;
    is_watching_writes_ = on;
    epoll_event event = {.events = EPOLLIN | (on ? uint32_t{EPOLLOUT} : 0), .data = {.ptr = this}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_.get(), &event);
  }

  void Read(absl::Span<uint8_t> room) {
    while (socket_.is_open()) {
      const ssize_t received = recv(socket_.get(), room.data(), room.size(), 0);
      if (received < 0 && errno == EAGAIN) return;
      if (received < 0) return Fail(absl::UnavailableError(Errno("recv")));
      if (received == 0) return Fail(closed_.ok() ? client_->End() : closed_);
      const absl::Status read = client_->Feed(room.first(static_cast<size_t>(received)), *this);
      if (!read.ok()) return Fail(read);
      // A close is answered by closing: the server waits for nothing else.
      if (!closed_.ok()) return Fail(closed_);
      if (static_cast<size_t>(received) < room.size()) return;
    }
  }

  void Fail(const absl::Status& status) {
    socket_.Close();
    state_ = State::kOver;
    if (is_hanging_up_) return;
    if (is_connected_) {
      ++tally_.num_lost;
      tally_.loss = status;
    } else {
      tally_.refusal = status;
    }
  }

  const Plan& plan_;
  Tally& tally_;
  std::mt19937_64 random_;
  State state_ = State::kNone;
  // The server has created a session.
  bool is_connected_ = false;
  bool is_hanging_up_ = false;
  absl::Duration started_;
  int epoll_ = -1;
  FileDescriptor socket_;
  std::unique_ptr<WebSocketClient> client_;
  absl::Status closed_;
  // What could not be written yet.
  std::string waiting_;
  bool is_watching_writes_ = false;
  size_t round_ = 0;
  size_t frame_ = 0;
  // When the last of what was said was due, until its answer is heard, which has begun or not.
  std::optional<absl::Duration> asked_;
  bool is_answered_ = false;
  // When the events without a reply were due. The first so many do not count.
  std::deque<absl::Duration> probes_;
  size_t num_stale_probes_ = 0;
  int64_t num_probes_ = 0;
};

// The callers of one thread.
class Lane {
 public:
  Lane(Plan* plan, size_t first, size_t step) : plan_(*plan) {
    for (size_t i = first; i < plan->options->num_sessions; i += step) {
      callers_.push_back(std::make_unique<Caller>(plan, i, &tally_));
      numbers_.push_back(i);
    }
  }

  absl::Status Start() {
    epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
    timer_ = FileDescriptor(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!epoll_.is_open() || !timer_.is_open()) return absl::UnavailableError(Errno("epoll"));
    epoll_event event = {.events = EPOLLIN, .data = {.ptr = nullptr}};
    const timespec tick = absl::ToTimespec(kTick);
    const itimerspec interval = {.it_interval = tick, .it_value = tick};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &event) != 0 ||
        timerfd_settime(timer_.get(), 0, &interval, nullptr) != 0) {
      return absl::UnavailableError(Errno("timerfd"));
    }
    origin_ = SteadyNow();
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  // Any thread.
  size_t num_settled() const { return num_settled_; }
  size_t num_ready() const { return num_ready_; }
  size_t num_open() const { return num_open_; }
  int64_t num_turns() const { return num_turns_; }
  bool has_replies() const { return has_replies_; }

  // After Join.
  const Tally& tally() const { return tally_; }

 private:
  void Run() {
    std::array<epoll_event, 256> events = {};
    std::vector<uint8_t> room(size_t{64} << 10);
    while (!is_over_) {
      const int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        if (event.data.ptr == nullptr) {
          OnTimer();
        } else {
          static_cast<Caller*>(event.data.ptr)->OnEvents(event.events, absl::MakeSpan(room));
        }
      }
    }
  }

  void OnTimer() {
    uint64_t expirations = 0;
    const ssize_t size = read(timer_.get(), &expirations, sizeof(expirations));
    if (size != sizeof(expirations)) return;
    const Phase phase = plan_.phase;
    if (phase != phase_) Enter(phase);
    // What was missed is done, too: nobody falls silent because this machine is slow.
    const absl::Duration now = SteadyNow();
    for (; origin_ + kTick * static_cast<int64_t>(tick_) <= now; ++tick_) {
      const absl::Duration due = origin_ + kTick * static_cast<int64_t>(tick_);
      if (phase_ == Phase::kMeasure) tally_.measured.timer_lateness.Add(now - due);
      if (phase_ == Phase::kSpeak || phase_ == Phase::kMeasure) Speak(due);
    }
    if (phase_ == Phase::kConnect) ConnectDue(now);
    num_turns_ = tally_.measured.num_turns;
    num_open_ = static_cast<size_t>(std::count_if(
        callers_.begin(), callers_.end(), [](const auto& caller) { return caller->is_open(); }));
    has_replies_ = phase_ == Phase::kReplies &&
                   std::none_of(callers_.begin(), callers_.end(),
                                [](const auto& caller) { return caller->has_probes(); });
    if (phase_ != Phase::kHangUp) return;
    is_over_ = now > hung_up_ + kEndLimit || num_open_ == 0;
  }

  void Enter(Phase phase) {
    phase_ = phase;
    if (phase == Phase::kMeasure) {
      // What came before is not measured.
      tally_.measured = {};
      for (const auto& caller : callers_) caller->Forget();
    } else if (phase == Phase::kHangUp) {
      hung_up_ = SteadyNow();
      for (const auto& caller : callers_) caller->HangUp();
    }
  }

  // What is due at a tick: a twentieth of the callers sends a frame, a thousandth a probe.
  void Speak(absl::Duration due) {
    for (size_t i = tick_ % kTicksPerFrame; i < callers_.size(); i += kTicksPerFrame) {
      if (callers_[i]->is_ready()) callers_[i]->Speak(due);
    }
    for (size_t i = tick_ % kTicksPerProbe; i < callers_.size(); i += kTicksPerProbe) {
      if (callers_[i]->is_ready()) callers_[i]->Probe(due);
    }
  }

  void ConnectDue(absl::Duration now) {
    size_t num_connecting = 0;
    size_t num_waiting = 0;
    size_t num_ready = 0;
    for (size_t i = 0; i < callers_.size(); ++i) {
      Caller& caller = *callers_[i];
      const absl::Duration due = origin_ + plan_.options->ramp * static_cast<double>(numbers_[i]) /
                                               static_cast<double>(plan_.options->num_sessions);
      if (caller.is_waiting() && due <= now && num_connecting < kMaxConnecting) {
        caller.Connect(epoll_.get());
      }
      num_waiting += caller.is_waiting() ? 1 : 0;
      num_connecting += caller.is_connecting() ? 1 : 0;
      num_ready += caller.is_ready() ? 1 : 0;
    }
    num_ready_ = num_ready;
    num_settled_ = callers_.size() - num_waiting - num_connecting;
  }

  Plan& plan_;
  Tally tally_;
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<size_t> numbers_;
  FileDescriptor epoll_;
  FileDescriptor timer_;
  std::thread thread_;
  absl::Duration origin_;
  size_t tick_ = 0;
  Phase phase_ = Phase::kConnect;
  absl::Duration hung_up_;
  bool is_over_ = false;
  // For other threads.
  std::atomic<size_t> num_settled_ = 0;
  std::atomic<size_t> num_ready_ = 0;
  std::atomic<size_t> num_open_ = 0;
  std::atomic<int64_t> num_turns_ = 0;
  std::atomic<bool> has_replies_ = false;
};

// A process on this machine, as proc(5) tells of it.
class Process {
 public:
  explicit Process(pid_t pid) : folder_(absl::StrCat("/proc/", pid, "/")) {}

  // Nothing if there is no such process.
  std::optional<absl::Duration> CpuTime() const {
    std::ifstream file(folder_ + "stat");
    std::string line{std::istreambuf_iterator<char>(file), {}};
    // The name in parentheses may have spaces in it. After it: state, and 11 fields before utime.
    const size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    const std::vector<std::string> fields = absl::StrSplit(line.substr(name_end + 2), ' ');
    int64_t user = 0;
    int64_t system = 0;
    if (fields.size() < 13 || !absl::SimpleAtoi(fields[11], &user) ||
        !absl::SimpleAtoi(fields[12], &system)) {
      return std::nullopt;
    }
    return absl::Seconds(user + system) / sysconf(_SC_CLK_TCK);
  }

 private:
  const std::string folder_;
};

// How many pieces of sound the server says it has lost; nothing if it does not say.
std::optional<int64_t> ReadFramesDropped(const Plan& plan) {
  constexpr size_t kMaxBytes = size_t{1} << 20;
  const FileDescriptor fd(socket(plan.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit = {.tv_sec = 5, .tv_usec = 0};
  if (!fd.is_open() || setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
      setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
      connect(fd.get(), reinterpret_cast<const sockaddr*>(&plan.address), plan.address_size) != 0) {
    return std::nullopt;
  }
  std::string request =
      absl::StrCat("GET /metrics HTTP/1.1\r\nHost: ", plan.options->url.Authority(),
                   "\r\nConnection: close\r\n");
  for (const auto& [name, value] : plan.headers) {
    absl::StrAppend(&request, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&request, "\r\n");
  if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return std::nullopt;
  }
  std::string response;
  std::array<char, 4096> room = {};
  ssize_t received = 0;
  while (response.size() < kMaxBytes &&
         (received = recv(fd.get(), room.data(), room.size(), 0)) > 0) {
    response.append(room.data(), static_cast<size_t>(received));
  }
  int64_t dropped = 0;
  for (absl::string_view line : absl::StrSplit(response, '\n')) {
    if (absl::ConsumePrefix(&line, "parlance_frames_dropped_total ") &&
        absl::SimpleAtoi(absl::StripAsciiWhitespace(line), &dropped)) {
      return dropped;
    }
  }
  return std::nullopt;
}

absl::Status Check(const RealtimeLoadOptions& options) {
  const auto wrong = [](absl::string_view message) { return absl::InvalidArgumentError(message); };
  if (options.num_sessions < 1 || options.num_sessions > 100000) {
    return wrong("the number of sessions is not in 1 to 100,000");
  }
  if (!(options.speech_part >= 0 && options.speech_part <= 0.6)) {
    return wrong("the part that is speech is not in 0 to 0.6");
  }
  if (options.length <= absl::ZeroDuration() || options.spread < absl::ZeroDuration() ||
      options.ramp < absl::ZeroDuration() || options.warm_up < absl::ZeroDuration()) {
    return wrong("a load takes some time");
  }
  if (options.num_threads < 1 || options.num_threads > 64) {
    return wrong("the number of threads is not in 1 to 64");
  }
  if (options.num_misbehaving > 64) {
    return wrong("the number of clients that misbehave is not in 0 to 64");
  }
  // Each caller has a descriptor, and the system's usual bound is 1024.
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (options.num_sessions + options.num_misbehaving + 100 > files.rlim_cur) {
    return wrong(absl::StrCat("this process may have ", files.rlim_cur,
                              " open files, too few for the callers; see ulimit -Hn"));
  }
  return absl::OkStatus();
}

absl::Status Resolve(const WebSocketUrl& url, Plan& plan) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(url.host.c_str(), absl::StrCat(url.port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat(url.host, ": ", gai_strerror(error)));
  }
  std::memcpy(&plan.address, found->ai_addr, found->ai_addrlen);
  plan.address_size = found->ai_addrlen;
  freeaddrinfo(found);
  return absl::OkStatus();
}

// The callers and those that wait for them.
class Load {
 public:
  explicit Load(const RealtimeLoadOptions& options) : options_(options) {
    plan_.options = &options_;
    plan_.rounds = WireRounds(options_);
    plan_.session_update = SessionUpdate(options_.format);
    if (!options_.api_key.empty()) {
      plan_.headers.emplace_back("Authorization", absl::StrCat("Bearer ", options_.api_key));
    }
  }
  ~Load() {
    plan_.phase = Phase::kHangUp;
    for (const auto& lane : lanes_) lane->Join();
  }

  absl::StatusOr<RealtimeLoadReport> Run() {
    if (absl::Status resolved = Resolve(options_.url, plan_); !resolved.ok()) return resolved;
    const Process server(options_.server_pid);
    const bool has_server = options_.server_pid != 0;
    if (has_server && !server.CpuTime().has_value()) {
      return absl::NotFoundError(absl::StrCat("there is no process ", options_.server_pid));
    }
    RealtimeLoadReport report;
    report.num_asked = options_.num_sessions;
    const double resident = has_server ? ResidentBytes(options_.server_pid) : 0;
    const auto num_lanes =
        std::min(static_cast<size_t>(options_.num_threads), options_.num_sessions);
    for (size_t i = 0; i < num_lanes; ++i) {
      lanes_.push_back(std::make_unique<Lane>(&plan_, i, num_lanes));
      if (absl::Status started = lanes_.back()->Start(); !started.ok()) return started;
    }

    Wait(options_.ramp + kConnectLimit, "connecting, ", [&] {
      return Sum([](const Lane& lane) { return lane.num_settled(); }) >= options_.num_sessions;
    });
    const size_t num_ready = Sum([](const Lane& lane) { return lane.num_ready(); });
    if (num_ready == 0) {
      HangUp(report);
      return absl::UnavailableError(report.refusal.ok() ? "nobody could connect in time"
                                                        : report.refusal.message());
    }
    plan_.phase = Phase::kSilent;
    Wait(kSilence, "silent, ");
    const auto num = static_cast<double>(num_ready);
    if (has_server) report.idle_bytes = (ResidentBytes(options_.server_pid) - resident) / num;

    std::optional<MisbehavingClients> misbehaving;
    report.num_misbehaving = options_.num_misbehaving;
    if (options_.num_misbehaving > 0) {
      misbehaving.emplace(MisbehavingOptions{.url = options_.url,
                                             .headers = plan_.headers,
                                             .address = plan_.address,
                                             .address_size = plan_.address_size,
                                             .num_clients = options_.num_misbehaving});
    }
    plan_.phase = Phase::kSpeak;
    const auto nobody_is_left = [&] {
      return Sum([](const Lane& lane) { return lane.num_open(); }) == 0;
    };
    Wait(options_.warm_up, "warming up, ", nobody_is_left);
    const std::optional<int64_t> dropped = ReadFramesDropped(plan_);
    plan_.phase = Phase::kMeasure;
    const Processors processors = ReadProcessors();
    const auto misbehaving_cpu = [&] {
      return misbehaving.has_value() ? misbehaving->cpu_time() : absl::ZeroDuration();
    };
    const absl::Duration own_cpu = CpuTime(CLOCK_PROCESS_CPUTIME_ID);
    const absl::Duration others_cpu = misbehaving_cpu();
    const std::optional<absl::Duration> server_cpu = server.CpuTime();
    const absl::Duration began = SteadyNow();
    Wait(options_.length, "", nobody_is_left);
    report.length = SteadyNow() - began;
    const absl::Duration cpu = CpuTime(CLOCK_PROCESS_CPUTIME_ID) - own_cpu;
    const absl::Duration misbehaved = misbehaving_cpu() - others_cpu;
    report.caller_cpus = absl::FDivDuration(cpu - misbehaved, report.length);
    report.misbehaving_cpus = absl::FDivDuration(misbehaved, report.length);
    if (misbehaving.has_value()) report.misbehaving = misbehaving->counts();
    report.stolen = StolenPart(processors, ReadProcessors());
    if (const auto now = server.CpuTime();
        has_server && now.has_value() && server_cpu.has_value()) {
      report.server_cpus = absl::FDivDuration(*now - *server_cpu, report.length);
      report.active_bytes = (ResidentBytes(options_.server_pid) - resident) / num;
    }
    misbehaving.reset();
    plan_.phase = Phase::kReplies;
    if (const auto now = ReadFramesDropped(plan_); now.has_value() && dropped.has_value()) {
      report.num_frames_dropped = *now - *dropped;
    }
    Wait(kEndLimit, "waiting for replies, ", [&] {
      return std::all_of(lanes_.begin(), lanes_.end(),
                         [](const auto& lane) { return lane->has_replies(); });
    });
    HangUp(report);
    return report;
  }

 private:
  template <typename Of>
  size_t Sum(const Of& of) const {
    size_t sum = 0;
    for (const auto& lane : lanes_) sum += static_cast<size_t>(of(*lane));
    return sum;
  }

  // Lets the callers go on for so long, or until something is so.
  void Wait(
      absl::Duration length, absl::string_view what,
      const std::function<bool()>& is_done = [] { return false; }) {
    const absl::Duration began = SteadyNow();
    absl::Duration next_progress = kProgressInterval;
    for (;;) {
      const absl::Duration passed = SteadyNow() - began;
      if (passed >= length || is_done()) return;
      if (options_.on_progress != nullptr && passed >= next_progress) {
        next_progress += kProgressInterval;
        options_.on_progress(
            absl::StrCat(what, Sum([](const Lane& lane) { return lane.num_ready(); }), " callers, ",
                         Sum([](const Lane& lane) { return lane.num_turns(); }), " turns, ",
                         absl::ToInt64Seconds(passed), " of ", absl::ToInt64Seconds(length), " s"));
      }
      std::this_thread::sleep_for(
          absl::ToChronoNanoseconds(std::min(length - passed, absl::Milliseconds(5))));
    }
  }

  // Ends all calls, and adds up what they have seen.
  void HangUp(RealtimeLoadReport& report) {
    plan_.phase = Phase::kHangUp;
    absl::Duration first_start = absl::InfiniteDuration();
    absl::Duration last_created = -absl::InfiniteDuration();
    int64_t num_probes = 0;
    for (const auto& lane : lanes_) {
      lane->Join();
      const Tally& tally = lane->tally();
      report.num_connected += tally.num_connected;
      report.num_lost += tally.num_lost;
      report.refusal.Update(tally.refusal);
      report.loss.Update(tally.loss);
      report.connecting.Add(tally.connecting);
      first_start = std::min(first_start, tally.first_start);
      last_created = std::max(last_created, tally.last_created);
      report.num_turns += tally.measured.num_turns;
      report.num_unanswered_turns += tally.measured.num_unanswered_turns;
      report.num_frames_sent += tally.measured.num_frames_sent;
      report.num_messages_received += tally.measured.num_messages_received;
      report.num_errors += tally.num_errors;
      if (!tally.last_error.empty()) report.last_error = tally.last_error;
      report.answer.Add(tally.measured.answer);
      report.door_to_door.Add(tally.measured.door_to_door);
      num_probes += tally.measured.num_probes;
      report.timer_lateness.Add(tally.measured.timer_lateness);
    }
    report.num_without_reply = num_probes - report.door_to_door.count();
    if (report.num_connected > 0) {
      report.connects_per_second =
          static_cast<double>(report.num_connected) /
          std::max(absl::ToDoubleSeconds(last_created - first_start), 1e-9);
    }
  }

  const RealtimeLoadOptions options_;
  Plan plan_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace

int SampleRateOf(RealtimeFormat format) { return format == RealtimeFormat::kPcm ? 24000 : 8000; }

bool RealtimeLoadReport::is_noisy() const {
  return stolen > kNoisyStolen || timer_lateness.Percentile(0.99) > kNoisyLateness;
}

bool RealtimeLoadReport::is_sustained() const {
  return num_connected == num_asked && num_lost == 0 && num_errors == 0 && num_without_reply == 0 &&
         num_unanswered_turns == 0 && num_frames_dropped.value_or(0) == 0 &&
         door_to_door.Percentile(0.99) <= kMaxDoorToDoor &&
         answer.Percentile(0.95) <= kPause + kMaxAnswerAfterPause;
}

std::string RealtimeLoadReport::Table() const {
  std::string table = absl::StrFormat(
      "%d of %d sessions, %.0f s, %d turns%s\n", num_connected, num_asked,
      absl::ToDoubleSeconds(length), num_turns,
      num_unanswered_turns == 0 ? ""
                                : absl::StrCat(", ", num_unanswered_turns, " of them unanswered"));
  if (!refusal.ok()) absl::StrAppend(&table, "  refused: ", refusal.message(), "\n");
  if (num_lost > 0) {
    absl::StrAppend(&table, "  lost: ", num_lost, " connections; ", loss.message(), "\n");
  }
  if (num_errors > 0) absl::StrAppend(&table, "  errors: ", num_errors, "; ", last_error, "\n");
  absl::StrAppend(&table, LoadTableHeading());
  absl::StrAppend(&table, LoadTableLine("connecting", connecting));
  absl::StrAppend(&table, LoadTableLine("door to door", door_to_door));
  absl::StrAppend(&table, LoadTableLine("end of speech to answer", answer));
  absl::StrAppend(&table, LoadTableLine("timers of this machine", timer_lateness));
  absl::StrAppend(
      &table, absl::StrFormat("  connections: %.0f a second\n", connects_per_second),
      absl::StrFormat(
          "  messages: %d of sound out, %d in; %d events without a reply; %s of sound "
          "lost by the server\n",
          num_frames_sent, num_messages_received, num_without_reply,
          num_frames_dropped.has_value() ? absl::StrCat(*num_frames_dropped) : "unknown pieces"),
      absl::StrFormat("  processors: %s for the server, %.2f for the callers, %.1f %% stolen\n",
                      server_cpus.has_value() ? absl::StrFormat("%.2f", *server_cpus) : "unknown",
                      caller_cpus, stolen * 100));
  if (num_misbehaving > 0) {
    absl::StrAppend(
        &table, absl::StrFormat(
                    "  beside %d clients that misbehave: %d connections, %d of them "
                    "ended by the server; %.1f MB sent, %.2f processors\n",
                    num_misbehaving, misbehaving.num_connections, misbehaving.num_ended_by_server,
                    static_cast<double>(misbehaving.num_bytes_sent) / (1 << 20), misbehaving_cpus));
  }
  if (idle_bytes.has_value()) {
    absl::StrAppend(&table,
                    absl::StrFormat("  memory of the server a connection: %.1f kB resident when "
                                    "silent, %.1f kB at the end\n",
                                    *idle_bytes / 1024, active_bytes.value_or(0) / 1024));
  }
  if (is_noisy()) {
    absl::StrAppend(&table, "  NOISY: this machine was busy with something else; run it again\n");
  }
  return table;
}

absl::StatusOr<RealtimeLoadReport> RunRealtimeLoad(const RealtimeLoadOptions& options) {
  if (absl::Status ok = Check(options); !ok.ok()) return ok;
  return Load(options).Run();
}

}  // namespace parlance::pipeline::door
