// Sounds that are no speech, made from numbers: for scenes that a detector is trained with and
// judged by.
#ifndef AUDIO_SCENES_NOISES_H_
#define AUDIO_SCENES_NOISES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parlance::audio {

// Numbers that depend on the seed alone, on every machine (xoshiro256++ by Blackman and Vigna,
// 2019; the standard library's distributions are not specified). Threads: one at a time.
class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t Bits();
  // [0, 1).
  double Uniform();
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // Evenly spread logarithms; both bounds positive.
  double LogUniform(double low, double high);
  // 0 to n - 1.
  size_t Below(size_t n) { return static_cast<size_t>(Uniform() * static_cast<double>(n)); }
  bool Chance(double probability) { return Uniform() < probability; }
  // A number of mean 0 and deviation 1, cut at 3.5: the sum of uniform numbers.
  double Normal();

 private:
  uint64_t state_[4];
};

// A filter of second order (R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter
// coefficients").
class Biquad {
 public:
  static Biquad LowPass(double hz, double q);
  static Biquad HighPass(double hz, double q);
  static Biquad BandPass(double hz, double q);
  static Biquad Peak(double hz, double q, double gain_db);
  static Biquad LowShelf(double hz, double gain_db);
  static Biquad HighShelf(double hz, double gain_db);

  double Process(double x);
  void Process(std::vector<float>& samples);

 private:
  Biquad(double b0, double b1, double b2, double a0, double a1, double a2);

  double b0_, b1_, b2_, a1_, a2_;
  double s1_ = 0;
  double s2_ = 0;
};

// All of these: 16 kHz, of about any level (scenes set it); `n` samples.
enum class Noise {
  kWhite,
  kPink,
  kBrown,
  // White noise through three to six random peaks and a random tilt.
  kColoured,
  // Coloured noise that swells and fades, 0.3 to 10 times a second.
  kModulated,
  kWind,
  // A motor: a pulse train of slowly wandering rate through resonances, with broad noise.
  kEngine,
  // 50 or 60 Hz with up to 20 harmonics.
  kHum,
  kClicks,
  // Pairs of short wide clicks in bursts.
  kKeyboard,
  // Struck things: sums of decaying modes.
  kKnocks,
  kBreath,
  kCough,
  // Telephone tones: dialling, ringing, DTMF.
  kTones,
  // Sines that glide: sirens, birds, alarms.
  kGlides,
  // Paper, cloth, frying: dense random clicks, coloured.
  kRustle,
  // Chords and beats of simple oscillators.
  kSynthMusic,
};
inline constexpr int kNumNoises = static_cast<int>(Noise::kSynthMusic) + 1;

std::vector<float> MakeNoise(Noise noise, size_t n, Random& random);

}  // namespace parlance::audio

#endif  // AUDIO_SCENES_NOISES_H_
