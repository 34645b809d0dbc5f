// How well does a detector agree with labels?
//
// A frame is 10 ms, and is decided to be speech if its probability is at least the threshold. A
// segment is a run of frames that are labelled speech; a gap lies between two segments of a file.
// All files are pooled, so a longer one counts for more.
//
// These figures are about frames, except those within the collar of a label's border and those that
// are left out:
//   AUC        the chance that a frame of speech has a higher probability than one of none, equal
//              ones counting half: the area under the ROC curve (J. A. Hanley, B. J. McNeil,
//              "The meaning and use of the area under a receiver operating characteristic (ROC)
//              curve", Radiology 143(1), 1982)
//   precision  of the frames decided speech, the share that is; recall: of the frames of speech,
//              the share decided so; F1: their harmonic mean (C. J. van Rijsbergen, "Information
//              Retrieval", 1979)
//   false-positive rate at a recall  the share of frames of no speech that are decided speech at
//              the highest threshold whose recall is at least that one
//
// These are about segments, whatever the collar and whatever is left out:
//   missed     the share in which no frame is decided speech
//   onset delay   from a segment's begin to the first frame in it that is decided speech: 0 if that
//              is its first one. Missed segments have none.
//   offset delay  from a segment's end to the end of the last frame decided speech before the next
//              segment, or the file's end: negative if the detector stopped within the segment.
//              Missed segments have none, nor has one that ends with the file.
//   bridged    of the gaps of at least 200 ms, the share without a frame decided no speech
//
// A percentile p of n values is the ceil(p n)-th in order (type 1 of R. J. Hyndman, Y. Fan, "Sample
// quantiles in statistical packages", Am. Stat. 50(4), 1996).
//
// Intervals hold 95 %, by the percentile bootstrap (B. Efron, R. J. Tibshirani, "An Introduction to
// the Bootstrap", 1993, chapter 13): files are drawn with replacement. Of one file, blocks of 1 s
// are, because neighbouring frames tell the same (E. Carlstein, "The use of subseries values for
// estimating the variance of a general statistic from a stationary sequence", Ann. Stat. 14(3),
// 1986); they are longer beyond an hour, so that there are at most 3600. For the AUC and the
// false-positive rate, probabilities are then rounded to 2048 ranks. With a handful of files an
// interval is too narrow: it knows only what was recorded.
#ifndef AUDIO_EVALUATION_VAD_METRICS_H_
#define AUDIO_EVALUATION_VAD_METRICS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace parlance::audio {

// A file: for each frame the detector's probability, 0 to 1, and whether it is labelled speech, 1
// or 0.
struct ScoredFrames {
  std::vector<float> probabilities;
  std::vector<uint8_t> speech;
  // 1 for each frame that the figures about frames leave out, because nobody can say what it is, 0
  // for the others. Empty: none is left out. `speech` of such a frame still says where segments
  // are.
  std::vector<uint8_t> left_out = {};
};

struct VadMetricsOptions {
  // 0 to 1.
  float threshold = 0.5F;
  // The recall at which the false-positive rate is taken: above 0, at most 1.
  double recall = 0.95;
  // Frames on either side of a label's border that are left out.
  int collar_frames = 0;
  // 0 for no intervals; at most 1,000,000.
  int num_resamples = 1000;
  uint64_t seed = 1;
};

struct Estimate {
  double value = 0;
  struct Interval {
    double low = 0;
    double high = 0;
  };
  // None if there is only one thing to draw, or if more than 5 % of the draws have no value.
  std::optional<Interval> interval;
};

// None where there is nothing to measure, such as an AUC without a frame of speech.
struct VadMetrics {
  std::optional<Estimate> auc;
  std::optional<Estimate> precision;
  std::optional<Estimate> recall;
  std::optional<Estimate> f1;
  std::optional<Estimate> false_positive_rate_at_recall;
  std::optional<Estimate> missed;
  std::optional<Estimate> onset_delay_p50_ms;
  std::optional<Estimate> onset_delay_p95_ms;
  std::optional<Estimate> offset_delay_p50_ms;
  std::optional<Estimate> offset_delay_p95_ms;
  std::optional<Estimate> bridged;

  // The numbers of frames and segments that the figures above are made of.
  int64_t num_frames = 0;
  int64_t num_speech_frames = 0;
  int64_t num_segments = 0;
  // Gaps of at least 200 ms.
  int64_t num_gaps = 0;
  // The number of units that the intervals are resampled from: files, or blocks of one file.
  int64_t num_resampled_units = 0;
};

// The same input gives the same result. InvalidArgument for no file, a file whose lists differ in
// length, a probability outside of its range, or such options. Takes the memory of some 40
// bytes a frame, and 1 to 2 s for an hour of sound.
absl::StatusOr<VadMetrics> MeasureVad(absl::Span<const ScoredFrames> files,
                                      const VadMetricsOptions& options = {});

}  // namespace parlance::audio

#endif  // AUDIO_EVALUATION_VAD_METRICS_H_
