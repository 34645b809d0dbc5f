// Holds a conversation with a recording or a pipe.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
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
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/sound_file/pcm_reader.h"
#include "audio/sound_file/sound_input.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/sound_file/wav.h"
#include "audio/sound_file/waveform.h"
#include "command/file/file_kind.h"
#include "command/file/input_file.h"
#include "command/file/output_file.h"
#include "command/file/secret_file.h"
#include "command/file/user_path.h"
#include "command/local_zone.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "command/terminal/progress.h"
#include "pipeline/choice/agent_choice.h"
#include "pipeline/choice/agent_flags.h"
#include "pipeline/choice/speech_choice.h"
#include "pipeline/choice/speech_flags.h"
#include "pipeline/components.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/parts/record_file.h"
#include "pipeline/parts/remote_speech_metrics.h"
#include "pipeline/telemetry/metrics.h"
#include "pipeline/telemetry/span_destination.h"
#include "pipeline/telemetry/span_endpoint.h"
#include "pipeline/telemetry/span_exporter.h"
#include "pipeline/telemetry/span_file.h"
#include "pipeline/telemetry/trace_settings.h"
#include "pipeline/telemetry/turn_metrics.h"
#include "pipeline/telemetry/turn_telemetry.h"
#include "pipeline/voice_agent.h"
#include "session/chat_lines.h"
#include "session/open/open_store.h"

ABSL_FLAG(std::string, input, "",
          "The question: a WAV file (mono or stereo, 8 to 48 kHz), or - for standard input, which "
          "is answered as it comes in. What comes from there is recognised as a WAV file or else "
          "taken as raw sound.");
ABSL_FLAG(std::string, input_encoding, "s16le",
          "The encoding of raw sound, which has one channel: s16le (PCM, 16 bits, little-endian), "
          "mulaw or alaw (G.711).");
ABSL_FLAG(int, sample_rate_hz, 16000, "The sample rate of raw sound, 8000 to 48000.");
ABSL_FLAG(
    std::string, output, "",
    "The WAV file that the answers go to, one after the other. They are not written if it is "
    "not given. With -, somebody speaks into standard input now: they hear 20 ms, of an answer "
    "or of silence, for each 20 ms that they send, and may speak over it; what was said is "
    "told on standard error.");
ABSL_FLAG(
    std::string, record, "",
    "A folder to which the conversation is recorded, for //pipeline:replay: what was said and "
    "heard, and what came of it. It is made if it is not there. Others cannot read the file.");
ABSL_FLAG(
    std::string, traces, "",
    "Where each turn is sent as an OpenTelemetry trace: the URL of a server, such as "
    "http://localhost:4318 (OTLP as JSON over HTTP), or a file, to which a line of JSON is added. "
    "If it is not given, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and OTEL_EXPORTER_OTLP_ENDPOINT are "
    "heeded. OTEL_EXPORTER_OTLP_HEADERS and OTEL_SERVICE_NAME are heeded in any case.");
ABSL_FLAG(bool, traces_content, false,
          "Put what was said, and what tools were given and gave, into the traces, too.");
ABSL_FLAG(std::string, metrics, "",
          "The file that the metrics of the conversation are written to after each turn, in the "
          "form of OpenMetrics: latencies by stage, turns by their ending, what was lost. A pipe "
          "gets them at the end.");
ABSL_FLAG(std::string, db, "",
          "The database of sessions: an SQLite file, which is made if it is not there, or "
          "postgresql://… of a server. Required.");
ABSL_FLAG(std::string, session, "",
          "The id of a session to go on with. A new session is begun if it is not given.");
ABSL_FLAG(std::string, export_session, "",
          "The id of a session to print as JSON Lines, instead of a conversation. Besides it, only "
          "--db may be given.");
ABSL_FLAG(std::string, voice, "kal16", "The voice of the answers: kal16 (fast) or slt (nicer).");
ABSL_FLAG(std::string, model_dir, "/usr/share/pocketsphinx/model/en-us",
          "The folder of the recognition model. Debian's package pocketsphinx-en-us has it.");
