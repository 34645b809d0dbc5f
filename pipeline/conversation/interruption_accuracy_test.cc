// How well an agent tells who takes the floor: people, noises and the agent's own echo over an
// answer, with the real detector, endpointer, echo guard and judge, and without a recogniser.
// Nothing here depends on time: the same build gives the same figures on every run.
//
// An answer (prompts of a telephone exchange, of a speaker whom the detector was trained with) is
// played and comes back 20 dB weaker and 100 ms later. Over it is one of these:
//   requests      recorded sentences of speakers whom no detector was trained with; and the same
//                 over noise or music that is 8 to 15 dB weaker and began 2 s before
//   backchannels  recorded short words (Russian digits and letters, of less than 0.5 s) and "yes",
//                 "okay", "uh-huh" and the like of two synthetic voices, as there are no recorded
//                 ones
//   noises        10 s of coughs, knocks, breaths, clicks or music; or of nothing, so that only the
//                 echo is heard
// As soon as the judge says so, the answer is held, goes on, or is over, so the echo is, too.
//
// A recogniser would know words while somebody speaks. Here, words are unknown until the end of the
// utterance, and are then rejected, but for the backchannels', which are known then. So what is
// measured of requests is the rule for long speech without words, the judge's last one.
//
// Sounds with an even number are the development half, by which the constants of the guard and the
// judge were chosen; what is recorded are the others.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/scenes/corpus.h"
#include "audio/scenes/noises.h"
#include "audio/scenes/scene.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/endpointer.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "pipeline/conversation/detector.h"
#include "pipeline/conversation/interruption/echo_guard.h"
#include "pipeline/conversation/interruption/interruption_judge.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/synthesizer.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using audio::Random;

constexpr size_t kFrame = EchoGuard::kFrame;
constexpr size_t kSecond = 16000;
constexpr uint64_t kFirstSeed = 88'000'000;

constexpr double kAnswerDbfs = -20;
constexpr double kEchoDb = -20;
constexpr size_t kEchoFrames = 10;
constexpr double kHissDbfs = -60;
// How long a noise goes on.
constexpr size_t kStretch = 10 * kSecond;
// An answer begins so many frames before somebody is heard, or up to twice as many.
constexpr size_t kMinBefore = 150;

double Amplitude(double decibels) { return std::pow(10, decibels / 20); }

int16_t Rounded(double sample) {
  return static_cast<int16_t>(std::clamp(std::lround(sample), -32768L, 32767L));
}

std::vector<float> Floats(absl::Span<const int16_t> samples) {
  return {samples.begin(), samples.end()};
}

// The root mean square of each stretch of so many frames.
std::vector<double> Levels(absl::Span<const float> samples, size_t num_frames) {
  std::vector<double> levels;
  const size_t length = num_frames * kFrame;
  for (size_t i = 0; i + length <= samples.size(); i += kFrame) {
    double sum = 0;
    for (const float sample : samples.subspan(i, length)) sum += double{sample} * sample;
    levels.push_back(std::sqrt(sum / static_cast<double>(length)));
  }
  return levels;
}

// The level of the louder half of the frames, which is that of speech with pauses.
double LouderHalf(absl::Span<const float> samples) {
  std::vector<double> levels = Levels(samples, 1);
  std::sort(levels.rbegin(), levels.rend());
  levels.resize((levels.size() + 1) / 2);
  double energy = 0;
  for (const double level : levels) energy += level * level;
  return std::sqrt(energy / static_cast<double>(levels.size()));
}

// The level of the loudest 50 ms, which for short sounds is what a level is.
double Loudest(absl::Span<const float> samples) {
  const std::vector<double> levels = Levels(samples, 5);
  return *std::max_element(levels.begin(), levels.end());
}

