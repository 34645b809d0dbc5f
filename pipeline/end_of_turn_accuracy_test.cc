// How soon an agent knows that somebody has finished, and how often it cuts in on a pause: turns of
// speech with pauses after which the speaker goes on (holds) and ends after which nothing comes,
// with the real detector, endpointer, recogniser and grammar; beside it the detector without its
// look-ahead. Nothing here depends on time: the
// same build gives the same figures on every run. The figures are those of LiveKit's eot-bench.
//
// There are two sets, each with a development half, by which constants may be chosen, and another,
// which is recorded:
//   recordings  what speakers said whom no detector was trained with, prose and prompts that are
//               read: their own pauses of 200 ms and more are holds, the end of a recording is the
//               end of a turn. Recordings with an even number are the development half. Nobody
//               knows the words.
//   requests    of the demonstration's grammar, by two synthetic voices, which are the halves, and
//               four that were recorded; most with a pause between two words where people hesitate.
//               Pauses in speech are distributed log-normally (E. Campione and J. Véronis, "A
//               large-scale multilingual study of silent pause duration", Speech Prosody 2002);
//               these have a median of 500 ms and a deviation of 0.5 of the natural logarithm, cut
//               at 200 ms and 2 s. The recogniser hears them, and the grammar says how far its
//               words are a request.
//
// Turns of a speaker follow each other in one stream, in 2.5 s of silence, so that the endpointer
// can learn from them. An end that is decided before the speaker has finished is a false cut-off;
// what is said after it is another utterance, also to the recogniser. How often holds are cut off,
// and how late ends are found, depends on the endpointing delay: so a rule is a curve over delays,
// and two rules are compared by the latency at which they cut off equally often.
#include <algorithm>
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
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/scenes/corpus.h"
#include "audio/scenes/noises.h"
#include "audio/scenes/scene.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/endpointer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "pipeline/agent/demo_intents.h"
#include "pipeline/agent/rule_agent.h"
#include "pipeline/conversation/detector.h"
#include "pipeline/runtime/completeness.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/pocketsphinx_recognizer.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using audio::Endpointer;
using audio::EndpointerEvent;
using audio::Random;

constexpr size_t kFrame = audio::kSceneFrame;
constexpr size_t kSecond = 16000;
constexpr uint64_t kFirstSeed = 99'000'000;
constexpr double kSpeechDbfs = -20;
constexpr double kHissDbfs = -60;
// After each turn, in frames; an end that is not found by then counts as found then.
constexpr size_t kSilence = 250;
// Shorter pauses are closures of stops.
constexpr size_t kMinHold = 20;
constexpr size_t kMaxHold = 200;
// From this many frames after a turn on, nothing that a recogniser hears is believed any more.
constexpr size_t kWordsAfter = 50;
// A label is off by at most this many frames.
constexpr size_t kTolerance = 20;
// As VoiceAgent asks for words.
constexpr int64_t kSamplesPerPartial = 1600;
// The detector that is used, whose figures are recorded, and the same without look-ahead.
constexpr const char* kDetectors[] = {kDetector.data(), "neural"};

double Amplitude(double dbfs) { return 32768 * std::pow(10, dbfs / 20); }

// What somebody says until it is the other's turn.
struct Turn {
  std::string text = {};
  std::vector<int16_t> samples = {};
  // Pauses after which the speaker goes on, [first, second) in frames of `samples`.
  std::vector<std::pair<size_t, size_t>> holds = {};
  // The frame behind the last of speech.
  size_t end = 0;
};

// What the words tell, for those frames in which they are asked for.
using WordsByFrame = std::map<size_t, Endpointer::Words>;

enum class Half { kDevelopment, kHeldOut };

