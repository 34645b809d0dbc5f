// Writes scenes for training, as features and labels:
//
//   make_scenes --speech=NAME:ENDING:VOICES:FOLDER,... --music=FOLDER+FOLDER,... --output=FILE
//   --scenes=N --seconds=S --first_seed=K
//
// The file: for each scene, for each frame, what the network is given of it, what the classic
// detector is, and the label; all floats, kNumNeuralInputs + kNumClassicInputs + 1 of them. With
// --listen a scene is written as WAV with its labels instead, to be heard and looked at.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "audio/classic_vad.h"
#include "audio/neural_vad.h"
#include "audio/testing/corpus.h"
#include "audio/testing/scene.h"
#include "audio/vad_features.h"
#include "audio/wav.h"

ABSL_FLAG(std::vector<std::string>, speech, {}, "Clean speech, NAME:ENDING:VOICES:FOLDER,...");
ABSL_FLAG(std::vector<std::string>, music, {}, "Music, a group after the other, FOLDER+FOLDER,...");
ABSL_FLAG(std::string, output, "", "The file to write");
ABSL_FLAG(std::string, listen, "", "Writes PREFIX-N.wav and PREFIX-N.txt instead");
ABSL_FLAG(int, scenes, 10, "How many");
ABSL_FLAG(double, seconds, 10, "How long each is");
ABSL_FLAG(int, condition, 0, "Which of scene.h's conditions, by number");
ABSL_FLAG(int64_t, first_seed, 1, "The first scene's seed; the next has the next");

namespace parlance::audio {
namespace {

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

std::vector<float> Features(const Scene& scene) {
  // As every processor computes them.
  VadFeatures features(PortableVadKernels());
  ClassicVadInputs classic;
  std::vector<float> rows;
  rows.reserve(scene.speech.size() * (kNumNeuralInputs + kNumClassicInputs + 1));
  for (size_t frame = 0; frame < scene.speech.size(); ++frame) {
    VadFrame heard;
    features.Process(absl::MakeConstSpan(scene.samples).subspan(frame * kVadFrame, kVadFrame),
                     heard);
    for (const float input : NeuralVadInputs(heard)) rows.push_back(input);
    for (const float input : classic.Next(heard)) rows.push_back(input);
    rows.push_back(static_cast<float>(scene.speech[frame]));
  }
  return rows;
}

void Listen(const Scene& scene, const std::string& prefix) {
  Check(WriteWav(prefix + ".wav", {kSceneRateHz, 1, scene.samples}));
  std::ofstream labels(prefix + ".txt");
  for (size_t begin = 0; begin < scene.speech.size();) {
    size_t end = begin;
    while (end < scene.speech.size() && scene.speech[end] == scene.speech[begin]) ++end;
    if (scene.speech[begin] == 1) {
      labels << static_cast<double>(begin) / 100 << "\t" << static_cast<double>(end) / 100
             << "\tspeech\n";
    }
    begin = end;
  }
}

void Run() {
  std::vector<Recording> recordings;
  for (const std::string& source : absl::GetFlag(FLAGS_speech)) {
    const std::vector<std::string> parts = absl::StrSplit(source, absl::MaxSplits(':', 3));
    int num_voices = 0;
    if (parts.size() != 4 || !absl::SimpleAtoi(parts[2], &num_voices) || num_voices < 1)
      Check(absl::InvalidArgumentError(source + " is not NAME:ENDING:VOICES:FOLDER"));
    const size_t before = recordings.size();
    Check(AddSpeech(parts[3], parts[1], parts[0], num_voices, recordings));
    double seconds = 0;
    for (size_t i = before; i < recordings.size(); ++i) {
      seconds += static_cast<double>(recordings[i].speech.size()) / 100;
    }
    std::fprintf(stderr, "%s: %zu recordings, %.0f s\n", parts[0].c_str(),
                 recordings.size() - before, seconds);
  }
  std::vector<std::vector<std::vector<int16_t>>> music;
  for (const std::string& group : absl::GetFlag(FLAGS_music)) {
    music.emplace_back();
    for (const std::string& path : std::vector<std::string>(absl::StrSplit(group, '+'))) {
      Check(AddMusic(path, music.back()));
    }
    std::fprintf(stderr, "%s: %zu pieces\n", group.c_str(), music.back().size());
  }
  const SceneMaker maker(std::move(recordings), std::move(music));

  const auto num_scenes = static_cast<size_t>(absl::GetFlag(FLAGS_scenes));
  std::vector<std::vector<float>> rows(num_scenes);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < num_scenes; i = next++) {
      const Scene scene = maker.Make(static_cast<Condition>(absl::GetFlag(FLAGS_condition)),
                                     static_cast<uint64_t>(absl::GetFlag(FLAGS_first_seed)) + i,
                                     absl::GetFlag(FLAGS_seconds));
      if (absl::GetFlag(FLAGS_listen).empty()) {
        rows[i] = Features(scene);
      } else {
        Listen(scene, absl::GetFlag(FLAGS_listen) + "-" + std::to_string(i));
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(std::thread::hardware_concurrency(), 1U); ++i)
    threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (!absl::GetFlag(FLAGS_listen).empty()) return;
  std::ofstream output(absl::GetFlag(FLAGS_output), std::ios::binary);
  for (const std::vector<float>& scene : rows) {
    output.write(reinterpret_cast<const char*>(scene.data()),
                 static_cast<std::streamsize>(scene.size() * sizeof(float)));
  }
  if (!output.flush()) Check(absl::UnavailableError("cannot write " + absl::GetFlag(FLAGS_output)));
}

}  // namespace
}  // namespace parlance::audio

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  parlance::audio::Run();
}
