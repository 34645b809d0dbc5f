// Writes scenes for training, as features and labels.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
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
#include "command/file/file_kind.h"
#include "command/file/input_file.h"
#include "command/file/output_file.h"
#include "command/file/user_path.h"
#include "command/program.h"

ABSL_FLAG(std::vector<std::string>, speech, {},
          "Clean speech: NAME:ENDING:VOICES:FOLDER, several with commas.");
ABSL_FLAG(std::vector<std::string>, music, {},
          "Music: groups with commas between them, each of FOLDER+FOLDER.");
ABSL_FLAG(std::string, output, "", "The file of features to write.");
ABSL_FLAG(
    std::string, listen, "",
    "Writes each scene as PREFIX-N.wav with its labels, PREFIX-N.txt, instead of features: to "
    "be heard and looked at.");
ABSL_FLAG(
    std::string, recordings, "",
    "Writes the recordings of --speech instead of scenes, for a teacher and for --corpus: for "
    "each the length of its speaker's name (32 bits), the name, its number of samples (32 "
    "bits), and these (16 bits, 16 kHz).");
ABSL_FLAG(std::string, corpus, "",
          "A file that --recordings has written, in place of --speech. It needs --teacher.");
ABSL_FLAG(std::string, teacher, "",
          "A file with a teacher's probabilities of speech, a float for each 10 ms of each "
          "recording: they are what is labelled speech, in place of what is loud.");
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

constexpr int32_t kMaxNameBytes = 100;

// The length of a name, and the name.
bool IsRecordings(absl::string_view head) {
  int32_t size = 0;
  if (head.size() < sizeof(size)) return false;
  std::memcpy(&size, head.data(), sizeof(size));
  if (size < 1 || size > kMaxNameBytes) return false;
  const absl::string_view name = head.substr(sizeof(size), static_cast<size_t>(size));
  return std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isgraph(c); });
}
constexpr command::FileKind kRecordings = {"a file of recordings", IsRecordings};

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

// Labels the recordings by what a teacher says of each 10 ms of them, and leaves out those in which
// it hears less than 200 ms of speech.
absl::Status Teach(const std::string& path, std::vector<Recording>& recordings) {
  constexpr size_t kMaxBytes = size_t{1} << 30;
  const absl::StatusOr<std::string> read = command::ReadInput(path, kMaxBytes);
  if (!read.ok()) return read.status();
  size_t num_frames = 0;
  for (const Recording& recording : recordings) num_frames += recording.speech.size();
  if (read->size() != num_frames * sizeof(float)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has ", read->size() / sizeof(float),
                                                   " frames, the recordings ", num_frames));
  }
  const char* next = read->data();
  std::vector<Recording> taught;
  for (Recording& recording : recordings) {
    std::vector<float> probabilities(recording.speech.size());
    std::memcpy(probabilities.data(), next, probabilities.size() * sizeof(float));
    next += probabilities.size() * sizeof(float);
    if (LabelByTeacher(probabilities, recording)) taught.push_back(std::move(recording));
  }
  command::Say(absl::StrCat("the teacher hears speech in ", taught.size(), " of ",
                            recordings.size(), " recordings"));
  recordings = std::move(taught);
  if (recordings.empty()) return absl::InvalidArgumentError("the teacher hears no speech");
  return absl::OkStatus();
}

// Writes the recordings for a teacher and for --corpus.
absl::Status WriteRecordings(const std::vector<Recording>& recordings, const std::string& output) {
  absl::StatusOr<command::OutputFile> file =
      command::OutputFile::Create(output, {.kind = kRecordings, .keep = {}});
  if (!file.ok()) return file.status();
  const auto write = [&](const void* bytes, size_t size) {
    return file->Write({static_cast<const char*>(bytes), size});
  };
  for (const Recording& recording : recordings) {
    const auto name_size = static_cast<int32_t>(recording.speaker.size());
    const auto num_samples = static_cast<int32_t>(recording.samples.size());
    absl::Status written = write(&name_size, sizeof(name_size));
    written.Update(write(recording.speaker.data(), recording.speaker.size()));
    written.Update(write(&num_samples, sizeof(num_samples)));
    written.Update(write(recording.samples.data(), recording.samples.size() * sizeof(int16_t)));
    if (!written.ok()) return written;
  }
  return file->Commit();
}

