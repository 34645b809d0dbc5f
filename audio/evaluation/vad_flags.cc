#include "audio/evaluation/vad_flags.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "audio/vad/detectors.h"

ABSL_FLAG(std::string, detector, "",
          "The detector's name. If it is not given, the first detector of the list is used.");
ABSL_FLAG(
    int, look_ahead_ms, 0,
    "How much of what follows a frame the detector waits for, a multiple of 10. The agent hears "
    "with the neural detector and 30.");
ABSL_FLAG(double, threshold, 0.5, "A frame is speech if its probability is at least this.");
ABSL_FLAG(
    bool, frames, false,
    "Prints each frame of 10 ms of one FILE as CSV, time_s,probability,speech, instead of the "
    "segments.");
ABSL_FLAG(double, start_threshold, 0.5,
          "Frames of more than this probability are evidence that a segment begins.");
ABSL_FLAG(double, neg_threshold, 0.35, "Frames of less than this probability are a pause.");
ABSL_FLAG(absl::Duration, min_speech_duration, absl::Milliseconds(130),
          "How much evidence begins a segment.");
ABSL_FLAG(absl::Duration, min_endpointing_delay, absl::Milliseconds(500),
          "The shortest pause that ends a segment.");
ABSL_FLAG(absl::Duration, max_endpointing_delay, absl::Milliseconds(500),
          "The pause that ends a segment of a speaker who hesitates. If it is longer than "
          "--min_endpointing_delay, the pause adapts between them to the pauses that the speaker "
          "makes.");
ABSL_FLAG(absl::Duration, speech_pad, absl::Milliseconds(200),
          "How much sound is added to either side of a segment.");
ABSL_FLAG(absl::Duration, max_speech_duration, absl::Seconds(30),
          "A segment that lasts longer than this is cut.");
ABSL_FLAG(std::string, output_labels, "",
          "The file that the segments are written to as labels, which Audacity reads. Labels that "
          "are there are only replaced if vad wrote them and nobody has changed them since.");
ABSL_FLAG(std::string, labels, "",
          "The file of labels to compare with. Prints how well the frames agree, with 95 % "
          "intervals.");
ABSL_FLAG(absl::Duration, collar, absl::ZeroDuration(),
          "Frames this near to the border of a label are not compared; a multiple of 10ms.");
ABSL_FLAG(std::string, plot, "",
          "The file that waveform, probability, segments and labels are drawn in, as SVG.");
ABSL_FLAG(std::string, raw_encoding, "s16le",
          "The encoding of raw sound: s16le (PCM, 16 bits, little-endian), mulaw or alaw (G.711).");
ABSL_FLAG(int, raw_rate, 16000, "The sample rate of raw sound, 8000 to 48000.");
ABSL_FLAG(int, raw_channels, 1, "How many channels raw sound has, 1 or 2.");

