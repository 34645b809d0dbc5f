// SpeexDSP's detector of speech behind our interface, to measure beside ours. It is a part of its
// preprocessor, whose noise suppression and gain control are off; its documentation calls it a
// stopgap.
#ifndef AUDIO_VAD_TESTING_SPEEX_VAD_H_
#define AUDIO_VAD_TESTING_SPEEX_VAD_H_

#include <memory>

#include "audio/vad/vad.h"

namespace parlance::audio {

// 16 kHz. Its probability has steps of .01.
std::unique_ptr<VoiceActivityDetector> CreateSpeexVad();

}  // namespace parlance::audio

#endif  // AUDIO_VAD_TESTING_SPEEX_VAD_H_
