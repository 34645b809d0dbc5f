#include <memory>

#include "audio/vad/neural_vad.h"
#include "audio/vad/testing/vad_under_test.h"

namespace parlance::audio {

std::unique_ptr<VoiceActivityDetector> CreateVadUnderTest() { return *CreateNeuralVad(0); }

}  // namespace parlance::audio
