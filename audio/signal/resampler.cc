#include "audio/signal/resampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <map>
#include <numbers>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "third_party/annotated_mutex.h"

namespace parlance::audio {
namespace {

constexpr int kMinRateHz = 8000;
constexpr int kMaxRateHz = 48000;

// Four lanes. GCC and Clang make SSE2 or NEON of it, which every processor of the architecture has.
constexpr size_t kLanes = 4;
using Float4 = float __attribute__((vector_size(16)));

// A low pass: the window's half width and the cutoff, in samples of the lower rate and as a part of
// it, and the window's parameter.
struct Design {
  double half_width;
  double cutoff;
  double beta;
};
// 48 taps fall from 0 to -96 dB over 0.126 of the rate, around its half: every phase but the first
// lies between samples, and the first is one of them.
constexpr Design kUp = {.half_width = 24, .cutoff = 0.5, .beta = 9.62};
// The fall, to -92 dB, ends at half of the rate.
constexpr Design kDown = {.half_width = 40, .cutoff = 0.4634, .beta = 9.18};
// To a whole part of a rate there are no images, only aliases: -84 dB will do.
constexpr Design kDecimating = {.half_width = 36, .cutoff = 0.4632, .beta = 8.3};

// Rates with more phases than this are interpolated between kTablePhases of them: linearly, since
// neighbours of so many differ from a line by less than -100 dB.
constexpr int kMaxExactPhases = 320;
constexpr int kTablePhases = 256;

// Taps are a multiple of this: Dot has four sums under way.
constexpr size_t kTapsUnit = 4 * kLanes;
// The most taps there are: those from 48 to 8 kHz.
constexpr size_t kMaxTaps = 480;
static_assert(kMaxTaps >= 2 * kDown.half_width * kMaxRateHz / kMinRateHz);
constexpr size_t kMaxBlock = 512;
// DoubleRate and Decimate compute so many at once, and so read beyond the last.
constexpr size_t kManyUnit = 4 * kLanes;
constexpr size_t kMaxStep = kMaxRateHz / kMinRateHz;

constexpr float kMaxSample = 32767;
constexpr float kMinSample = -32768;
// Added to a float of less than 2^22, it leaves the nearest whole number in the lowest bits.
constexpr float kRounder = 12582912;
constexpr int32_t kRounderBits = std::bit_cast<int32_t>(kRounder);

Float4 Load(const float* values) {
  Float4 lanes;
  std::memcpy(&lanes, values, sizeof(lanes));
  return lanes;
}

int16_t ToSample(float value) {
  const float rounded = std::min(std::max(value, kMinSample), kMaxSample) + kRounder;
  return static_cast<int16_t>(std::bit_cast<int32_t>(rounded) - kRounderBits);
}

Float4 InAllLanes(float value) { return Float4{value, value, value, value}; }

// The same operations in the same order wherever the taps lie, so that chunks make no difference.
float Dot(const float* samples, const float* coefficients, size_t num_taps) {
  Float4 sums[4] = {};
  for (size_t i = 0; i < num_taps; i += kTapsUnit) {
    for (size_t j = 0; j < 4; ++j) {
      sums[j] += Load(coefficients + i + j * kLanes) * Load(samples + i + j * kLanes);
    }
  }
  const Float4 sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// The ideal low pass of `cutoff` (of the sample rate), `time` samples from its middle, under a
// window that ends at `half_width`.
double WindowedSinc(double time, double cutoff, double half_width, double beta) {
  const double place = time / half_width;
  if (std::abs(place) >= 1) return 0;
  const double angle = 2 * std::numbers::pi * cutoff * time;
  const double sinc = time == 0 ? 1 : std::sin(angle) / angle;
  return sinc * std::cyl_bessel_i(0, beta * std::sqrt(1 - place * place));
}

}  // namespace

// Immutable, so shared by threads.
class ResamplerFilter {
 public:
  // A filter from `step` input samples to `num_phases` output samples, without a common divisor.
  ResamplerFilter(int step, int num_phases) : num_phases_(num_phases) {
    const bool is_up = num_phases > step;
    is_decimating_ = num_phases == 1;
    const Design& design = is_up ? kUp : is_decimating_ ? kDecimating : kDown;
    // Input samples in one of the lower rate.
    const double stretch = is_up ? 1 : static_cast<double>(step) / num_phases;
    const double half_width = design.half_width * stretch;
    lookahead_ = static_cast<size_t>(std::ceil(half_width));
    is_doubling_ = step == 1 && num_phases == 2;
    interpolates_ = num_phases > kMaxExactPhases;
    const int num_rows = interpolates_ ? kTablePhases : num_phases;
    step_ = static_cast<size_t>(step);
    // Zeros fill up the side of the past, where they delay nothing. Decimate has no such unit.
    num_taps_ =
        is_decimating_ ? 2 * lookahead_ : (2 * lookahead_ + kTapsUnit - 1) / kTapsUnit * kTapsUnit;

    // Interpolation needs the row after the last.
    const size_t stored_rows = static_cast<size_t>(num_rows) + (interpolates_ ? 1 : 0);
    table_.resize(stored_rows * num_taps_);
    std::vector<double> row(num_taps_);
    for (size_t i = 0; i < stored_rows; ++i) {
      const double phase = static_cast<double>(i) / num_rows;
      double sum = 0;
      for (size_t tap = 0; tap < num_taps_; ++tap) {
        const double time =
            static_cast<double>(tap) - static_cast<double>(num_taps_ - 1 - lookahead_) - phase;
        row[tap] = WindowedSinc(time, design.cutoff / stretch, half_width, design.beta);
        sum += row[tap];
      }
      for (size_t tap = 0; tap < num_taps_; ++tap) {
        // A constant is the same in every phase.
        table_[i * num_taps_ + tap] = static_cast<float>(row[tap] / sum);
      }
    }
  }

