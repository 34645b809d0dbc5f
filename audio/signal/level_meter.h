// How loud a stream is, and whether something is wrong with it: an offset, or clipping.
#ifndef AUDIO_SIGNAL_LEVEL_METER_H_
#define AUDIO_SIGNAL_LEVEL_METER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace parlance::audio {

// The level of one frame. In dBFS, 0 is a constant, or a square, at full scale (32768), so that a
// sine at full scale has an RMS of -3.01; silence reads kSilenceDbfs.
struct FrameLevel {
  // The level of the samples as they are, the offset included.
  float rms_dbfs = 0;
  // The level of the greatest magnitude.
  float peak_dbfs = 0;
  // The mean, followed slowly, as a part of full scale: -1 to 1.
  float dc_offset = 0;
  // The number of samples that lie in runs of three and more at the same end of the scale. A run
  // counts from its third sample on, and then with those before it, which may be in the frame
  // before: the sum over the frames is exact.
  int num_clipped = 0;
  bool has_dc_offset = false;
  bool is_clipping = false;
};

// Threads: one at a time. Allocates nothing, locks nothing, makes no system call.
class LevelMeter {
 public:
  static constexpr float kSilenceDbfs = -128;
  // Two samples at the end of the scale may be a peak that just fits.
  static constexpr int kClippedRun = 3;

  struct Options {
    // 8000 to 48000.
    int sample_rate_hz = 16000;
    // A sample clips from this magnitude on: 32124 for decoded mu-law, 32256 for A-law.
    int full_scale = 32767;
    // The mean is over all samples until this many seconds were heard, then over about the last
    // ones of this length.
    double dc_seconds = 1;
    // has_dc_offset is set from this part of full scale on, once dc_seconds were heard. A hundredth
    // is as loud as soft speech.
    double dc_limit = 0.01;
  };

  // InvalidArgument for a rate out of range, a full scale that is not 1 to 32767, seconds that are
  // not more than 0 and a limit that is not 0 to 1.
  static absl::StatusOr<LevelMeter> Create(const Options& options);

  // `frame`: mono PCM16 of any size, the next of the stream. An empty one reads as silence.
  FrameLevel Process(absl::Span<const int16_t> frame);

  // Forgets the stream.
  void Reset();

 private:
  explicit LevelMeter(const Options& options);

  int CountClipped(absl::Span<const int16_t> frame);

  Options options_;
  double dc_samples_;
  double num_heard_ = 0;
  double mean_ = 0;
  // The run at one end of the scale that the last sample is in: its length and which end.
  int64_t run_samples_ = 0;
  int run_sign_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_SIGNAL_LEVEL_METER_H_