// Samples whose level is `level` at `dbfs` instead.
std::vector<int16_t> AtLevel(absl::Span<const float> samples, double level, double dbfs) {
  const double gain = 32768 * Amplitude(dbfs) / level;
  std::vector<int16_t> scaled;
  scaled.reserve(samples.size());
  for (const float sample : samples) scaled.push_back(Rounded(gain * sample));
  return scaled;
}

struct Backchannel {
  std::string words;
  audio::Recording recording;
};

// What there is to hear.
struct Material {
  std::vector<int16_t> answers;
  std::vector<audio::Recording> requests;
  std::vector<audio::Recording> short_words;
  std::vector<Backchannel> synthetic;
  std::vector<std::vector<int16_t>> music;
};

std::vector<audio::Recording> Recordings(const std::string& path, const std::string& ending) {
  std::vector<audio::Recording> recordings;
  const absl::Status added =
      audio::AddSpeech(absl::StrCat("third_party/speech_samples/", path), ending, "", 1,
                       audio::Labelling::kByLevel, recordings);
  EXPECT_THAT(added, IsOk());
  return recordings;
}

std::vector<Backchannel> SyntheticBackchannels() {
  std::vector<Backchannel> backchannels;
  for (const char* voice : {"kal16", "slt"}) {
    auto synthesizer = CreateFliteSynthesizer(voice);
    EXPECT_THAT(synthesizer, IsOk());
    for (const char* words : {"yes", "okay", "uh-huh", "yeah", "right", "I see", "yep", "sure"}) {
      audio::Recording recording;
      const absl::Status said = (*synthesizer)->Synthesize(words, [&](const SpeechChunk& chunk) {
        recording.samples.insert(recording.samples.end(), chunk.samples.begin(),
                                 chunk.samples.end());
        return true;
      });
      EXPECT_THAT(said, IsOk());
      EXPECT_TRUE(audio::LabelCleanSpeech(recording)) << words;
      backchannels.push_back({.words = words, .recording = std::move(recording)});
    }
  }
  return backchannels;
}

size_t NumSpeech(const audio::Recording& recording) {
  return static_cast<size_t>(std::count(recording.speech.begin(), recording.speech.end(), 1));
}

Material ReadMaterial() {
  Material material;
  for (const char* name : {"demo-congrats", "demo-instruct", "vm-intro", "dir-intro", "vm-options",
                           "priv-callee-options", "demo-abouttotry", "conf-adminmenu-162"}) {
    const std::vector<float> prompt =
        Floats(audio::RecordedSpeech(absl::StrCat("asterisk/", name, ".wav"), kSecond));
    const std::vector<int16_t> scaled = AtLevel(prompt, LouderHalf(prompt), kAnswerDbfs);
    material.answers.insert(material.answers.end(), scaled.begin(), scaled.end());
  }
  for (const auto& [path, ending] : {std::pair("pocketsphinx/librivox", "wav"),
                                     {"pocketsphinx/cards", "wav"},
                                     {"alsa", "wav"},
                                     {"codec2", "wav"},
                                     {"asterisk_ru", "g722"}}) {
    for (audio::Recording& recording : Recordings(path, ending)) {
      const auto onset = std::find(recording.speech.begin(), recording.speech.end(), 1);
      const auto second = onset + std::min<ptrdiff_t>(recording.speech.end() - onset, 100);
      // Who takes the floor says something: most of a second is speech.
      if (std::count(onset, second, 1) >= 80) material.requests.push_back(std::move(recording));
    }
  }
  for (const char* path : {"asterisk_ru/digits", "asterisk_ru/letters"}) {
    for (audio::Recording& word : Recordings(path, "g722")) {
      if (NumSpeech(word) < 50) material.short_words.push_back(std::move(word));
    }
  }
  material.synthetic = SyntheticBackchannels();
  const absl::Status added = audio::AddMusic("third_party/speech_samples/music", material.music);
  EXPECT_THAT(added, IsOk());
  return material;
}

