#include "audio/scenes/noises.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace parlance::audio {
namespace {

constexpr double kRate = 16000;
constexpr double kTwoPi = 2 * std::numbers::pi;

uint64_t RotateLeft(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

std::vector<float> White(size_t n, Random& random) {
  std::vector<float> samples(n);
  for (float& sample : samples) sample = static_cast<float>(random.Normal());
  return samples;
}

// P. Kellet's filter: within 0.05 dB of -3 dB an octave above 9 Hz, at 44.1 kHz; near enough here.
std::vector<float> Pink(size_t n, Random& random) {
  std::array<double, 6> b{};
  std::vector<float> samples(n);
  for (float& sample : samples) {
    const double white = random.Normal();
    b[0] = 0.99886 * b[0] + white * 0.0555179;
    b[1] = 0.99332 * b[1] + white * 0.0750759;
    b[2] = 0.96900 * b[2] + white * 0.1538520;
    b[3] = 0.86650 * b[3] + white * 0.3104856;
    b[4] = 0.55000 * b[4] + white * 0.5329522;
    b[5] = -0.7616 * b[5] - white * 0.0168980;
    sample = static_cast<float>(b[0] + b[1] + b[2] + b[3] + b[4] + b[5] + white * 0.5362);
  }
  return samples;
}

std::vector<float> Brown(size_t n, Random& random) {
  std::vector<float> samples(n);
  double sum = 0;
  for (float& sample : samples) {
    sum = 0.995 * sum + random.Normal();
    sample = static_cast<float>(sum);
  }
  return samples;
}

std::vector<float> Coloured(size_t n, Random& random) {
  std::vector<float> samples = random.Chance(0.5) ? White(n, random) : Pink(n, random);
  const size_t num_peaks = 3 + random.Below(4);
  for (size_t i = 0; i < num_peaks; ++i) {
    Biquad::Peak(random.LogUniform(80, 7000), random.LogUniform(0.5, 8), random.Uniform(-15, 20))
        .Process(samples);
  }
  Biquad::HighShelf(random.LogUniform(500, 4000), random.Uniform(-25, 8)).Process(samples);
  return samples;
}

void Modulate(std::vector<float>& samples, Random& random) {
  // A random level every so often, joined by cosines.
  const double changes_hz = random.LogUniform(0.3, 10);
  const double depth = random.Uniform(6, 30);
  const auto period = static_cast<size_t>(kRate / changes_hz);
  double from = 1;
  double to = 1;
  size_t left = 0;
  size_t length = 1;
  for (float& sample : samples) {
    if (left == 0) {
      from = to;
      to = std::pow(10, -random.Uniform(0, depth) / 20);
      length = left =
          static_cast<size_t>(static_cast<double>(period) * random.Uniform(0.4, 1.6)) + 1;
    }
    const double t = 1 - static_cast<double>(left--) / static_cast<double>(length);
    sample *= static_cast<float>(from + (to - from) * (0.5 - 0.5 * std::cos(std::numbers::pi * t)));
  }
}

void Add(std::vector<float>& samples, size_t at, const std::vector<float>& what, double gain) {
  for (size_t i = 0; i < what.size() && at + i < samples.size(); ++i) {
    samples[at + i] += static_cast<float>(gain) * what[i];
  }
}

size_t Samples(double seconds) { return static_cast<size_t>(seconds * kRate); }

// Noise that decays: a click, if it is short.
std::vector<float> Burst(double seconds, double hz, double q, Random& random) {
  std::vector<float> samples = White(Samples(seconds) + 16, random);
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] *= static_cast<float>(
        std::exp(-5.0 * static_cast<double>(i) / static_cast<double>(samples.size())));
  }
  Biquad::BandPass(hz, q).Process(samples);
  return samples;
}

std::vector<float> Clicks(size_t n, Random& random) {
  std::vector<float> samples(n);
  const double a_second = random.LogUniform(0.5, 8);
  const double q = random.LogUniform(0.4, 3);
  double at = 0;
  while ((at += -std::log(1 - random.Uniform()) / a_second * kRate) < static_cast<double>(n)) {
    Add(samples, static_cast<size_t>(at),
        Burst(random.LogUniform(0.002, 0.03), random.LogUniform(400, 6000), q, random),
        random.Uniform(0.2, 1));
  }
  return samples;
}

