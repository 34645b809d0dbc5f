// Writes scenes for training, as features and labels.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "audio/evaluation/labels.h"
#include "audio/scenes/corpus.h"
#include "audio/scenes/scene.h"
#include "audio/sound_file/wav.h"
#include "audio/vad/classic_vad.h"
#include "audio/vad/neural_vad.h"
#include "audio/vad/vad_features.h"
#include "command/file_kind.h"
#include "command/output_file.h"
#include "command/program.h"
#include "command/user_path.h"

ABSL_FLAG(std::vector<std::string>, speech, {},
          "Clean speech: NAME:ENDING:VOICES:FOLDER, several with commas.");
ABSL_FLAG(std::vector<std::string>, music, {},
          "Music: groups with commas between them, each of FOLDER+FOLDER.");
ABSL_FLAG(std::string, output, "", "The file of features to write.");
ABSL_FLAG(
    std::string, listen, "",
    "Writes each scene as PREFIX-N.wav with its labels, PREFIX-N.txt, instead of features: to "
    "be heard and looked at.");
ABSL_FLAG(int, scenes, 10, "How many scenes are made.");
ABSL_FLAG(double, seconds, 10, "How long each scene is.");
ABSL_FLAG(int, condition, 0, "The number of one of scene.h's conditions.");
ABSL_FLAG(int64_t, first_seed, 1, "The first scene's seed; the next has the next.");

