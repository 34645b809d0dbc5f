// Shows what a detector hears in recordings, and how well that agrees with labels.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/evaluation/envelope.h"
#include "audio/evaluation/labels.h"
#include "audio/evaluation/vad_metrics.h"
#include "audio/evaluation/vad_plot.h"
#include "audio/sound_file/pcm_reader.h"
#include "audio/sound_file/sound_input.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/sound_file/wav.h"
#include "audio/turns/endpointer.h"
#include "audio/vad/detectors.h"
#include "audio/vad/probability_stream.h"
#include "audio/vad/vad.h"
#include "command/file_kind.h"
#include "command/input_file.h"
#include "command/output_file.h"
#include "command/printable.h"
#include "command/program.h"
#include "command/progress.h"
#include "command/user_path.h"

ABSL_FLAG(std::string, detector, "",
          "The detector, by its name. The first one of the list if it is not given.");
ABSL_FLAG(int, look_ahead_ms, 0,
          "How much of what follows a frame the detector waits for, a multiple of 10.");
ABSL_FLAG(double, threshold, 0.5, "From this probability on a frame is speech.");
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
          "The pause that ends a segment, at least.");
ABSL_FLAG(absl::Duration, max_endpointing_delay, absl::Milliseconds(500),
          "The pause that ends a segment of a speaker who hesitates. If it is longer than "
          "--min_endpointing_delay, the pause adapts between them to the pauses that the speaker "
          "makes.");
ABSL_FLAG(absl::Duration, speech_pad, absl::Milliseconds(200),
          "How much sound is added to either side of a segment.");
ABSL_FLAG(absl::Duration, max_speech_duration, absl::Seconds(30),
          "A segment that lasts longer is cut here.");
ABSL_FLAG(std::string, output_labels, "",
          "The file that the segments are written to as labels, which Audacity reads.");
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

// What the command line asks for, checked.
struct Request {
  std::vector<std::string> files;
  std::string detector;
  int look_ahead_frames = 0;
  float threshold = 0.5F;
  bool frames = false;
  Endpointer::Options endpointer;
  std::string labels;
  int collar_frames = 0;
  std::string plot;
  std::string output_labels;
  PcmReader::Options raw;
};

// What was heard in a file.
struct Heard {
  int sample_rate_hz = 0;
  int num_channels = 1;
  int64_t num_samples = 0;
  std::vector<TimeSpan> segments;
  // Only if they are needed.
  std::vector<float> probabilities;
  Envelope envelope;

  double seconds() const { return static_cast<double>(num_samples) / sample_rate_hz; }
};

absl::StatusOr<std::unique_ptr<SoundReader>> Open(const Request& request, const std::string& file) {
  if (file == "-") return OpenSound(STDIN_FILENO, command::InputName(file), request.raw);
  return WavReader::Open(command::UserPath(file), file);
}

// A time of an endpointer, which pads beyond the end.
TimeSpan SpanOf(const SpeechSegment& segment, int sample_rate_hz, double most) {
  const auto seconds = [&](int64_t sample) {
    return std::clamp(static_cast<double>(sample) / sample_rate_hz, 0.0, most);
  };
  return {seconds(segment.begin), seconds(segment.end)};
}