namespace parlance::audio {
namespace {

// What is wrong about the FILEs together, or "".
std::string CheckFiles(const VadRequest& request) {
  const auto num_stdin = std::count(request.files.begin(), request.files.end(), "-") +
                         (request.labels.path == "-" ? 1 : 0);
  if (num_stdin > 1) return "standard input can be read once";
  const int num_stdout = static_cast<int>(request.frames) +
                         static_cast<int>(request.output_labels.is_standard_output()) +
                         static_cast<int>(request.plot.is_standard_output());
  if (num_stdout > 1) {
    return "only one of --frames, --output_labels and --plot can go to standard output";
  }
  if (request.files.size() < 2) return "";
  if (request.frames) return "--frames prints one FILE";
  bool writes_or_reads_beside = false;
  for (const auto& [flag, target] :
       {std::pair{"--labels", request.labels}, std::pair{"--output_labels", request.output_labels},
        std::pair{"--plot", request.plot}}) {
    if (target.is_given() && !target.is_folder) {
      return absl::StrCat(flag,
                          " has to be a folder that is there, as there are several FILEs, not '",
                          target.path, "'");
    }
    writes_or_reads_beside = writes_or_reads_beside || target.is_given();
  }
  if (!writes_or_reads_beside) return "";
  std::set<std::string> stems;
  for (const std::string& file : request.files) {
    if (!stems.insert(FileOrFolder{.path = "", .is_folder = true}.For(file, "")).second) {
      return absl::StrCat("two FILEs have the name of '", file,
                          "', but only one can be in a folder");
    }
  }
  return "";
}

// How many whole frames a duration has; -1 if it has no whole number of them.
int FramesOf(absl::Duration duration) {
  if (duration < absl::ZeroDuration() || duration > absl::Hours(1)) return -1;
  const int64_t ms = absl::ToInt64Milliseconds(duration);
  return ms % 10 == 0 && absl::Milliseconds(ms) == duration ? static_cast<int>(ms / 10) : -1;
}

bool IsProbability(double value) { return value >= 0 && value <= 1; }

}  // namespace

std::string FileOrFolder::For(const std::string& file, absl::string_view ending) const {
  if (!is_folder) return path;
  const std::string stem = file == "-" ? "stdin" : std::filesystem::path(file).stem().string();
  return std::filesystem::path(path) / absl::StrCat(stem, ending);
}

absl::StatusOr<VadRequest> ReadVadFlags(std::vector<std::string> files,
                                        absl::FunctionRef<bool(const std::string&)> is_folder) {
  const auto wrong = [](absl::string_view message) { return absl::InvalidArgumentError(message); };
  if (files.empty()) return wrong("no FILE is given");
  const auto target = [&](std::string path) {
    const bool folder = path != "-" && is_folder(path);
    return FileOrFolder{.path = std::move(path), .is_folder = folder};
  };
  VadRequest request{
      .files = std::move(files),
      .detector = absl::GetFlag(FLAGS_detector),
      .look_ahead_frames = FramesOf(absl::Milliseconds(absl::GetFlag(FLAGS_look_ahead_ms))),
      .threshold = static_cast<float>(absl::GetFlag(FLAGS_threshold)),
      .frames = absl::GetFlag(FLAGS_frames),
      .endpointer = {},
      .labels = target(absl::GetFlag(FLAGS_labels)),
      .collar_frames = FramesOf(absl::GetFlag(FLAGS_collar)),
      .plot = target(absl::GetFlag(FLAGS_plot)),
      .output_labels = target(absl::GetFlag(FLAGS_output_labels)),
      .raw = {}};
  if (request.detector.empty()) request.detector = std::string(Detectors()[0].name);
  if (request.look_ahead_frames < 0) {
    return wrong("--look_ahead_ms has to be a multiple of 10, and not negative");
  }
  if (const auto detector = CreateDetector(request.detector, request.look_ahead_frames);
      !detector.ok()) {
    return detector.status();
  }
  if (!IsProbability(absl::GetFlag(FLAGS_threshold))) return wrong("--threshold has to be 0 to 1");
  if (request.collar_frames < 0) {
    return wrong("--collar has to be a multiple of 10ms, and not negative");
  }
  request.endpointer = {
      .threshold = static_cast<float>(absl::GetFlag(FLAGS_start_threshold)),
      .neg_threshold = static_cast<float>(absl::GetFlag(FLAGS_neg_threshold)),
      .min_speech_duration = absl::GetFlag(FLAGS_min_speech_duration),
      .min_endpointing_delay = absl::GetFlag(FLAGS_min_endpointing_delay),
      .max_endpointing_delay = std::max(absl::GetFlag(FLAGS_min_endpointing_delay),
                                        absl::GetFlag(FLAGS_max_endpointing_delay)),
      .speech_pad = absl::GetFlag(FLAGS_speech_pad),
      .max_speech_duration = absl::GetFlag(FLAGS_max_speech_duration)};
  if (const auto endpointer = Endpointer::Create(request.endpointer); !endpointer.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the flags of the segments: ", endpointer.status().message()));
  }
  if (request.frames && request.labels.is_given()) {
    return wrong("--frames prints nothing but frames, and goes without --labels");
  }
  const absl::StatusOr<PcmEncoding> encoding = ParsePcmEncoding(absl::GetFlag(FLAGS_raw_encoding));
  if (!encoding.ok()) return wrong(absl::StrCat("--raw_encoding: ", encoding.status().message()));
  request.raw = {.encoding = *encoding,
                 .sample_rate_hz = absl::GetFlag(FLAGS_raw_rate),
                 .num_channels = absl::GetFlag(FLAGS_raw_channels)};
  if (request.raw.sample_rate_hz < 8000 || request.raw.sample_rate_hz > 48000) {
    return wrong("--raw_rate has to be 8000 to 48000");
  }
  if (request.raw.num_channels < 1 || request.raw.num_channels > 2) {
    return wrong("--raw_channels has to be 1 or 2");
  }
  if (const std::string problem = CheckFiles(request); !problem.empty()) return wrong(problem);
  return request;
}

}  // namespace parlance::audio