  size_t num_taps() const { return num_taps_; }
  size_t lookahead() const { return lookahead_; }

  // `count` samples from the clock's on, which goes on by as many. `samples` begins at the clock's
  // sample 0, and goes kManyUnit beyond what is needed.
  void Run(const float* samples, RationalClock& clock, size_t count, int16_t* output) const {
    if (is_doubling_) {
      DoubleRate(samples + clock.sample(), count / 2, output);
      clock.Skip(static_cast<int64_t>(count));
      return;
    }
    if (is_decimating_) {
      Decimate(samples + clock.sample(), count, output);
      clock.Skip(static_cast<int64_t>(count));
      return;
    }
    for (size_t i = 0; i < count; ++i) {
      output[i] =
          ToSample(interpolates_ ? Between(samples + clock.sample(), clock.phase())
                                 : Dot(samples + clock.sample(), Row(clock.phase()), num_taps_));
      clock.Next();
    }
  }

 private:
  const float* Row(int row) const { return table_.data() + static_cast<size_t>(row) * num_taps_; }

  float Between(const float* samples, int phase) const {
    const int64_t scaled = static_cast<int64_t>(phase) * kTablePhases;
    const int row = static_cast<int>(scaled / num_phases_);
    const float part = static_cast<float>(scaled % num_phases_) / static_cast<float>(num_phases_);
    const float before = Dot(samples, Row(row), num_taps_);
    const float after = Dot(samples, Row(row + 1), num_taps_);
    return before + (after - before) * part;
  }

