// WebRTC's detector behind our interface, to measure against. It answers yes or no.
#ifndef AUDIO_TESTING_WEBRTC_VAD_H_
#define AUDIO_TESTING_WEBRTC_VAD_H_

#include <memory>

#include "audio/vad.h"

namespace parlance::audio {

// 8000 or 16000 Hz.
std::unique_ptr<VoiceActivityDetector> CreateWebRtcVad(int sample_rate_hz);

}  // namespace parlance::audio

#endif  // AUDIO_TESTING_WEBRTC_VAD_H_