std::vector<int16_t> AtLevel(const std::vector<int16_t>& samples, double dbfs) {
  std::vector<double> levels;
  for (size_t i = 0; i + kFrame <= samples.size(); i += kFrame) {
    levels.push_back(audio::Level(absl::MakeConstSpan(samples).subspan(i, kFrame)));
  }
  std::sort(levels.rbegin(), levels.rend());
  levels.resize((levels.size() + 1) / 2);
  double energy = 0;
  for (const double level : levels) energy += level * level;
  const double gain = Amplitude(dbfs) / std::sqrt(energy / static_cast<double>(levels.size()));
  std::vector<int16_t> scaled;
  scaled.reserve(samples.size());
  for (const int16_t sample : samples) {
    scaled.push_back(static_cast<int16_t>(std::clamp(std::lround(gain * sample), -32768L, 32767L)));
  }
  return scaled;
}

// A recording, without what is silent around its speech, and with its own pauses.
Turn Said(const audio::Recording& recording, const std::string& text = "") {
  const auto first = static_cast<size_t>(
      std::find(recording.speech.begin(), recording.speech.end(), 1) - recording.speech.begin());
  const auto last =
      static_cast<size_t>(std::find(recording.speech.rbegin(), recording.speech.rend(), 1).base() -
                          recording.speech.begin());
  Turn turn = {.text = text, .end = last - first};
  const std::vector<int16_t> samples(
      recording.samples.begin() + static_cast<ptrdiff_t>(first * kFrame),
      recording.samples.begin() + static_cast<ptrdiff_t>(last * kFrame));
  turn.samples = AtLevel(samples, kSpeechDbfs);
  size_t speech_end = first;
  for (size_t frame = first; frame < last; ++frame) {
    if (recording.speech[frame] == 0) continue;
    if (frame - speech_end >= kMinHold && frame > first) {
      turn.holds.emplace_back(speech_end - first, frame - first);
    }
    speech_end = frame + 1;
  }
  return turn;
}

// Adds every second recording as a turn of one speaker.
void AddTurns(const std::string& path, const std::string& ending, Half half,
              std::vector<Turn>& turns) {
  std::vector<audio::Recording> recordings;
  const absl::Status added =
      audio::AddSpeech(absl::StrCat("third_party/speech_samples/", path), ending, "", 1,
                       audio::Labelling::kByLevel, recordings);
  EXPECT_THAT(added, IsOk());
  for (size_t i = half == Half::kHeldOut ? 1 : 0; i < recordings.size(); i += 2) {
    turns.push_back(Said(recordings[i]));
  }
}

// The turns of each speaker. Those of codec2, who said one sentence each, take turns.
std::vector<std::vector<Turn>> RecordedTurns(Half half) {
  std::vector<std::vector<Turn>> speakers(4);
  AddTurns("asterisk_ru", "g722", half, speakers[0]);
  AddTurns("pocketsphinx/librivox", "wav", half, speakers[1]);
  AddTurns("pocketsphinx/cards", "wav", half, speakers[2]);
  AddTurns("codec2", "wav", half, speakers[3]);
  return speakers;
}

// A "|" is where the speaker may hesitate.
constexpr const char* kRequests[] = {
    "what time is it | in tokyo",
    "what time is it in | new york",
    "what is | twelve times seven",
    "what is twelve | times | seven",
    "what is ten times twenty | five",
    "convert | ten miles | to kilometers",
    "convert twenty pounds to | kilograms",
    "set a timer for | five minutes",
    "set a timer for ten | minutes",
    "list my | timers",
    "take a note | buy milk",
    "take a note call the | doctor",
    "read my | notes",
    "what did i say about | coffee",
    "go forward | ten meters",
    "ten of clubs | four of hearts",
    "eight of | spades",
};

