#include "audio/scenes/scene.h"

#include <opus/opus.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include "audio/signal/g711.h"
#include "audio/signal/resampler.h"

namespace parlance::audio {
namespace {

enum class Codec { kNone, kMuLaw8k, kALaw8k, kOpus, kNarrow };

constexpr size_t kMaxGapFrames = 10;
constexpr size_t kMinSpeechFrames = 4;
// Less speech in a recording is no use.
constexpr ptrdiff_t kMinRecordingFrames = 20;

double Decibels(double power) { return 10 * std::log10(std::max(power, 1e-12)); }

double Percentile(std::vector<double> values, double part) {
  const auto place = static_cast<ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<size_t>(place)];
}

// Sets runs of `value` that are shorter than `shortest` and have the other value on both sides.
void RemoveRuns(std::vector<uint8_t>& speech, uint8_t value, size_t shortest) {
  for (size_t i = 0; i < speech.size();) {
    size_t end = i;
    while (end < speech.size() && speech[end] == speech[i]) ++end;
    const bool at_edge = i == 0 || end == speech.size();
    if (speech[i] == value && end - i < shortest && (value == 1 || !at_edge)) {
      std::fill(speech.begin() + static_cast<ptrdiff_t>(i),
                speech.begin() + static_cast<ptrdiff_t>(end), static_cast<uint8_t>(1 - value));
    }
    i = end;
  }
}

// The samples at another speed: pitch, formants and pace move together. Cubic interpolation.
DrySpeech AtSpeed(const Recording& recording, double speed) {
  DrySpeech result;
  const auto n = static_cast<size_t>(static_cast<double>(recording.samples.size()) / speed);
  result.samples.resize(n);
  const auto at = [&](size_t i) {
    return static_cast<double>(recording.samples[std::min(i, recording.samples.size() - 1)]) /
           32768;
  };
  for (size_t i = 0; i < n; ++i) {
    const double position = static_cast<double>(i) * speed;
    const auto k = static_cast<size_t>(position);
    const double t = position - static_cast<double>(k);
    const double a = at(k == 0 ? 0 : k - 1);
    const double b = at(k);
    const double c = at(k + 1);
    const double d = at(k + 2);
    result.samples[i] = static_cast<float>(
        b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
  }
  result.speech.resize(n / kSceneFrame);
  for (size_t frame = 0; frame < result.speech.size(); ++frame) {
    const auto middle = static_cast<size_t>((static_cast<double>(frame) + 0.5) * speed);
    result.speech[frame] = recording.speech[std::min(middle, recording.speech.size() - 1)];
  }
  result.samples.resize(result.speech.size() * kSceneFrame);
  return result;
}

std::vector<int16_t> ThroughOpus(const std::vector<int16_t>& samples) {
  constexpr int kFrame = 320;
  int error = 0;
  const std::unique_ptr<OpusEncoder, void (*)(OpusEncoder*)> encoder(
      opus_encoder_create(kSceneRateHz, 1, OPUS_APPLICATION_VOIP, &error), opus_encoder_destroy);
  const std::unique_ptr<OpusDecoder, void (*)(OpusDecoder*)> decoder(
      opus_decoder_create(kSceneRateHz, 1, &error), opus_decoder_destroy);
  opus_int32 delay = 0;
  opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(14000));
  opus_encoder_ctl(encoder.get(), OPUS_GET_LOOKAHEAD(&delay));
  std::vector<int16_t> output;
  std::array<int16_t, kFrame> frame{};
  std::array<unsigned char, 1500> packet{};
  for (size_t at = 0; output.size() < samples.size() + static_cast<size_t>(delay); at += kFrame) {
    for (size_t i = 0; i < kFrame; ++i)
      frame[i] = at + i < samples.size() ? samples[at + i] : int16_t{0};
    const int size = opus_encode(encoder.get(), frame.data(), kFrame, packet.data(), packet.size());
    if (size < 0) std::abort();
    if (opus_decode(decoder.get(), packet.data(), size, frame.data(), kFrame, 0) != kFrame)
      std::abort();
    output.insert(output.end(), frame.begin(), frame.end());
  }
  output.erase(output.begin(), output.begin() + delay);
  output.resize(samples.size());
  return output;
}

double PeakLevel(absl::Span<const float> samples) {
  float peak = 1e-9F;
  for (const float sample : samples) peak = std::max(peak, std::abs(sample));
  return static_cast<double>(peak);
}

// What comes in bursts is as loud as its loudest quarter.
double NoiseLevel(absl::Span<const float> noise) {
  std::vector<double> powers;
  for (size_t at = 0; at + kSceneFrame <= noise.size(); at += kSceneFrame) {
    double sum = 0;
    for (const float sample : noise.subspan(at, kSceneFrame)) {
      sum += static_cast<double>(sample) * static_cast<double>(sample);
    }
    powers.push_back(sum / kSceneFrame);
  }
  if (powers.empty()) return 0;
  std::sort(powers.begin(), powers.end(), std::greater<>());
  powers.resize(std::max<size_t>(powers.size() / 4, 1));
  double sum = 0;
  for (const double power : powers) sum += power;
  return std::sqrt(sum / static_cast<double>(powers.size()));
}

void Equalize(std::vector<float>& samples, Random& random) {
  Biquad::LowShelf(random.LogUniform(100, 600), random.Uniform(-12, 6)).Process(samples);
  Biquad::HighShelf(random.LogUniform(1500, 6000), random.Uniform(-12, 8)).Process(samples);
  Biquad::Peak(random.LogUniform(200, 5000), random.Uniform(0.5, 2), random.Uniform(-6, 6))
      .Process(samples);
}

// Root mean square, over the frames in which `speech` is 1, or over all where `speech` is empty.
double ActiveLevel(absl::Span<const float> samples, absl::Span<const uint8_t> speech) {
  double sum = 0;
  size_t count = 0;
  for (size_t frame = 0; (frame + 1) * kSceneFrame <= samples.size(); ++frame) {
    if (!speech.empty() && (frame >= speech.size() || speech[frame] == 0)) continue;
    for (const float sample : samples.subspan(frame * kSceneFrame, kSceneFrame)) {
      sum += static_cast<double>(sample) * static_cast<double>(sample);
    }
    count += kSceneFrame;
  }
  return count == 0 ? 0 : std::sqrt(sum / static_cast<double>(count));
}

// Adds `noise` so that the speech is `snr_db` above it. What has its level in bursts counts as loud
// as its loudest quarter.
void AddNoise(DrySpeech& speech, absl::Span<const float> noise, double snr_db) {
  double level = ActiveLevel(speech.samples, speech.speech);
  // A scene without speech is as loud as its first noise.
  if (level == 0) level = 0.1;
  const double noise_level = NoiseLevel(noise);
  if (noise_level == 0) return;
  const double gain = level / noise_level * std::pow(10, -snr_db / 20);
  for (size_t i = 0; i < speech.samples.size(); ++i) {
    speech.samples[i] += static_cast<float>(gain) * noise[i];
  }
}

// Reverberation by six parallel combs and two all-passes (M. R. Schroeder, "Natural sounding
// artificial reverberation", JAES 10(3), 1962), which decays by 60 dB in `decay_s`. The labels stay
// those of the direct sound.
void AddRoom(std::vector<float>& samples, double decay_s, double direct_to_reverberant_db,
             Random& random) {
  // Far cheaper than a convolution with a decaying noise, and dense enough behind speech.
  const size_t n = samples.size();
  std::vector<float> tail(n);
  for (int comb = 0; comb < 6; ++comb) {
    const auto delay = static_cast<size_t>(random.Uniform(0.012, 0.05) * kSceneRateHz);
    const double feedback = std::pow(10, -3 * static_cast<double>(delay) / kSceneRateHz / decay_s);
    const double damping = random.Uniform(0.1, 0.5);
    std::vector<float> line(delay);
    double low = 0;
    size_t place = 0;
    const double sign = random.Chance(0.5) ? 1 : -1;
    for (size_t i = 0; i < n; ++i) {
      const auto echoed = static_cast<double>(line[place]);
      low = echoed * (1 - damping) + low * damping;
      line[place] = static_cast<float>(static_cast<double>(samples[i]) + feedback * low);
      place = place + 1 == delay ? 0 : place + 1;
      tail[i] += static_cast<float>(sign * echoed);
    }
  }
  for (int all_pass = 0; all_pass < 2; ++all_pass) {
    const auto delay = static_cast<size_t>(random.Uniform(0.002, 0.007) * kSceneRateHz);
    std::vector<float> line(delay);
    size_t place = 0;
    for (float& sample : tail) {
      const float delayed = line[place];
      const float y = -0.7F * sample + delayed;
      line[place] = sample + 0.7F * y;
      place = place + 1 == delay ? 0 : place + 1;
      sample = y;
    }
  }
  const double direct = ActiveLevel(samples, {});
  const double reverberant = ActiveLevel(tail, {});
  if (reverberant == 0) return;
  const double gain = direct / reverberant * std::pow(10, -direct_to_reverberant_db / 20);
  for (size_t i = 0; i < n; ++i) samples[i] += static_cast<float>(gain) * tail[i];
}

// The samples as PCM16, with the loudest at `peak_dbfs` (0 or above clips).
Scene Finish(const DrySpeech& speech, double peak_dbfs, Codec codec) {
  const double gain = 32768 * std::pow(10, peak_dbfs / 20) / PeakLevel(speech.samples);
  Scene scene;
  scene.speech = speech.speech;
  scene.samples.resize(speech.samples.size());
  for (size_t i = 0; i < scene.samples.size(); ++i) {
    const double sample = gain * static_cast<double>(speech.samples[i]);
    scene.samples[i] = static_cast<int16_t>(std::clamp(std::lround(sample), -32768L, 32767L));
  }
  if (codec == Codec::kMuLaw8k || codec == Codec::kALaw8k || codec == Codec::kNarrow) {
    std::vector<int16_t> narrow = *Resample(scene.samples, kSceneRateHz, 8000);
    if (codec == Codec::kMuLaw8k) {
      for (int16_t& sample : narrow) sample = DecodeMuLaw(EncodeMuLaw(sample));
    } else if (codec == Codec::kALaw8k) {
      for (int16_t& sample : narrow) sample = DecodeALaw(EncodeALaw(sample));
    }
    const size_t n = scene.samples.size();
    scene.samples = *Resample(narrow, 8000, kSceneRateHz);
    scene.samples.resize(n);
  } else if (codec == Codec::kOpus) {
    scene.samples = ThroughOpus(scene.samples);
  }
  return scene;
}

// The level of each frame in dB of full scale: what hums below 80 Hz is no speech.
std::vector<double> LevelsAbove80Hz(absl::Span<const int16_t> samples) {
  std::vector<double> level(samples.size() / kSceneFrame);
  Biquad high_pass = Biquad::HighPass(80, 0.7);
  for (size_t frame = 0; frame < level.size(); ++frame) {
    double sum = 0;
    for (const int16_t sample : samples.subspan(frame * kSceneFrame, kSceneFrame)) {
      const double y = high_pass.Process(static_cast<double>(sample) / 32768);
      sum += y * y;
    }
    level[frame] = std::max(Decibels(sum / kSceneFrame), -90.0);
  }
  return level;
}

}  // namespace

