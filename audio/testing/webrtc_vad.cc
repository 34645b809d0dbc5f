#include "audio/testing/webrtc_vad.h"

#include <array>
#include <cstddef>
#include <cstdlib>

#include "webrtc/modules/audio_processing/include/audio_processing.h"

namespace parlance::audio {
namespace {

// Through the float interface: the other needs a header that the package lacks.
class WebRtcVad : public VoiceActivityDetector {
 public:
  explicit WebRtcVad(int sample_rate_hz) : sample_rate_hz_(sample_rate_hz) { Create(); }

  int sample_rate_hz() const override { return sample_rate_hz_; }

  float Process(absl::Span<const int16_t> frame) override {
    for (size_t i = 0; i < frame.size(); ++i) {
      samples_[i] = static_cast<float>(frame[i]) / 32768;
    }
    const float* input = samples_.data();
    float* output = samples_.data();
    const webrtc::StreamConfig config(sample_rate_hz_, 1);
    if (processing_->ProcessStream(&input, config, config, &output) != 0) std::abort();
    return processing_->voice_detection()->stream_has_voice() ? 1 : 0;
  }

  void Reset() override { Create(); }

 private:
  void Create() {
    processing_.reset(webrtc::AudioProcessing::Create());
    if (processing_->voice_detection()->Enable(true) != 0) std::abort();
  }

  const int sample_rate_hz_;
  std::unique_ptr<webrtc::AudioProcessing> processing_;
  std::array<float, 160> samples_{};
};

}  // namespace

std::unique_ptr<VoiceActivityDetector> CreateWebRtcVad(int sample_rate_hz) {
  return std::make_unique<WebRtcVad>(sample_rate_hz);
}

}  // namespace parlance::audio