absl::StatusOr<Heard> Listen(const Request& request, const std::string& file) {
  absl::StatusOr<std::unique_ptr<SoundReader>> reader = Open(request, file);
  if (!reader.ok()) return reader.status();
  Heard heard;
  heard.sample_rate_hz = (*reader)->sample_rate_hz();
  heard.num_channels = (*reader)->num_channels();
  absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> detector =
      CreateDetector(request.detector, request.look_ahead_frames);
  if (!detector.ok()) return detector.status();
  const int rate_hz = (*detector)->sample_rate_hz();
  Endpointer::Options options = request.endpointer;
  options.sample_rate_hz = rate_hz;
  options.hangover_frames = (*detector)->hangover_frames();
  absl::StatusOr<Endpointer> endpointer = Endpointer::Create(options);
  if (!endpointer.ok()) return endpointer.status();
  absl::StatusOr<ProbabilityStream> stream =
      ProbabilityStream::Create(*std::move(detector), heard.sample_rate_hz);
  if (!stream.ok()) return stream.status();

  const bool keep = !request.labels.empty() || !request.plot.empty();
  std::vector<SpeechSegment> segments;
  int64_t num_frames = 0;
  const auto end = [&](const std::optional<EndpointerEvent>& event) {
    if (event.has_value() && event->kind == EndpointerEvent::Kind::kSpeechEnd) {
      segments.push_back(event->segment);
    }
  };
  const auto add = [&](float probability) {
    if (request.frames) {
      command::Print(absl::StrFormat("%d.%02d,%.6g,%d\n", num_frames / 100, num_frames % 100,
                                     probability, probability >= request.threshold ? 1 : 0));
    }
    if (keep) heard.probabilities.push_back(probability);
    end(endpointer->Push(probability));
    ++num_frames;
  };
  if (request.frames) command::Print("time_s,probability,speech\n");
  command::Progress progress(absl::StrCat("vad: ", command::InputName(file)));
  std::array<int16_t, 8192> samples;
  for (;;) {
    const absl::StatusOr<size_t> count = (*reader)->Read(absl::MakeSpan(samples));
    if (!count.ok()) return count.status();
    if (*count == 0) break;
    const auto chunk = absl::MakeConstSpan(samples).first(*count);
    stream->Push(chunk, add);
    if (!request.plot.empty()) heard.envelope.Push(chunk);
    heard.num_samples += static_cast<int64_t>(*count);
    // Who reads frames of a live sound sees them as they are heard.
    if (request.frames && file == "-") std::fflush(stdout);
    if (request.frames && std::ferror(stdout) != 0) {
      return absl::UnavailableError(
          absl::StrCat(command::InputName(file), ": its frames cannot be printed"));
    }
    progress.Update(absl::StrFormat("%.0f s heard", heard.seconds()));
  }
  if (heard.num_samples == 0) {
    return absl::InvalidArgumentError(
        file == "-" ? std::string("standard input has no sound; send raw samples to it")
                    : absl::StrCat(file, ": has no samples"));
  }
  stream->Flush(add);
  end(endpointer->Flush());
  for (const SpeechSegment& segment : segments) {
    heard.segments.push_back(SpanOf(segment, rate_hz, heard.seconds()));
  }
  return heard;
}

void PrintSegments(const std::string& file, const Heard& heard) {
  double speech = 0;
  for (const TimeSpan& segment : heard.segments) speech += segment.end_s - segment.begin_s;
  std::string text = absl::StrFormat(
      "%s: %.2f s, %d Hz, %s; ", command::PrintableLine(command::InputName(file)), heard.seconds(),
      heard.sample_rate_hz, heard.num_channels == 1 ? "mono" : "stereo");
  if (heard.segments.empty()) {
    command::Print(absl::StrCat(text, "no speech\n"));
    return;
  }
  absl::StrAppendFormat(&text, "%d %s, %.2f s of speech (%.0f %%)\n", heard.segments.size(),
                        heard.segments.size() == 1 ? "segment" : "segments", speech,
                        100 * speech / heard.seconds());
  absl::StrAppendFormat(&text, "%10s %10s %10s\n", "BEGIN", "END", "LENGTH");
  for (const TimeSpan& segment : heard.segments) {
    absl::StrAppendFormat(&text, "%10.2f %10.2f %10.2f\n", segment.begin_s, segment.end_s,
                          segment.end_s - segment.begin_s);
  }
  command::Print(text);
}