  // Every other sample is an input sample. Those between have symmetric taps, so that one
  // multiplication does for two; sixteen are computed at once, each in its own lane.
  void DoubleRate(const float* samples, size_t num_pairs, int16_t* output) const {
    const float* half_way = Row(1);
    for (size_t i = 0; i < num_pairs; i += kManyUnit) {
      const float* window = samples + i;
      Float4 sums[4] = {};
      for (size_t tap = 0; tap < num_taps_ / 2; ++tap) {
        const Float4 coefficients = InAllLanes(half_way[tap]);
        for (size_t j = 0; j < 4; ++j) {
          sums[j] += coefficients * (Load(window + j * kLanes + tap) +
                                     Load(window + j * kLanes + num_taps_ - 1 - tap));
        }
      }
      std::array<int16_t, kManyUnit> between;
      for (size_t j = 0; j < kManyUnit; ++j) between[j] = ToSample(sums[j / kLanes][j % kLanes]);
      const size_t count = std::min(kManyUnit, num_pairs - i);
      for (size_t j = 0; j < count; ++j) {
        output[2 * (i + j)] = static_cast<int16_t>(window[j + num_taps_ - 1 - lookahead_]);
        output[2 * (i + j) + 1] = between[j];
      }
    }
  }

  // The input is dealt out to `step_` rows, so that the samples under one tap lie beside each
  // other. The taps are symmetric around the middle one, as in DoubleRate.
  void Decimate(const float* samples, size_t count, int16_t* output) const {
    if (count == 0) return;
    std::array<float, kMaxTaps + kMaxBlock + kMaxStep*(kManyUnit + 1)> rows;
    const size_t row_size = (kMaxTaps + kMaxBlock) / step_ + kManyUnit;
    const size_t num_used = count - 1 + num_taps_ / step_;
    for (size_t row = 0; row < step_; ++row) {
      float* values = rows.data() + row * row_size;
      for (size_t i = 0; i < num_used; ++i) values[i] = samples[i * step_ + row];
      std::fill_n(values + num_used, kManyUnit, 0.0F);
    }
    const size_t middle = num_taps_ - 1 - lookahead_;
    const float* from_middle = table_.data() + middle;
    for (size_t i = 0; i < count; i += kManyUnit) {
      Float4 sums[4];
      const float* under_middle = rows.data() + middle % step_ * row_size + middle / step_ + i;
      for (size_t j = 0; j < 4; ++j) {
        sums[j] = InAllLanes(*from_middle) * Load(under_middle + j * kLanes);
      }
      size_t row_before = middle % step_;
      size_t row_after = row_before;
      const float* before = under_middle;
      const float* after = under_middle;
      for (size_t away = 1; away < lookahead_; ++away) {
        // One sample back is one row back, or in the last row one place back.
        if (row_before == 0) {
          row_before = step_;
          before += step_ * row_size - 1;
        }
        --row_before;
        before -= row_size;
        after += row_size;
        if (++row_after == step_) {
          row_after = 0;
          after -= step_ * row_size - 1;
        }
        const Float4 coefficients = InAllLanes(from_middle[away]);
        for (size_t j = 0; j < 4; ++j) {
          sums[j] += coefficients * (Load(before + j * kLanes) + Load(after + j * kLanes));
        }
      }
      const size_t many = std::min(kManyUnit, count - i);
      for (size_t j = 0; j < many; ++j) output[i + j] = ToSample(sums[j / kLanes][j % kLanes]);
    }
  }

  int num_phases_;
  size_t step_ = 0;
  size_t num_taps_ = 0;
  // How many of the taps come after the output sample's own input sample.
  size_t lookahead_ = 0;
  bool is_doubling_ = false;
  bool is_decimating_ = false;
  bool interpolates_ = false;
  // Rows of num_taps_.
  std::vector<float> table_;
};

namespace {

// The filters in use, so that one more stream of the same rates costs nothing, and rates that
// nobody uses any more cost nothing either. Thread-safe.
class FilterCache {
 public:
  std::shared_ptr<const ResamplerFilter> Get(int step, int num_phases) {
    const annotated::MutexLock lock(mutex_);
    const std::pair<int, int> ratio(step, num_phases);
    if (std::shared_ptr<const ResamplerFilter> filter = filters_[ratio].lock()) return filter;
    std::erase_if(filters_, [](const auto& entry) { return entry.second.expired(); });
    auto filter = std::make_shared<const ResamplerFilter>(step, num_phases);
    filters_[ratio] = filter;
    return filter;
  }

