#include "audio/evaluation/vad_files_command.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/string_view.h"
#include "audio/evaluation/vad_plot.h"
#include "audio/sound_file/sound_input.h"
#include "audio/sound_file/wav.h"
#include "command/file/file_kind.h"
#include "command/file/input_file.h"
#include "command/file/user_path.h"
#include "command/program.h"

namespace parlance::audio {
namespace {

constexpr char kLabelsEnding[] = ".txt";
constexpr char kPlotEnding[] = ".svg";

absl::Status WriteAll(command::OutputFile& file, absl::string_view text) {
  const absl::Status written = file.Write(text);
  return written.ok() ? file.Commit() : written;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SoundReader>> OpenFile(const VadRequest& request,
                                                      const std::string& file) {
  if (file == "-") {
    std::string remark;
    auto sound = OpenSound(STDIN_FILENO, command::InputName(file), request.raw, &remark);
    if (!remark.empty()) command::Say(remark);
    return sound;
  }
  return WavReader::Open(command::UserPath(file), file);
}

absl::StatusOr<std::optional<std::vector<Label>>> ReadLabels(const VadRequest& request,
                                                             const std::string& file) {
  if (!request.labels.is_given()) return std::nullopt;
  const std::string path = request.labels.For(file, kLabelsEnding);
  const absl::StatusOr<std::string> text = command::ReadInput(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<Label>> labels = ParseLabels(*text, path);
  if (!labels.ok()) return labels.status();
  return *std::move(labels);
}

absl::StatusOr<VadOutputs> OpenOutputs(const VadRequest& request, const std::string& file) {
  std::vector<std::string> keep;
  if (request.labels.is_given()) {
    for (const std::string& other : request.files) {
      keep.push_back(request.labels.For(other, kLabelsEnding));
    }
  }
  keep.push_back(file);
  if (absl::Status apart = command::CheckStandardOutput(keep); !apart.ok()) return apart;
  VadOutputs outputs;
  std::string labels;
  if (request.output_labels.is_given()) {
    labels = request.output_labels.For(file, kLabelsEnding);
    absl::StatusOr<command::OutputFile> opened = command::OutputFile::Create(
        labels, {.kind = {"a file of labels that vad wrote and nobody changed", IsFoundSpeech,
                          /*wants_all=*/true},
                 .keep = keep});
    if (!opened.ok()) return opened.status();
    outputs.labels = *std::move(opened);
  }
  if (request.plot.is_given()) {
    keep.push_back(labels);
    absl::StatusOr<command::OutputFile> opened = command::OutputFile::Create(
        request.plot.For(file, kPlotEnding), {.kind = command::kSvgFile, .keep = keep});
    if (!opened.ok()) return opened.status();
    outputs.plot = *std::move(opened);
  }
  return outputs;
}

absl::Status WriteOutputs(const VadRequest& request, const std::string& file, const Heard& heard,
                          const std::optional<std::vector<Label>>& labels, VadOutputs& outputs) {
  if (outputs.labels.has_value()) {
    const std::string found = FormatFoundSpeech(heard.segments);
    if (absl::Status written = WriteAll(*outputs.labels, found); !written.ok()) return written;
  }
  if (!outputs.plot.has_value()) return absl::OkStatus();
  const absl::StatusOr<std::string> drawn = DrawVad({.name = command::InputName(file),
                                                     .detector = request.detector,
                                                     .envelope = &heard.envelope,
                                                     .sample_rate_hz = heard.sample_rate_hz,
                                                     .probabilities = heard.probabilities,
                                                     .threshold = request.threshold,
                                                     .segments = heard.segments,
                                                     .labels = labels});
  return drawn.ok() ? WriteAll(*outputs.plot, *drawn) : drawn.status();
}

}  // namespace parlance::audio