bool LabelCleanSpeech(Recording& recording) {
  const size_t num_frames = recording.samples.size() / kSceneFrame;
  recording.speech.assign(num_frames, 0);
  if (num_frames < 20) return false;
  const std::vector<double> level = LevelsAbove80Hz(recording.samples);
  const double loud = Percentile(level, 0.95);
  const double quiet = std::max(Percentile(level, 0.03), -80.0);
  if (loud - quiet < 25 || loud < -50) return false;
  const double core = std::max(loud - 35, quiet + 12);
  const double edge = std::max(loud - 42, quiet + 8);
  for (size_t i = 0; i < num_frames; ++i) recording.speech[i] = level[i] > core;
  RemoveRuns(recording.speech, 1, 2);
  for (size_t i = 1; i < num_frames; ++i) {
    if (recording.speech[i - 1] == 1 && level[i] > edge) recording.speech[i] = 1;
  }
  for (size_t i = num_frames - 1; i-- > 0;) {
    if (recording.speech[i + 1] == 1 && level[i] > edge) recording.speech[i] = 1;
  }
  RemoveRuns(recording.speech, 0, kMaxGapFrames);
  RemoveRuns(recording.speech, 1, kMinSpeechFrames);
  return std::count(recording.speech.begin(), recording.speech.end(), 1) >= kMinRecordingFrames;
}