// `request` said with a pause of so many frames at its `hesitation`-th "|"; with 0 frames, without
// one.
Turn Synthesise(Synthesizer& synthesizer, const std::string& request, size_t hesitation,
                size_t pause) {
  const std::vector<std::string> parts = absl::StrSplit(request, " | ");
  const std::string text = absl::StrJoin(parts, " ");
  audio::Recording recording;
  std::vector<WordMark> words;
  const absl::Status said = synthesizer.Synthesize(text, [&](const SpeechChunk& chunk) {
    recording.samples.insert(recording.samples.end(), chunk.samples.begin(), chunk.samples.end());
    words.insert(words.end(), chunk.words.begin(), chunk.words.end());
    return true;
  });
  EXPECT_THAT(said, IsOk());
  EXPECT_TRUE(audio::LabelCleanSpeech(recording)) << text;
  const auto first = static_cast<size_t>(
      std::find(recording.speech.begin(), recording.speech.end(), 1) - recording.speech.begin());
  Turn turn = Said(recording, text);
  if (pause == 0) return turn;

  size_t text_begin = 0;
  for (size_t i = 0; i <= hesitation; ++i) text_begin += parts[i].size() + 1;
  const auto word = std::find_if(words.begin(), words.end(), [&](const WordMark& mark) {
    return mark.text_begin == text_begin;
  });
  EXPECT_NE(word, words.end()) << text;
  const size_t at = static_cast<size_t>(word->sample) / kFrame - first;
  // The sound falls to silence within 5 ms, and rises from it.
  constexpr size_t kFade = 80;
  for (size_t i = 0; i < kFade; ++i) {
    const double gain = static_cast<double>(i) / kFade;
    int16_t& before = turn.samples[at * kFrame - 1 - i];
    int16_t& after = turn.samples[at * kFrame + i];
    before = static_cast<int16_t>(gain * before);
    after = static_cast<int16_t>(gain * after);
  }
  turn.samples.insert(turn.samples.begin() + static_cast<ptrdiff_t>(at * kFrame), pause * kFrame,
                      0);
  for (auto& [begin, end] : turn.holds) {
    if (begin >= at) begin += pause;
    if (end > at) end += pause;
  }
  turn.holds.emplace_back(at, at + pause);
  turn.end += pause;
  return turn;
}

// The few requests that were recorded, with the pauses that their speakers made.
std::vector<Turn> RecordedRequests() {
  std::vector<Turn> turns;
  for (const auto& [name, text] :
       {std::pair("goforward.raw", "go forward ten meters"),
        {"cards/001.wav", "ten of clubs"},
        {"cards/003.wav", "seven of clubs"},
        {"cards/005.wav", "eight of spades four of clubs seven of hearts"}}) {
    audio::Recording recording = {
        .speaker = "",
        .samples = audio::RecordedSpeech(absl::StrCat("pocketsphinx/", name), kSecond),
        .speech = {}};
    EXPECT_TRUE(audio::LabelCleanSpeech(recording)) << name;
    turns.push_back(Said(recording, text));
  }
  return turns;
}

std::vector<std::vector<Turn>> RequestedTurns(Half half) {
  auto synthesizer = CreateFliteSynthesizer(half == Half::kHeldOut ? "slt" : "kal16");
  EXPECT_THAT(synthesizer, IsOk());
  Random random(kFirstSeed + (half == Half::kHeldOut ? 1 : 0));
  std::vector<std::vector<Turn>> speakers(1);
  const auto num_rounds = perf::Load("end_of_turn_rounds");
  for (int64_t round = 0; round < num_rounds; ++round) {
    for (const std::string request : kRequests) {
      speakers[0].push_back(Synthesise(**synthesizer, request, 0, 0));
      const auto num_places = static_cast<size_t>(std::count(request.begin(), request.end(), '|'));
      for (size_t place = 0; place < num_places; ++place) {
        const auto pause = static_cast<size_t>(std::lround(50 * std::exp(0.5 * random.Normal())));
        speakers[0].push_back(
            Synthesise(**synthesizer, request, place, std::clamp(pause, kMinHold, kMaxHold)));
      }
    }
  }
  if (half == Half::kHeldOut) speakers.push_back(RecordedRequests());
  return speakers;
}

// What hears the words of an utterance.
struct Ears {
  Recognizer* recognizer = nullptr;
  const Grammar* grammar = nullptr;
};