std::vector<float> Keyboard(size_t n, Random& random) {
  std::vector<float> samples(n);
  const double hz = random.LogUniform(1500, 5000);
  size_t at = Samples(random.Uniform(0, 1));
  while (at < n) {
    const size_t keys = 1 + random.Below(12);
    for (size_t i = 0; i < keys && at < n; ++i) {
      const double level = random.Uniform(0.4, 1);
      Add(samples, at,
          Burst(random.Uniform(0.006, 0.02), hz * random.Uniform(0.8, 1.25), 0.8, random), level);
      Add(samples, at + Samples(random.Uniform(0.05, 0.12)),
          Burst(random.Uniform(0.006, 0.02), hz * random.Uniform(0.8, 1.3), 0.8, random),
          0.5 * level);
      at += Samples(random.Uniform(0.09, 0.3));
    }
    at += Samples(random.LogUniform(0.3, 2));
  }
  return samples;
}

std::vector<float> Knocks(size_t n, Random& random) {
  std::vector<float> samples(n);
  size_t at = Samples(random.Uniform(0, 1));
  while (at < n) {
    const size_t num_modes = 3 + random.Below(6);
    const double lowest = random.LogUniform(60, 1500);
    const double decay = random.LogUniform(0.01, 0.4);
    std::vector<float> strike(Samples(6 * decay));
    for (size_t mode = 0; mode < num_modes; ++mode) {
      const double hz = std::min(lowest * (1 + random.Uniform(0, 6)), 7500.0);
      const double tau = decay * random.Uniform(0.3, 1) * kRate;
      const double level = random.Uniform(0.1, 1);
      for (size_t i = 0; i < strike.size(); ++i) {
        const auto t = static_cast<double>(i);
        strike[i] +=
            static_cast<float>(level * std::exp(-t / tau) * std::sin(kTwoPi * hz * t / kRate));
      }
    }
    const size_t repeats = 1 + random.Below(4);
    for (size_t i = 0; i < repeats; ++i) {
      Add(samples, at, strike, random.Uniform(0.3, 1));
      Add(samples, at, Burst(0.01, 2500, 0.5, random), random.Uniform(0, 2));
      at += Samples(random.Uniform(0.12, 0.5));
    }
    at += Samples(random.LogUniform(0.2, 3));
  }
  return samples;
}

// Out of the mouth without a voice: noise through resonances like those of a throat.
std::vector<float> Puff(double seconds, double attack, Random& random) {
  std::vector<float> samples = White(Samples(seconds), random);
  const auto length = static_cast<double>(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / length;
    const double level = t < attack ? t / attack : std::pow((1 - t) / (1 - attack), 1.5);
    samples[i] *= static_cast<float>(level * level);
  }
  std::vector<float> sum(samples.size());
  for (const double hz :
       {random.Uniform(300, 900), random.Uniform(1000, 2200), random.Uniform(2400, 4500)}) {
    std::vector<float> formant = samples;
    Biquad::BandPass(hz, random.Uniform(1.5, 5)).Process(formant);
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += formant[i];
  }
  return sum;
}

std::vector<float> Breath(size_t n, Random& random) {
  std::vector<float> samples(n);
  for (size_t at = Samples(random.Uniform(0, 1)); at < n;) {
    const double seconds = random.Uniform(0.25, 1.2);
    Add(samples, at, Puff(seconds, random.Uniform(0.2, 0.7), random), random.Uniform(0.3, 1));
    at += Samples(seconds + random.LogUniform(0.2, 3));
  }
  return samples;
}

std::vector<float> Cough(size_t n, Random& random) {
  std::vector<float> samples(n);
  for (size_t at = Samples(random.Uniform(0, 2)); at < n;) {
    const size_t count = 1 + random.Below(3);
    const double pitch = random.Uniform(90, 350);
    for (size_t i = 0; i < count; ++i) {
      // An explosion, a hiss, and often a short voiced end.
      const double seconds = random.Uniform(0.12, 0.35);
      std::vector<float> one = Puff(seconds, 0.04, random);
      if (random.Chance(0.5)) {
        double phase = 0;
        const size_t begin = one.size() / 2;
        for (size_t k = begin; k < one.size(); ++k) {
          const double t = static_cast<double>(k - begin) / static_cast<double>(one.size() - begin);
          phase += pitch * (1 - 0.3 * t) * random.Uniform(0.9, 1.1) / kRate;
          one[k] += static_cast<float>(0.4 * std::sin(std::numbers::pi * t) *
                                       (2 * (phase - std::floor(phase)) - 1));
        }
        Biquad::LowPass(2500, 0.7).Process(one);
      }
      Add(samples, at, one, random.Uniform(0.5, 1));
      at += Samples(seconds + random.Uniform(0.02, 0.3));
    }
    at += Samples(random.LogUniform(0.5, 4));
  }
  return samples;
}

