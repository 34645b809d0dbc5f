#include "pipeline/testing/spoken_requests.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "audio/sound_file/testing/sounds.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/synthesizer.h"

namespace parlance::pipeline {
namespace {

std::vector<int16_t> Say(const char* voice, const std::string& text) {
  const auto synthesizer = CreateFliteSynthesizer(voice);
  if (!synthesizer.ok()) std::abort();
  std::vector<int16_t> sound;
  const absl::Status said = (*synthesizer)->Synthesize(text, [&](const SpeechChunk& chunk) {
    sound.insert(sound.end(), chunk.samples.begin(), chunk.samples.end());
    return true;
  });
  if (!said.ok()) std::abort();
  return sound;
}

}  // namespace

std::vector<SpokenRequest> SpokenRequests() {
  std::vector<SpokenRequest> requests = {
      {"go forward ten meters", audio::RecordedSpeech("pocketsphinx/goforward.raw", 16000),
       "go forward ten meters"},
      {"what time is it in tokyo", Say("slt", "what time is it in tokyo"), "in tokyo"},
      {"convert ten miles to kilometers", Say("kal16", "convert ten miles to kilometers"),
       "16.09344 kilometers"},
      {"ten of clubs", audio::RecordedSpeech("pocketsphinx/cards/001.wav", 16000), "ten of clubs"},
      {"what is twelve times seven", Say("slt", "what is twelve times seven"), "84"},
      {"list my timers", Say("kal16", "list my timers"), "timer"},
  };
  for (SpokenRequest& request : requests) request.sound.resize(request.sound.size() + 12000, 0);
  return requests;
}

}  // namespace parlance::pipeline
