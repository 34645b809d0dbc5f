// WebRTC's detector behind our interface, to compare with.
//
// Gaussian mixtures of speech and noise in six bands from 80 to 4000 Hz, adapted as it listens
// (WebRTC's common_audio/vad, from libwebrtc-audio-processing 0.3), in fixed point: PCM16 goes in
// as it is. It answers yes or no, so its probability is 1 or 0, and holds a yes for some frames.
#ifndef AUDIO_VAD_WEBRTC_VAD_H_
#define AUDIO_VAD_WEBRTC_VAD_H_

#include <memory>

#include "absl/status/statusor.h"
#include "audio/vad/vad.h"

namespace parlance::audio {

// 8000 or 16000 Hz. `mode`: from 0, which misses least, to 3, which takes the least noise for
// speech. InvalidArgument otherwise; ResourceExhausted without memory.
absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> CreateWebRtcVad(int sample_rate_hz,
                                                                       int mode = 2);

}  // namespace parlance::audio

#endif  // AUDIO_VAD_WEBRTC_VAD_H_