namespace parlance::audio {
namespace {

std::vector<float> Features(const Scene& scene) {
  // The portable kernels, because every processor computes the same by them.
  VadFeatures features(PortableVadKernels());
  ClassicFeatures classic;
  std::vector<float> rows;
  rows.reserve(scene.speech.size() * (kNumNeuralInputs + ClassicFeatures::kCount + 1));
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

// Floats: whatever else begins otherwise has some that no feature can have.
bool IsFeatures(absl::string_view head) {
  for (size_t at = 0; at + sizeof(float) <= head.size(); at += sizeof(float)) {
    float value = 0;
    std::memcpy(&value, head.data() + at, sizeof(value));
    if (!std::isfinite(value) || std::abs(value) > 1e6F) return false;
    if (value != 0 && !std::isnormal(value)) return false;
  }
  return true;
}
constexpr command::FileKind kFeatures = {"a file of features", IsFeatures};

absl::Status Listen(const Scene& scene, const std::string& prefix) {
  absl::StatusOr<command::OutputFile> sound =
      command::OutputFile::Create(prefix + ".wav", {.kind = command::kWavFile, .keep = {}});
  if (!sound.ok()) return sound.status();
  absl::Status written = WriteWav({kSceneRateHz, 1, scene.samples},
                                  [&](absl::string_view bytes) { return sound->Write(bytes); });
  if (written.ok()) written = sound->Commit();
  if (!written.ok()) return written;
  std::vector<Label> labels;
  for (size_t begin = 0; begin < scene.speech.size();) {
    size_t end = begin;
    while (end < scene.speech.size() && scene.speech[end] == scene.speech[begin]) ++end;
    if (scene.speech[begin] == 1) {
      labels.push_back(
          {static_cast<double>(begin) / 100, static_cast<double>(end) / 100, "speech"});
    }
    begin = end;
  }
  return command::WriteOutput(prefix + ".txt", {.kind = command::kLabelFile, .keep = {}},
                              FormatLabels(labels));
}

absl::StatusOr<SceneMaker> ReadSounds() {
  std::vector<Recording> recordings;
  for (const std::string& source : absl::GetFlag(FLAGS_speech)) {
    const std::vector<std::string> parts = absl::StrSplit(source, absl::MaxSplits(':', 3));
    int num_voices = 0;
    if (parts.size() != 4 || !absl::SimpleAtoi(parts[2], &num_voices) || num_voices < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("--speech: ", source, " is not NAME:ENDING:VOICES:FOLDER"));
    }
    const size_t before = recordings.size();
    if (absl::Status added =
            AddSpeech(command::UserPath(parts[3]), parts[1], parts[0], num_voices, recordings);
        !added.ok()) {
      return added;
    }
    double seconds = 0;
    for (size_t i = before; i < recordings.size(); ++i) {
      seconds += static_cast<double>(recordings[i].speech.size()) / 100;
    }
    command::Say(absl::StrFormat("%s: %d recordings, %.0f s", parts[0], recordings.size() - before,
                                 seconds));
  }
  if (recordings.empty()) return absl::InvalidArgumentError("--speech is missing");
  std::vector<std::vector<std::vector<int16_t>>> music;
  for (const std::string& group : absl::GetFlag(FLAGS_music)) {
    music.emplace_back();
    for (const std::string& path : std::vector<std::string>(absl::StrSplit(group, '+'))) {
      if (absl::Status added = AddMusic(command::UserPath(path), music.back()); !added.ok()) {
        return added;
      }
    }
    command::Say(absl::StrCat(group, ": ", music.back().size(), " pieces"));
  }
  return SceneMaker(std::move(recordings), std::move(music));
}

absl::Status MakeScenes() {
  const std::string listen = absl::GetFlag(FLAGS_listen);
  const std::string output = absl::GetFlag(FLAGS_output);
  if (listen.empty() == output.empty()) {
    return absl::InvalidArgumentError("either --output or --listen is needed");
  }
  std::optional<command::OutputFile> features;
  if (!output.empty()) {
    absl::StatusOr<command::OutputFile> file =
        command::OutputFile::Create(output, {.kind = kFeatures, .keep = {}});
    if (!file.ok()) return file.status();
    features = *std::move(file);
  }
  const absl::StatusOr<SceneMaker> maker = ReadSounds();
  if (!maker.ok()) return maker.status();

  const auto num_scenes = static_cast<size_t>(std::max(absl::GetFlag(FLAGS_scenes), 0));
  std::vector<std::vector<float>> rows(num_scenes);
  std::vector<absl::Status> written(num_scenes);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < num_scenes; i = next++) {
      const Scene scene = maker->Make(static_cast<Condition>(absl::GetFlag(FLAGS_condition)),
                                      static_cast<uint64_t>(absl::GetFlag(FLAGS_first_seed)) + i,
                                      absl::GetFlag(FLAGS_seconds));
      if (listen.empty()) {
        rows[i] = Features(scene);
      } else {
        written[i] = Listen(scene, absl::StrCat(listen, "-", i));
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(std::thread::hardware_concurrency(), 1U); ++i)
    threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : written) {
    if (!status.ok()) return status;
  }
  if (!features.has_value()) return absl::OkStatus();
  for (const std::vector<float>& scene : rows) {
    if (absl::Status status = features->Write(
            {reinterpret_cast<const char*>(scene.data()), scene.size() * sizeof(float)});
        !status.ok()) {
      return status;
    }
  }
  return features->Commit();
}

int Run(const command::Arguments&) {
  const absl::Status status = MakeScenes();
  return status.ok() ? command::kDone : command::Fail(status);
}

}  // namespace
}  // namespace parlance::audio

int main(int argc, char** argv) {
  return command::Main(
      {.name = "make_scenes",
       .summary = "Writes scenes for training, as features and labels.",
       .synopsis = {"make_scenes --speech SOURCES [--music GROUPS] --output FILE [FLAG...]"},
       .details =
           R"(The file has, for each scene and each frame of 10 ms, what the network is given of
it, what the classic detector is given, and the label; all are floats.)",
       .flag_groups = {{"Flags",
                        {"speech", "music", "output", "listen", "scenes", "seconds", "condition",
                         "first_seed"}}},
       .common_flags = {},
       .examples = {},
       .no_means = "",
       .subcommands = {},
       .run = parlance::audio::Run,
       .max_arguments = 0},
      argc, argv);
}
