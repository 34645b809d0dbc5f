// The flags of the `vad` command, checked.
#ifndef AUDIO_EVALUATION_VAD_FLAGS_H_
#define AUDIO_EVALUATION_VAD_FLAGS_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "audio/sound_file/pcm_reader.h"
#include "audio/turns/endpointer.h"

namespace parlance::audio {

// The value of a flag such as --labels: the path of a file, or of a folder that has a file for each
// FILE of the command line.
struct FileOrFolder {
  // Empty if the flag is not given.
  std::string path;
  bool is_folder = false;

  bool is_given() const { return !path.empty(); }
  // By its name.
  bool is_standard_output() const { return path == "-" || path == "/dev/stdout"; }
  // The file for the FILE NAME.wav: NAME and the ending in the folder, or the path.
  std::string For(const std::string& file, absl::string_view ending) const;
};

// The command line of `vad`, parsed and checked.
struct VadRequest {
  // At least one; "-" is standard input.
  std::vector<std::string> files;
  std::string detector;
  int look_ahead_frames = 0;
  // A frame is speech if its probability is at least this.
  float threshold = 0.5F;
  // True if frames are to be printed instead of segments.
  bool frames = false;
  Endpointer::Options endpointer;
  FileOrFolder labels;
  int collar_frames = 0;
  FileOrFolder plot;
  FileOrFolder output_labels;
  PcmReader::Options raw;

  // Whether a file goes to standard output, so that nothing else must.
  bool writes_file_to_standard_output() const {
    return plot.is_standard_output() || output_labels.is_standard_output();
  }
};

// The request of the flags and these arguments. `is_folder` says whether a path, as it was typed,
// is a folder that is there. InvalidArgument or NotFound with what is wrong, for whoever typed it.
absl::StatusOr<VadRequest> ReadVadFlags(std::vector<std::string> files,
                                        absl::FunctionRef<bool(const std::string&)> is_folder);

}  // namespace parlance::audio

#endif  // AUDIO_EVALUATION_VAD_FLAGS_H_