ABSL_FLAG(absl::Duration, endpoint_silence, absl::Milliseconds(500),
          "The pause that ends a question, such as 500ms.");
ABSL_FLAG(
    absl::Duration, max_endpoint_silence, absl::Milliseconds(500),
    "The pause that ends a question of a speaker who hesitates. If it is longer than "
    "--endpoint_silence, the pause adapts between them to the pauses that the speaker makes.");

namespace parlance::pipeline {
namespace {

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%8.2f ms", absl::ToDoubleMilliseconds(duration));
}

// What a stage is called for people.
absl::string_view NameOf(TurnStage stage) {
  switch (stage) {
    case TurnStage::kEndpoint:
      return "Endpoint silence (of the input)";
    case TurnStage::kRecognition:
      return "Recognition";
    case TurnStage::kAgentFirstToken:
      return "Agent, first token";
    case TurnStage::kAgentFirstClause:
      return "Agent, first clause";
    case TurnStage::kTools:
      return "Tools";
    case TurnStage::kSynthesis:
      return "Synthesis, first sample";
    case TurnStage::kStore:
      return "Session";
    case TurnStage::kOutput:
      return "To the next frame of 20 ms";
  }
  return "";
}

// A turn for people. What people and tools said is made harmless for a terminal.
std::string Described(const TurnReport& turn, int sample_rate_hz) {
  const auto seconds = [&](int64_t sample) { return static_cast<double>(sample) / sample_rate_hz; };
  std::string text = absl::StrFormat("Turn %d, speech from %.2f s to %.2f s\n", turn.turn,
                                     seconds(turn.speech.begin), seconds(turn.speech.end));
  const auto add = [&](absl::string_view name, absl::string_view value) {
    absl::StrAppendFormat(&text, "  %-11s %s\n", name, command::PrintableLine(value));
  };
  add("Transcript:", turn.utterance.rejected ? "(not understood)" : turn.utterance.text);
  for (size_t i = 0; i < turn.calls.size(); ++i) {
    add("Tool call:", absl::StrCat(turn.calls[i].name, " ", turn.calls[i].arguments));
    add("Result:", turn.outcomes[i].answer.json);
  }
  add("Answer:", turn.reply);
  if (turn.heard != turn.reply) add("Heard:", turn.heard);
  if (!turn.unsaid.ok()) add("Not said:", turn.unsaid.message());
  if (turn.ending != TurnEnding::kAnswered) add("Ending:", TurnEndingName(turn.ending));
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    const auto stage = static_cast<TurnStage>(i);
    absl::StrAppendFormat(&text, "  %-33s %s\n", NameOf(stage), Milliseconds(turn.latency[stage]));
  }
  absl::StrAppendFormat(&text, "  %-33s %s\n", "End of speech to first sample",
                        Milliseconds(turn.latency.since_endpoint()));
  return text;
}

// What the command line asks for, checked.
struct Request {
  std::string input;
  audio::PcmReader::Options raw;
  bool live = false;
  absl::Duration min_endpointing_delay;
  absl::Duration max_endpointing_delay;
  AgentChoice agent;
  SpeechChoice speech;
};

// Whether the path leads to what standard output is, such as /dev/stdout.
bool IsStandardOutput(const std::string& typed) {
  struct stat there = {};
  struct stat output = {};
  return !typed.empty() && stat(command::UserPath(typed).c_str(), &there) == 0 &&
         fstat(STDOUT_FILENO, &output) == 0 && there.st_dev == output.st_dev &&
         there.st_ino == output.st_ino;
}