bool LabelByTeacher(absl::Span<const float> probabilities, Recording& recording) {
  constexpr size_t kHeardBefore = 3;
  constexpr size_t kHeardAfter = 10;
  constexpr size_t kGapFrames = 15;
  const size_t num_frames = recording.samples.size() / kSceneFrame;
  recording.speech.assign(num_frames, 0);
  if (num_frames < 20) return false;
  const std::vector<double> level = LevelsAbove80Hz(recording.samples);
  const double loud = Percentile(level, 0.95);
  const double quiet = std::max(Percentile(level, 0.1), -80.0);
  if (loud - quiet < 15 || loud < -50) return false;
  const double least = std::max(loud - 36, quiet + 6);
  std::vector<uint8_t> may_speak(num_frames, 0);
  for (size_t i = 0; i < std::min(num_frames, probabilities.size()); ++i) {
    if (probabilities[i] < 0.5F) continue;
    const size_t end = std::min(i + kHeardBefore + 1, num_frames);
    for (size_t k = i - std::min(i, kHeardAfter); k < end; ++k) may_speak[k] = 1;
  }
  for (size_t i = 0; i < num_frames; ++i) {
    recording.speech[i] = may_speak[i] == 1 && level[i] > least ? 1 : 0;
  }
  RemoveRuns(recording.speech, 0, kGapFrames);
  RemoveRuns(recording.speech, 1, kMinSpeechFrames);
  recording.num_margin_frames = 40;
  return std::count(recording.speech.begin(), recording.speech.end(), 1) >= kMinRecordingFrames;
}

