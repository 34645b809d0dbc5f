#include "audio/scenes/held_out.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "audio/scenes/corpus.h"

namespace parlance::audio {
namespace {

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::abort();
}

}  // namespace

SceneMaker HeldOutScenes() {
  const std::string root = "third_party/speech_samples/";
  std::vector<Recording> recordings;
  const auto add = [&](const std::string& path, const std::string& ending,
                       const std::string& speaker, int num_voices) {
    Check(AddSpeech(absl::StrCat(root, path), ending, speaker, num_voices, Labelling::kByLevel,
                    recordings));
  };
  // Four of thirteen speakers, so that about a third of what is said is Russian.
  add("asterisk_ru", "g722", "ru", 4);
  add("pocketsphinx/librivox", "wav", "austen", 1);
  add("pocketsphinx/cards", "wav", "cards", 1);
  add("alsa", "wav", "alsa", 1);
  add("codec2/raw/speech_orig_16k.wav", "wav", "codec2", 1);
  for (const std::string name : {"hts1a", "hts2a", "morig", "forig", "vk5qi"}) {
    add(absl::StrCat("codec2/wav/", name, ".wav"), "wav", name, 1);
  }
  std::vector<std::vector<int16_t>> music;
  Check(AddMusic(absl::StrCat(root, "music/reno_project-system.g722"), music));
  return SceneMaker(std::move(recordings), {std::move(music)});
}

}  // namespace parlance::audio