// Turns of one speaker, one after the other, as they are heard. Frames count from the beginning.
class Stream {
 public:
  Stream(const std::vector<Turn>& turns, uint64_t seed) {
    samples_.resize(kSilence * kFrame);
    for (const Turn& turn : turns) {
      const size_t begin = samples_.size() / kFrame;
      for (const auto& [from, to] : turn.holds) holds_.emplace_back(begin + from, begin + to);
      ends_.push_back(begin + turn.end);
      samples_.insert(samples_.end(), turn.samples.begin(), turn.samples.end());
      samples_.resize((begin + turn.end + kSilence) * kFrame);
    }
    samples_ = audio::Mix(samples_, audio::WhiteNoise(samples_.size(), Amplitude(kHissDbfs), seed));
    for (const char* name : kDetectors) {
      const auto detector = *CreateDetector(name);
      Heard& heard = heard_.emplace_back();
      heard.look_ahead_frames = detector->look_ahead_frames();
      heard.hangover_frames = detector->hangover_frames();
      for (size_t i = 0; i + kFrame <= samples_.size(); i += kFrame) {
        heard.answers.push_back(
            detector->Process(absl::MakeConstSpan(samples_).subspan(i, kFrame)));
        const absl::Span<const float> provisional = detector->provisional();
        heard.provisional.emplace_back(provisional.begin(), provisional.end());
      }
    }
  }

  // What a detector of kDetectors said of each frame.
  struct Heard {
    int look_ahead_frames = 0;
    int hangover_frames = 0;
    std::vector<float> answers = {};
    std::vector<std::vector<float>> provisional = {};
  };
  const Heard& heard(size_t detector) const { return heard_[detector]; }
  const std::vector<std::pair<size_t, size_t>>& holds() const { return holds_; }
  const std::vector<size_t>& ends() const { return ends_; }

  // What the words tell of the utterance that begins with `start`, by the frame that they are
  // asked for in, until the turn is over. It is heard once, and kept.
  const WordsByFrame& Words(const EndpointerEvent& start, const Ears& ears) {
    const auto [known, is_new] = words_.try_emplace(start.decided);
    if (!is_new) return known->second;
    const size_t decided = static_cast<size_t>(start.decided) / kFrame;
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), decided);
    const size_t last = end == ends_.end() ? samples_.size() / kFrame : *end + kWordsAfter;
    ears.recognizer->ForgetSpeaker();
    EXPECT_THAT(ears.recognizer->Start(), IsOk());
    auto from = static_cast<size_t>(start.segment.begin);
    int64_t until_words = kSamplesPerPartial;
    for (size_t frame = decided; frame <= last; ++frame) {
      const auto sound = absl::MakeConstSpan(samples_).subspan(from, frame * kFrame - from);
      EXPECT_THAT(ears.recognizer->Process(sound), IsOk());
      from += sound.size();
      until_words -= static_cast<int64_t>(sound.size());
      if (until_words > 0) continue;
      until_words = kSamplesPerPartial;
      const auto words = ears.recognizer->Partial();
      EXPECT_THAT(words, IsOk());
      if (words->text.empty()) continue;
      known->second[frame] = CompletenessOf(ears.grammar->FitOf(words->text));
    }
    ears.recognizer->Cancel();
    return known->second;
  }

 private:
  std::vector<int16_t> samples_;
  std::vector<Heard> heard_;
  std::vector<std::pair<size_t, size_t>> holds_;
  std::vector<size_t> ends_;
  std::map<int64_t, WordsByFrame> words_;
};

// How an endpointer decides.
struct Rule {
  // The detector that it hears with, of kDetectors.
  size_t detector = 0;
  // Up to which the delay adapts to the speaker, in frames, where it is not longer anyway; and
  // whether the words are asked for.
  int most_delay = 0;
  bool has_words = false;
};

// What came of a rule with a delay, of all turns.
struct Found {
  size_t num_holds = 0;
  size_t num_cut_off = 0;
  // In frames, from the end of speech to the decision.
  std::vector<double> latencies = {};

  double percent() const {
    return num_holds == 0
               ? 0
               : 100.0 * static_cast<double>(num_cut_off) / static_cast<double>(num_holds);
  }
  double mean() const {
    double sum = 0;
    for (const double latency : latencies) sum += latency;
    return latencies.empty() ? 0 : sum / static_cast<double>(latencies.size());
  }
  double median() const {
    std::vector<double> sorted = latencies;
    std::sort(sorted.begin(), sorted.end());
    return sorted.empty() ? 0 : sorted[sorted.size() / 2];
  }
};

