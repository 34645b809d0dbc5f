#include "pipeline/door/telephony/asterisk_websocket.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/door/telephony/asterisk_message.h"
#include "pipeline/door/telephony/line_codec.h"

namespace parlance::pipeline::door {
namespace {

constexpr size_t kMaxBinary = size_t{64} << 10;
// What is kept before MEDIA_START: two seconds of the fastest format.
constexpr size_t kMaxKeptBytes = size_t{192} << 10;
constexpr size_t kMaxSessionId = 256;
// Lengths of frames that are sent; Asterisk drops what is no whole number of its own.
constexpr int64_t kDefaultFrameMs = 20;
constexpr int64_t kMaxFrameMs = 100;

class AsteriskWriter : public LineWriter {
 public:
  AsteriskWriter(std::shared_ptr<Connection> connection, LineCodec codec, bool is_json,
                 std::shared_ptr<const std::atomic<bool>> is_full,
                 std::function<void(absl::string_view)> count)
      : connection_(std::move(connection)),
        codec_(codec),
        is_json_(is_json),
        is_full_(std::move(is_full)),
        count_(std::move(count)) {}

  void Sound(absl::Span<const int16_t> frame) override {
    // Asterisk would drop it, too: its queue of 18 s is full.
    if (is_full_->load()) {
      if (count_ != nullptr) count_("frame_while_full");
      return;
    }
    bytes_.clear();
    EncodeLine(codec_, frame, bytes_);
    connection_->SendBinary(bytes_);
  }
  bool has_marks() const override { return true; }
  void Mark(int64_t number) override { Command("MARK_MEDIA", absl::StrCat(number)); }
  void Clear() override { Command("FLUSH_MEDIA"); }
  void Pause() override { Command("PAUSE_MEDIA"); }
  void Continue() override { Command("CONTINUE_MEDIA"); }
  void End(uint16_t code, absl::string_view reason) override {
    Command("HANGUP");
    connection_->Close(code, reason);
  }

 private:
  void Command(absl::string_view command, absl::string_view id = "") {
    connection_->SendText(AsteriskCommand(is_json_, command, id));
  }

  const std::shared_ptr<Connection> connection_;
  const LineCodec codec_;
  const bool is_json_;
  const std::shared_ptr<const std::atomic<bool>> is_full_;
  const std::function<void(absl::string_view)> count_;
  std::vector<uint8_t> bytes_;
};

class AsteriskWebSocket : public MessageHandler {
 public:
  AsteriskWebSocket(CallEnvironment environment, std::shared_ptr<Connection> connection)
      : environment_(std::move(environment)), connection_(std::move(connection)) {}

  void OnText(absl::string_view message) override {
    if (is_over_) return;
    const absl::StatusOr<AsteriskEvent> event = ParseAsteriskEvent(message);
    if (!event.ok()) {
      return End(absl::IsResourceExhausted(event.status()) ? kCloseTooBig : kCloseProtocolError,
                 event.status().message());
    }
    if (event->name == "MEDIA_START") return Start(*event);
    if (event->name == "DTMF_END") return Dtmf(*event);
    if (event->name == "MEDIA_MARK_PROCESSED") return Mark(*event);
    if (event->name == "MEDIA_XOFF") return is_full_->store(true);
    if (event->name == "MEDIA_XON") return is_full_->store(false);
    if (event->name == "HANGUP") return End(kCloseNormal, "the caller hung up");
    if (event->name == "ERROR") return Count("peer_error");
    if (event->name != "STATUS" && event->name != "QUEUE_DRAINED" &&
        event->name != "MEDIA_BUFFERING_COMPLETED") {
      Count("unknown_event");
    }
  }

  void OnBinary(absl::Span<const uint8_t> message) override {
    if (is_over_) return;
    if (message.size() > kMaxBinary) {
      return End(kCloseTooBig, "a binary message of more than 64 KiB; 20 ms are sent at once");
    }
    if (call_ != nullptr) return Hear(message);
    if (kept_.size() + message.size() > kMaxKeptBytes) return Count("sound_before_start");
    kept_.insert(kept_.end(), message.begin(), message.end());
  }

  void OnClosed(const absl::Status& /*status*/) override {
    is_over_ = true;
    if (call_ != nullptr) call_->HangUp();
  }

 private:
  void Start(const AsteriskEvent& event) {
    if (call_ != nullptr) return End(kCloseProtocolError, "a second MEDIA_START");
    is_json_ = event.is_json;
    const std::optional<AsteriskFormat> format = AsteriskFormatOf(event.format);
    if (!format.has_value()) {
      return End(kCloseUnsupportedData,
                 "a format that is not known here; dial with c(ulaw), c(alaw) or c(slin) to "
                 "c(slin48)");
    }
    if (event.session_id.size() > kMaxSessionId) {
      return End(kCloseProtocolError, "a PARLANCE_SESSION_ID of more than 256 bytes");
    }
    int64_t frame_ms = event.ptime_ms.value_or(kDefaultFrameMs);
    if (frame_ms < 10 || frame_ms > kMaxFrameMs || frame_ms % 10 != 0) frame_ms = kDefaultFrameMs;
    decoder_.emplace(format->codec);
    const std::string name = event.channel_id.substr(0, kMaxSessionId);
    call_ = Call::Open(
        environment_, event.session_id,
        name.empty() ? "Telephone call" : absl::StrCat("Telephone call ", name),
        {.sample_rate_hz = format->sample_rate_hz, .frame = absl::Milliseconds(frame_ms)},
        std::make_unique<AsteriskWriter>(connection_, format->codec, is_json_, is_full_,
                                         environment_.count));
    if (!kept_.empty()) Hear(std::exchange(kept_, {}));
  }

  void Hear(absl::Span<const uint8_t> bytes) {
    samples_.clear();
    decoder_->Decode(bytes, samples_);
    call_->Hear(samples_);
  }

  void Dtmf(const AsteriskEvent& event) {
    if (event.digit.size() != 1) {
      return End(kCloseProtocolError, "DTMF_END without a digit of one character");
    }
    if (call_ == nullptr) return Count("key_before_call");
    call_->Press(event.digit.front());
  }

  void Mark(const AsteriskEvent& event) {
    int64_t number = 0;
    if (call_ == nullptr || !absl::SimpleAtoi(event.correlation_id, &number)) {
      return Count("mark_of_nothing");
    }
    call_->MarkReturned(number);
  }

  void End(uint16_t code, absl::string_view reason) {
    is_over_ = true;
    if (call_ != nullptr) {
      call_->End(code, reason);
      return;
    }
    connection_->SendText(AsteriskCommand(is_json_, "HANGUP", ""));
    connection_->Close(code, reason);
  }

  void Count(absl::string_view what) const {
    if (environment_.count != nullptr) environment_.count(what);
  }

  const CallEnvironment environment_;
  const std::shared_ptr<Connection> connection_;
  bool is_over_ = false;
  bool is_json_ = false;
  // Read by whoever sends frames.
  const std::shared_ptr<std::atomic<bool>> is_full_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<Call> call_;
  std::optional<LineDecoder> decoder_;
  std::vector<uint8_t> kept_;
  std::vector<int16_t> samples_;
};

}  // namespace

std::unique_ptr<MessageHandler> CreateAsteriskWebSocket(CallEnvironment environment,
                                                        std::shared_ptr<Connection> connection) {
  return std::make_unique<AsteriskWebSocket>(std::move(environment), std::move(connection));
}

}  // namespace parlance::pipeline::door
