#include "pipeline/door/telephony/media_stream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "pipeline/door/telephony/line_codec.h"
#include "pipeline/door/telephony/media_order.h"
#include "pipeline/json/bounded_json.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {
namespace {

constexpr int kMinRate = 8000;
constexpr int kMaxRate = 48000;
constexpr int kDefaultRate = 8000;
constexpr size_t kMaxId = 256;

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

struct MediaFormat {
  LineCodec codec = LineCodec::kMuLaw;
  int sample_rate_hz = kDefaultRate;
};

// The member, or the value itself if the name is empty.
const rapidjson::Value* MemberOrSelf(const rapidjson::Value* value, absl::string_view name) {
  return name.empty() ? value : Member(value, name);
}

absl::string_view EncodingName(LineCodec codec) {
  switch (codec) {
    case LineCodec::kMuLaw:
      return "audio/x-mulaw";
    case LineCodec::kALaw:
      return "audio/x-alaw";
    default:
      return "audio/x-l16";
  }
}

std::optional<LineCodec> CodecOf(const MediaStreamDialect& dialect, absl::string_view encoding) {
  const std::string name = absl::AsciiStrToLower(encoding);
  if (absl::StrContains(name, "mulaw") || absl::StrContains(name, "ulaw") || name == "pcmu") {
    return LineCodec::kMuLaw;
  }
  if (absl::StrContains(name, "alaw") || name == "pcma") return LineCodec::kALaw;
  if (absl::StrContains(name, "l16") || absl::StrContains(name, "linear16")) {
    return dialect.pcm_is_high_first ? LineCodec::kPcm16HighFirst : LineCodec::kPcm16;
  }
  if (dialect.has_one_codec) return dialect.codec;
  return std::nullopt;
}

// What was passed along under one of the names of a session's id: in an object, or in a text such
// as "userId=12345;sessionId=abc".
std::string SessionIdIn(const rapidjson::Value* parameters) {
  constexpr absl::string_view kNames[] = {"session_id", "sessionId"};
  for (const absl::string_view name : kNames) {
    if (auto id = TextOrNumberOf(Member(parameters, name)); id.has_value()) return *std::move(id);
  }
  const std::optional<absl::string_view> text = TextOf(parameters);
  if (!text.has_value()) return "";
  for (const absl::string_view part : absl::StrSplit(*text, absl::ByAnyChar(",;"))) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    // Plivo may put this before the names of its headers.
    const absl::string_view name =
        absl::StripPrefix(absl::StripAsciiWhitespace(pair.first), "X-PH-");
    for (const absl::string_view known : kNames) {
      if (name == known) return std::string(absl::StripAsciiWhitespace(pair.second));
    }
  }
  return "";
}

class MediaStreamWriter : public LineWriter {
 public:
  MediaStreamWriter(const MediaStreamDialect& dialect, MediaFormat format,
                    absl::string_view stream_id, std::shared_ptr<Connection> connection)
      : dialect_(dialect),
        format_(format),
        stream_id_(dialect.sends_stream_id
                       ? absl::StrCat(",\"", dialect.stream_id, "\":", QuotedJson(stream_id))
                       : ""),
        connection_(std::move(connection)) {
    media_begin_ = Begin(dialect_.send_media);
    absl::StrAppend(&media_begin_, ",\"media\":{");
    if (dialect_.describes_media) {
      absl::StrAppend(&media_begin_, "\"contentType\":\"", EncodingName(format_.codec),
                      "\",\"sampleRate\":", format_.sample_rate_hz, ",");
    }
    absl::StrAppend(&media_begin_, "\"payload\":\"");
  }

  void Sound(absl::Span<const int16_t> frame) override {
    bytes_.clear();
    EncodeLine(format_.codec, frame, bytes_);
    if (dialect_.is_binary) {
      connection_->SendBinary(bytes_);
      return;
    }
    absl::Base64Escape(
        absl::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size()), &payload_);
    connection_->SendText(absl::StrCat(media_begin_, payload_, "\"}}"));
  }
  bool has_marks() const override { return true; }
  void Mark(int64_t number) override {
    const std::string name = absl::StrCat("\"name\":\"", number, "\"");
    const std::string body = dialect_.mark_object.empty()
                                 ? absl::StrCat(",", name)
                                 : absl::StrCat(",\"", dialect_.mark_object, "\":{", name, "}");
    connection_->SendText(absl::StrCat(Begin(dialect_.send_mark), body, "}"));
  }
  void Clear() override { connection_->SendText(absl::StrCat(Begin(dialect_.send_clear), "}")); }
  // No dialect has them: what was sent is heard, which is some frames at most.
  void Pause() override {}
  void Continue() override {}
  void End(uint16_t code, absl::string_view reason) override { connection_->Close(code, reason); }

 private:
  std::string Begin(absl::string_view verb) const {
    return absl::StrCat("{\"", dialect_.verb, "\":\"", verb, "\"", stream_id_);
  }

  const MediaStreamDialect& dialect_;
  const MediaFormat format_;
  const std::string stream_id_;
  const std::shared_ptr<Connection> connection_;
  std::string media_begin_;
  std::vector<uint8_t> bytes_;
  std::string payload_;
};