enum class Kind {
  kRequest,
  kShortWord,
  kSynthetic,
  kEcho,
  kCoughs,
  kKnocks,
  kBreaths,
  kClicks,
  kKeyboard,
  kMusic,
  kRequestOverSound,
};
struct NamedKind {
  Kind kind;
  const char* name;
};
constexpr NamedKind kOthers[] = {
    {Kind::kShortWord, "short words"},
    {Kind::kSynthetic, "synthetic words"},
    {Kind::kEcho, "echo"},
    {Kind::kCoughs, "coughs"},
    {Kind::kKnocks, "knocks"},
    {Kind::kBreaths, "breaths"},
    {Kind::kClicks, "clicks"},
    {Kind::kKeyboard, "keyboard"},
    {Kind::kMusic, "music"},
};

enum class Half { kDevelopment, kHeldOut };

// What somebody does over an answer.
struct Sound {
  std::vector<int16_t> samples;
  // The first frame of labelled speech.
  size_t onset = 0;
  // What the recogniser has at the end of an utterance; it rejects what is none.
  std::optional<std::string> words = std::nullopt;
};

// A recording, cut to 4 s from 50 ms before its speech on.
Sound Said(const audio::Recording& recording, double dbfs) {
  const auto first = static_cast<size_t>(
      std::find(recording.speech.begin(), recording.speech.end(), 1) - recording.speech.begin());
  const size_t begin = first - std::min<size_t>(first, 5);
  const std::vector<float> samples =
      Floats(absl::MakeConstSpan(recording.samples).subspan(begin * kFrame, 4 * kSecond));
  return {.samples = AtLevel(samples, LouderHalf(samples), dbfs), .onset = first - begin};
}

// The sound, 2 s after the beginning of one that goes on behind it.
Sound Over(absl::Span<const float> behind, double dbfs, const Sound& sound) {
  std::vector<int16_t> samples(2 * kSecond);
  samples.insert(samples.end(), sound.samples.begin(), sound.samples.end());
  return {.samples = audio::Mix(samples, AtLevel(behind, LouderHalf(behind), dbfs)),
          .onset = 2 * kSecond / kFrame + sound.onset,
          .words = sound.words};
}

Sound MakeSound(const Material& material, Kind kind, Half half, Random& random) {
  const size_t odd = half == Half::kHeldOut ? 1 : 0;
  const auto pick = [&](const auto& all) -> const auto& {
    return all[2 * random.Below(all.size() / 2) + odd];
  };
  const auto noise = [&](audio::Noise which) {
    const std::vector<float> samples = audio::MakeNoise(which, kStretch, random);
    return Sound{.samples = AtLevel(samples, Loudest(samples), random.Uniform(-26, -14))};
  };
  const auto music = [&](size_t length) {
    // The halves of each piece.
    const std::vector<int16_t>& piece = material.music[random.Below(material.music.size())];
    const size_t begin = odd * piece.size() / 2 + random.Below(piece.size() / 2 - kStretch);
    return Floats(absl::MakeConstSpan(piece).subspan(begin, length));
  };
  // Whoever speaks is 10 to 24 dB above the echo, which is at -40 dBFS.
  const double voice_dbfs = random.Uniform(-30, -16);
  switch (kind) {
    case Kind::kRequest:
      return Said(pick(material.requests), voice_dbfs);
    case Kind::kShortWord: {
      Sound sound = Said(pick(material.short_words), voice_dbfs);
      sound.words = "yes";
      return sound;
    }
    case Kind::kSynthetic: {
      const Backchannel& backchannel = pick(material.synthetic);
      Sound sound = Said(backchannel.recording, voice_dbfs);
      sound.words = backchannel.words;
      return sound;
    }
    case Kind::kEcho:
      return {.samples = std::vector<int16_t>(kStretch)};
    case Kind::kCoughs:
      return noise(audio::Noise::kCough);
    case Kind::kKnocks:
      return noise(audio::Noise::kKnocks);
    case Kind::kBreaths:
      return noise(audio::Noise::kBreath);
    case Kind::kClicks:
      return noise(audio::Noise::kClicks);
    case Kind::kKeyboard:
      return noise(audio::Noise::kKeyboard);
    case Kind::kMusic: {
      const std::vector<float> samples = music(kStretch);
      return {.samples = AtLevel(samples, LouderHalf(samples), random.Uniform(-45, -25))};
    }
    case Kind::kRequestOverSound: {
      const Sound request = Said(pick(material.requests), voice_dbfs);
      const size_t length = 2 * kSecond + request.samples.size();
      const double dbfs = voice_dbfs - random.Uniform(8, 15);
      if (random.Chance(0.5)) return Over(music(length), dbfs, request);
      const audio::Noise noise = random.Chance(0.5) ? audio::Noise::kPink : audio::Noise::kColoured;
      return Over(audio::MakeNoise(noise, length, random), dbfs, request);
    }
  }
  return {};
}