std::vector<float> Wind(size_t n, Random& random) {
  std::vector<float> samples = Brown(n, random);
  Biquad::LowPass(random.LogUniform(100, 800), 0.7).Process(samples);
  Modulate(samples, random);
  return samples;
}

std::vector<float> Engine(size_t n, Random& random) {
  std::vector<float> samples = Pink(n, random);
  const double hiss = random.LogUniform(0.05, 1);
  double rate = random.LogUniform(15, 180);
  double phase = 0;
  for (float& sample : samples) {
    rate = std::clamp(rate * (1 + 3e-4 * random.Normal()), 12.0, 250.0);
    phase += rate / kRate;
    double pulse = 0;
    if (phase >= 1) {
      phase -= 1;
      pulse = 12 * random.Uniform(0.7, 1);
    }
    sample = static_cast<float>(pulse + hiss * sample);
  }
  for (int i = 0; i < 3; ++i) {
    Biquad::Peak(random.LogUniform(60, 2500), random.LogUniform(1, 6), random.Uniform(3, 18))
        .Process(samples);
  }
  Biquad::LowPass(random.LogUniform(500, 6000), 0.7).Process(samples);
  if (random.Chance(0.3)) Modulate(samples, random);
  return samples;
}

std::vector<float> Hum(size_t n, Random& random) {
  std::vector<float> samples(n);
  const double hz = random.Chance(0.7) ? (random.Chance(0.5) ? 50 : 60) : random.Uniform(80, 400);
  const size_t harmonics = 1 + random.Below(20);
  for (size_t h = 1; h <= harmonics && hz * static_cast<double>(h) < 7900; ++h) {
    const double level =
        random.Uniform(0, 1) / std::pow(static_cast<double>(h), random.Uniform(0.3, 1.2));
    const double phase = random.Uniform(0, kTwoPi);
    const double step = kTwoPi * hz * static_cast<double>(h) / kRate;
    for (size_t i = 0; i < n; ++i) {
      samples[i] += static_cast<float>(level * std::sin(phase + step * static_cast<double>(i)));
    }
  }
  return samples;
}

std::vector<float> Tones(size_t n, Random& random) {
  std::vector<float> samples(n);
  static constexpr std::array<double, 4> kRows = {697, 770, 852, 941};
  static constexpr std::array<double, 4> kColumns = {1209, 1336, 1477, 1633};
  const size_t kind = random.Below(3);
  const double ring_a = random.Chance(0.5) ? 425 : random.Uniform(300, 1800);
  const double ring_b = random.Chance(0.5) ? ring_a : random.Uniform(300, 1800);
  for (size_t at = 0; at < n;) {
    double a = ring_a;
    double b = ring_b;
    double on = kind == 0 ? random.Uniform(0.06, 0.25) : random.Uniform(0.2, 2);
    double off = kind == 0 ? random.Uniform(0.05, 0.3) : random.Uniform(0.1, 3);
    if (kind == 0) {
      a = kRows[random.Below(4)];
      b = kColumns[random.Below(4)];
    } else if (kind == 1) {
      on = 0.25;
      off = 0.25;
    }
    const size_t end = std::min(n, at + Samples(on));
    for (size_t i = at; i < end; ++i) {
      const auto t = static_cast<double>(i) / kRate;
      samples[i] = static_cast<float>(std::sin(kTwoPi * a * t) + std::sin(kTwoPi * b * t));
    }
    at = end + Samples(off);
  }
  return samples;
}

std::vector<float> Glides(size_t n, Random& random) {
  std::vector<float> samples(n);
  for (size_t at = Samples(random.Uniform(0, 0.5)); at < n;) {
    const double seconds = random.LogUniform(0.05, 2);
    const double from = random.LogUniform(200, 5000);
    const double to = from * random.LogUniform(0.4, 2.5);
    const double vibrato_hz = random.Uniform(2, 30);
    const double vibrato = random.Chance(0.5) ? random.Uniform(0, 0.1) : 0;
    const size_t repeats = 1 + random.Below(5);
    for (size_t r = 0; r < repeats && at < n; ++r) {
      double phase = 0;
      const size_t length = Samples(seconds);
      for (size_t i = 0; i < length && at + i < n; ++i) {
        const double t = static_cast<double>(i) / static_cast<double>(length);
        const double hz =
            from * std::pow(to / from, t) *
            (1 + vibrato * std::sin(kTwoPi * vibrato_hz * static_cast<double>(i) / kRate));
        phase += std::min(hz, 7900.0) / kRate;
        samples[at + i] =
            static_cast<float>(std::sin(kTwoPi * phase) * std::sin(std::numbers::pi * t));
      }
      at += length + Samples(random.Uniform(0, 0.2));
    }
    at += Samples(random.LogUniform(0.1, 2));
  }
  return samples;
}