SceneMaker::SceneMaker(std::vector<Recording> recordings,
                       std::vector<std::vector<std::vector<int16_t>>> music)
    : music_(std::move(music)) {
  std::map<std::string, std::vector<Recording>> by_speaker;
  for (Recording& recording : recordings) {
    by_speaker[recording.speaker].push_back(std::move(recording));
  }
  for (auto& [speaker, theirs] : by_speaker) speakers_.push_back(std::move(theirs));
}

const Recording& SceneMaker::Pick(Random& random, size_t speaker) const {
  const std::vector<Recording>& theirs = speakers_[speaker];
  return theirs[random.Below(theirs.size())];
}

DrySpeech SceneMaker::Speech(Random& random, double seconds, bool vary_voice) const {
  const auto num_frames = static_cast<size_t>(seconds * 100);
  DrySpeech scene;
  const auto pause = [&](double length) {
    const auto frames = static_cast<size_t>(length * 100);
    scene.samples.resize(scene.samples.size() + frames * kSceneFrame);
    scene.speech.resize(scene.speech.size() + frames);
  };
  struct Voice {
    size_t speaker;
    double speed;
    double level;
  };
  std::vector<Voice> voices(random.Chance(0.75) ? 1 : 2);
  for (Voice& voice : voices) {
    voice = {random.Below(speakers_.size()), vary_voice ? random.LogUniform(0.82, 1.22) : 1,
             std::pow(10, random.Uniform(-8, 0) / 20)};
  }
  pause(random.Chance(0.7) ? random.Uniform(0.1, 1.2) : 0);
  const double long_pauses = random.Chance(0.3) ? 0.3 : 0.08;
  while (scene.speech.size() < num_frames) {
    const Voice& voice = voices[random.Below(voices.size())];
    const Recording& recording = Pick(random, voice.speaker);
    const auto margin = static_cast<ptrdiff_t>(recording.num_margin_frames);
    DrySpeech said = AtSpeed(recording, voice.speed);
    // Long silence around it would be most of the scene.
    const auto first = std::find(said.speech.begin(), said.speech.end(), 1) - said.speech.begin();
    const auto last = said.speech.rend() - std::find(said.speech.rbegin(), said.speech.rend(), 1);
    const auto begin = static_cast<size_t>(std::max<ptrdiff_t>(first - margin, 0));
    const size_t end =
        std::min(static_cast<size_t>(std::max<ptrdiff_t>(last, 0) + margin), said.speech.size());
    const double gain = 0.1 * voice.level / std::max(ActiveLevel(said.samples, said.speech), 1e-5);
    for (size_t i = begin * kSceneFrame; i < end * kSceneFrame; ++i) {
      // The fade leaves no click where it is cut.
      const size_t edge = std::min(i - begin * kSceneFrame, end * kSceneFrame - 1 - i);
      const double fade = std::min(1.0, static_cast<double>(edge) / 400);
      scene.samples.push_back(static_cast<float>(gain * fade) * said.samples[i]);
    }
    scene.speech.insert(scene.speech.end(), said.speech.begin() + static_cast<ptrdiff_t>(begin),
                        said.speech.begin() + static_cast<ptrdiff_t>(end));
    pause(random.Chance(long_pauses) ? random.Uniform(0.8, 3) : random.LogUniform(0.03, 0.8));
  }
  scene.speech.resize(num_frames);
  scene.samples.resize(num_frames * kSceneFrame);
  return scene;
}

