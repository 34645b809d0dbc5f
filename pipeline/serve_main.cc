// Serves the agent to whoever connects: browsers, the clients of OpenAI's Realtime protocol,
// telephone lines, houses.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "command/file/input_file.h"
#include "command/file/secret_file.h"
#include "command/file/user_path.h"
#include "command/local_zone.h"
#include "command/program.h"
#include "command/stop_signals.h"
#include "command/terminal/printable.h"
#include "pipeline/choice/agent_choice.h"
#include "pipeline/choice/agent_flags.h"
#include "pipeline/choice/speech_choice.h"
#include "pipeline/choice/speech_flags.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/components.h"
#include "pipeline/door/access/access.h"
#include "pipeline/door/access/api_keys.h"
#include "pipeline/door/net/server.h"
#include "pipeline/door/net/server_options.h"
#include "pipeline/door/page/page.h"
#include "pipeline/door/site/door_metrics.h"
#include "pipeline/door/site/door_site.h"
#include "pipeline/door/site/fault_counts.h"
#include "pipeline/door/socket/socket_address.h"
#include "pipeline/door/telephony/runtime_calls.h"
#include "pipeline/house/house_services.h"
#include "pipeline/parts/remote_speech_metrics.h"
#include "pipeline/runtime/housekeeper.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/runtime/timer_queue.h"
#include "pipeline/runtime/worker_pool.h"
#include "pipeline/telemetry/metrics.h"

ABSL_FLAG(std::string, db, "",
          "The database of sessions: an SQLite file, which is made if it is not there, or "
          "postgresql://… of a server, which several programs may share. Required.");
ABSL_FLAG(
    std::string, address, "127.0.0.1",
    "The numeric address to listen on. 0.0.0.0 stands for all IPv4 addresses of this machine, :: "
    "for all IPv6 addresses. Any address but a loopback one (127.0.0.0/8 or ::1) needs "
    "--api_keys.");
ABSL_FLAG(int, port, 8080, "The port for HTTP and WebSocket. With 0, a free port is taken.");
ABSL_FLAG(
    bool, share_port, false,
    "Let other programs listen at the same port, so that connections are divided among them.");
ABSL_FLAG(
    std::string, certificate, "",
    "A PEM file with the certificate, and those that lead to its authority. With it, the server "
    "speaks TLS. It needs --key.");
ABSL_FLAG(std::string, key, "", "A PEM file with the certificate's key.");
ABSL_FLAG(std::string, api_keys, "",
          "A file of keys, one line each: a name and a key of at least 16 characters. With it, "
          "whoever connects needs one of the keys. The file must be writable by its owner alone, "
          "and readable by its owner and group alone.");
ABSL_FLAG(std::vector<std::string>, allowed_origins, {},
          "Pages that may connect besides the one that is served, such as https://app.example, "
          "separated by commas, each as browsers send it: without a path, and without the port "
          "that its scheme has anyway. With *, all pages may.");
ABSL_FLAG(int, sessions_per_key, 0,
          "How many conversations a key of --api_keys may have at a time. 0 means any number.");
ABSL_FLAG(int, max_sessions, 4000, "How many conversations there may be at a time.");
ABSL_FLAG(int, connections_per_peer, 1024,
          "How many connections one address may have at a time. 0 means any number.");
ABSL_FLAG(int, audiosocket_port, 0,
          "The port for Asterisk's AudioSocket, at --stream_address. With 0, the protocol is not "
          "served.");
ABSL_FLAG(int, wyoming_port, 0,
          "The port for Home Assistant's Wyoming protocol, at --stream_address. With 0, the "
          "protocol is not served.");
ABSL_FLAG(
    std::string, stream_address, "127.0.0.1",
    "The numeric address at which AudioSocket and Wyoming are served. These protocols have no "
    "keys, so whoever reaches the address may speak to the agent: any address but a loopback "
    "one needs --trust_network.");
ABSL_FLAG(bool, trust_network, false,
          "Allow whoever reaches --stream_address to speak to the agent, without a key.");
ABSL_FLAG(std::string, twilio_auth_token_file, "",
          "A file with Twilio's auth token: a call at /v1/media-streams/twilio that Twilio has "
          "signed needs no key, and one that is not signed needs a key. The flag needs "
          "--public_url. The file must be writable by its owner alone, and readable by its owner "
          "and group alone.");
ABSL_FLAG(std::string, public_url, "",
          "The URL by which others reach this program's WebSockets, without a path, such as "
          "wss://voice.example.");