struct Told {
  size_t frame = 0;
  InterruptionVerdict verdict = InterruptionVerdict::kNone;
};

// A conversation in which an answer is played, and `sound` begins `before` frames after it.
std::vector<Told> Converse(absl::Span<const int16_t> answer, const Sound& sound, size_t before,
                           uint64_t seed, absl::Duration min_speech) {
  const auto detector = *CreateDetector();
  auto endpointer = *audio::Endpointer::Create({.look_ahead_frames = detector->look_ahead_frames(),
                                                .hangover_frames = detector->hangover_frames()});
  InterruptionJudge judge = *InterruptionJudge::Create({.min_speech = min_speech});
  EchoGuard guard;
  guard.Begin();
  judge.BeginAnswer(InterruptionJudge::Policy::Always());

  // The microphone, without the echo. A second is left for the verdict.
  const size_t num_frames = before + sound.samples.size() / kFrame + 100;
  std::vector<int16_t> room(before * kFrame);
  room.insert(room.end(), sound.samples.begin(), sound.samples.end());
  room.resize(num_frames * kFrame);
  room = audio::Mix(room, audio::WhiteNoise(room.size(), 32768 * Amplitude(kHissDbfs), seed));

  std::vector<int16_t> played((num_frames + kEchoFrames) * kFrame);
  std::vector<Told> told;
  bool held = false;
  for (size_t frame = 0; frame < num_frames; ++frame) {
    const bool plays = !held && answer.size() >= kFrame;
    if (plays) {
      guard.Played(answer.first(kFrame));
      std::copy_n(answer.begin(), kFrame,
                  played.begin() + static_cast<ptrdiff_t>((frame + kEchoFrames) * kFrame));
      answer.remove_prefix(kFrame);
    }
    std::array<int16_t, kFrame> heard;
    for (size_t i = 0; i < kFrame; ++i) {
      const size_t at = frame * kFrame + i;
      heard[i] = Rounded(room[at] + Amplitude(kEchoDb) * played[at]);
    }
    const GuardedSound guarded = guard.Heard(absl::MakeSpan(heard));
    const float answer = detector->Process(heard);
    const absl::Span<const float> provisional = detector->provisional();

    const auto follow = [&](InterruptionVerdict verdict) {
      if (verdict == InterruptionVerdict::kNone) return;
      told.push_back({.frame = frame, .verdict = verdict});
      held = verdict == InterruptionVerdict::kOnset;
    };
    follow(judge.OnFrame({.speech_probability = provisional.back(),
                          .explained = guarded.explained,
                          .change = guarded.change,
                          .answer_heard = plays}));
    const auto event = endpointer.Push(answer, provisional);
    if (event.has_value() && event->kind == audio::EndpointerEvent::Kind::kSpeechStart) {
      follow(judge.OnSpeechBegan());
    } else if (event.has_value()) {
      follow(judge.OnSpeechEnded());
      follow(judge.OnFinalWords(sound.words.value_or(""), !sound.words.has_value()));
    }
    if (!told.empty() && told.back().verdict == InterruptionVerdict::kTaken) break;
  }
  return told;
}