std::vector<float> SceneMaker::Piece(Random& random, size_t n, double speed) const {
  const std::vector<std::vector<int16_t>>& group = music_[random.Below(music_.size())];
  const std::vector<int16_t>& piece = group[random.Below(group.size())];
  const size_t begin = piece.size() > n ? random.Below(piece.size() - n) : 0;
  std::vector<float> samples(n);
  for (size_t i = 0; i < n; ++i) {
    const double position = static_cast<double>(begin) + static_cast<double>(i) * speed;
    const auto place = static_cast<size_t>(position);
    const auto part = static_cast<float>(position - static_cast<double>(place));
    const auto here = static_cast<float>(piece[place % piece.size()]);
    const auto next = static_cast<float>(piece[(place + 1) % piece.size()]);
    samples[i] = (here + part * (next - here)) / 32768;
  }
  return samples;
}

std::vector<float> SceneMaker::Music(Random& random, size_t n, bool vary) const {
  if (!vary) return Piece(random, n, 1);
  std::vector<float> samples = Piece(random, n, random.LogUniform(0.7, 1.4));
  if (random.Chance(0.3)) {
    const std::vector<float> other = Piece(random, n, random.LogUniform(0.7, 1.4));
    for (size_t i = 0; i < n; ++i) samples[i] += other[i];
  }
  return samples;
}

std::vector<float> SceneMaker::Babble(Random& random, size_t n) const {
  std::vector<float> samples(n);
  const size_t num_voices = 6 + random.Below(12);
  for (size_t voice = 0; voice < num_voices; ++voice) {
    const size_t speaker = random.Below(speakers_.size());
    const double speed = random.LogUniform(0.85, 1.18);
    for (size_t at = 0; at < n;) {
      const DrySpeech said = AtSpeed(Pick(random, speaker), speed);
      const double gain =
          random.Uniform(0.5, 1) / std::max(ActiveLevel(said.samples, said.speech), 1e-5);
      // The voices do not all begin at once.
      const size_t skip = at == 0 ? random.Below(said.samples.size()) : 0;
      for (size_t i = skip; i < said.samples.size() && at < n; ++i) {
        samples[at++] += static_cast<float>(gain) * said.samples[i];
      }
    }
  }
  return samples;
}

Scene SceneMaker::Make(Condition condition, uint64_t seed, double seconds) const {
  Random random(seed);
  const auto n = static_cast<size_t>(seconds * 100) * kSceneFrame;
  const auto speech_in = [&](const std::vector<float>& noise, double snr_db, Codec codec) {
    DrySpeech scene = Speech(random, seconds, false);
    AddNoise(scene, noise, snr_db);
    return Finish(scene, random.Uniform(-20, -3), codec);
  };
  const auto no_speech = [&](const std::vector<float>& noise) {
    DrySpeech scene{std::vector<float>(n), std::vector<uint8_t>(n / kSceneFrame)};
    AddNoise(scene, noise, 0);
    for (float& sample : scene.samples) sample += static_cast<float>(1e-4 * random.Normal());
    return Finish(scene, random.Uniform(-20, -3), Codec::kNone);
  };
  switch (condition) {
    case Condition::kAny:
      return Any(random, seconds, false);
    case Condition::kUsual:
      return Any(random, seconds, true);
    case Condition::kClean:
      return speech_in(MakeNoise(Noise::kPink, n, random), 60, Codec::kNone);
    case Condition::kPink5dB:
      return speech_in(MakeNoise(Noise::kPink, n, random), 5, Codec::kNone);
    case Condition::kPink0dB:
      return speech_in(MakeNoise(Noise::kPink, n, random), 0, Codec::kNone);
    case Condition::kBabble5dB:
      return speech_in(Babble(random, n), 5, Codec::kNone);
    case Condition::kTelephone:
      return speech_in(MakeNoise(Noise::kColoured, n, random), 15, Codec::kMuLaw8k);
    case Condition::kMusic:
      return no_speech(Music(random, n, false));
    case Condition::kBursts: {
      static constexpr std::array kKinds = {Noise::kClicks, Noise::kKeyboard, Noise::kKnocks,
                                            Noise::kBreath, Noise::kCough};
      return no_speech(MakeNoise(kKinds[random.Below(kKinds.size())], n, random));
    }
    case Condition::kSteadyNoise: {
      static constexpr std::array kKinds = {Noise::kWhite,    Noise::kPink, Noise::kBrown,
                                            Noise::kColoured, Noise::kWind, Noise::kEngine,
                                            Noise::kHum};
      return no_speech(MakeNoise(kKinds[random.Below(kKinds.size())], n, random));
    }
  }
  return {};
}