absl::StatusOr<Request> ReadCommandLine() {
  const auto wrong = [](absl::string_view message) { return absl::InvalidArgumentError(message); };
  if (absl::GetFlag(FLAGS_db).empty()) {
    return wrong("--db is missing: where to keep the conversation");
  }
  if (command::WasGiven("export_session")) {
    std::vector<absl::string_view> without = {"input",
                                              "input_encoding",
                                              "sample_rate_hz",
                                              "output",
                                              "record",
                                              "traces",
                                              "traces_content",
                                              "metrics",
                                              "session",
                                              "voice",
                                              "model_dir",
                                              "endpoint_silence",
                                              "max_endpoint_silence"};
    for (const auto& names : {AgentFlagNames(), SpeechFlagNames()}) {
      without.insert(without.end(), names.begin(), names.end());
    }
    for (const absl::string_view flag : without) {
      if (command::WasGiven(flag)) {
        return wrong(absl::StrCat("--", flag, " has no meaning with --export_session"));
      }
    }
    return Request{};
  }
  if (absl::GetFlag(FLAGS_input).empty()) {
    return wrong("--input is missing: the recording to answer");
  }
  const bool live = absl::GetFlag(FLAGS_output) == "-";
  if (live && absl::GetFlag(FLAGS_input) != "-") {
    return wrong(
        "--output - needs --input -, somebody who speaks now; a recording's answers go to a WAV "
        "file");
  }
  for (const auto& [flag, value] : {std::pair{"--traces", absl::GetFlag(FLAGS_traces)},
                                    std::pair{"--metrics", absl::GetFlag(FLAGS_metrics)}}) {
    if (value == "-" || (live && IsStandardOutput(value))) {
      return wrong(absl::StrCat(flag, " ", value, " is standard output; name a file"));
    }
  }
  const absl::StatusOr<audio::PcmEncoding> encoding =
      audio::ParsePcmEncoding(absl::GetFlag(FLAGS_input_encoding));
  if (!encoding.ok()) return wrong(absl::StrCat("--input_encoding: ", encoding.status().message()));
  const int rate_hz = absl::GetFlag(FLAGS_sample_rate_hz);
  if (rate_hz < 8000 || rate_hz > 48000) {
    return wrong(absl::StrCat("--sample_rate_hz=", rate_hz, " is not in 8000 to 48000"));
  }
  const absl::Duration silence = absl::GetFlag(FLAGS_endpoint_silence);
  const absl::Duration max_silence = absl::GetFlag(FLAGS_max_endpoint_silence);
  for (const auto& [flag, duration] : {std::pair{"--endpoint_silence", silence},
                                       std::pair{"--max_endpoint_silence", max_silence}}) {
    if (duration <= absl::ZeroDuration() || duration > absl::Seconds(30)) {
      return wrong(absl::StrCat(flag, "=", absl::FormatDuration(duration),
                                " is not more than 0 and at most 30s"));
    }
  }
  if (command::WasGiven("max_endpoint_silence") && max_silence < silence) {
    return wrong(
        absl::StrCat("--max_endpoint_silence=", absl::FormatDuration(max_silence),
                     " is shorter than --endpoint_silence=", absl::FormatDuration(silence)));
  }
  absl::StatusOr<AgentChoice> agent = AgentChoiceOfCommandLine(
      [](absl::string_view path) { return command::ReadInput(path, 1 << 20); },
      [](absl::string_view path) { return command::ReadSecret(path, 1 << 20); },
      [](const absl::Status& failure) {
        absl::FPrintF(stderr, "voice_agent: the model does not answer: %s\n",
                      command::PrintableLine(failure.message()));
      });
  if (!agent.ok()) return agent.status();
  absl::StatusOr<SpeechChoice> speech = SpeechChoiceOfCommandLine(
      [](absl::string_view path) { return command::ReadSecret(path, 1 << 20); },
      [](const absl::Status& failure) {
        absl::FPrintF(stderr, "voice_agent: done without a server: %s\n",
                      command::PrintableLine(failure.message()));
      });
  if (!speech.ok()) return speech.status();
  return Request{.input = absl::GetFlag(FLAGS_input),
                 .raw = {.encoding = *encoding, .sample_rate_hz = rate_hz},
                 .live = live,
                 .min_endpointing_delay = silence,
                 .max_endpointing_delay = std::max(silence, max_silence),
                 .agent = *std::move(agent),
                 .speech = *std::move(speech)};
}

// The question, from a file or as it comes from standard input.
absl::StatusOr<std::unique_ptr<audio::SoundReader>> OpenInput(const Request& request) {
  if (request.input == "-") {
    std::string remark;
    auto sound = audio::OpenSound(STDIN_FILENO, command::InputName("-"), request.raw, &remark);
    if (!remark.empty()) command::Say(remark);
    return sound;
  }
  return audio::WavReader::Open(command::UserPath(request.input), request.input);
}