std::vector<float> Rustle(size_t n, Random& random) {
  std::vector<float> samples(n);
  const double a_second = random.LogUniform(30, 1500);
  const double probability = a_second / kRate;
  for (float& sample : samples) {
    if (random.Chance(probability))
      sample = static_cast<float>(random.Normal() * random.LogUniform(0.05, 1));
  }
  Biquad::BandPass(random.LogUniform(1000, 5000), random.Uniform(0.3, 1)).Process(samples);
  Modulate(samples, random);
  return samples;
}

std::vector<float> SynthMusic(size_t n, Random& random) {
  std::vector<float> samples(n);
  static constexpr std::array<int, 7> kMajor = {0, 2, 4, 5, 7, 9, 11};
  const double beat = 60 / random.Uniform(60, 170);
  const double tonic = 110 * std::pow(2, random.Uniform(0, 1));
  const size_t voices = 1 + random.Below(4);
  const bool drums = random.Chance(0.6);
  for (size_t voice = 0; voice < voices; ++voice) {
    const double octave = std::pow(2, static_cast<double>(random.Below(4)) - 1);
    const double shape = random.Uniform(0.5, 2.2);
    const size_t harmonics = 1 + random.Below(12);
    const double decay = random.LogUniform(0.1, 3);
    const double attack = random.LogUniform(0.003, 0.15);
    const double vibrato = random.Chance(0.4) ? random.Uniform(0.001, 0.01) : 0;
    const double level = random.Uniform(0.2, 1);
    static constexpr std::array<double, 5> kLengths = {0.25, 0.5, 1, 2, 4};
    for (size_t at = 0; at < n;) {
      const double seconds = beat * kLengths[random.Below(5)];
      const int note = kMajor[random.Below(7)];
      const double hz = tonic * octave * std::pow(2, note / 12.0);
      const size_t length = Samples(seconds);
      if (random.Chance(0.85)) {
        for (size_t h = 1; h <= harmonics && hz * static_cast<double>(h) < 7500; ++h) {
          const double amplitude = level / std::pow(static_cast<double>(h), shape);
          const double step = kTwoPi * hz * static_cast<double>(h) / kRate;
          // Recursion of a sine is cheaper than the sine; vibrato bends it.
          for (size_t i = 0; i < length && at + i < n; ++i) {
            const double t = static_cast<double>(i) / kRate;
            const double envelope = std::min(t / attack, 1.0) * std::exp(-t / decay) *
                                    std::min(1.0, (seconds - t) / 0.02);
            samples[at + i] += static_cast<float>(
                amplitude * envelope *
                std::sin(step * static_cast<double>(i) +
                         vibrato * static_cast<double>(h) * hz * std::sin(kTwoPi * 5.5 * t)));
          }
        }
      }
      at += std::max<size_t>(length, 1);
    }
  }
  if (drums) {
    for (size_t i = 0; Samples(beat / 2 * static_cast<double>(i)) < n; ++i) {
      const size_t at = Samples(beat / 2 * static_cast<double>(i));
      const double level = random.Uniform(0.3, 1.5);
      if (i % 4 == 0) Add(samples, at, Burst(0.15, random.Uniform(60, 120), 1, random), 3 * level);
      if (i % 4 == 2) Add(samples, at, Burst(0.12, 1800, 0.4, random), level);
      if (random.Chance(0.6)) Add(samples, at, Burst(0.04, 6500, 0.7, random), 0.5 * level);
    }
  }
  return samples;
}

}  // namespace

