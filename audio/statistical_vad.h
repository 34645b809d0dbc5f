// A detector that compares each band's energy with the noise it has tracked there.
//
// A frame with its predecessor (20 ms, Hann window) is transformed; 16 bands from 100 to 4000 Hz,
// wider with frequency, are smoothed in time. The noise of a band is the minimum of its smoothed
// energy over the last 1.5 s (R. Martin, "Noise power spectral density estimation based on optimal
// smoothing and minimum statistics", IEEE Trans. Speech Audio Process. 9(5), 2001). From it follows
// each band's likelihood ratio with the a-priori SNR by decision direction, whose mean over the
// bands decides (J. Sohn, N. S. Kim, W. Sung, "A statistical model-based voice activity detection",
// IEEE Signal Process. Lett. 6(1), 1999). What is steady for longer than the window (hum, hiss, a
// fan) becomes noise. Sound below -60 dBFS is hardly ever speech.
//
// Latency: none beyond the frame. It says nothing of who speaks: music and other voices are speech
// to it.
#ifndef AUDIO_STATISTICAL_VAD_H_
#define AUDIO_STATISTICAL_VAD_H_

#include <memory>

#include "absl/status/statusor.h"
#include "audio/vad.h"

namespace parlance::audio {

// 8000 or 16000 Hz; InvalidArgument otherwise (a Resampler leads there).
absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> CreateStatisticalVad(int sample_rate_hz);

}  // namespace parlance::audio

#endif  // AUDIO_STATISTICAL_VAD_H_
