// Shows what a detector hears in recordings, and how well that agrees with labels.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/detectors.h"
#include "audio/endpointer.h"
#include "audio/envelope.h"
#include "audio/labels.h"
#include "audio/pcm_reader.h"
#include "audio/probability_stream.h"
#include "audio/sound_reader.h"
#include "audio/vad.h"
#include "audio/vad_metrics.h"
#include "audio/vad_plot.h"
#include "audio/wav.h"

ABSL_FLAG(std::string, detector, "", "Which one; --help has the names.");
ABSL_FLAG(int, look_ahead_ms, 0, "How much of what follows the detector waits for.");
ABSL_FLAG(double, threshold, 0.5, "From which probability on a frame is speech.");
ABSL_FLAG(double, start_threshold, 0.5,
          "From which probability on there is evidence of a segment.");
ABSL_FLAG(double, neg_threshold, 0.35, "Below which probability a segment pauses.");
ABSL_FLAG(absl::Duration, min_speech_duration, absl::Milliseconds(130), "Evidence for a segment.");
ABSL_FLAG(absl::Duration, min_endpointing_delay, absl::Milliseconds(500), "That ends a segment.");
ABSL_FLAG(absl::Duration, max_endpointing_delay, absl::Milliseconds(500), "Of one who hesitates.");
ABSL_FLAG(absl::Duration, speech_pad, absl::Milliseconds(200), "On either side of a segment.");
ABSL_FLAG(absl::Duration, max_speech_duration, absl::Seconds(30), "Where a segment is cut.");
ABSL_FLAG(bool, frames, false, "Print every frame, as CSV, instead of the segments.");
ABSL_FLAG(std::string, labels, "", "Label files to compare with.");
ABSL_FLAG(absl::Duration, collar, absl::ZeroDuration(), "Around the borders of labels.");
ABSL_FLAG(std::string, plot, "", "Draw what was heard.");
ABSL_FLAG(std::string, output_labels, "", "Write the segments as labels.");
ABSL_FLAG(std::string, raw_encoding, "s16le", "Of standard input.");
ABSL_FLAG(int, raw_rate, 16000, "Of standard input.");
ABSL_FLAG(int, raw_channels, 1, "Of standard input.");

namespace parlance::audio {
namespace {

// What was asked for was tried, and failed.
constexpr int kFailure = 1;
// The command line is wrong.
constexpr int kWrongUse = 2;

constexpr char kUsage[] =
    R"(Shows what a voice activity detector hears, and how well that agrees with labels.

