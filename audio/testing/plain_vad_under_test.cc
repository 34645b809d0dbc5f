#include <memory>

#include "audio/statistical_vad.h"
#include "audio/testing/vad_under_test.h"

namespace parlance::audio {

std::unique_ptr<VoiceActivityDetector> CreateVadUnderTest(int sample_rate_hz) {
  return *CreateStatisticalVad(sample_rate_hz);
}

}  // namespace parlance::audio
