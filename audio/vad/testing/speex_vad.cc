#include "audio/vad/testing/speex_vad.h"

#include <speex/speex_preprocess.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace parlance::audio {
namespace {

constexpr int kRateHz = 16000;
constexpr int kFrame = kRateHz / 100;

struct Destroyer {
  void operator()(SpeexPreprocessState* state) const { speex_preprocess_state_destroy(state); }
};

class SpeexVad : public VoiceActivityDetector {
 public:
  SpeexVad() { Reset(); }

  int sample_rate_hz() const override { return kRateHz; }

  float Process(absl::Span<const int16_t> frame) override {
    // It would write what it suppresses.
    std::array<spx_int16_t, kFrame> samples;
    std::copy_n(frame.begin(), kFrame, samples.begin());
    speex_preprocess_run(state_.get(), samples.data());
    spx_int32_t percent = 0;
    speex_preprocess_ctl(state_.get(), SPEEX_PREPROCESS_GET_PROB, &percent);
    return static_cast<float>(percent) / 100;
  }

  void Reset() override {
    state_.reset(speex_preprocess_state_init(kFrame, kRateHz));
    if (state_ == nullptr) std::abort();
    spx_int32_t off = 0;
    spx_int32_t on = 1;
    speex_preprocess_ctl(state_.get(), SPEEX_PREPROCESS_SET_DENOISE, &off);
    speex_preprocess_ctl(state_.get(), SPEEX_PREPROCESS_SET_AGC, &off);
    speex_preprocess_ctl(state_.get(), SPEEX_PREPROCESS_SET_VAD, &on);
  }

 private:
  std::unique_ptr<SpeexPreprocessState, Destroyer> state_;
};

}  // namespace

std::unique_ptr<VoiceActivityDetector> CreateSpeexVad() { return std::make_unique<SpeexVad>(); }

}  // namespace parlance::audio