Random::Random(uint64_t seed) {
  // SplitMix64, as the authors advise.
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

uint64_t Random::Bits() {
  const uint64_t result = RotateLeft(state_[0] + state_[3], 23) + state_[0];
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = RotateLeft(state_[3], 45);
  return result;
}

double Random::Uniform() { return static_cast<double>(Bits() >> 11) * 0x1p-53; }

double Random::LogUniform(double low, double high) { return low * std::pow(high / low, Uniform()); }

double Random::Normal() {
  // Four uniform numbers of 16 bits.
  const uint64_t bits = Bits();
  const double sum = static_cast<double>((bits & 0xffff) + (bits >> 16 & 0xffff) +
                                         (bits >> 32 & 0xffff) + (bits >> 48)) /
                     65536;
  return (sum - 2) * std::numbers::sqrt3;
}

Biquad::Biquad(double b0, double b1, double b2, double a0, double a1, double a2)
    : b0_(b0 / a0), b1_(b1 / a0), b2_(b2 / a0), a1_(a1 / a0), a2_(a2 / a0) {}

Biquad Biquad::LowPass(double hz, double q) {
  const double w = kTwoPi * hz / kRate;
  const double alpha = std::sin(w) / (2 * q);
  const double c = std::cos(w);
  return {(1 - c) / 2, 1 - c, (1 - c) / 2, 1 + alpha, -2 * c, 1 - alpha};
}

Biquad Biquad::HighPass(double hz, double q) {
  const double w = kTwoPi * hz / kRate;
  const double alpha = std::sin(w) / (2 * q);
  const double c = std::cos(w);
  return {(1 + c) / 2, -(1 + c), (1 + c) / 2, 1 + alpha, -2 * c, 1 - alpha};
}

Biquad Biquad::BandPass(double hz, double q) {
  const double w = kTwoPi * hz / kRate;
  const double alpha = std::sin(w) / (2 * q);
  return {alpha, 0, -alpha, 1 + alpha, -2 * std::cos(w), 1 - alpha};
}

Biquad Biquad::Peak(double hz, double q, double gain_db) {
  const double w = kTwoPi * hz / kRate;
  const double alpha = std::sin(w) / (2 * q);
  const double a = std::pow(10, gain_db / 40);
  const double c = std::cos(w);
  return {1 + alpha * a, -2 * c, 1 - alpha * a, 1 + alpha / a, -2 * c, 1 - alpha / a};
}

Biquad Biquad::LowShelf(double hz, double gain_db) {
  const double w = kTwoPi * hz / kRate;
  const double a = std::pow(10, gain_db / 40);
  const double c = std::cos(w);
  const double beta = std::sqrt(2 * a) * std::sin(w);
  return {a * ((a + 1) - (a - 1) * c + beta), 2 * a * ((a - 1) - (a + 1) * c),
          a * ((a + 1) - (a - 1) * c - beta), (a + 1) + (a - 1) * c + beta,
          -2 * ((a - 1) + (a + 1) * c),       (a + 1) + (a - 1) * c - beta};
}

Biquad Biquad::HighShelf(double hz, double gain_db) {
  const double w = kTwoPi * hz / kRate;
  const double a = std::pow(10, gain_db / 40);
  const double c = std::cos(w);
  const double beta = std::sqrt(2 * a) * std::sin(w);
  return {a * ((a + 1) + (a - 1) * c + beta), -2 * a * ((a - 1) + (a + 1) * c),
          a * ((a + 1) + (a - 1) * c - beta), (a + 1) - (a - 1) * c + beta,
          2 * ((a - 1) - (a + 1) * c),        (a + 1) - (a - 1) * c - beta};
}

double Biquad::Process(double x) {
  const double y = b0_ * x + s1_;
  s1_ = b1_ * x - a1_ * y + s2_;
  s2_ = b2_ * x - a2_ * y;
  return y;
}

void Biquad::Process(std::vector<float>& samples) {
  for (float& sample : samples) sample = static_cast<float>(Process(static_cast<double>(sample)));
}

std::vector<float> MakeNoise(Noise noise, size_t n, Random& random) {
  switch (noise) {
    case Noise::kWhite:
      return White(n, random);
    case Noise::kPink:
      return Pink(n, random);
    case Noise::kBrown:
      return Brown(n, random);
    case Noise::kColoured:
      return Coloured(n, random);
    case Noise::kModulated: {
      std::vector<float> samples = Coloured(n, random);
      Modulate(samples, random);
      return samples;
    }
    case Noise::kWind:
      return Wind(n, random);
    case Noise::kEngine:
      return Engine(n, random);
    case Noise::kHum:
      return Hum(n, random);
    case Noise::kClicks:
      return Clicks(n, random);
    case Noise::kKeyboard:
      return Keyboard(n, random);
    case Noise::kKnocks:
      return Knocks(n, random);
    case Noise::kBreath:
      return Breath(n, random);
    case Noise::kCough:
      return Cough(n, random);
    case Noise::kTones:
      return Tones(n, random);
    case Noise::kGlides:
      return Glides(n, random);
    case Noise::kRustle:
      return Rustle(n, random);
    case Noise::kSynthMusic:
      return SynthMusic(n, random);
  }
  return std::vector<float>(n);
}

}  // namespace parlance::audio