// The file of the answers; nothing if there is none. Neither it nor standard output must be what is
// read or kept.
absl::StatusOr<std::optional<command::OutputFile>> OpenOutput(const Request& request) {
  command::OutputOptions options{.kind = command::kWavFile,
                                 .keep = command::DatabaseFiles(absl::GetFlag(FLAGS_db))};
  options.keep.push_back(request.input);
  if (absl::Status apart = command::CheckStandardOutput(options.keep); !apart.ok()) return apart;
  const std::string output = absl::GetFlag(FLAGS_output);
  if (output.empty() || request.live) return std::nullopt;
  absl::StatusOr<command::OutputFile> file = command::OutputFile::Create(output, options);
  if (!file.ok()) return file.status();
  return *std::move(file);
}

// What may be at the paths of traces and metrics: what was written there before.
constexpr command::FileKind kTraceFile = {"a file of traces", [](absl::string_view head) {
                                            return absl::StartsWith(head, R"({"resourceSpans")");
                                          }};
constexpr command::FileKind kMetricsFile = {"a file of metrics", [](absl::string_view head) {
                                              return absl::StartsWith(head, "# TYPE ") ||
                                                     absl::StartsWith(head, "# EOF");
                                            }};

uint64_t RandomBits64() {
  // Draws from the system each time, so that ids of different processes differ.
  thread_local std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

// Who is told of turns besides the person, as far as the command line and the environment say so:
// traces and metrics.
class Telemetry {
 public:
  static absl::StatusOr<std::unique_ptr<Telemetry>> Create() {
    auto telemetry = std::make_unique<Telemetry>();
    const std::string traces = absl::GetFlag(FLAGS_traces);
    absl::StatusOr<TraceSettings> settings = TraceSettingsOf(std::getenv);
    if (!settings.ok()) return settings.status();
    absl::StatusOr<std::unique_ptr<SpanDestination>> destination = nullptr;
    if (!traces.empty() && !absl::StrContains(traces, "://")) {
      // Its checks are those of any output: it must be nothing of value that is no file of traces.
      absl::StatusOr<command::OutputFile> checked = command::OutputFile::Create(
          traces, {.kind = kTraceFile, .keep = Kept(absl::GetFlag(FLAGS_metrics))});
      if (!checked.ok()) return checked.status();
      telemetry->writes_file_ = true;
      destination = OpenSpanFile(command::UserPath(traces));
    } else if (!traces.empty() || !settings->url.empty()) {
      destination = CreateSpanEndpoint({.url = traces.empty() ? settings->url : TracesUrl(traces),
                                        .headers = settings->headers});
    } else if (absl::GetFlag(FLAGS_traces_content)) {
      return absl::InvalidArgumentError(
          "--traces_content has no meaning without --traces: where the traces go");
    }
    if (!destination.ok()) {
      return absl::Status(destination.status().code(),
                          absl::StrCat(traces.empty() ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "--traces",
                                       ": ", destination.status().message()));
    }
    if (*destination != nullptr) {
      // Finish waits, and nobody waits again where it is not reached.
      telemetry->exporter_ = std::make_unique<SpanExporter>(
          *std::move(destination), SpanExporterOptions{.service_name = settings->service_name,
                                                       .shutdown_limit = absl::ZeroDuration(),
                                                       .random = RandomBits64});
    }
    telemetry->turns_ = std::make_unique<TurnTelemetry>(
        TurnTelemetry::Options{.exporter = telemetry->exporter_.get(),
                               .metrics = &telemetry->metrics_,
                               .random = RandomBits64,
                               .with_content = absl::GetFlag(FLAGS_traces_content)});
    // A wrong path is said now rather than after the first turn.
    telemetry->WriteMetrics(/*is_end=*/false);
    if (!telemetry->status_.ok()) return telemetry->status_;
    return telemetry;
  }

  // A turn is over now: of a recording, which is heard faster than it was said, times are counted
  // back from here.
  void Add(absl::string_view session_id, const TurnReport& turn) {
    turns_->Add(session_id, absl::Now() - turn.ended, turn);
    WriteMetrics(/*is_end=*/false);
  }

  // What is asked elsewhere is counted from now on. Has to outlive the telemetry.
  void Watch(const Components* components) { components_ = components; }

  // What is left to be sent and counted. A server that is away does not make the conversation a
  // failure, and is told on standard error; a file that cannot be written does.
  absl::Status Finish(const VoiceAgent& agent) {
    metrics_.AddStoreFailures(agent.num_store_failures());
    metrics_.AddDroppedAnnouncements(agent.num_announcements_dropped());
    if (exporter_ != nullptr) {
      const bool all_sent = exporter_->Shutdown(kFlushLimit);
      WriteMetrics(/*is_end=*/true);
      const SpanExporter::Counts counts = exporter_->counts();
      if (writes_file_ && counts.failed > 0) return absl::InternalError(counts.last_error);
      if (counts.failed + counts.dropped > 0) {
        const std::string why = !counts.last_error.empty()
                                    ? command::PrintableLine(counts.last_error)
                                : all_sent ? "there were more than can wait to be sent"
                                           : "there was no answer in time";
        command::Say(absl::StrCat("not all traces were sent: ", why));
      }
      if (!counts.last_warning.empty()) command::Say(command::PrintableLine(counts.last_warning));
    } else {
      WriteMetrics(/*is_end=*/true);
    }
    return status_;
  }

 private:
  static constexpr absl::Duration kFlushLimit = absl::Seconds(3);

  // What the program reads or writes otherwise.
  static std::vector<std::string> Kept(const std::string& other) {
    std::vector<std::string> keep = command::DatabaseFiles(absl::GetFlag(FLAGS_db));
    keep.push_back(absl::GetFlag(FLAGS_input));
    keep.push_back(other);
    if (absl::GetFlag(FLAGS_output) != "-") keep.push_back(absl::GetFlag(FLAGS_output));
    return keep;
  }

  // A pipe or a terminal gets them once, at the end: each writing is whole, with its end.
  void WriteMetrics(bool is_end) {
    const std::string path = absl::GetFlag(FLAGS_metrics);
    if (path.empty()) return;
    std::error_code error;
    const std::filesystem::file_status there =
        std::filesystem::status(command::UserPath(path), error);
    if (!is_end && std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
      return;
    }
    if (components_ != nullptr) components_->TellRemoteSpeech(remote_speech_);
    if (exporter_ != nullptr) metrics_.SetSpans(exporter_->counts());
    status_.Update(command::WriteOutput(
        path, {.kind = kMetricsFile, .keep = Kept(absl::GetFlag(FLAGS_traces))}, registry_.Text()));
  }

  MetricRegistry registry_;
  TurnMetrics metrics_{&registry_};
  RemoteSpeechMetrics remote_speech_{&registry_};
  // Null before they are made.
  const Components* components_ = nullptr;
  std::unique_ptr<SpanExporter> exporter_;
  std::unique_ptr<TurnTelemetry> turns_;
  bool writes_file_ = false;
  // The first error of the file of metrics.
  absl::Status status_;
};

// Sound that is heard while it is given: a WAV file whose end nobody knows yet, so that any player
// takes it.
class LiveOutput {
 public:
  explicit LiveOutput(int sample_rate_hz) {
    std::string header = "RIFF\xff\xff\xff\xffWAVEfmt ";
    const auto add = [&](uint32_t number, int bytes) {
      for (int i = 0; i < bytes; ++i) header.push_back(static_cast<char>(number >> (8 * i)));
    };
    const auto rate = static_cast<uint32_t>(sample_rate_hz);
    add(16, 4);
    add(1, 2);
    add(1, 2);
    add(rate, 4);
    add(rate * 2, 4);
    add(2, 2);
    add(16, 2);
    header += "data\xff\xff\xff\xff";
    Write(header);
  }

  void Write(absl::Span<const int16_t> samples) {
    bytes_.clear();
    for (const int16_t sample : samples) {
      bytes_.push_back(static_cast<char>(sample));
      bytes_.push_back(static_cast<char>(static_cast<uint16_t>(sample) >> 8));
    }
    Write(bytes_);
  }

 private:
  static void Write(absl::string_view bytes) {
    command::Print(bytes);
    // Whoever listens hears it now. What cannot be written is the program's last check.
    std::fflush(stdout);
  }

  std::string bytes_;
};

absl::Status PushAll(VoiceAgent& agent, audio::SoundReader& reader) {
  // 20 ms at a time, as a line would deliver them.
  std::vector<int16_t> samples(static_cast<size_t>(reader.sample_rate_hz()) / 50);
  int64_t num_heard = 0;
  // Whoever speaks into a pipe knows how far it is.
  std::optional<command::Progress> progress;
  if (absl::GetFlag(FLAGS_input) != "-") progress.emplace("voice_agent");
  for (;;) {
    const absl::StatusOr<size_t> count = reader.Read(absl::MakeSpan(samples));
    if (!count.ok()) return count.status();
    if (*count == 0) return absl::OkStatus();
    const auto heard = absl::MakeConstSpan(samples).first(*count);
    if (absl::Status pushed = agent.Push(heard); !pushed.ok()) return pushed;
    num_heard += static_cast<int64_t>(*count);
    if (progress.has_value()) {
      progress->Update(absl::StrCat(num_heard / reader.sample_rate_hz(), " s heard"));
    }
  }
}

// Tells people; where standard output has the answers' sound, on standard error.
void Tell(const Request& request, absl::string_view text) {
  if (!request.live) {
    command::Print(text);
    // Whoever talks to the agent has to see the turn now, not when a buffer is full.
    std::fflush(stdout);
    return;
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
}

absl::Status Export() {
  const auto store = session::OpenStore(command::UserPath(absl::GetFlag(FLAGS_db)),
                                        {.may_make = false, .may_be_read_only = true});
  if (!store.ok()) {
    return absl::Status(store.status().code(), absl::StrCat("--db: ", store.status().message()));
  }
  return session::ExportSession(**store, absl::GetFlag(FLAGS_export_session),
                                [](absl::string_view lines) {
                                  command::PrintData(lines);
                                  return absl::OkStatus();
                                });
}

absl::Status Converse(const Request& request) {
  const absl::StatusOr<std::unique_ptr<audio::SoundReader>> question = OpenInput(request);
  if (!question.ok()) return question.status();
  const int input_hz = (*question)->sample_rate_hz();
  // A wrong path is said now rather than when all the work is done, and before there is a database.
  absl::StatusOr<std::optional<command::OutputFile>> output = OpenOutput(request);
  if (!output.ok()) return output.status();
  absl::StatusOr<std::unique_ptr<Telemetry>> telemetry = Telemetry::Create();
  if (!telemetry.ok()) return telemetry.status();
  ComponentOptions component_options;
  component_options.local_zone = command::LocalZone();
  component_options.database_path = command::UserPath(absl::GetFlag(FLAGS_db));
  component_options.recognizer.model_dir = command::UserPath(absl::GetFlag(FLAGS_model_dir));
  component_options.voice = absl::GetFlag(FLAGS_voice);
  component_options.agent = request.agent;
  component_options.speech = request.speech;
  auto components = Components::Create(component_options);
  if (!components.ok()) return components.status();
  (*telemetry)->Watch(components->get());
  audio::Waveform answer{
      .sample_rate_hz = (*components)->output_sample_rate_hz(), .num_channels = 1, .samples = {}};

  std::optional<LiveOutput> live;
  int num_turns = 0;
  std::string session_id;
  VoiceAgent::Options options;
  options.session_id = absl::GetFlag(FLAGS_session);
  options.conversation.input_sample_rate_hz = input_hz;
  options.conversation.endpointer.min_endpointing_delay = request.min_endpointing_delay;
  options.conversation.endpointer.max_endpointing_delay = request.max_endpointing_delay;
  // An agent gives up by itself, and says so.
  options.conversation.agent_timeout =
      std::max(options.conversation.agent_timeout, request.agent.model.timeout + absl::Seconds(5));
  options.conversation.recognition_timeout =
      std::max(options.conversation.recognition_timeout, request.speech.recognition_timeout());
  options.conversation.synthesis_timeout =
      std::max(options.conversation.synthesis_timeout, request.speech.synthesis_timeout());
  options.live = request.live;
  options.on_audio = [&](absl::Span<const int16_t> samples) {
    if (live.has_value()) {
      live->Write(samples);
    } else if (output->has_value()) {
      answer.samples.insert(answer.samples.end(), samples.begin(), samples.end());
    }
  };
  options.on_turn = [&](const TurnReport& turn) {
    ++num_turns;
    Tell(request, Described(turn, input_hz));
    (*telemetry)->Add(session_id, turn);
  };
  std::string record = absl::GetFlag(FLAGS_record);
  if (!record.empty()) record = command::UserPath(record);
  auto conversation = (*components)->Start(std::move(options), record);
  if (!conversation.ok()) return conversation.status();
  session_id = (*conversation)->session_id;
  if (request.live) live.emplace(answer.sample_rate_hz);
  VoiceAgent& agent = *(*conversation)->agent;
  absl::Status status = PushAll(agent, **question);
  if (const std::string remark = (*question)->Remark(); !remark.empty()) command::Say(remark);
  status.Update(agent.Flush());
  status.Update((*telemetry)->Finish(agent));
  if (!status.ok()) return status;
  if (num_turns == 0) Tell(request, "No speech was found in the input.\n");
  Tell(request,
       absl::StrCat("Session: ", command::PrintableLine((*conversation)->session_id), "\n"));
  if (const RecordFile* const file = (*conversation)->record.get()) {
    if (!file->status().ok()) return file->status();
    Tell(request, absl::StrCat("Record: ", command::PrintableLine(file->path()), "\n"));
  }
  if (!output->has_value()) return absl::OkStatus();
  // A recording of nothing is still a recording.
  if (answer.samples.empty()) answer.samples = {0};
  command::OutputFile& file = **output;
  if (absl::Status written =
          audio::WriteWav(answer, [&](absl::string_view bytes) { return file.Write(bytes); });
      !written.ok()) {
    return written;
  }
  return file.Commit();
}

int Run(const command::Arguments&) {
  const absl::StatusOr<Request> request = ReadCommandLine();
  if (!request.ok()) return command::WrongUse(request.status().message());
  const absl::Status status =
      absl::GetFlag(FLAGS_export_session).empty() ? Converse(*request) : Export();
  return status.ok() ? command::kDone : command::Fail(status);
}

command::Program VoiceAgentProgram() {
  return {.name = "voice_agent",
          .summary = "Answers what is asked in a recording, and remembers it.",
          .synopsis = {"voice_agent --input FILE --db DATABASE [FLAG...]",
                       "voice_agent --export_session ID --db DATABASE"},
          .details = R"(It understands, in English:
  what time is it [in Tokyo]             set a timer for five minutes; list my timers
  what is twelve times seven             take a note buy milk; read my notes
  convert ten miles to kilometers        what did I say about milk

An input without speech is answered with nothing, which is no failure.)",
          .flag_groups = {{"Sound", {"input", "input_encoding", "sample_rate_hz", "output"}},
                          {"Sessions", {"db", "session", "export_session", "record"}},
                          {"Telemetry", {"traces", "traces_content", "metrics"}},
                          {"The model", AgentFlagNames()},
                          {"Servers that hear and speak", SpeechFlagNames()},
                          {"The agent",
                           {"voice", "model_dir", "endpoint_silence", "max_endpoint_silence"}}},
          .common_flags = {},
          .examples =
              {"bazel run //pipeline:voice_agent -- --input question.wav --output answer.wav "
               "--db sessions.db",
               "arecord -f S16_LE -r 16000 | voice_agent --input - --output - --db sessions.db | "
               "aplay"},
          .no_means = "",
          .subcommands = {},
          .run = Run,
          .max_arguments = 0};
}

}  // namespace
}  // namespace parlance::pipeline

int main(int argc, char** argv) {
  return command::Main(parlance::pipeline::VoiceAgentProgram(), argc, argv);
}