void PrintMetric(absl::string_view name, const std::optional<Estimate>& estimate, double scale,
                 const char* format) {
  std::string line = absl::StrFormat("%-38s", name);
  const auto number = [&](double value) {
    char text[32];
    std::snprintf(text, sizeof(text), format, value * scale);
    return std::string(text);
  };
  if (!estimate.has_value()) {
    absl::StrAppendFormat(&line, "%10s", "-");
  } else {
    absl::StrAppendFormat(&line, "%10s", number(estimate->value));
    if (estimate->interval.has_value()) {
      absl::StrAppendFormat(&line, "   %s to %s", number(estimate->interval->low),
                            number(estimate->interval->high));
    }
  }
  std::printf("%s\n", line.c_str());
}

// `seconds`: of all sounds.
void PrintMetrics(const Request& request, double seconds, const VadMetrics& metrics) {
  const size_t num_files = request.files.size();

  std::printf("\nDetector %s against the labels of %d %s: %d segments, %.2f s of speech in %.2f s",
              request.detector.c_str(), static_cast<int>(num_files),
              num_files == 1 ? "file" : "files", static_cast<int>(metrics.num_segments),
              static_cast<double>(metrics.num_speech_frames) / 100,
              static_cast<double>(metrics.num_frames) / 100);
  if (request.collar_frames > 0) {
    std::printf(", without %d ms around each border", 10 * request.collar_frames);
  }
  std::printf("\n\n%-38s%10s   %s\n", "", "VALUE", "95 % INTERVAL");
  PrintMetric("Area under the ROC curve", metrics.auc, 1, "%.4f");
  PrintMetric(absl::StrFormat("Precision at %g", request.threshold), metrics.precision, 100,
              "%.1f %%");
  PrintMetric(absl::StrFormat("Recall at %g", request.threshold), metrics.recall, 100, "%.1f %%");
  PrintMetric(absl::StrFormat("F1 at %g", request.threshold), metrics.f1, 100, "%.1f %%");
  PrintMetric("False positives at a recall of 95 %", metrics.false_positive_rate_at_recall, 100,
              "%.1f %%");
  PrintMetric("Segments missed", metrics.missed, 100, "%.1f %%");
  PrintMetric("Onset delay, median", metrics.onset_delay_p50_ms, 1, "%.0f ms");
  PrintMetric("Onset delay, 95th percentile", metrics.onset_delay_p95_ms, 1, "%.0f ms");
  PrintMetric("Offset delay, median", metrics.offset_delay_p50_ms, 1, "%.0f ms");
  PrintMetric("Offset delay, 95th percentile", metrics.offset_delay_p95_ms, 1, "%.0f ms");
  PrintMetric(absl::StrFormat("Gaps bridged, of %d of 200 ms or more", metrics.num_gaps),
              metrics.bridged, 100, "%.1f %%");
  if (metrics.num_resampled_units < 2) {
    std::printf("\nThere are no intervals, because there is only one second to draw.\n");
  } else {
    std::printf(
        "\nIntervals are by drawing %s 1000 times.\n",
        num_files > 1
            ? absl::StrCat("the ", num_files, " files").c_str()
            : absl::StrFormat("%d blocks of %.0f s", metrics.num_resampled_units,
                              std::ceil(seconds / static_cast<double>(metrics.num_resampled_units)))
                  .c_str());
  }
}

// For the file NAME.wav: `path`, or, with several files, NAME and the ending in that folder.
std::string Beside(const Request& request, const std::string& path, const std::string& file,
                   const char* ending) {
  std::error_code error;
  if (path == "-" || (request.files.size() == 1 &&
                      !std::filesystem::is_directory(command::UserPath(path), error))) {
    return path;
  }
  const std::string stem = file == "-" ? "stdin" : std::filesystem::path(file).stem().string();
  return std::filesystem::path(path) / absl::StrCat(stem, ending);
}

// The files of labels, of all FILEs.
std::vector<std::string> LabelFiles(const Request& request) {
  std::vector<std::string> files;
  if (request.labels.empty()) return files;
  for (const std::string& file : request.files) {
    files.push_back(Beside(request, request.labels, file, ".txt"));
  }
  return files;
}

// What is written of a FILE.
struct Outputs {
  std::optional<command::OutputFile> labels;
  std::optional<command::OutputFile> plot;
};

