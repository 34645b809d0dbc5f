// The detector that performance tests measure.
//
// Built with --define=parlance_extra_work=vad it does 30 % more work, so that a slower build can be
// told from a fast one: the check that the suite notices.
#ifndef AUDIO_VAD_TESTING_VAD_UNDER_TEST_H_
#define AUDIO_VAD_TESTING_VAD_UNDER_TEST_H_

#include <memory>

#include "audio/vad/vad.h"

namespace parlance::audio {

// The neural one, which answers at once: 16 kHz.
std::unique_ptr<VoiceActivityDetector> CreateVadUnderTest();

}  // namespace parlance::audio

#endif  // AUDIO_VAD_TESTING_VAD_UNDER_TEST_H_
