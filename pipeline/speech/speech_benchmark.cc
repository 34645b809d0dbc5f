// What a recogniser and its grammar are asked while somebody speaks. Caches are warm and nothing
// else runs, unlike in a process with many conversations.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/grammar.h"
#include "pipeline/speech/pocketsphinx_recognizer.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/spoken_number.h"
#include "pipeline/speech/synthesizer.h"

namespace parlance::pipeline {
namespace {

constexpr size_t kSamplesPer100Ms = 1600;

// As large as that of an agent with ten requests.
Grammar Requests() {
  std::vector<GrammarRule> rules = NumberRules();
  rules.push_back({"city", "tokyo | london | paris | berlin | sydney | cairo | new york"});
  rules.push_back(
      {"unit", "meters | kilometers | miles | feet | inches | yards | pounds | liters"});
  rules.push_back({"duration", "second | seconds | minute | minutes | hour | hours"});
  rules.push_back({"item", "milk | bread | coffee | groceries | tickets"});
  return *Grammar::Create({{"time", "what time is it [in <city>]"},
                           {"sum", "what is <number> (plus | minus | times) <number>"},
                           {"convert", "convert <number> <unit> to <unit>"},
                           {"timer", "set a timer for <number> <duration>"},
                           {"timers", "list my timers"},
                           {"note", "take a note (buy <item> | call the (doctor | office))"},
                           {"notes", "read my notes"},
                           {"search", "what did i say about <item>"},
                           {"move", "go (forward | backward) <number> (meter | meters)"}},
                          rules);
}

// Every beginning of some requests, as they are while they are said.
std::vector<std::string> Beginnings() {
  std::vector<std::string> beginnings;
  for (const char* request :
       {"what time is it in new york", "what is one hundred and two plus twenty five",
        "convert two hundred and five miles to kilometers", "set a timer for twenty five minutes",
        "take a note call the doctor", "what did i say about coffee", "ten of clubs"}) {
    std::string beginning;
    for (const absl::string_view word : absl::StrSplit(request, ' ')) {
      absl::StrAppend(&beginning, beginning.empty() ? "" : " ", word);
      beginnings.push_back(beginning);
    }
  }
  return beginnings;
}

void BM_Fit(benchmark::State& state) {
  state.SetLabel("Fit of What Was Said So Far");
  const Grammar grammar = Requests();
  const std::vector<std::string> texts = Beginnings();
  size_t i = 0;
  size_t num_fitting = 0;
  for (auto _ : state) {
    num_fitting += grammar.FitOf(texts[i++ % texts.size()]) == Fit::kNone ? 0 : 1;
  }
  if (num_fitting == 0) state.SkipWithError("nothing fits");
}
BENCHMARK(BM_Fit)->Name("pipeline.grammar.fit");

std::vector<int16_t> Speech(const char* text) {
  std::vector<int16_t> speech;
  const auto synthesizer = CreateFliteSynthesizer("kal16");
  if (!synthesizer.ok()) return speech;
  const absl::Status said = (*synthesizer)->Synthesize(text, [&](const SpeechChunk& chunk) {
    speech.insert(speech.end(), chunk.samples.begin(), chunk.samples.end());
    return true;
  });
  if (!said.ok()) speech.clear();
  return speech;
}

// Hears one request after the other. What it does each tenth of a second differs with the sound.
void BM_Process(benchmark::State& state) {
  state.SetLabel("Recogniser, 100 ms of Speech");
  const Grammar grammar = Requests();
  const auto recognizer = CreatePocketSphinxRecognizer(grammar, {});
  const std::vector<int16_t> speech = Speech("set a timer for twenty five minutes");
  if (!recognizer.ok() || speech.empty()) return state.SkipWithError("no recogniser or no speech");
  absl::Span<const int16_t> rest;
  for (auto _ : state) {
    if (rest.size() < kSamplesPer100Ms) {
      (*recognizer)->Cancel();
      if (!(*recognizer)->Start().ok()) return state.SkipWithError("cannot start");
      rest = speech;
    }
    if (!(*recognizer)->Process(rest.first(kSamplesPer100Ms)).ok()) {
      return state.SkipWithError("cannot process");
    }
    rest.remove_prefix(kSamplesPer100Ms);
  }
}
BENCHMARK(BM_Process)->Name("pipeline.recognizer.process_100ms")->Unit(benchmark::kMicrosecond);

// At the end of a request, where there is most to trace back.
void BM_Partial(benchmark::State& state) {
  state.SetLabel("Recogniser, What Was Said So Far");
  const Grammar grammar = Requests();
  const auto recognizer = CreatePocketSphinxRecognizer(grammar, {});
  const std::vector<int16_t> speech = Speech("set a timer for twenty five minutes");
  if (!recognizer.ok() || !(*recognizer)->Start().ok() || !(*recognizer)->Process(speech).ok()) {
    return state.SkipWithError("no recogniser");
  }
  for (auto _ : state) {
    const absl::StatusOr<Hypothesis> partial = (*recognizer)->Partial();
    if (!partial.ok() || partial->text.empty()) return state.SkipWithError("nothing was heard");
    benchmark::DoNotOptimize(partial->text.data());
  }
}
BENCHMARK(BM_Partial)->Name("pipeline.recognizer.partial");

void BM_Create(benchmark::State& state) {
  state.SetLabel("Recogniser, Start");
  const Grammar grammar = Requests();
  for (auto _ : state) {
    const auto recognizer = CreatePocketSphinxRecognizer(grammar, {});
    if (!recognizer.ok()) return state.SkipWithError("no recogniser");
    benchmark::DoNotOptimize(recognizer->get());
  }
}
BENCHMARK(BM_Create)->Name("pipeline.recognizer.create")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parlance::pipeline