  vad FILE... [FLAG...]

FILE is a WAV file of 8 to 48 kHz, or - for raw sound from standard input. Without other flags, the
segments of speech of each file are printed.

Detectors:
%s  --detector NAME          which one. Default: %s.
  --look_ahead_ms N        how much of what follows a frame the detector waits for. Default: 0.

Frames, of 10 ms each:
  --threshold P            from which probability on a frame is speech. Default: 0.5.
  --frames                 print the frames of one file as CSV: time_s,probability,speech

Segments, as an agent would cut them:
  --start_threshold P      above which evidence for one gathers. Default: 0.5.
  --neg_threshold P        below which it pauses. Default: 0.35.
  --min_speech_duration 130ms   how much evidence one needs
  --min_endpointing_delay 500ms the pause that ends one; if max_ is longer, it adapts between
  --max_endpointing_delay 500ms   them to the pauses the speaker makes
  --speech_pad 200ms       what is added on either side
  --max_speech_duration 30s     where a longer one is cut
  --output_labels FILE     write them as labels, which Audacity reads

Labels, which say where there is speech: a line is begin TAB end TAB text, in seconds, as Audacity
exports it. Every label is speech, but those with the text noise, music, silence or nonspeech.
  --labels FILE            print how well the frames agree, with 95 %% intervals
  --collar 0ms             leave out frames this near to the border of a label

Pictures:
  --plot FILE              draw waveform, probability, segments and labels, as SVG

With several FILEs, --labels, --output_labels and --plot name a folder, with NAME.txt or NAME.svg
for NAME.wav; the agreement is that of all files together.

Raw sound:
  --raw_encoding NAME      s16le (PCM, 16 bits, little-endian), mulaw or alaw (G.711). Default: s16le.
  --raw_rate N             8000 to 48000 Hz. Default: 16000.
  --raw_channels N         1 or 2. Default: 1.

Examples:
  vad call.wav
  vad call.wav --labels call.txt --plot call.svg
  vad recordings/*.wav --labels recordings --detector webrtc
  arecord -t raw -f S16_LE -r 16000 | vad - --frames

Exit code: 0 if all went well; 1 if a file cannot be read or written; 2 if the command line is wrong.
)";

int Fail(absl::string_view message) {
  std::fprintf(stderr, "vad: %s\n", std::string(message).c_str());
  return kFailure;
}

int WrongUse(absl::string_view message) {
  std::fprintf(stderr, "vad: %s; see --help\n", std::string(message).c_str());
  return kWrongUse;
}

int Help() {
  std::string detectors;
  for (const DetectorInfo& info : Detectors()) {
    absl::StrAppendFormat(
        &detectors, "  %-24s %s%s\n", info.name, info.description,
        info.max_look_ahead_frames == 0
            ? ""
            : absl::StrCat("; looks ahead by up to ", 10 * info.max_look_ahead_frames, " ms"));
  }
  std::printf(kUsage, detectors.c_str(), std::string(Detectors()[0].name).c_str());
  return 0;
}

// Below `bazel run`, a path is relative to where the user is.
std::string UserPath(const std::string& path) {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  return std::filesystem::path(folder == nullptr ? "" : folder) / path;
}

// What a terminal would take for a command is shown as a question mark.
std::string Printable(absl::string_view text) {
  std::string printable(text);
  for (char& c : printable) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = '?';
  }
  return printable;
}

// To be read.
std::string NameOf(const std::string& file) {
  return file == "-" ? "standard input" : Printable(file);
}

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

// Shows a person who waits for more than two seconds that something happens.
class Progress {
 public:
  explicit Progress(std::string name) : name_(std::move(name)) {}

  void Tell(double heard_seconds) {
    if (!is_terminal_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ < std::chrono::seconds(2)) return;
    told_ = now;
    std::fprintf(stderr, "vad: %s: %.0f s heard\n", name_.c_str(), heard_seconds);
  }

 private:
  const std::string name_;
  const bool is_terminal_ = isatty(STDERR_FILENO) != 0;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

absl::StatusOr<std::unique_ptr<SoundReader>> Open(const Request& request, const std::string& file) {
  if (file != "-") return WavReader::Open(UserPath(file));
  absl::StatusOr<PcmReader> reader = PcmReader::Create(STDIN_FILENO, request.raw);
  if (!reader.ok()) return reader.status();
  return std::make_unique<PcmReader>(*std::move(reader));
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
      std::printf("%d.%02d,%.6g,%d\n", static_cast<int>(num_frames / 100),
                  static_cast<int>(num_frames % 100), probability,
                  probability >= request.threshold ? 1 : 0);
    }
    if (keep) heard.probabilities.push_back(probability);
    end(endpointer->Push(probability));
    ++num_frames;
  };
  if (request.frames) std::printf("time_s,probability,speech\n");
  Progress progress(NameOf(file));
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
    progress.Tell(heard.seconds());
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
  std::printf("%s: %.2f s, %d Hz, %s; ", NameOf(file).c_str(), heard.seconds(),
              heard.sample_rate_hz, heard.num_channels == 1 ? "mono" : "stereo");
  if (heard.segments.empty()) {
    std::printf("no speech\n");
    return;
  }
  std::printf("%d %s, %.2f s of speech (%.0f %%)\n", static_cast<int>(heard.segments.size()),
              heard.segments.size() == 1 ? "segment" : "segments", speech,
              100 * speech / heard.seconds());
  std::printf("%10s %10s %10s\n", "BEGIN", "END", "LENGTH");
  for (const TimeSpan& segment : heard.segments) {
    std::printf("%10.2f %10.2f %10.2f\n", segment.begin_s, segment.end_s,
                segment.end_s - segment.begin_s);
  }
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
  std::string place = UserPath(path);
  if (request.files.size() == 1 && !std::filesystem::is_directory(place, error)) return place;
  const std::string stem = file == "-" ? "stdin" : std::filesystem::path(file).stem().string();
  return std::filesystem::path(place) / absl::StrCat(stem, ending);
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  errno = 0;
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

absl::Status Process(const Request& request, const std::string& file,
                     std::vector<ScoredFrames>& scored) {
  // First, so that a mistake in them does not cost the time to listen.
  std::optional<std::vector<Label>> labels;
  if (!request.labels.empty()) {
    absl::StatusOr<std::vector<Label>> read =
        ReadLabels(Beside(request, request.labels, file, ".txt"));
    if (!read.ok()) return read.status();
    labels = *std::move(read);
  }
  absl::StatusOr<Heard> heard = Listen(request, file);
  if (!heard.ok()) return heard.status();
  if (!request.frames) PrintSegments(file, *heard);
  if (!request.output_labels.empty()) {
    std::vector<Label> found;
    for (const TimeSpan& span : heard->segments)
      found.push_back({span.begin_s, span.end_s, "speech"});
    if (absl::Status written =
            WriteFile(Beside(request, request.output_labels, file, ".txt"), FormatLabels(found));
        !written.ok()) {
      return written;
    }
  }
  if (!request.plot.empty()) {
    absl::StatusOr<std::string> drawn = DrawVad({.name = file == "-" ? "standard input" : file,
                                                 .detector = request.detector,
                                                 .envelope = &heard->envelope,
                                                 .sample_rate_hz = heard->sample_rate_hz,
                                                 .probabilities = heard->probabilities,
                                                 .threshold = request.threshold,
                                                 .segments = heard->segments,
                                                 .labels = labels});
    if (!drawn.ok()) return drawn.status();
    if (absl::Status written = WriteFile(Beside(request, request.plot, file, ".svg"), *drawn);
        !written.ok()) {
      return written;
    }
  }
  if (labels.has_value()) {
    const std::vector<TimeSpan> spans = SpeechSpans(*labels);
    if (!spans.empty() && spans.back().end_s > heard->seconds() + 1) {
      std::fprintf(stderr,
                   "vad: %s: it ends at %.2f s, but its labels at %.2f s; are they its own?\n",
                   NameOf(file).c_str(), heard->seconds(), spans.back().end_s);
    }
    std::vector<uint8_t> speech = SpeechFrames(spans, heard->probabilities.size());
    scored.push_back({std::move(heard->probabilities), std::move(speech)});
  }
  return absl::OkStatus();
}

// Of a check, "" for none.
std::string CheckSeveral(const Request& request) {
  if (request.files.size() < 2) return "";
  if (request.frames) return "--frames prints one FILE";
  if (std::count(request.files.begin(), request.files.end(), "-") > 1) {
    return "standard input can be read once";
  }
  for (const auto& [flag, path] :
       {std::pair{"--labels", request.labels}, std::pair{"--output_labels", request.output_labels},
        std::pair{"--plot", request.plot}}) {
    std::error_code error;
    if (!path.empty() && !std::filesystem::is_directory(UserPath(path), error)) {
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
  if (const std::string several = CheckSeveral(request); !several.empty()) return wrong(several);
  return request;
}

// What Abseil would end the program for, with the exit code of a failure. `next`: the argument
// after it, which may be its value; null at the end. Sets `takes_next` if it is.
std::optional<std::string> WrongFlag(absl::string_view argument, const char* next,
                                     bool& takes_next) {
  takes_next = false;
  if (argument.size() < 2 || argument[0] != '-') return std::nullopt;
  argument.remove_prefix(argument[1] == '-' ? 2 : 1);
  const size_t equals = argument.find('=');
  const absl::string_view name = argument.substr(0, equals);
  absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
  if (flag == nullptr && absl::StartsWith(name, "no")) {
    flag = absl::FindCommandLineFlag(name.substr(2));
    if (flag != nullptr && !flag->IsOfType<bool>()) flag = nullptr;
  }
  if (flag == nullptr) return absl::StrCat("there is no flag '", name, "'");
  takes_next = equals == absl::string_view::npos && !flag->IsOfType<bool>();
  if (takes_next && next == nullptr) return absl::StrCat("--", name, " needs a value");
  if (!takes_next && equals == absl::string_view::npos) return std::nullopt;
  const absl::string_view value = takes_next ? next : argument.substr(equals + 1);
  std::string error;
  if (!flag->ParseFrom(value, &error)) {
    return absl::StrCat("--", name, " cannot be '", Printable(value), "'",
                        error.empty() ? "" : absl::StrCat(": ", error));
  }
  return std::nullopt;
}

int Main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h" || argument == "-help" || argument == "help") {
      return Help();
    }
    if (argument == "--") break;
    bool takes_next = false;
    if (const auto wrong = WrongFlag(argument, i + 1 < argc ? argv[i + 1] : nullptr, takes_next)) {
      return WrongUse(*wrong);
    }
    i += takes_next ? 1 : 0;
  }
  const std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  const absl::StatusOr<Request> request =
      ReadCommandLine(std::vector<std::string>(words.begin() + 1, words.end()));
  if (!request.ok()) return WrongUse(request.status().message());
  std::vector<ScoredFrames> scored;
  int num_failed = 0;
  for (const std::string& file : request->files) {
    if (absl::Status processed = Process(*request, file, scored); !processed.ok()) {
      Fail(processed.message());
      ++num_failed;
    }
  }
  if (!request->labels.empty() && num_failed == 0) {
    const absl::StatusOr<VadMetrics> metrics = MeasureVad(
        scored, {.threshold = request->threshold, .collar_frames = request->collar_frames});
    if (!metrics.ok()) return Fail(metrics.status().message());
    double seconds = 0;
    for (const ScoredFrames& file : scored) {
      seconds += static_cast<double>(file.speech.size()) / 100;
    }
    PrintMetrics(*request, seconds, *metrics);
  } else if (!request->labels.empty()) {
    Fail(absl::StrCat("the agreement with the labels is not measured, because ", num_failed,
                      num_failed == 1 ? " file" : " files", " failed"));
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return Fail(absl::StrCat("cannot write standard output: ", std::strerror(errno)));
  }
  return num_failed == 0 ? 0 : kFailure;
}

}  // namespace
}  // namespace parlance::audio

int main(int argc, char** argv) { return parlance::audio::Main(argc, argv); }