Scene SceneMaker::Any(Random& random, double seconds, bool usual) const {
  const bool speaks = usual || !random.Chance(0.32);
  const auto num_frames = static_cast<size_t>(seconds * 100);
  DrySpeech scene;
  if (speaks) {
    scene = Speech(random, seconds, true);
    Equalize(scene.samples, random);
    if (random.Chance(0.45)) {
      AddRoom(scene.samples, random.LogUniform(0.1, 1), random.Uniform(-3, 18), random);
    }
  } else {
    scene.samples.resize(num_frames * kSceneFrame);
    scene.speech.resize(num_frames);
  }
  const size_t n = scene.samples.size();
  // Without speech, the first noise is what is heard.
  size_t num_noises =
      speaks ? (random.Chance(0.12) ? 0 : 1 + random.Below(3)) : 1 + random.Below(2);
  for (size_t i = 0; i < num_noises; ++i) {
    const double what = random.Uniform();
    const bool music = what < (speaks ? 0.22 : 0.6);
    std::vector<float> noise;
    if (music) {
      noise = Music(random, n, true);
    } else if (what < (speaks ? 0.3 : 0.64)) {
      noise = Babble(random, n);
    } else if (what < (speaks ? 0.55 : 0.75)) {
      // The commonest in rooms and lines.
      noise = MakeNoise(std::array{Noise::kPink, Noise::kBrown, Noise::kColoured, Noise::kModulated,
                                   Noise::kWhite}[random.Below(5)],
                        n, random);
    } else {
      noise = MakeNoise(static_cast<Noise>(random.Below(kNumNoises)), n, random);
    }
    if (random.Chance(0.5)) Equalize(noise, random);
    if (random.Chance(0.3))
      AddRoom(noise, random.LogUniform(0.1, 1), random.Uniform(-5, 10), random);
    // Sometimes it begins or ends within the scene.
    if (random.Chance(0.2)) {
      const size_t edge = random.Below(n);
      const bool begins = random.Chance(0.5);
      for (size_t k = 0; k < n; ++k) {
        if ((k < edge) == begins) noise[k] = 0;
      }
    }
    const double snr = usual                 ? random.Uniform(8, 40)
                       : random.Chance(0.35) ? random.Uniform(15, 45)
                                             : random.Uniform(-5, 20);
    AddNoise(scene, noise, speaks ? snr : (i == 0 ? 0 : random.Uniform(0, 30)));
  }
  // What every microphone has.
  const double hiss = std::pow(10, random.Uniform(-100, -55) / 20) * PeakLevel(scene.samples);
  for (float& sample : scene.samples) sample += static_cast<float>(hiss * random.Normal());
  if (random.Chance(0.15)) {
    Biquad::LowPass(random.LogUniform(2500, 6500), 0.7).Process(scene.samples);
  }
  if (random.Chance(0.15)) Biquad::HighPass(random.LogUniform(60, 350), 0.7).Process(scene.samples);
  const double codec = random.Uniform();
  return Finish(scene, random.Chance(0.04) ? random.Uniform(3, 12) : random.Uniform(-42, -0.5),
                codec < 0.06   ? Codec::kMuLaw8k
                : codec < 0.1  ? Codec::kALaw8k
                : codec < 0.15 ? Codec::kNarrow
                : codec < 0.25 ? Codec::kOpus
                               : Codec::kNone);
}

}  // namespace parlance::audio