class MediaStream : public MessageHandler {
 public:
  MediaStream(const MediaStreamDialect& dialect, CallEnvironment environment,
              std::shared_ptr<Connection> connection)
      : dialect_(dialect),
        environment_(std::move(environment)),
        connection_(std::move(connection)) {}

  void OnText(absl::string_view message) override {
    if (is_over_) return;
    rapidjson::Document document;
    const absl::Status parsed =
        ParseJsonObject(message, {.max_bytes = kMaxMediaStreamMessage}, document);
    if (!parsed.ok()) {
      return End(absl::IsResourceExhausted(parsed) ? kCloseTooBig : kCloseProtocolError,
                 parsed.message());
    }
    const std::optional<absl::string_view> event = TextOf(Member(&document, "event"));
    if (!event.has_value()) {
      return End(kCloseProtocolError, "a message without \"event\"; it has to be a string");
    }
    if (*event == dialect_.media && !dialect_.is_binary) return Media(document);
    if (*event == dialect_.start) return Start(document);
    if (*event == dialect_.dtmf) return Dtmf(document);
    if (*event == dialect_.mark) return Mark(document);
    if (*event == dialect_.stop) return End(kCloseNormal, "the stream has stopped");
    if (*event == "error") return Count("peer_error");
    if (*event != "connected" && *event != dialect_.cleared) Count("unknown_event");
  }

  void OnBinary(absl::Span<const uint8_t> message) override {
    if (is_over_) return;
    if (!dialect_.is_binary) {
      return End(kCloseUnsupportedData,
                 absl::StrCat("a binary message; ", dialect_.name, " has its sound in text"));
    }
    if (message.size() > kMaxMediaStreamMessage) {
      return End(kCloseTooBig, "a binary message of more than 256 KiB; send 20 ms at once");
    }
    if (call_ == nullptr) return Count("media_before_start");
    Hear(message, absl::ZeroDuration());
  }

  void OnClosed(const absl::Status& /*status*/) override {
    is_over_ = true;
    if (call_ != nullptr) call_->HangUp();
  }

 private:
  void Start(const rapidjson::Document& message) {
    if (call_ != nullptr) return End(kCloseProtocolError, "a second start of the same stream");
    const rapidjson::Value* const start = MemberOrSelf(&message, dialect_.start_object);
    if (start == nullptr || !start->IsObject()) {
      return End(kCloseProtocolError,
                 absl::StrCat("a start without an object \"", dialect_.start_object, "\""));
    }
    std::string stream_id;
    if (!dialect_.stream_id.empty()) {
      std::optional<std::string> id = TextOrNumberOf(Member(&message, dialect_.stream_id));
      if (!id.has_value()) id = TextOrNumberOf(Member(start, dialect_.stream_id));
      if (!id.has_value() || id->empty() || id->size() > kMaxId) {
        return End(kCloseProtocolError, absl::StrCat("a start without a \"", dialect_.stream_id,
                                                     "\" of 1 to 256 bytes"));
      }
      stream_id = *std::move(id);
    }
    const std::optional<MediaFormat> format = FormatOf(*start);
    if (!format.has_value()) return;
    const rapidjson::Value* parameters = start;
    if (!dialect_.parameters.empty()) {
      parameters = Member(start, dialect_.parameters);
      if (parameters == nullptr) parameters = Member(&message, dialect_.parameters);
    }
    std::string session_id = SessionIdIn(parameters);
    if (session_id.size() > kMaxId) {
      return End(kCloseProtocolError, "a session_id of more than 256 bytes");
    }
    const std::string call_id =
        TextOrNumberOf(Member(start, dialect_.call_id)).value_or("").substr(0, kMaxId);
    decoder_.emplace(format->codec);
    order_.emplace(
        static_cast<int64_t>(BytesPerSample(format->codec)) * format->sample_rate_hz,
        [this](absl::string_view bytes, absl::Duration missing) { Hear(BytesOf(bytes), missing); });
    call_ =
        Call::Open(environment_, std::move(session_id),
                   call_id.empty() ? "Telephone call" : absl::StrCat("Telephone call ", call_id),
                   {.sample_rate_hz = format->sample_rate_hz, .frame = dialect_.frame},
                   std::make_unique<MediaStreamWriter>(dialect_, *format, stream_id, connection_));
  }

