#include "pipeline/door/site/door_site.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pipeline/door/access/access.h"
#include "pipeline/door/access/session_quota.h"
#include "pipeline/door/site/door_metrics.h"
#include "pipeline/door/telephony/asterisk_websocket.h"
#include "pipeline/door/telephony/audio_socket.h"
#include "pipeline/door/telephony/media_stream.h"
#include "pipeline/door/telephony/media_stream_dialect.h"
#include "pipeline/door/wire/utf8_checker.h"
#include "pipeline/door/wire/websocket_handshake.h"
#include "pipeline/door/wyoming/wyoming.h"

namespace parlance::pipeline::door {
namespace {

constexpr absl::string_view kMediaStreams = "/v1/media-streams/";
constexpr absl::string_view kTwiliosPath = "/v1/media-streams/twilio";
// A status is added to this one of the codes that applications may use (RFC 6455, section 7.4.2).
constexpr int kCloseRefused = 4000;
constexpr absl::string_view kRealtimeSubprotocol = "realtime";
constexpr size_t kMaxSessionIdBytes = 128;

// A handler that gives back what its key may have so many of.
class CountedHandler : public MessageHandler {
 public:
  CountedHandler(std::unique_ptr<MessageHandler> handler, std::unique_ptr<SessionQuota::Slot> slot)
      : handler_(std::move(handler)), slot_(std::move(slot)) {}
  void OnText(absl::string_view message) override { handler_->OnText(message); }
  void OnBinary(absl::Span<const uint8_t> message) override { handler_->OnBinary(message); }
  void OnClosed(const absl::Status& status) override { handler_->OnClosed(status); }

 private:
  const std::unique_ptr<MessageHandler> handler_;
  const std::unique_ptr<SessionQuota::Slot> slot_;
};

// Who was refused, and may still speak until the connection is closed.
class NobodyHandler : public MessageHandler {
 public:
  void OnText(absl::string_view /*message*/) override {}
  void OnBinary(absl::Span<const uint8_t> /*message*/) override {}
  void OnClosed(const absl::Status& /*status*/) override {}
};

// How an error of the runtime is said over HTTP.
HttpResponse Refused(const absl::Status& status) {
  HttpResponse response = {.body = absl::StrCat(status.message(), "\n")};
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      response.status = 404;
      break;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      response.status = 409;
      break;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      response.status = 503;
      response.headers = {{"Retry-After", "5"}};
      break;
    case absl::StatusCode::kInvalidArgument:
      response.status = 400;
      break;
    default:
      response.status = 500;
  }
  return response;
}

std::string Parameter(const HttpRequest& request, absl::string_view name) {
  const std::string* const value = request.parameter(name);
  return value == nullptr ? "" : *value;
}

class DoorSite : public Site {
 public:
  explicit DoorSite(DoorSiteOptions options)
      : options_(std::move(options)), quota_(options_.max_sessions_of_key) {}

  HttpResponse Answer(const HttpRequest& request, const Peer& /*peer*/) override {
    if (request.method != "GET" && request.method != "HEAD") {
      return {.status = 405, .headers = {{"Allow", "GET, HEAD"}}, .body = "GET, please\n"};
    }
    if (request.path == "/healthz") return {.body = "ok\n"};
    if (request.path == "/readyz") return Ready();
    if (request.path == "/metrics" && options_.metrics != nullptr) {
      if (const auto name = Authenticate(request, options_.keys); !name.ok()) {
        return RefusalOf(name.status());
      }
      return {.content_type = kMetricsContentType, .body = options_.metrics()};
    }
    if (request.path == "/v1/realtime" || request.path == "/v1/asterisk" ||
        absl::StartsWith(request.path, kMediaStreams)) {
      return {.status = 426,
              .headers = {{"Upgrade", "websocket"}},
              .body = "this is spoken over a WebSocket\n"};
    }
    for (const PageFile& file : options_.page) {
      if (file.path == request.path) return OfPage(file);
    }
    return {.status = 404, .body = "there is nothing here\n"};
  }

  Opening OpenWebSocket(const HttpRequest& request, const Peer& /*peer*/,
                        std::shared_ptr<Connection> connection) override {
    Opening opening = Decide(request, connection);
    if (opening.handler != nullptr || Parameter(request, "refusal") != "close") return opening;
    const HttpResponse& refusal = opening.refusal;
    connection->Close(static_cast<uint16_t>(kCloseRefused + refusal.status),
                      absl::StripTrailingAsciiWhitespace(refusal.body));
    opening.handler = std::make_unique<NobodyHandler>();
    // A browser takes no connection that speaks none of what it offered.
    opening.subprotocol = SubprotocolOf(request);
    return opening;
  }

  Opening OpenStream(const Peer& peer, std::shared_ptr<Connection> connection) override {
    const auto stream = peer.listener < options_.streams.size() ? options_.streams[peer.listener]
                                                                : DoorSiteOptions::Stream::kNone;
    switch (stream) {
      case DoorSiteOptions::Stream::kAudioSocket:
        return {.handler = CreateAudioSocket(options_.calls, std::move(connection))};
      case DoorSiteOptions::Stream::kWyoming:
        return {.handler =
                    CreateWyoming(options_.house, std::move(connection), options_.calls.count)};
      case DoorSiteOptions::Stream::kNone:
        break;
    }
    return {};
  }