// Labels that this program wrote say "speech" and nothing else. Others somebody made by hand, and
// they are not replaced.
bool IsOwnLabels(absl::string_view head) {
  if (!command::kLabelFile.matches(head)) return false;
  // The last line may be cut.
  head = head.substr(0, head.rfind('\n'));
  for (const absl::string_view line : absl::StrSplit(head, '\n')) {
    if (!absl::EndsWith(line, "\tspeech")) return false;
  }
  return true;
}

// Neither may be what is read, or the other.
absl::StatusOr<Outputs> OpenOutputs(const Request& request, const std::string& file) {
  std::vector<std::string> keep = LabelFiles(request);
  keep.push_back(file);
  Outputs outputs;
  std::string labels;
  if (!request.output_labels.empty()) {
    labels = Beside(request, request.output_labels, file, ".txt");
    absl::StatusOr<command::OutputFile> opened = command::OutputFile::Create(
        labels, {.kind = {"a file of labels that vad wrote", IsOwnLabels}, .keep = keep});
    if (!opened.ok()) return opened.status();
    outputs.labels = *std::move(opened);
  }
  if (!request.plot.empty()) {
    keep.push_back(labels);
    absl::StatusOr<command::OutputFile> opened = command::OutputFile::Create(
        Beside(request, request.plot, file, ".svg"), {.kind = command::kSvgFile, .keep = keep});
    if (!opened.ok()) return opened.status();
    outputs.plot = *std::move(opened);
  }
  return outputs;
}

absl::Status WriteAll(command::OutputFile& file, absl::string_view text) {
  const absl::Status written = file.Write(text);
  return written.ok() ? file.Commit() : written;
}