// Reads what WriteRecordings has written.
absl::StatusOr<std::vector<Recording>> ReadCorpus(const std::string& path) {
  constexpr int32_t kMaxSamples = 1 << 28;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  const auto read = [&](void* bytes, size_t size) {
    return static_cast<bool>(
        file.read(static_cast<char*>(bytes), static_cast<std::streamsize>(size)));
  };
  std::vector<Recording> recordings;
  int32_t name_size = 0;
  while (read(&name_size, sizeof(name_size))) {
    Recording recording;
    int32_t num_samples = 0;
    bool is_whole = name_size > 0 && name_size <= kMaxNameBytes;
    if (is_whole) {
      recording.speaker.resize(static_cast<size_t>(name_size));
      is_whole = read(recording.speaker.data(), recording.speaker.size()) &&
                 read(&num_samples, sizeof(num_samples)) && num_samples >= 0 &&
                 num_samples <= kMaxSamples;
    }
    if (is_whole) {
      recording.samples.resize(static_cast<size_t>(num_samples));
      is_whole = read(recording.samples.data(), recording.samples.size() * sizeof(int16_t));
    }
    if (!is_whole) {
      return absl::DataLossError(absl::StrCat(path, " is not what --recordings writes"));
    }
    recording.speech.resize(recording.samples.size() / kSceneFrame);
    recordings.push_back(std::move(recording));
  }
  if (recordings.empty()) return absl::DataLossError(absl::StrCat(path, " has no recordings"));
  return recordings;
}

absl::StatusOr<std::vector<Recording>> ReadRecordings() {
  if (const std::string corpus = absl::GetFlag(FLAGS_corpus); !corpus.empty()) {
    if (absl::GetFlag(FLAGS_teacher).empty()) {
      return absl::InvalidArgumentError(
          "--corpus needs --teacher: its recordings have no labels of their own");
    }
    absl::StatusOr<std::vector<Recording>> recordings = ReadCorpus(command::UserPath(corpus));
    if (!recordings.ok()) return recordings;
    const absl::Status taught = Teach(absl::GetFlag(FLAGS_teacher), *recordings);
    if (!taught.ok()) return taught;
    return recordings;
  }
  const bool is_taught =
      !absl::GetFlag(FLAGS_teacher).empty() || !absl::GetFlag(FLAGS_recordings).empty();
  const Labelling labelling = is_taught ? Labelling::kNone : Labelling::kByLevel;
  std::vector<Recording> recordings;
  for (const std::string& source : absl::GetFlag(FLAGS_speech)) {
    const std::vector<std::string> parts = absl::StrSplit(source, absl::MaxSplits(':', 3));
    int num_voices = 0;
    if (parts.size() != 4 || !absl::SimpleAtoi(parts[2], &num_voices) || num_voices < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("--speech: ", source, " is not NAME:ENDING:VOICES:FOLDER"));
    }
    const size_t before = recordings.size();
    if (absl::Status added = AddSpeech(command::UserPath(parts[3]), parts[1], parts[0], num_voices,
                                       labelling, recordings);
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
  if (!absl::GetFlag(FLAGS_teacher).empty()) {
    if (absl::Status taught = Teach(absl::GetFlag(FLAGS_teacher), recordings); !taught.ok()) {
      return taught;
    }
  }
  return recordings;
}

absl::StatusOr<SceneMaker> ReadSounds(std::vector<Recording> recordings) {
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
  const std::string for_teacher = absl::GetFlag(FLAGS_recordings);
  if (static_cast<int>(!listen.empty()) + static_cast<int>(!output.empty()) +
          static_cast<int>(!for_teacher.empty()) !=
      1) {
    return absl::InvalidArgumentError("one of --output, --listen and --recordings is needed");
  }
  std::optional<command::OutputFile> features;
  if (!output.empty()) {
    absl::StatusOr<command::OutputFile> file =
        command::OutputFile::Create(output, {.kind = kFeatures, .keep = {}});
    if (!file.ok()) return file.status();
    features = *std::move(file);
  }
  absl::StatusOr<std::vector<Recording>> recordings = ReadRecordings();
  if (!recordings.ok()) return recordings.status();
  if (!for_teacher.empty()) return WriteRecordings(*recordings, for_teacher);
  const absl::StatusOr<SceneMaker> maker = ReadSounds(*std::move(recordings));
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
                        {"speech", "corpus", "teacher", "music", "output", "listen", "recordings",
                         "scenes", "seconds", "condition", "first_seed"}}},
       .common_flags = {},
       .examples = {},
       .no_means = "",
       .subcommands = {},
       .run = parlance::audio::Run,
       .max_arguments = 0},
      argc, argv);
}
