#include <memory>

#include "audio/neural_vad.h"
#include "audio/testing/vad_under_test.h"

namespace parlance::audio {

std::unique_ptr<VoiceActivityDetector> CreateVadUnderTest() { return *CreateNeuralVad(0); }

}  // namespace parlance::audio