// What was found over all sounds of a kind.
struct Found {
  int num_sounds = 0;
  int num_taken = 0;
  int num_holds = 0;
  double held_frames = 0;
  double heard_frames = 0;
  // From the onset of speech to the end of the last frame that was handed out before the hold, and
  // before the floor was taken, in frames.
  std::vector<double> hold_delays;
  std::vector<double> taken_delays;

  double taken_percent() const { return 100.0 * num_taken / num_sounds; }
};

void Count(const std::vector<Told>& told, size_t onset, size_t num_frames, Found& found) {
  ++found.num_sounds;
  const auto first_hold = std::find_if(told.begin(), told.end(), [&](const Told& t) {
    return t.frame >= onset && t.verdict == InterruptionVerdict::kOnset;
  });
  // Who is not heard within the second counts as a second late.
  constexpr double kSecondFrames = 100;
  found.hold_delays.push_back(
      first_hold == told.end()
          ? kSecondFrames
          : std::min(kSecondFrames, static_cast<double>(first_hold->frame + 1 - onset)));
  size_t since = 0;
  for (const Told& t : told) {
    if (t.verdict == InterruptionVerdict::kOnset) {
      ++found.num_holds;
      since = t.frame;
    } else {
      found.held_frames += static_cast<double>(t.frame - since);
    }
    if (t.verdict == InterruptionVerdict::kTaken) {
      ++found.num_taken;
      found.taken_delays.push_back(static_cast<double>(t.frame + 1) - static_cast<double>(onset));
      num_frames = t.frame;
    }
  }
  found.heard_frames += static_cast<double>(num_frames);
}

Found Listen(const Material& material, Kind kind, Half half, absl::Duration min_speech) {
  Found found;
  const auto num_sounds = static_cast<uint64_t>(perf::Load("interruption_sounds"));
  for (uint64_t i = 0; i < num_sounds; ++i) {
    const uint64_t seed = kFirstSeed + 100'000 * static_cast<uint64_t>(kind) + 2 * i +
                          (half == Half::kHeldOut ? 1 : 0);
    Random random(seed);
    const Sound sound = MakeSound(material, kind, half, random);
    const size_t before = kMinBefore + random.Below(kMinBefore);
    const size_t num_frames = before + sound.samples.size() / kFrame + 100;
    const size_t begin = kFrame * random.Below(material.answers.size() / kFrame - num_frames);
    const std::vector<Told> told = Converse(absl::MakeConstSpan(material.answers).subspan(begin),
                                            sound, before, seed, min_speech);
    Count(told, before + sound.onset, num_frames, found);
  }
  return found;
}

// The ceil(p n)-th in order.
double Percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto place = static_cast<size_t>(std::ceil(p * static_cast<double>(values.size())));
  return values[std::max<size_t>(place, 1) - 1];
}

// What was found of all kinds.
struct Findings {
  Found requests;
  Found requests_over_sound;
  std::map<std::string, double> others_taken_percent;
  double false_stops_percent = 0;
  double false_holds_per_minute = 0;

  // In a world where somebody takes the floor as often as something else is heard, each kind of
  // that as often as the others.
  double precision_percent() const {
    const double taken = requests.taken_percent() + false_stops_percent;
    return taken == 0 ? 100 : 100 * requests.taken_percent() / taken;
  }
};

