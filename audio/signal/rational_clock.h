// Where the samples of one rate lie between those of another, exactly.
#ifndef AUDIO_SIGNAL_RATIONAL_CLOCK_H_
#define AUDIO_SIGNAL_RATIONAL_CLOCK_H_

#include <cstdint>
#include <numeric>

namespace parlance::audio {

// Output sample n of a change of rate lies at n * from_hz / to_hz input samples: `sample()` whole
// ones and `phase()` / `num_phases()` of one. Whole numbers only, so that a stream of any length
// does not drift. Threads: one at a time. Allocates nothing.
class RationalClock {
 public:
  // Rates of at least 1 Hz.
  constexpr RationalClock(int from_hz, int to_hz)
      : num_phases_(to_hz / std::gcd(from_hz, to_hz)),
        step_(from_hz / std::gcd(from_hz, to_hz)),
        whole_step_(step_ / num_phases_),
        phase_step_(step_ % num_phases_) {}

  // step() input samples take as long as num_phases() output samples, and no fewer do.
  constexpr int num_phases() const { return num_phases_; }
  constexpr int step() const { return step_; }
  constexpr int64_t sample() const { return sample_; }
  constexpr int phase() const { return phase_; }

  // Goes to the next output sample.
  constexpr void Next() {
    sample_ += whole_step_;
    phase_ += phase_step_;
    if (phase_ >= num_phases_) {
      phase_ -= num_phases_;
      ++sample_;
    }
  }

  // Does the same as `count` times Next.
  constexpr void Skip(int64_t count) {
    const int64_t scaled = phase_ + count * step_;
    sample_ += scaled / num_phases_;
    phase_ = static_cast<int>(scaled % num_phases_);
  }

  // Returns the number of output samples, from this one on, that lie before input sample `end`,
  // which is up to 2^48 input samples away.
  constexpr int64_t NumBefore(int64_t end) const {
    if (end <= sample_) return 0;
    return ((end - sample_) * num_phases_ - phase_ + step_ - 1) / step_;
  }

  // Counts input samples from `origin` on, which was that much later.
  constexpr void MoveOrigin(int64_t origin) { sample_ -= origin; }

  // Goes to input sample `sample`.
  constexpr void Set(int64_t sample) {
    sample_ = sample;
    phase_ = 0;
  }

 private:
  int num_phases_;
  int step_;
  int whole_step_;
  int phase_step_;
  int64_t sample_ = 0;
  int phase_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_SIGNAL_RATIONAL_CLOCK_H_