ABSL_FLAG(int, threads, 0,
          "How many threads serve conversations. With 0, there is one for each processor.");
ABSL_FLAG(
    absl::Duration, drain, absl::Seconds(20),
    "How long answers that are being given may go on after SIGTERM or SIGINT. A second signal "
    "ends the program at once.");
ABSL_FLAG(std::string, voice, "kal16", "The voice of the answers: kal16 (fast) or slt (nicer).");
ABSL_FLAG(std::string, model_dir, "/usr/share/pocketsphinx/model/en-us",
          "The folder of the recognition model. Debian's package pocketsphinx-en-us has it.");

namespace parlance::pipeline {
namespace {

uint64_t RandomBits64() {
  // Draws from the system each time, so that nobody can guess an id.
  thread_local std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

// How many utterances and texts may wait for servers at a time, for conversations and for houses.
constexpr int kRemoteWorkers = 32;
constexpr int kRemoteWorkersOfHouse = 4;

// What the command line asks for, checked.
struct Request {
  door::ServerOptions server;
  std::vector<door::DoorSiteOptions::Stream> streams;
  std::optional<door::ApiKeys> keys;
  std::vector<std::string> allowed_origins;
  std::string twilio_auth_token;
  AgentChoice agent;
  SpeechChoice speech;
};

absl::Status CheckPort(absl::string_view flag, int port) {
  if (port >= 0 && port <= 65535) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", port, " is not in 0 to 65535"));
}

// Where the port of an origin begins, with its colon; the origin's end if it has none.
size_t PortOf(absl::string_view origin) {
  const size_t colon = origin.rfind(':');
  const bool is_port = colon > origin.find("://") && origin.find(']', colon) == origin.npos;
  return is_port ? colon : origin.size();
}

// Whether the text is SCHEME://HOST[:PORT], as browsers send origins, and nothing after it.
bool IsOrigin(absl::string_view text) {
  const size_t scheme_end = text.find("://");
  if (scheme_end == 0 || scheme_end == absl::string_view::npos) return false;
  const absl::string_view port = text.substr(PortOf(text));
  const absl::string_view host = text.substr(scheme_end + 3, PortOf(text) - scheme_end - 3);
  int number = 0;
  return !host.empty() && host.find_first_of("/?#@ *") == absl::string_view::npos &&
         (port.empty() || (absl::SimpleAtoi(port.substr(1), &number) &&
                           port == absl::StrCat(":", number) && number >= 1 && number <= 65535));
}

// An origin as browsers send it, which leave out the port that its scheme has anyway.
absl::string_view WithoutDefaultPort(absl::string_view origin) {
  const absl::string_view port = origin.substr(PortOf(origin));
  const bool is_default = (absl::StartsWithIgnoreCase(origin, "https://") && port == ":443") ||
                          (absl::StartsWithIgnoreCase(origin, "http://") && port == ":80");
  return is_default ? origin.substr(0, PortOf(origin)) : origin;
}

absl::StatusOr<std::vector<std::string>> ReadAllowedOrigins() {
  std::vector<std::string> origins;
  for (const std::string& given : absl::GetFlag(FLAGS_allowed_origins)) {
    const absl::string_view origin = absl::StripAsciiWhitespace(given);
    const auto refuse = [&](absl::string_view why) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--allowed_origins: '", command::PrintableLine(origin), "' is not an origin, ", why));
    };
    if (origin != "*" && !IsOrigin(origin)) {
      return refuse("such as https://app.example, without a path");
    }
    if (const absl::string_view sent = WithoutDefaultPort(origin); sent != origin) {
      return refuse(absl::StrCat("as browsers send them without that port; write ",
                                 command::PrintableLine(sent)));
    }
    origins.emplace_back(origin);
  }
  return origins;
}

absl::StatusOr<std::string> ReadTwilioAuthToken(const std::string& typed) {
  constexpr absl::string_view kFlag = "--twilio_auth_token_file: ";
  const absl::StatusOr<std::string> read = command::ReadSecret(typed, 1024);
  if (!read.ok()) {
    return absl::Status(read.status().code(), absl::StrCat(kFlag, read.status().message()));
  }
  std::string token(absl::StripAsciiWhitespace(*read));
  if (token.empty()) return absl::InvalidArgumentError(absl::StrCat(kFlag, typed, " is empty"));
  return token;
}

absl::StatusOr<Request> ReadCommandLine() {
  const auto wrong = [](absl::string_view message) { return absl::InvalidArgumentError(message); };
  Request request;
  if (absl::GetFlag(FLAGS_db).empty()) {
    return wrong("--db is missing: where to keep the conversations");
  }
  const std::pair<absl::string_view, int> ports[] = {
      {"port", absl::GetFlag(FLAGS_port)},
      {"audiosocket_port", absl::GetFlag(FLAGS_audiosocket_port)},
      {"wyoming_port", absl::GetFlag(FLAGS_wyoming_port)}};
  for (const auto& [flag, value] : ports) {
    if (absl::Status fits = CheckPort(flag, value); !fits.ok()) return fits;
    // With --share_port the system would divide connections among protocols.
    for (const auto& [other, its_value] : ports) {
      if (other == flag) break;
      if (value != 0 && value == its_value) {
        return wrong(absl::StrCat("--", other, " and --", flag, " are both ", value,
                                  "; give each protocol a port of its own"));
      }
    }
  }
  for (const auto& [flag, value, least, most] :
       {std::tuple("sessions_per_key", absl::GetFlag(FLAGS_sessions_per_key), 0, 1000000),
        std::tuple("max_sessions", absl::GetFlag(FLAGS_max_sessions), 1, 1000000),
        std::tuple("connections_per_peer", absl::GetFlag(FLAGS_connections_per_peer), 0, 1000000),
        std::tuple("threads", absl::GetFlag(FLAGS_threads), 0, 256)}) {
    if (value < least || value > most) {
      return wrong(absl::StrCat("--", flag, "=", value, " is not in ", least, " to ", most));
    }
  }
  if (absl::GetFlag(FLAGS_drain) < absl::ZeroDuration() ||
      absl::GetFlag(FLAGS_drain) > absl::Hours(1)) {
    return wrong(absl::StrCat("--drain=", absl::FormatDuration(absl::GetFlag(FLAGS_drain)),
                              " is not in 0 to 1h"));
  }
  if (!absl::GetFlag(FLAGS_api_keys).empty()) {
    absl::StatusOr<door::ApiKeys> keys =
        door::ApiKeys::ReadFile(command::UserPath(absl::GetFlag(FLAGS_api_keys)));
    if (!keys.ok()) {
      return absl::Status(keys.status().code(),
                          absl::StrCat("--api_keys: ", keys.status().message()));
    }
    request.keys = *std::move(keys);
  }
  if (absl::GetFlag(FLAGS_sessions_per_key) > 0 && !request.keys.has_value()) {
    return wrong("--sessions_per_key needs --api_keys: without them nobody has a key");
  }
  absl::StatusOr<std::vector<std::string>> origins = ReadAllowedOrigins();
  if (!origins.ok()) return origins.status();
  request.allowed_origins = *std::move(origins);
  if (const std::string url = absl::GetFlag(FLAGS_public_url);
      !url.empty() &&
      !(IsOrigin(url) && (absl::StartsWith(url, "ws://") || absl::StartsWith(url, "wss://")))) {
    return wrong(absl::StrCat("--public_url=", command::PrintableLine(url),
                              " is not a WebSocket URL without a path, such as "
                              "wss://voice.example"));
  }
  const bool has_certificate = !absl::GetFlag(FLAGS_certificate).empty();
  if (has_certificate != !absl::GetFlag(FLAGS_key).empty()) {
    return wrong("--certificate and --key go together");
  }
  const std::string address = absl::GetFlag(FLAGS_address);
  const absl::StatusOr<door::SocketAddress> parsed = door::ParseAddress(address, 0);
  if (!parsed.ok()) return wrong(absl::StrCat("--address: ", parsed.status().message()));
  if (absl::Status may = door::CheckListening(*parsed, request.keys.has_value()); !may.ok()) {
    return wrong(absl::StrCat("--address: ", may.message()));
  }
  request.server.listeners.push_back(
      {.address = address,
       .port = static_cast<uint16_t>(absl::GetFlag(FLAGS_port)),
       .certificate_file =
           has_certificate ? command::UserPath(absl::GetFlag(FLAGS_certificate)) : "",
       .key_file = has_certificate ? command::UserPath(absl::GetFlag(FLAGS_key)) : ""});
  request.streams.push_back(door::DoorSiteOptions::Stream::kNone);
  const std::string stream_address = absl::GetFlag(FLAGS_stream_address);
  const absl::StatusOr<door::SocketAddress> stream = door::ParseAddress(stream_address, 0);
  if (!stream.ok()) return wrong(absl::StrCat("--stream_address: ", stream.status().message()));
  for (const auto& [port, spoken] :
       {std::pair(absl::GetFlag(FLAGS_audiosocket_port),
                  door::DoorSiteOptions::Stream::kAudioSocket),
        std::pair(absl::GetFlag(FLAGS_wyoming_port), door::DoorSiteOptions::Stream::kWyoming)}) {
    if (port == 0) continue;
    if (!stream->is_loopback() && !absl::GetFlag(FLAGS_trust_network)) {
      return wrong(absl::StrCat("--stream_address=", stream_address,
                                " can be reached by others, who need no key there; say "
                                "--trust_network if all of them may speak to the agent"));
    }
    request.server.listeners.push_back(
        {.address = stream_address, .port = static_cast<uint16_t>(port), .is_stream = true});
    request.streams.push_back(spoken);
  }
  request.server.share_port = absl::GetFlag(FLAGS_share_port);
  request.server.max_connections_of_peer =
      static_cast<size_t>(absl::GetFlag(FLAGS_connections_per_peer));
  request.server.max_connections = static_cast<size_t>(absl::GetFlag(FLAGS_max_sessions)) + 1024;
  absl::StatusOr<AgentChoice> agent = AgentChoiceOfCommandLine(
      [](absl::string_view path) { return command::ReadInput(path, 1 << 20); },
      [](absl::string_view path) { return command::ReadSecret(path, 1 << 20); },
      [](const absl::Status& failure) {
        command::Say(absl::StrCat("the model does not answer: ", failure.message()));
      });
  if (!agent.ok()) return agent.status();
  request.agent = *std::move(agent);
  absl::StatusOr<SpeechChoice> speech = SpeechChoiceOfCommandLine(
      [](absl::string_view path) { return command::ReadSecret(path, 1 << 20); },
      [](const absl::Status& failure) {
        command::Say(absl::StrCat("done without a server: ", failure.message()));
      });
  if (!speech.ok()) return speech.status();
  request.speech = *std::move(speech);
  if (!absl::GetFlag(FLAGS_twilio_auth_token_file).empty()) {
    if (absl::GetFlag(FLAGS_public_url).empty()) {
      return wrong("--twilio_auth_token_file needs --public_url: what Twilio signs is the URL");
    }
    absl::StatusOr<std::string> token =
        ReadTwilioAuthToken(absl::GetFlag(FLAGS_twilio_auth_token_file));
    if (!token.ok()) return token.status();
    request.twilio_auth_token = *std::move(token);
  }
  return request;
}

// Where this machine's users reach the address, however it was written.
std::string UrlOf(absl::string_view scheme, const std::string& address, uint16_t port) {
  const absl::StatusOr<door::SocketAddress> parsed = door::ParseAddress(address, port);
  std::string host = parsed.ok() ? parsed->Text() : address;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (absl::StrContains(host, ":")) host = absl::StrCat("[", host, "]");
  return absl::StrCat(scheme, "://", host, ":", port);
}

// Returns whether it could be printed.
bool SayWhere(const Request& request, const door::Server& server) {
  const door::ListenerOptions& first = request.server.listeners[0];
  const bool tls = !first.certificate_file.empty();
  command::Print(absl::StrCat(
      "Talk to the agent at ", UrlOf(tls ? "https" : "http", first.address, server.port(0)),
      "/\nOpenAI Realtime clients connect to ",
      UrlOf(tls ? "wss" : "ws", first.address, server.port(0)), "/v1/realtime\n"));
  for (size_t i = 1; i < request.streams.size(); ++i) {
    command::Print(absl::StrCat(
        request.streams[i] == door::DoorSiteOptions::Stream::kWyoming ? "Home Assistant (Wyoming)"
                                                                      : "Asterisk (AudioSocket)",
        " connects to ", UrlOf("tcp", request.server.listeners[i].address, server.port(i)), "\n"));
  }
  // Whoever started the program waits for it.
  return command::FlushPrinted();
}

// What all conversations have in common.
SessionOptions CommonSession(const Request& request) {
  SessionOptions options;
  // An agent gives up by itself, and says so.
  options.conversation.agent_timeout =
      std::max(options.conversation.agent_timeout, request.agent.model.timeout + absl::Seconds(5));
  options.conversation.recognition_timeout =
      std::max(options.conversation.recognition_timeout, request.speech.recognition_timeout());
  options.conversation.synthesis_timeout =
      std::max(options.conversation.synthesis_timeout, request.speech.synthesis_timeout());
  return options;
}

absl::Status Serve(Request request) {
  // Before there are threads.
  const command::StopSignals signals;
  // A peer that has gone is no reason to end.
  ::signal(SIGPIPE, SIG_IGN);
  ComponentOptions component_options;
  component_options.local_zone = command::LocalZone();
  component_options.database_path = command::UserPath(absl::GetFlag(FLAGS_db));
  component_options.write_patience = absl::ZeroDuration();
  component_options.recognizer.model_dir = command::UserPath(absl::GetFlag(FLAGS_model_dir));
  component_options.voice = absl::GetFlag(FLAGS_voice);
  component_options.agent = request.agent;
  component_options.speech = request.speech;
  auto components = Components::Create(component_options);
  if (!components.ok()) return components.status();
  const RuntimeParts parts = (*components)->ForRuntime();
  // Otherwise a model that is missing would be found when somebody speaks.
  if (auto recognizer = parts.create_recognizer(); !recognizer.ok()) return recognizer.status();

  const int num_processors = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  RuntimeOptions runtime_options;
  runtime_options.num_threads =
      absl::GetFlag(FLAGS_threads) > 0 ? absl::GetFlag(FLAGS_threads) : num_processors;
  runtime_options.max_sessions = static_cast<size_t>(absl::GetFlag(FLAGS_max_sessions));
  // Workers wait for servers, so there are more than processors.
  if (request.speech.recognition.has_value()) {
    runtime_options.recognizers.max_recognizers = kRemoteWorkers;
    runtime_options.num_recognition_workers = kRemoteWorkers;
  }
  if (request.speech.synthesis.has_value()) runtime_options.num_synthesis_workers = kRemoteWorkers;
  runtime_options.overdue_after =
      std::max(runtime_options.overdue_after, request.speech.longest_task());
  auto runtime = Runtime::Create(parts, runtime_options);
  if (!runtime.ok()) return runtime.status();

  std::atomic<bool> is_draining = false;
  // Runs what may block, for telephony.
  WorkerPool work({.num_workers = 2, .now = SteadyNow});
  Housekeeper housekeeper([&] { work.ReplaceOverdue(); });
  TimerQueue timers;
  door::FaultCounts faults;
  std::unique_ptr<door::CallOpener> calls = door::CreateRuntimeCalls(
      runtime->get(), {.session = CommonSession(request),
                       .output_sample_rate_hz = (*components)->output_sample_rate_hz(),
                       .keys = [](Runtime::Session& session, const std::string& keys) {
                         session.Type(absl::StrCat("(keys pressed: ", keys, ")")).IgnoreError();
                       }});
  door::DoorSiteOptions site_options;
  site_options.realtime = {
      .open = [&](SessionOptions options,
                  SessionSink* sink) { return (*runtime)->Open(std::move(options), sink); },
      .history =
          [&](const std::string& id, int limit) {
            session::SessionStore::HistoryOptions page;
            page.limit = limit;
            return (*components)->store().History(id, page);
          },
      .random = RandomBits64,
      .session = CommonSession(request),
      .output_sample_rate_hz = (*components)->output_sample_rate_hz(),
      .voice = absl::GetFlag(FLAGS_voice)};
  site_options.page = door::PageFiles();
  site_options.calls = {
      .opener = calls.get(),
      .run = [&](std::function<void()> task) { work.Post({.run = std::move(task)}); },
      .run_after = [&](absl::Duration time,
                       std::function<void()> task) { timers.RunAfter(time, std::move(task)); },
      .count = [&](absl::string_view kind) { faults.Count(kind); }};
  const bool is_remote =
      request.speech.recognition.has_value() || request.speech.synthesis.has_value();
  const std::unique_ptr<HouseParts> house =
      HouseParts::Create({.parts = (*components)->ForRuntime(),
                          .runtime = runtime->get(),
                          .voice = absl::GetFlag(FLAGS_voice),
                          .num_workers = is_remote ? kRemoteWorkersOfHouse : 1,
                          .overdue_after = request.speech.longest_task()});
  site_options.house = house->services();
  site_options.streams = request.streams;
  if (request.keys.has_value()) site_options.keys = &*request.keys;
  site_options.allowed_origins = request.allowed_origins;
  site_options.max_sessions_of_key = static_cast<size_t>(absl::GetFlag(FLAGS_sessions_per_key));
  site_options.twilio_auth_token = request.twilio_auth_token;
  site_options.public_url = absl::GetFlag(FLAGS_public_url);
  site_options.ready = [&]() -> absl::Status {
    if (is_draining) return absl::UnavailableError("the agent shuts down");
    return absl::OkStatus();
  };
  std::atomic<door::Server*> serving = nullptr;
  MetricRegistry registry;
  RemoteSpeechMetrics remote_speech(&registry);
  site_options.metrics = [&] {
    const door::Server* const server = serving;
    const std::string doors =
        door::DoorMetrics(server == nullptr ? door::ServerStats() : server->stats(),
                          (*runtime)->stats(), faults.counts());
    (*components)->TellRemoteSpeech(remote_speech);
    return absl::StrCat(absl::StripSuffix(doors, "# EOF\n"), registry.Text());
  };
  const std::unique_ptr<door::Site> site = door::CreateDoorSite(std::move(site_options));
  request.server.num_threads = num_processors;
  auto server = door::Server::Create(request.server, site.get());
  if (!server.ok()) return server.status();
  // From here on there are conversations, which end in order.
  signals.Catch();
  serving = server->get();
  for (const std::string& worry : (*server)->worries()) command::Say(worry);
  if (!SayWhere(request, **server)) {
    // Nobody would learn where it serves, as the port may be any. Main says why.
    serving = nullptr;
    server->reset();
    return absl::OkStatus();
  }

  signals.Wait();
  is_draining = true;
  command::Say("shutting down; a second signal ends it at once");
  std::thread impatience([&, told = SteadyNow()] {
    // Programs such as timeout(1) send a signal to the process and to its group: that is one.
    constexpr absl::Duration kOneSignal = absl::Milliseconds(500);
    while (is_draining) {
      if (signals.Wait(absl::Milliseconds(100)) && SteadyNow() - told > kOneSignal) {
        _exit(command::kFailed);
      }
    }
  });
  const absl::Status ended = (*runtime)->Shutdown(absl::GetFlag(FLAGS_drain));
  const absl::Status drained = (*server)->Drain(absl::Seconds(5));
  is_draining = false;
  impatience.join();
  if (!ended.ok()) command::Say(ended.message());
  if (!drained.ok()) command::Say(drained.message());
  serving = nullptr;
  server->reset();
  return absl::OkStatus();
}

int Run(const command::Arguments&) {
  absl::StatusOr<Request> request = ReadCommandLine();
  if (!request.ok()) {
    return absl::IsInvalidArgument(request.status()) ? command::WrongUse(request.status().message())
                                                     : command::Fail(request.status());
  }
  const absl::Status status = Serve(*std::move(request));
  return status.ok() ? command::kDone : command::Fail(status);
}

command::Program ServeProgram() {
  return {
      .name = "serve",
      .summary = "Serves the agent: to browsers, OpenAI Realtime clients, telephones and houses.",
      .synopsis = {"serve --db DATABASE [FLAG...]"},
      .details =
          R"(It prints the address of a page, on which one talks to the agent, and of the WebSocket for the clients of
OpenAI's Realtime protocol, whose base URL is all that has to be changed. It runs until SIGTERM or SIGINT, and
lets answers come to their end then.

It listens on this machine alone. Any other --address needs --api_keys; browsers need https:// there, or they
give no page the microphone: --certificate, or a proxy that speaks TLS. docs/operations.md has more.)",
      .flag_groups = {{"Where",
                       {"address", "port", "share_port", "certificate", "key", "audiosocket_port",
                        "wyoming_port", "stream_address"}},
                      {"Who",
                       {"api_keys", "allowed_origins", "sessions_per_key", "connections_per_peer",
                        "trust_network", "twilio_auth_token_file", "public_url"}},
                      {"The model", AgentFlagNames()},
                      {"Servers that hear and speak", SpeechFlagNames()},
                      {"The agent",
                       {"db", "voice", "model_dir", "max_sessions", "threads", "drain"}}},
      .common_flags = {},
      .examples = {"bazel run //pipeline:serve -- --db sessions.db",
                   "serve --db postgresql://agent@db/agent --address 0.0.0.0 --api_keys keys.txt "
                   "--certificate fullchain.pem --key privkey.pem"},
      .no_means = "",
      .subcommands = {},
      .run = Run,
      .max_arguments = 0};
}

}  // namespace
}  // namespace parlance::pipeline

int main(int argc, char** argv) {
  return command::Main(parlance::pipeline::ServeProgram(), argc, argv);
}