void Listen(Stream& stream, const Ears& ears, const Rule& rule, int delay, Found& found) {
  const Stream::Heard& heard = stream.heard(rule.detector);
  const absl::Duration least = absl::Milliseconds(10) * delay;
  auto endpointer = *Endpointer::Create(
      {.min_endpointing_delay = least,
       .max_endpointing_delay = absl::Milliseconds(10) * std::max(delay, rule.most_delay),
       .max_speech_duration = absl::InfiniteDuration(),
       .look_ahead_frames = heard.look_ahead_frames,
       .hangover_frames = heard.hangover_frames});
  const WordsByFrame* words = nullptr;
  size_t turn = 0;
  bool is_found = false;
  found.num_holds += stream.holds().size();
  for (size_t frame = 1; frame <= heard.answers.size(); ++frame) {
    if (turn < stream.ends().size() && frame == stream.ends()[turn] + kSilence) {
      if (!is_found) found.latencies.push_back(static_cast<double>(kSilence));
      is_found = false;
      ++turn;
    }
    const auto event = endpointer.Push(heard.answers[frame - 1], heard.provisional[frame - 1]);
    if (event.has_value() && event->kind == EndpointerEvent::Kind::kSpeechStart) {
      words = rule.has_words ? &stream.Words(*event, ears) : nullptr;
    } else if (event.has_value() && turn < stream.ends().size()) {
      if (frame + kTolerance < stream.ends()[turn]) {
        ++found.num_cut_off;
      } else if (!is_found) {
        is_found = true;
        const auto latency = static_cast<double>(frame) - static_cast<double>(stream.ends()[turn]);
        found.latencies.push_back(std::max(latency, 0.0));
      }
    }
    if (words == nullptr) continue;
    if (const auto told = words->find(frame); told != words->end()) {
      endpointer.SetWords(told->second);
    }
  }
}

// A rule with each of the delays, in frames.
constexpr int kMinDelay = 10;
constexpr int kMaxDelay = 220;
constexpr int kDelayStep = 5;

class Curve {
 public:
  Curve(std::vector<Stream>& streams, const Ears& ears, const Rule& rule) {
    for (int delay = kMinDelay; delay <= kMaxDelay; delay += kDelayStep) {
      Found& found = by_delay_.emplace_back();
      for (Stream& stream : streams) Listen(stream, ears, rule, delay, found);
    }
  }

  const Found& at(int delay) const {
    return by_delay_[static_cast<size_t>((delay - kMinDelay) / kDelayStep)];
  }

  // The mean latency with so many false cut-offs: of the shortest delay from which on there are no
  // more, interpolated between it and the one before; if there are always more, kSilence.
  double LatencyAt(double percent) const {
    size_t i = by_delay_.size() - 1;
    if (by_delay_[i].percent() > percent) return static_cast<double>(kSilence);
    while (i > 0 && by_delay_[i - 1].percent() <= percent) --i;
    if (i == 0) return by_delay_[0].mean();
    const double below = by_delay_[i].percent();
    const double above = by_delay_[i - 1].percent();
    const double share = (above - percent) / (above - below);
    return by_delay_[i - 1].mean() + share * (by_delay_[i].mean() - by_delay_[i - 1].mean());
  }

 private:
  std::vector<Found> by_delay_;
};

class EndOfTurnAccuracy : public testing::Test {
 protected:
  void SetUp() override {
    auto recognizer = CreatePocketSphinxRecognizer(rules_.grammar(), {});
    ASSERT_THAT(recognizer, IsOk());
    recognizer_ = *std::move(recognizer);
  }

  Ears ears() const { return {.recognizer = recognizer_.get(), .grammar = &rules_.grammar()}; }

