#include "pipeline/door/telephony/audio_socket.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/telephony/audio_socket_parser.h"
#include "pipeline/door/telephony/line_codec.h"

namespace parlance::pipeline::door {
namespace {

constexpr size_t kUuidBytes = 16;
// The highest rate that a conversation takes.
constexpr int kMaxRate = 48000;
// Asterisk's code of an error in forwarding a frame.
constexpr uint8_t kFrameError = 0x02;

void SendPacket(Connection& connection, uint8_t kind, absl::Span<const uint8_t> payload) {
  const std::array<uint8_t, 3> header = AudioSocketHeader(kind, payload.size());
  std::vector<uint8_t> packet(header.begin(), header.end());
  packet.insert(packet.end(), payload.begin(), payload.end());
  connection.SendBinary(packet);
}

// As Asterisk writes it in its log: 40325ec2-5efd-4bd3-805f-53576e581d13.
std::string UuidText(absl::Span<const uint8_t> bytes) {
  const std::string digits = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const absl::string_view view = digits;
  return absl::StrCat(view.substr(0, 8), "-", view.substr(8, 4), "-", view.substr(12, 4), "-",
                      view.substr(16, 4), "-", view.substr(20));
}

class AudioSocketWriter : public LineWriter {
 public:
  // Each sample is sent `factor` times as many.
  AudioSocketWriter(std::shared_ptr<Connection> connection, uint8_t kind, int factor)
      : connection_(std::move(connection)), kind_(kind), factor_(factor) {}

  void Sound(absl::Span<const int16_t> frame) override {
    samples_.clear();
    for (const int16_t sample : frame) {
      // On the line from the last sample to this one.
      for (int i = 1; i <= factor_; ++i) {
        samples_.push_back(static_cast<int16_t>(last_ + (sample - last_) * i / factor_));
      }
      last_ = sample;
    }
    bytes_.clear();
    EncodeLine(LineCodec::kPcm16, samples_, bytes_);
    SendPacket(*connection_, kind_, bytes_);
  }
  bool has_marks() const override { return false; }
  void Mark(int64_t /*number*/) override {}
  void Clear() override {}
  void Pause() override {}
  void Continue() override {}
  void End(uint16_t code, absl::string_view reason) override {
    SendPacket(*connection_, static_cast<uint8_t>(AudioSocketKind::kHangUp), {});
    connection_->Close(code, reason);
  }

 private:
  const std::shared_ptr<Connection> connection_;
  const uint8_t kind_;
  const int factor_;
  int last_ = 0;
  std::vector<int16_t> samples_;
  std::vector<uint8_t> bytes_;
};

class AudioSocket : public MessageHandler {
 public:
  AudioSocket(CallEnvironment environment, std::shared_ptr<Connection> connection)
      : environment_(std::move(environment)), connection_(std::move(connection)) {}

  // Over TCP there are only bytes.
  void OnText(absl::string_view message) override {
    OnBinary(absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(message.data()), message.size()));
  }

  void OnBinary(absl::Span<const uint8_t> message) override {
    parser_.Push(message,
                 [this](const AudioSocketParser::Packet& packet) { return Handle(packet); });
  }

  void OnClosed(const absl::Status& /*status*/) override {
    if (call_ != nullptr) call_->HangUp();
  }

 private:
  // False if the connection is to end.
  bool Handle(const AudioSocketParser::Packet& packet) {
    if (const std::optional<int> rate = AudioSocketRate(packet.kind); rate.has_value()) {
      return Hear(packet, *rate);
    }
    switch (static_cast<AudioSocketKind>(packet.kind)) {
      case AudioSocketKind::kHangUp:
        return HangUp("the caller hung up");
      case AudioSocketKind::kError:
        Count("peer_error");
        return HangUp("Asterisk reported an error");
      case AudioSocketKind::kUuid:
        if (packet.payload.size() != kUuidBytes) {
          return Refuse(absl::StrCat("a UUID of ", packet.payload.size(), " bytes; it has 16"));
        }
        uuid_ = UuidText(packet.payload);
        return true;
      case AudioSocketKind::kDtmf:
        if (packet.payload.size() != 1) {
          return Refuse(absl::StrCat("a key of ", packet.payload.size(), " bytes; it has 1"));
        }
        if (call_ != nullptr) {
          call_->Press(static_cast<char>(packet.payload[0]));
        } else {
          Count("key_before_call");
        }
        return true;
      default:
        Count("unknown_packet");
        return true;
    }
  }

  bool Hear(const AudioSocketParser::Packet& packet, int rate) {
    // Asterisk has sent G.711 as if it were PCM (CyCoreSystems/audiosocket#11, #27).
    if (packet.payload.size() % 2 != 0) {
      return Refuse("sound of an odd number of bytes is not PCM16; dial with c(slin)");
    }
    if (call_ == nullptr) {
      kind_ = packet.kind;
      factor_ = std::max(1, rate / kMaxRate);
      call_ = Call::Open(environment_, /*session_id=*/"",
                         uuid_.empty() ? "Telephone call" : absl::StrCat("Telephone call ", uuid_),
                         {.sample_rate_hz = rate / factor_},
                         std::make_unique<AudioSocketWriter>(connection_, kind_, factor_));
    } else if (packet.kind != kind_) {
      return Refuse("the rate of the sound has changed; dial with one codec");
    }
    samples_.clear();
    LineDecoder(LineCodec::kPcm16).Decode(packet.payload, samples_);
    if (factor_ > 1) Lower();
    call_->Hear(samples_);
    return true;
  }

  // Makes one sample of each `factor_`: their mean, as the least that keeps what is above the new
  // rate's half down. A telephone line has nothing there.
  void Lower() {
    size_t kept = 0;
    for (const int16_t sample : samples_) {
      sum_ += sample;
      if (++num_summed_ < factor_) continue;
      samples_[kept++] = static_cast<int16_t>(sum_ / factor_);
      sum_ = 0;
      num_summed_ = 0;
    }
    samples_.resize(kept);
  }

  bool HangUp(absl::string_view why) {
    if (call_ != nullptr) call_->HangUp();
    connection_->Close(kCloseNormal, why);
    return false;
  }

  bool Refuse(absl::string_view why) {
    SendPacket(*connection_, static_cast<uint8_t>(AudioSocketKind::kError), {kFrameError});
    if (call_ != nullptr) {
      call_->End(kCloseProtocolError, why);
    } else {
      connection_->Close(kCloseProtocolError, why);
    }
    return false;
  }

  void Count(absl::string_view what) const {
    if (environment_.count != nullptr) environment_.count(what);
  }

  const CallEnvironment environment_;
  const std::shared_ptr<Connection> connection_;
  AudioSocketParser parser_;
  std::string uuid_;
  std::shared_ptr<Call> call_;
  uint8_t kind_ = 0;
  // How many samples of the line are one of the call.
  int factor_ = 1;
  int sum_ = 0;
  int num_summed_ = 0;
  std::vector<int16_t> samples_;
};

}  // namespace

std::unique_ptr<MessageHandler> CreateAudioSocket(CallEnvironment environment,
                                                  std::shared_ptr<Connection> connection) {
  return std::make_unique<AudioSocket>(std::move(environment), std::move(connection));
}

}  // namespace parlance::pipeline::door