Findings ListenToAll(const Material& material, Half half, int min_speech_ms) {
  const auto print = [](const char* name, const Found& found) {
    std::printf("%-16s taken %3d of %3d; %4d holds, of %4.0f ms\n", name, found.num_taken,
                found.num_sounds, found.num_holds,
                found.num_holds == 0 ? 0 : 10 * found.held_frames / found.num_holds);
  };
  const absl::Duration min_speech = absl::Milliseconds(min_speech_ms);
  Findings findings;
  findings.requests = Listen(material, Kind::kRequest, half, min_speech);
  std::printf("%s half, min_speech of %d ms\n", half == Half::kHeldOut ? "Held-out" : "Development",
              min_speech_ms);
  print("requests", findings.requests);
  findings.requests_over_sound = Listen(material, Kind::kRequestOverSound, half, min_speech);
  print("over sounds", findings.requests_over_sound);
  double num_holds = 0;
  double num_frames = 0;
  for (const auto& [kind, name] : kOthers) {
    const Found found = Listen(material, kind, half, min_speech);
    print(name, found);
    findings.others_taken_percent[name] = found.taken_percent();
    findings.false_stops_percent += found.taken_percent() / std::size(kOthers);
    num_holds += found.num_holds;
    num_frames += found.heard_frames;
  }
  findings.false_holds_per_minute = num_holds / num_frames * 6000;
  const Found& requests = findings.requests;
  std::printf(
      "held after %.0f, %.0f, %.0f ms (p50, p90, p95), taken after %.0f, %.0f ms (p50, p95)\n"
      "recall %.1f %%, precision %.1f %%, false stops %.1f %%, %.1f false holds a minute\n\n",
      10 * Percentile(requests.hold_delays, 0.5), 10 * Percentile(requests.hold_delays, 0.9),
      10 * Percentile(requests.hold_delays, 0.95), 10 * Percentile(requests.taken_delays, 0.5),
      10 * Percentile(requests.taken_delays, 0.95), requests.taken_percent(),
      findings.precision_percent(), findings.false_stops_percent, findings.false_holds_per_minute);
  return findings;
}

void Record(const std::string& name, const std::string& title, const std::string& unit,
            perf::Better better, double value, const std::map<std::string, double>& counters) {
  perf::Recorder recorder({.name = absl::StrCat("pipeline.interruption.", name),
                           .title = absl::StrCat("Interruption, ", title),
                           .unit = unit,
                           .better = better,
                           .deterministic = true});
  recorder.Add(value);
  for (const auto& [counter, figure] : counters) recorder.SetCounter(counter, figure);
}

TEST(InterruptionAccuracy, WhoTakesTheFloor) {
  const Material material = ReadMaterial();
  ListenToAll(material, Half::kDevelopment, 500);
  for (const int min_speech_ms : {200, 300, 500}) {
    const Findings findings = ListenToAll(material, Half::kHeldOut, min_speech_ms);
    const std::string after = absl::StrCat(" after ", min_speech_ms, " ms");
    Record(absl::StrCat("recall_", min_speech_ms, "ms"), absl::StrCat("Recall", after), "%",
           perf::HIGHER, findings.requests.taken_percent(), {});
    Record(absl::StrCat("precision_", min_speech_ms, "ms"), absl::StrCat("Precision", after), "%",
           perf::HIGHER, findings.precision_percent(), {});
    if (min_speech_ms != 500) continue;
    Record("recall_over_sound", "Recall over Noise and Music", "%", perf::HIGHER,
           findings.requests_over_sound.taken_percent(), {});
    Record("hold_p50", "Onset to Hold, Median", "frames of 10 ms", perf::LOWER,
           Percentile(findings.requests.hold_delays, 0.5), {});
    Record("hold_p95", "Onset to Hold, p95", "frames of 10 ms", perf::LOWER,
           Percentile(findings.requests.hold_delays, 0.95), {});
    Record("taken_p50", "Onset to Taken, Median", "frames of 10 ms", perf::LOWER,
           Percentile(findings.requests.taken_delays, 0.5), {});
    Record("false_stops", "False Stops", "%", perf::LOWER, findings.false_stops_percent,
           findings.others_taken_percent);
    Record("false_holds", "False Holds", "holds/min", perf::LOWER, findings.false_holds_per_minute,
           {});
  }
}

}  // namespace
}  // namespace parlance::pipeline