 private:
  annotated::Mutex mutex_;
  std::map<std::pair<int, int>, std::weak_ptr<const ResamplerFilter>> filters_
      ABSL_GUARDED_BY(mutex_);
};

std::shared_ptr<const ResamplerFilter> SharedFilter(int step, int num_phases) {
  static FilterCache& cache = *new FilterCache;
  return cache.Get(step, num_phases);
}

}  // namespace

absl::StatusOr<Resampler> Resampler::Create(int from_hz, int to_hz) {
  for (const int rate_hz : {from_hz, to_hz}) {
    if (rate_hz < kMinRateHz || rate_hz > kMaxRateHz) {
      return absl::InvalidArgumentError(absl::StrCat("cannot resample at ", rate_hz,
                                                     " Hz; rates from ", kMinRateHz, " to ",
                                                     kMaxRateHz, " Hz can be used"));
    }
  }
  const RationalClock clock(from_hz, to_hz);
  return Resampler(from_hz == to_hz ? nullptr : SharedFilter(clock.step(), clock.num_phases()),
                   clock);
}

Resampler::Resampler(std::shared_ptr<const ResamplerFilter> filter, RationalClock clock)
    : filter_(std::move(filter)), clock_(clock) {
  if (filter_ != nullptr) history_.resize(filter_->num_taps() - 1);
  clock_.Set(lookahead_samples());
}

int Resampler::lookahead_samples() const {
  return filter_ == nullptr ? 0 : static_cast<int>(filter_->lookahead());
}

void Resampler::Process(absl::Span<const int16_t> input, std::vector<int16_t>& output) {
  if (filter_ == nullptr) {
    output.insert(output.end(), input.begin(), input.end());
    return;
  }
  while (!input.empty()) {
    const auto block = input.first(std::min(input.size(), kMaxBlock));
    ProcessBlock(block, output);
    input.remove_prefix(block.size());
  }
}

void Resampler::ProcessBlock(absl::Span<const int16_t> block, std::vector<int16_t>& output) {
  std::array<float, kMaxTaps + kMaxBlock + kManyUnit> samples;
  float* end = std::copy(history_.begin(), history_.end(), samples.data());
  end = std::copy(block.begin(), block.end(), end);
  std::fill_n(end, kManyUnit, 0.0F);

  const auto count = static_cast<size_t>(clock_.NumBefore(static_cast<int64_t>(block.size())));
  const size_t old_size = output.size();
  output.resize(old_size + count);
  filter_->Run(samples.data(), clock_, count, output.data() + old_size);
  clock_.MoveOrigin(static_cast<int64_t>(block.size()));

  if (block.size() < history_.size()) {
    const auto kept = std::copy(history_.begin() + static_cast<ptrdiff_t>(block.size()),
                                history_.end(), history_.begin());
    std::copy(block.begin(), block.end(), kept);
  } else {
    const auto last = block.last(history_.size());
    std::copy(last.begin(), last.end(), history_.begin());
  }
}

void Resampler::Flush(std::vector<int16_t>& output) {
  static constexpr std::array<int16_t, kMaxTaps> kZeros{};
  // The filter reaches no further back than ahead, so these are the silence before a new stream
  // too.
  Process(absl::MakeConstSpan(kZeros).first(static_cast<size_t>(lookahead_samples())), output);
  clock_.Set(lookahead_samples());
}

absl::StatusOr<std::vector<int16_t>> Resample(absl::Span<const int16_t> samples, int from_hz,
                                              int to_hz) {
  absl::StatusOr<Resampler> resampler = Resampler::Create(from_hz, to_hz);
  if (!resampler.ok()) return resampler.status();
  std::vector<int16_t> output;
  resampler->Process(samples, output);
  resampler->Flush(output);
  return output;
}

}  // namespace parlance::audio
