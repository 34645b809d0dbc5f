#include <memory>
#include <utility>

#include "audio/vad/neural_vad.h"
#include "audio/vad/testing/vad_under_test.h"

namespace parlance::audio {
namespace {

// A second detector hears three of ten frames.
class ExtraWorkVad : public VoiceActivityDetector {
 public:
  ExtraWorkVad(std::unique_ptr<VoiceActivityDetector> vad,
               std::unique_ptr<VoiceActivityDetector> extra)
      : vad_(std::move(vad)), extra_(std::move(extra)) {}

  int sample_rate_hz() const override { return vad_->sample_rate_hz(); }
  int look_ahead_frames() const override { return vad_->look_ahead_frames(); }
  int hangover_frames() const override { return vad_->hangover_frames(); }

  float Process(absl::Span<const int16_t> frame) override {
    tenths_ += 3;
    if (tenths_ >= 10) {
      tenths_ -= 10;
      unused_ = extra_->Process(frame);
    }
    return vad_->Process(frame);
  }

  void Reset() override {
    vad_->Reset();
    extra_->Reset();
  }

 private:
  const std::unique_ptr<VoiceActivityDetector> vad_;
  const std::unique_ptr<VoiceActivityDetector> extra_;
  int tenths_ = 0;
  volatile float unused_ = 0;
};

}  // namespace

std::unique_ptr<VoiceActivityDetector> CreateVadUnderTest() {
  return std::make_unique<ExtraWorkVad>(*CreateNeuralVad(0), *CreateNeuralVad(0));
}

}  // namespace parlance::audio
