// Shows what a detector hears in recordings, and how well that agrees with labels.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audio/evaluation/labels.h"
#include "audio/evaluation/listening.h"
#include "audio/evaluation/vad_files_command.h"
#include "audio/evaluation/vad_flags.h"
#include "audio/evaluation/vad_metrics.h"
#include "audio/evaluation/vad_report.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/vad/detectors.h"
#include "command/file/input_file.h"
#include "command/file/user_path.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "command/terminal/progress.h"

namespace parlance::audio {
namespace {

// Prints for people what was found: to standard error if a file is asked for on standard output.
void PrintTable(const VadRequest& request, const std::string& text) {
  if (request.writes_file_to_standard_output()) {
    std::fwrite(text.data(), 1, text.size(), stderr);
  } else {
    command::Print(text);
  }
}

// Hears a FILE, shows how far it is, and prints its frames if they are asked for.
absl::StatusOr<Heard> ListenTo(const VadRequest& request, const std::string& file) {
  const absl::StatusOr<std::unique_ptr<SoundReader>> sound = OpenFile(request, file);
  if (!sound.ok()) return sound.status();
  const bool keeps = request.labels.is_given() || request.plot.is_given();
  int64_t num_frames = 0;
  const auto on_probability = [&](float probability) {
    if (request.frames) {
      command::Print(FrameLine(num_frames++, probability, request.threshold));
    }
  };
  if (request.frames) command::Print(kFramesHeader);
  command::Progress progress(absl::StrCat("vad: ", command::InputName(file)));
  const auto on_piece = [&](const Heard& so_far) {
    // Whoever reads the frames of a live sound has to see them as they are heard.
    if (request.frames && file == "-") std::fflush(stdout);
    if (request.frames && std::ferror(stdout) != 0) {
      return absl::UnavailableError(
          absl::StrCat(command::InputName(file), ": its frames cannot be printed"));
    }
    progress.Update(absl::StrFormat("%.0f s heard", so_far.seconds()));
    return absl::OkStatus();
  };
  absl::StatusOr<Heard> heard = Listen(**sound,
                                       {.detector = request.detector,
                                        .look_ahead_frames = request.look_ahead_frames,
                                        .endpointer = request.endpointer,
                                        .keeps_probabilities = keeps,
                                        .keeps_envelope = request.plot.is_given()},
                                       on_probability, on_piece);
  if (const std::string remark = (*sound)->Remark(); !remark.empty()) command::Say(remark);
  if (heard.ok() && heard->num_samples == 0) {
    return absl::InvalidArgumentError(
        file == "-" ? std::string("standard input has no sound; send raw samples to it")
                    : absl::StrCat(file, ": has no samples"));
  }
  return heard;
}

// Hears a FILE, and prints and writes what is asked for. What is to be compared with labels is
// added to `scored`.
absl::Status Process(const VadRequest& request, const std::string& file,
                     std::vector<ScoredFrames>& scored) {
  // Files come first, so that a mistake in labels or outputs does not cost the time to listen.
  const absl::StatusOr<std::optional<std::vector<Label>>> labels = ReadLabels(request, file);
  if (!labels.ok()) return labels.status();
  absl::StatusOr<VadOutputs> outputs = OpenOutputs(request, file);
  if (!outputs.ok()) return outputs.status();
  absl::StatusOr<Heard> heard = ListenTo(request, file);
  if (!heard.ok()) return heard.status();
  const std::string name = command::InputName(file);
  if (const std::string remark = LevelRemark(*heard); !remark.empty()) {
    command::Say(absl::StrCat(name, ": ", remark));
  }
  if (!request.frames) PrintTable(request, SegmentsText(command::PrintableLine(name), *heard));
  if (absl::Status written = WriteOutputs(request, file, *heard, *labels, *outputs);
      !written.ok()) {
    return written;
  }
  if (labels->has_value()) {
    const std::vector<TimeSpan> spans = SpeechSpans(**labels);
    if (!spans.empty() && spans.back().end_s > heard->seconds() + 1) {
      command::Say(
          absl::StrFormat("%s: it ends at %.2f s, but its labels at %.2f s; are they its own?",
                          name, heard->seconds(), spans.back().end_s));
    }
    std::vector<uint8_t> speech = SpeechFrames(spans, heard->probabilities.size());
    scored.push_back({std::move(heard->probabilities), std::move(speech)});
  }
  return absl::OkStatus();
}

// Prints how well all FILEs together agree with their labels.
absl::Status PrintAgreement(const VadRequest& request, const std::vector<ScoredFrames>& scored) {
  const absl::StatusOr<VadMetrics> metrics =
      MeasureVad(scored, {.threshold = request.threshold, .collar_frames = request.collar_frames});
  if (!metrics.ok()) return metrics.status();
  double seconds = 0;
  for (const ScoredFrames& file : scored) seconds += static_cast<double>(file.speech.size()) / 100;
  PrintTable(request, MetricsText({.detector = request.detector,
                                   .num_files = static_cast<int>(request.files.size()),
                                   .seconds = seconds,
                                   .threshold = request.threshold,
                                   .collar_frames = request.collar_frames},
                                  *metrics));
  return absl::OkStatus();
}

int Run(const command::Arguments& files) {
  const absl::StatusOr<VadRequest> request = ReadVadFlags(files, [](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_directory(command::UserPath(path), error);
  });
  if (!request.ok()) return command::WrongUse(request.status().message());
  std::vector<ScoredFrames> scored;
  int num_failed = 0;
  for (const std::string& file : request->files) {
    if (absl::Status processed = Process(*request, file, scored); !processed.ok()) {
      command::Fail(processed);
      ++num_failed;
    }
  }
  if (request->labels.is_given() && num_failed == 0) {
    if (absl::Status printed = PrintAgreement(*request, scored); !printed.ok()) {
      return command::Fail(printed);
    }
  } else if (request->labels.is_given()) {
    command::Say(absl::StrCat("the agreement with the labels is not measured, because ", num_failed,
                              num_failed == 1 ? " file" : " files", " failed"));
  }
  return num_failed == 0 ? command::kDone : command::kFailed;
}

command::Program VadProgram() {
  std::string details =
      R"(FILE is a WAV file of 8 to 48 kHz, or - for standard input, which is recognised as a WAV file or
else taken as raw sound (with a remark if it begins like MP3 or AAC). Without other flags, the segments of speech of each file are printed; to
standard error if --output_labels or --plot is -, which is standard output.

With several FILEs, --labels, --output_labels and --plot name a folder, with NAME.txt or NAME.svg
for NAME.wav; the agreement is that of all files together.

Labels say where there is speech: a line is begin TAB end TAB text, in seconds, as Audacity exports
it. Every label is speech, but those with the text noise, music, silence or nonspeech.

Detectors:
)";
  for (const DetectorInfo& info : Detectors()) {
    absl::StrAppendFormat(
        &details, "  %-10s %s%s\n", info.name, info.description,
        info.max_look_ahead_frames == 0
            ? ""
            : absl::StrCat("; looks ahead by up to ", 10 * info.max_look_ahead_frames, " ms"));
  }
  details.pop_back();
  return {.name = "vad",
          .summary =
              "Shows what a voice activity detector hears, and how well that agrees with labels.",
          .synopsis = {"vad FILE... [FLAG...]"},
          .details = details,
          .flag_groups = {{"Frames", {"detector", "look_ahead_ms", "threshold", "frames"}},
                          {"Segments, as an agent would cut them",
                           {"start_threshold", "neg_threshold", "min_speech_duration",
                            "min_endpointing_delay", "max_endpointing_delay", "speech_pad",
                            "max_speech_duration", "output_labels"}},
                          {"Labels", {"labels", "collar"}},
                          {"Pictures", {"plot"}},
                          {"Raw sound", {"raw_encoding", "raw_rate", "raw_channels"}}},
          .common_flags = {},
          .examples = {"vad call.wav", "vad call.wav --labels call.txt --plot call.svg",
                       "vad recordings/*.wav --labels recordings --detector webrtc",
                       "arecord -f S16_LE -r 16000 | vad - --frames"},
          .no_means = "",
          .subcommands = {},
          .run = Run,
          .max_arguments = command::kAnyNumber};
}

}  // namespace
}  // namespace parlance::audio

int main(int argc, char** argv) { return command::Main(parlance::audio::VadProgram(), argc, argv); }