  // Nothing, and the connection is ended, if it cannot be decoded.
  std::optional<MediaFormat> FormatOf(const rapidjson::Value& start) {
    MediaFormat format = {.codec = dialect_.codec, .sample_rate_hz = kDefaultRate};
    std::string encoding;
    std::optional<int64_t> rate;
    if (dialect_.format_object.empty()) {
      // As in "audio/l16;rate=16000".
      const std::string type(TextOf(Member(&start, "content-type")).value_or(""));
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(type, absl::MaxSplits(';', 1));
      encoding = std::string(parts.first);
      int64_t number = 0;
      if (absl::SimpleAtoi(absl::StripPrefix(absl::StripAsciiWhitespace(parts.second), "rate="),
                           &number)) {
        rate = number;
      } else if (!parts.second.empty()) {
        rate = 0;
      }
    } else if (const rapidjson::Value* const object = Member(&start, dialect_.format_object);
               object != nullptr) {
      encoding = std::string(TextOf(Member(object, "encoding")).value_or(""));
      const rapidjson::Value* const value = Member(object, dialect_.sample_rate);
      if (value != nullptr) rate = IntegerOf(value).value_or(0);
      const int64_t channels = IntegerOf(Member(object, "channels")).value_or(1);
      if (channels != 1) {
        End(kCloseUnsupportedData,
            absl::StrCat("sound of ", channels, " channels; it has to be 1"));
        return std::nullopt;
      }
    }
    if (!encoding.empty()) {
      const std::optional<LineCodec> codec = CodecOf(dialect_, encoding);
      if (!codec.has_value()) {
        End(kCloseUnsupportedData,
            "an encoding that is not known; there are mu-law, A-law and linear PCM16 (L16)");
        return std::nullopt;
      }
      format.codec = *codec;
    }
    if (rate.has_value()) {
      // Some rates have no whole number of samples in 20 ms.
      if (*rate < kMinRate || *rate > kMaxRate || *rate % 50 != 0) {
        End(kCloseUnsupportedData,
            "a sample rate that is not one of those supported: 8000 to 48000 Hz, in steps of 50");
        return std::nullopt;
      }
      format.sample_rate_hz = static_cast<int>(*rate);
    }
    return format;
  }

  void Media(const rapidjson::Document& message) {
    if (call_ == nullptr) return Count("media_before_start");
    const rapidjson::Value* const media = Member(&message, "media");
    const std::optional<absl::string_view> payload = TextOf(Member(media, "payload"));
    if (!payload.has_value()) {
      return End(kCloseProtocolError, "media without a \"payload\" in its \"media\"");
    }
    // What the caller hears may be streamed, too.
    if (absl::StartsWith(TextOf(Member(media, "track")).value_or(""), "outbound")) return;
    MediaOrder::Chunk chunk = {.number = IntegerOf(Member(media, "chunk")),
                               .time_ms = IntegerOf(Member(media, "timestamp"))};
    if (!absl::Base64Unescape(*payload, &chunk.bytes)) {
      return End(kCloseProtocolError, "media whose payload is not base64");
    }
    if (!order_->Add(std::move(chunk))) Count("late_media");
  }

  void Hear(absl::Span<const uint8_t> bytes, absl::Duration missing) {
    samples_.clear();
    decoder_->Decode(bytes, samples_);
    call_->Hear(samples_, missing);
  }

  void Dtmf(const rapidjson::Document& message) {
    const rapidjson::Value* object = MemberOrSelf(&message, dialect_.dtmf_object);
    std::optional<std::string> digit = TextOrNumberOf(Member(object, "digit"));
    if (!digit.has_value()) digit = TextOrNumberOf(Member(Member(&message, "dtmf"), "digit"));
    if (!digit.has_value() || digit->size() != 1) {
      return End(kCloseProtocolError, "dtmf without a \"digit\" of one character");
    }
    if (call_ == nullptr) return Count("key_before_call");
    call_->Press(digit->front());
  }

  void Mark(const rapidjson::Document& message) {
    const rapidjson::Value* const object = MemberOrSelf(&message, dialect_.mark_object);
    const std::optional<int64_t> number = IntegerOf(Member(object, "name"));
    if (!number.has_value() || call_ == nullptr) return Count("mark_of_nothing");
    call_->MarkReturned(*number);
  }

  void End(uint16_t code, absl::string_view reason) {
    is_over_ = true;
    if (call_ != nullptr) {
      call_->End(code, reason);
    } else {
      connection_->Close(code, reason);
    }
  }

  void Count(absl::string_view what) const {
    if (environment_.count != nullptr) environment_.count(what);
  }

  const MediaStreamDialect& dialect_;
  const CallEnvironment environment_;
  const std::shared_ptr<Connection> connection_;
  bool is_over_ = false;
  std::shared_ptr<Call> call_;
  std::optional<LineDecoder> decoder_;
  std::optional<MediaOrder> order_;
  std::vector<int16_t> samples_;
};

}  // namespace

std::unique_ptr<MessageHandler> CreateMediaStream(const MediaStreamDialect& dialect,
                                                  CallEnvironment environment,
                                                  std::shared_ptr<Connection> connection) {
  return std::make_unique<MediaStream>(dialect, std::move(environment), std::move(connection));
}

}  // namespace parlance::pipeline::door