absl::Status WriteOutputs(const Request& request, const std::string& file, const Heard& heard,
                          const std::optional<std::vector<Label>>& labels, Outputs& outputs) {
  if (outputs.labels.has_value()) {
    std::vector<Label> found;
    for (const TimeSpan& span : heard.segments) {
      found.push_back({span.begin_s, span.end_s, "speech"});
    }
    if (absl::Status written = WriteAll(*outputs.labels, FormatLabels(found)); !written.ok()) {
      return written;
    }
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

absl::Status Process(const Request& request, const std::string& file,
                     std::vector<ScoredFrames>& scored) {
  // First, so that a mistake in labels or outputs does not cost the time to listen.
  std::optional<std::vector<Label>> labels;
  if (!request.labels.empty()) {
    const std::string path = Beside(request, request.labels, file, ".txt");
    const absl::StatusOr<std::string> text = command::ReadInput(path);
    if (!text.ok()) return text.status();
    absl::StatusOr<std::vector<Label>> read = ParseLabels(*text, path);
    if (!read.ok()) return read.status();
    labels = *std::move(read);
  }
  absl::StatusOr<Outputs> outputs = OpenOutputs(request, file);
  if (!outputs.ok()) return outputs.status();
  absl::StatusOr<Heard> heard = Listen(request, file);
  if (!heard.ok()) return heard.status();
  if (!request.frames) PrintSegments(file, *heard);
  if (absl::Status written = WriteOutputs(request, file, *heard, labels, *outputs); !written.ok()) {
    return written;
  }
  if (labels.has_value()) {
    const std::vector<TimeSpan> spans = SpeechSpans(*labels);
    if (!spans.empty() && spans.back().end_s > heard->seconds() + 1) {
      command::Say(
          absl::StrFormat("%s: it ends at %.2f s, but its labels at %.2f s; are they its own?",
                          command::InputName(file), heard->seconds(), spans.back().end_s));
    }
    std::vector<uint8_t> speech = SpeechFrames(spans, heard->probabilities.size());
    scored.push_back({std::move(heard->probabilities), std::move(speech)});
  }
  return absl::OkStatus();
}

// What is wrong about the FILEs together, or "".
std::string CheckFiles(const Request& request) {
  const auto num_stdin =
      std::count(request.files.begin(), request.files.end(), "-") + (request.labels == "-" ? 1 : 0);
  if (num_stdin > 1) return "standard input can be read once";
  if (std::count(request.files.begin(), request.files.end(), "") > 0) {
    return "the name of a FILE is empty";
  }
  if (request.files.size() < 2) return "";
  if (request.frames) return "--frames prints one FILE";
  for (const auto& [flag, path] :
       {std::pair{"--labels", request.labels}, std::pair{"--output_labels", request.output_labels},
        std::pair{"--plot", request.plot}}) {
    std::error_code error;
    if (!path.empty() && !std::filesystem::is_directory(command::UserPath(path), error)) {
      return absl::StrCat(
          flag, " has to be a folder that is there, as there are several FILEs, not '", path, "'");
    }
  }
  if (request.labels.empty() && request.output_labels.empty() && request.plot.empty()) return "";
  std::set<std::string> stems;
  for (const std::string& file : request.files) {
    if (!stems.insert(Beside(request, "", file, "")).second) {
      return absl::StrCat("two FILEs have the name of '", file,
                          "', but only one can be in a folder");
    }
  }
  return "";
}

// Whole frames; -1 for another duration.
int FramesOf(absl::Duration duration) {
  if (duration < absl::ZeroDuration() || duration > absl::Hours(1)) return -1;
  const int64_t ms = absl::ToInt64Milliseconds(duration);
  return ms % 10 == 0 && absl::Milliseconds(ms) == duration ? static_cast<int>(ms / 10) : -1;
}

bool IsProbability(double value) { return value >= 0 && value <= 1; }

absl::StatusOr<Request> ReadCommandLine(std::vector<std::string> files) {
  const auto wrong = [](absl::string_view message) { return absl::InvalidArgumentError(message); };
  if (files.empty()) return wrong("no FILE is given");
  Request request{
      .files = std::move(files),
      .detector = absl::GetFlag(FLAGS_detector),
      .look_ahead_frames = FramesOf(absl::Milliseconds(absl::GetFlag(FLAGS_look_ahead_ms))),
      .threshold = static_cast<float>(absl::GetFlag(FLAGS_threshold)),
      .frames = absl::GetFlag(FLAGS_frames),
      .endpointer = {},
      .labels = absl::GetFlag(FLAGS_labels),
      .collar_frames = FramesOf(absl::GetFlag(FLAGS_collar)),
      .plot = absl::GetFlag(FLAGS_plot),
      .output_labels = absl::GetFlag(FLAGS_output_labels),
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
        absl::StrCat("of the segments: ", endpointer.status().message()));
  }
  if (request.frames && !request.labels.empty()) {
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

int Run(const command::Arguments& files) {
  const absl::StatusOr<Request> request = ReadCommandLine(files);
  if (!request.ok()) return command::WrongUse(request.status().message());
  std::vector<ScoredFrames> scored;
  int num_failed = 0;
  for (const std::string& file : request->files) {
    if (absl::Status processed = Process(*request, file, scored); !processed.ok()) {
      command::Fail(processed);
      ++num_failed;
    }
  }
  if (!request->labels.empty() && num_failed == 0) {
    const absl::StatusOr<VadMetrics> metrics = MeasureVad(
        scored, {.threshold = request->threshold, .collar_frames = request->collar_frames});
    if (!metrics.ok()) return command::Fail(metrics.status());
    double seconds = 0;
    for (const ScoredFrames& file : scored) {
      seconds += static_cast<double>(file.speech.size()) / 100;
    }
    PrintMetrics(*request, seconds, *metrics);
  } else if (!request->labels.empty()) {
    command::Say(absl::StrCat("the agreement with the labels is not measured, because ", num_failed,
                              num_failed == 1 ? " file" : " files", " failed"));
  }
  return num_failed == 0 ? command::kDone : command::kFailed;
}

command::Program VadProgram() {
  std::string details =
      R"(FILE is a WAV file of 8 to 48 kHz, or - for standard input, which is recognised as a WAV file or
else taken as raw sound. Without other flags, the segments of speech of each file are printed.

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