 private:
  Opening Decide(const HttpRequest& request, std::shared_ptr<Connection> connection) {
    const bool is_call =
        request.path == "/v1/asterisk" || absl::StartsWith(request.path, kMediaStreams);
    if (request.path != "/v1/realtime" && !(is_call && options_.calls.opener != nullptr)) {
      return {.refusal = {.status = 404, .body = "there is nothing here\n"}};
    }
    std::string name;
    const bool may_be_signed = request.path == kTwiliosPath && !options_.twilio_auth_token.empty();
    if (!(may_be_signed && IsSigned(request))) {
      // Whoever gave the token wants Twilio's calls, and no others there without a key.
      if (may_be_signed && options_.keys == nullptr) {
        return {.refusal = RefusalOf(absl::UnauthenticatedError(
                    absl::StrCat("the call is not signed by Twilio, with the token that is known "
                                 "here, for ",
                                 options_.public_url, " and the path")))};
      }
      const absl::StatusOr<std::string> known = Authenticate(request, options_.keys);
      if (!known.ok()) return {.refusal = RefusalOf(known.status())};
      if (absl::Status allowed = CheckOrigin(request, options_.allowed_origins); !allowed.ok()) {
        return {.refusal = RefusalOf(allowed)};
      }
      name = *known;
    }
    absl::StatusOr<std::unique_ptr<SessionQuota::Slot>> slot = quota_.Take(name);
    if (!slot.ok()) return {.refusal = RefusalOf(slot.status())};
    Opening opening = is_call ? OpenCall(request, std::move(connection))
                              : OpenRealtime(request, std::move(connection));
    if (opening.handler != nullptr) {
      opening.handler =
          std::make_unique<CountedHandler>(std::move(opening.handler), *std::move(slot));
    }
    return opening;
  }

  // The subprotocol that is spoken, if it was offered.
  static std::string SubprotocolOf(const HttpRequest& request,
                                   absl::string_view spoken = kRealtimeSubprotocol) {
    return OffersSubprotocol(request, spoken) ? std::string(spoken) : "";
  }

  HttpResponse Ready() const {
    const absl::Status ready = options_.ready == nullptr ? absl::OkStatus() : options_.ready();
    if (ready.ok()) return {.body = "ready\n"};
    return {.status = 503,
            .headers = {{"Retry-After", "5"}},
            .body = absl::StrCat(ready.message(), "\n")};
  }

  static HttpResponse OfPage(const PageFile& file) {
    return {.content_type = std::string(file.content_type),
            .headers = {{"Content-Security-Policy",
                         "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; "
                         "form-action 'none'; frame-ancestors 'none'"},
                        {"X-Content-Type-Options", "nosniff"},
                        {"Referrer-Policy", "no-referrer"},
                        {"Permissions-Policy", "microphone=(self)"},
                        {"Cache-Control", "no-cache"}},
            .body = std::string(file.body)};
  }

  // Whether Twilio has signed the request. Its token is known.
  bool IsSigned(const HttpRequest& request) const {
    const std::string* const signature = request.header("x-twilio-signature");
    if (signature == nullptr) return false;
    return IsSignedByTwilio(absl::StrCat(options_.public_url, request.target), {},
                            options_.twilio_auth_token, *signature);
  }

  Opening OpenRealtime(const HttpRequest& request, std::shared_ptr<Connection> connection) {
    RealtimeRequest wanted = {.session_id = Parameter(request, "session_id"),
                              .model = std::string(CutUtf8(Parameter(request, "model"), 100)),
                              .is_transcription = Parameter(request, "intent") == "transcription"};
    // What is said of a session that is not there repeats its id.
    if (wanted.session_id.size() > kMaxSessionIdBytes) {
      return {.refusal = {.status = 404,
                          .body = absl::StrCat("there is no session with an id of more than ",
                                               kMaxSessionIdBytes, " bytes\n")}};
    }
    absl::StatusOr<std::unique_ptr<MessageHandler>> handler =
        OpenRealtimeSession(options_.realtime, wanted, std::move(connection));
    if (!handler.ok()) return {.refusal = Refused(handler.status())};
    return {.handler = *std::move(handler), .subprotocol = SubprotocolOf(request)};
  }

  Opening OpenCall(const HttpRequest& request, std::shared_ptr<Connection> connection) {
    if (request.path == "/v1/asterisk") {
      // Asterisk's client asks for it.
      return {.handler = CreateAsteriskWebSocket(options_.calls, std::move(connection)),
              .subprotocol = SubprotocolOf(request, "media")};
    }
    const absl::string_view name = absl::StripPrefix(request.path, kMediaStreams);
    const MediaStreamDialect* const dialect = FindMediaStreamDialect(name);
    if (dialect == nullptr) {
      return {.refusal = {.status = 404,
                          .body = "no carrier of that name is known; twilio, telnyx, plivo, exotel "
                                  "and vonage are\n"}};
    }
    return {.handler = CreateMediaStream(*dialect, options_.calls, std::move(connection))};
  }

  const DoorSiteOptions options_;
  SessionQuota quota_;
};

}  // namespace

std::unique_ptr<Site> CreateDoorSite(DoorSiteOptions options) {
  return std::make_unique<DoorSite>(std::move(options));
}

}  // namespace parlance::pipeline::door
