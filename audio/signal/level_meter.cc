#include "audio/signal/level_meter.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::audio {
namespace {

constexpr double kFullScale = 32768;

float Dbfs(double amplitude) {
  if (amplitude <= 0) return LevelMeter::kSilenceDbfs;
  return std::max(static_cast<float>(20 * std::log10(amplitude / kFullScale)),
                  LevelMeter::kSilenceDbfs);
}

}  // namespace

absl::StatusOr<LevelMeter> LevelMeter::Create(const Options& options) {
  if (options.sample_rate_hz < 8000 || options.sample_rate_hz > 48000) {
    return absl::InvalidArgumentError(absl::StrCat("levels at ", options.sample_rate_hz,
                                                   " Hz; rates from 8000 to 48000 Hz can be used"));
  }
  if (options.full_scale < 1 || options.full_scale > 32767) {
    return absl::InvalidArgumentError(
        absl::StrCat("a full scale of ", options.full_scale, " is not in 1 to 32767"));
  }
  // Written so that what is no number is refused.
  if (!(options.dc_seconds > 0 && std::isfinite(options.dc_seconds))) {
    return absl::InvalidArgumentError("an offset is followed over a positive number of seconds");
  }
  if (!(options.dc_limit >= 0 && options.dc_limit <= 1)) {
    return absl::InvalidArgumentError("an offset's limit is a part of full scale, 0 to 1");
  }
  return LevelMeter(options);
}

LevelMeter::LevelMeter(const Options& options)
    : options_(options), dc_samples_(options.dc_seconds * options.sample_rate_hz) {}

FrameLevel LevelMeter::Process(absl::Span<const int16_t> frame) {
  int64_t sum = 0;
  int64_t square_sum = 0;
  int peak = 0;
  for (const int16_t sample : frame) {
    const int value = sample;
    sum += value;
    square_sum += static_cast<int64_t>(value * value);
    peak = std::max(peak, std::abs(value));
  }
  FrameLevel level;
  level.peak_dbfs = Dbfs(peak);
  level.rms_dbfs = kSilenceDbfs;
  if (!frame.empty()) {
    const auto size = static_cast<double>(frame.size());
    level.rms_dbfs = Dbfs(std::sqrt(static_cast<double>(square_sum) / size));
    num_heard_ += size;
    const double weight = std::min(size / std::min(num_heard_, dc_samples_), 1.0);
    mean_ += (static_cast<double>(sum) / size - mean_) * weight;
  }
  level.dc_offset = static_cast<float>(mean_ / kFullScale);
  level.has_dc_offset =
      num_heard_ >= dc_samples_ && std::abs(mean_) >= options_.dc_limit * kFullScale;
  // Most frames have nothing to look for.
  if (peak >= options_.full_scale) {
    level.num_clipped = CountClipped(frame);
  } else if (!frame.empty()) {
    run_samples_ = 0;
  }
  level.is_clipping = level.num_clipped > 0;
  return level;
}

int LevelMeter::CountClipped(absl::Span<const int16_t> frame) {
  int count = 0;
  for (const int16_t sample : frame) {
    const int sign = (sample >= options_.full_scale) - (sample <= -options_.full_scale);
    if (sign == 0 || sign != run_sign_) run_samples_ = 0;
    run_sign_ = sign;
    if (sign == 0) continue;
    ++run_samples_;
    if (run_samples_ == kClippedRun) count += kClippedRun;
    if (run_samples_ > kClippedRun) ++count;
  }
  return count;
}

void LevelMeter::Reset() {
  num_heard_ = 0;
  mean_ = 0;
  run_samples_ = 0;
  run_sign_ = 0;
}

}  // namespace parlance::audio
