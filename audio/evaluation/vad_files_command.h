// The files that the `vad` command reads and writes for a FILE.
#ifndef AUDIO_EVALUATION_VAD_FILES_COMMAND_H_
#define AUDIO_EVALUATION_VAD_FILES_COMMAND_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audio/evaluation/labels.h"
#include "audio/evaluation/listening.h"
#include "audio/evaluation/vad_flags.h"
#include "audio/sound_file/sound_reader.h"
#include "command/file/output_file.h"

namespace parlance::audio {

absl::StatusOr<std::unique_ptr<SoundReader>> OpenFile(const VadRequest& request,
                                                      const std::string& file);

// The labels to compare with; none if none are asked for.
absl::StatusOr<std::optional<std::vector<Label>>> ReadLabels(const VadRequest& request,
                                                             const std::string& file);

// The files that are written for one FILE of the command line, as far as they are asked for.
struct VadOutputs {
  std::optional<command::OutputFile> labels;
  std::optional<command::OutputFile> plot;
};

// Opens what is asked for, before the time to listen is spent. None of it may be what is read for
// any FILE, nor the other.
absl::StatusOr<VadOutputs> OpenOutputs(const VadRequest& request, const std::string& file);

// Writes what was heard, and `labels` beside it.
absl::Status WriteOutputs(const VadRequest& request, const std::string& file, const Heard& heard,
                          const std::optional<std::vector<Label>>& labels, VadOutputs& outputs);

}  // namespace parlance::audio

#endif  // AUDIO_EVALUATION_VAD_FILES_COMMAND_H_