  static std::vector<Stream> Streams(const std::vector<std::vector<Turn>>& speakers) {
    std::vector<Stream> streams;
    for (const std::vector<Turn>& turns : speakers) {
      streams.emplace_back(turns, kFirstSeed + 100 + streams.size());
    }
    return streams;
  }

  RuleSet rules_ = *DemoRules();
  std::unique_ptr<Recognizer> recognizer_;
};

// One row of the table that is printed, and what is recorded of it.
struct Contestant {
  const char* name;
  const char* title;
  Rule rule;
};
constexpr Contestant kSilenceOnly = {.name = "silence", .title = "Silence Only", .rule = {}};
constexpr Contestant kAdaptive = {
    .name = "adaptive", .title = "Adaptive", .rule = {.most_delay = 100, .has_words = false}};
constexpr Contestant kWords = {.name = "words",
                               .title = "Adaptive with Words",
                               .rule = {.most_delay = 100, .has_words = true}};

struct Set {
  const char* name;
  const char* title;
  std::vector<std::vector<Turn>> (*turns)(Half half);
  std::vector<Contestant> contestants;
};

void Record(const Set& set, const Contestant& contestant, const std::string& name,
            const std::string& title, const std::string& unit, double value,
            const std::map<std::string, double>& counters) {
  perf::Recorder recorder(
      {.name = absl::StrCat("pipeline.end_of_turn.", set.name, ".", contestant.name, ".", name),
       .title = absl::StrCat("End of Turn, ", set.title, ", ", contestant.title, ", ", title),
       .unit = unit,
       .better = perf::LOWER,
       .deterministic = true});
  recorder.Add(value);
  for (const auto& [counter, figure] : counters) recorder.SetCounter(counter, figure);
}

TEST_F(EndOfTurnAccuracy, FalseCutOffsAndLatency) {
  const Set sets[] = {
      {"recordings", "Recordings", RecordedTurns, {kSilenceOnly, kAdaptive}},
      {"requests", "Requests", RequestedTurns, {kSilenceOnly, kAdaptive, kWords}},
  };
  std::printf("%-12s %-10s %-10s %-12s holds ends  cut off at 300, 600 ms   latency at 5, 10 %%\n",
              "half", "set", "rule", "detector");
  for (const Half half : {Half::kDevelopment, Half::kHeldOut}) {
    for (const Set& set : sets) {
      std::vector<Stream> streams = Streams(set.turns(half));
      for (size_t row = 0; row < 2 * set.contestants.size(); ++row) {
        const size_t detector = row % 2;
        const Contestant& contestant = set.contestants[row / 2];
        Rule rule = contestant.rule;
        rule.detector = detector;
        const Curve curve(streams, ears(), rule);
        const Found& at_300 = curve.at(30);
        const Found& at_600 = curve.at(60);
        const double at_5 = curve.LatencyAt(5);
        const double at_10 = curve.LatencyAt(10);
        std::printf(
            "%-12s %-10s %-10s %-12s %5zu %4zu        %5.1f, %5.1f %%      %4.0f, %4.0f ms\n",
            half == Half::kHeldOut ? "held out" : "development", set.name, contestant.name,
            kDetectors[detector], at_300.num_holds, at_300.latencies.size(), at_300.percent(),
            at_600.percent(), 10 * at_5, 10 * at_10);
        if (half == Half::kDevelopment || detector != 0) continue;
        const std::map<std::string, double> counters = {
            {"holds", static_cast<double>(at_300.num_holds)},
            {"ends", static_cast<double>(at_300.latencies.size())}};
        Record(set, contestant, "cut_off_300ms", "False Cut-offs at 300 ms", "%", at_300.percent(),
               counters);
        Record(set, contestant, "cut_off_600ms", "False Cut-offs at 600 ms", "%", at_600.percent(),
               counters);
        Record(set, contestant, "latency_5percent", "Latency at 5 % False Cut-offs",
               "frames of 10 ms", at_5, counters);
        Record(set, contestant, "latency_10percent", "Latency at 10 % False Cut-offs",
               "frames of 10 ms", at_10, counters);
      }
    }
  }
}

}  // namespace
}  // namespace parlance::pipeline
