// Holds a conversation with a recording or a pipe.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
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
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/pcm_reader.h"
#include "audio/sound_reader.h"
#include "audio/wav.h"
#include "audio/waveform.h"
#include "pipeline/components.h"
#include "pipeline/voice_agent.h"
#include "session/chat_lines.h"
#include "session/open_store.h"

ABSL_FLAG(std::string, input, "",
          "The question: a WAV file (mono or stereo, 8 to 48 kHz), or - for raw sound from "
          "standard input, which "
          "is answered as it comes in.");
ABSL_FLAG(std::string, input_encoding, "s16le",
          "Of raw sound: s16le (PCM, 16 bits, little-endian), mulaw or alaw (G.711). One channel.");
ABSL_FLAG(int, sample_rate_hz, 16000, "Of raw sound, 8000 to 48000.");
ABSL_FLAG(std::string, output, "", "The answers go to this WAV file. Not written if not given.");
ABSL_FLAG(std::string, db, "",
          "The database of sessions: an SQLite file, which is made if it is not there, or "
          "postgresql://… of a server. Required.");
ABSL_FLAG(std::string, session, "", "Go on with the session of this id. A new one if not given.");
ABSL_FLAG(std::string, export_session, "",
          "Print the session of this id as JSON Lines, and end; needs only --db.");
ABSL_FLAG(std::string, voice, "kal16", "Of the answers: kal16 (fast) or slt (nicer).");
ABSL_FLAG(std::string, model_dir, "/usr/share/pocketsphinx/model/en-us",
          "Where the recognition model is; Debian's package pocketsphinx-en-us puts it there.");
ABSL_FLAG(absl::Duration, endpoint_silence, absl::Milliseconds(500),
          "The pause that ends a question, such as 500ms.");

namespace parlance::pipeline {
namespace {

constexpr absl::string_view kFlags[] = {"input",     "input_encoding",  "sample_rate_hz", "output",
                                        "db",        "session",         "export_session", "voice",
                                        "model_dir", "endpoint_silence"};

int Help() {
  std::printf(
      "Answers what is asked in a recording, and remembers it.\n\n"
      "  bazel run //pipeline:voice_agent -- --input question.wav --output answer.wav --db "
      "sessions.db\n"
      "  arecord -t raw -f S16_LE -r 16000 | voice_agent --input - --db sessions.db\n\n"
      "It understands, in English:\n"
      "  what time is it [in Tokyo]             set a timer for five minutes; list my timers\n"
      "  what is twelve times seven             take a note buy milk; read my notes\n"
      "  convert ten miles to kilometers        what did I say about milk\n\n"
      "Flags:\n");
  for (const absl::string_view name : kFlags) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    const std::string otherwise = flag->DefaultValue();
    std::printf("  --%s\n      %s%s\n", std::string(name).c_str(), flag->Help().c_str(),
                otherwise.empty() ? "" : absl::StrCat(" Default: ", otherwise, ".").c_str());
  }
  std::printf(
      "\nExit code: 0 if the input was answered to its end, even if nothing in it was speech; 1 "
      "otherwise.\n");
  return 0;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "voice_agent: %s\n", std::string(status.message()).c_str());
  return 1;
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%8.2f ms", absl::ToDoubleMilliseconds(duration));
}

void PrintTurn(const Turn& turn, int sample_rate_hz, int number) {
  const auto seconds = [&](int64_t sample) { return static_cast<double>(sample) / sample_rate_hz; };
  std::printf("Turn %d, speech from %.2f s to %.2f s\n", number, seconds(turn.speech.begin),
              seconds(turn.speech.end));
  if (turn.utterance.rejected) {
    std::printf("  Transcript: (not understood)\n");
  } else {
    std::printf("  Transcript: %s\n", turn.utterance.text.c_str());
  }
  for (size_t i = 0; i < turn.calls.size(); ++i) {
    std::printf("  Tool call:  %s %s\n", turn.calls[i].name.c_str(),
                turn.calls[i].arguments.c_str());
    std::printf("  Result:     %s\n", turn.answers[i].json.c_str());
  }
  std::printf("  Answer:     %s\n", turn.reply.c_str());
  const TurnLatency& latency = turn.latency;
  const std::pair<const char*, absl::Duration> stages[] = {
      {"Endpoint silence (of the input)", latency.endpoint_silence},
      {"Recognition", latency.recognition},
      {"Agent", latency.agent},
      {"Tools", latency.tools},
      {"Session", latency.session},
      {"Synthesis, first sample", latency.synthesis_first_sample},
      {"End of speech to first sample", latency.first_sample},
      {"End of speech to last sample", latency.total}};
  for (const auto& [stage, duration] : stages) {
    std::printf("  %-33s %s\n", stage, Milliseconds(duration).c_str());
  }
  std::fflush(stdout);
}

// The question, from a file or as it comes from standard input.
absl::StatusOr<std::unique_ptr<audio::SoundReader>> OpenInput() {
  const std::string input = absl::GetFlag(FLAGS_input);
  if (input != "-") return audio::WavReader::Open(session::UserPath(input));
  absl::StatusOr<audio::PcmEncoding> encoding =
      audio::ParsePcmEncoding(absl::GetFlag(FLAGS_input_encoding));
  if (!encoding.ok()) return encoding.status();
  absl::StatusOr<audio::PcmReader> reader = audio::PcmReader::Create(
      STDIN_FILENO, {.encoding = *encoding, .sample_rate_hz = absl::GetFlag(FLAGS_sample_rate_hz)});
  if (!reader.ok()) return reader.status();
  return std::make_unique<audio::PcmReader>(*std::move(reader));
}

absl::Status PushAll(VoiceAgent& agent, audio::SoundReader& reader) {
  // 20 ms at a time, as a line would deliver them.
  std::vector<int16_t> samples(static_cast<size_t>(reader.sample_rate_hz()) / 50);
  for (;;) {
    const absl::StatusOr<size_t> count = reader.Read(absl::MakeSpan(samples));
    if (!count.ok()) return count.status();
    if (*count == 0) return absl::OkStatus();
    const auto heard = absl::MakeConstSpan(samples).first(*count);
    if (absl::Status pushed = agent.Push(heard); !pushed.ok()) return pushed;
  }
}

absl::Status CheckFlags() {
  if (absl::GetFlag(FLAGS_db).empty()) {
    return absl::InvalidArgumentError(
        "--db is missing: where to keep the conversation; see --help");
  }
  if (!absl::GetFlag(FLAGS_export_session).empty()) return absl::OkStatus();
  if (absl::GetFlag(FLAGS_input).empty()) {
    return absl::InvalidArgumentError("--input is missing: the recording to answer; see --help");
  }
  if (absl::Status known = audio::ParsePcmEncoding(absl::GetFlag(FLAGS_input_encoding)).status();
      !known.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--input_encoding: ", known.message()));
  }
  const int rate_hz = absl::GetFlag(FLAGS_sample_rate_hz);
  if (rate_hz < 8000 || rate_hz > 48000) {
    return absl::InvalidArgumentError(
        absl::StrCat("--sample_rate_hz=", rate_hz, " is not in 8000 to 48000"));
  }
  return absl::OkStatus();
}

absl::Status Export() {
  const std::string path = session::UserPath(absl::GetFlag(FLAGS_db));
  // Opening a store makes one.
  if (!session::IsPostgresUri(path) && !std::filesystem::exists(path)) {
    return absl::NotFoundError(absl::StrCat("--db: there is no ", path));
  }
  auto store = session::OpenStore(path);
  if (!store.ok()) return store.status();
  return session::ExportSession(**store, absl::GetFlag(FLAGS_export_session), std::cout);
}

absl::Status Converse() {
  const absl::StatusOr<std::unique_ptr<audio::SoundReader>> question = OpenInput();
  if (!question.ok()) return question.status();
  const int input_hz = (*question)->sample_rate_hz();
  const std::string output = session::UserPath(absl::GetFlag(FLAGS_output));
  ComponentOptions component_options;
  component_options.database_path = session::UserPath(absl::GetFlag(FLAGS_db));
  component_options.recognizer.model_dir = absl::GetFlag(FLAGS_model_dir);
  component_options.voice = absl::GetFlag(FLAGS_voice);
  auto components = Components::Create(component_options);
  if (!components.ok()) return components.status();
  audio::Waveform answer{
      .sample_rate_hz = (*components)->output_sample_rate_hz(), .num_channels = 1, .samples = {}};
  if (!output.empty()) {
    // Said now rather than when all the work is done.
    answer.samples = {0};
    if (absl::Status writable = audio::WriteWav(output, answer); !writable.ok()) return writable;
    answer.samples.clear();
  }

  int num_turns = 0;
  VoiceAgent::Options options;
  options.session_id = absl::GetFlag(FLAGS_session);
  options.input_sample_rate_hz = input_hz;
  options.endpoint_silence = absl::GetFlag(FLAGS_endpoint_silence);
  options.on_audio = [&](absl::Span<const int16_t> samples) {
    if (!output.empty())
      answer.samples.insert(answer.samples.end(), samples.begin(), samples.end());
  };
  options.on_turn = [&](const Turn& turn) { PrintTurn(turn, input_hz, ++num_turns); };
  auto conversation = (*components)->Start(std::move(options));
  if (!conversation.ok()) return conversation.status();
  VoiceAgent& agent = *(*conversation)->agent;
  absl::Status status = PushAll(agent, **question);
  status.Update(agent.Flush());
  if (!status.ok()) return status;
  if (num_turns == 0) std::printf("No speech was found in the input.\n");
  std::printf("Session: %s\n", (*conversation)->session_id.c_str());
  if (output.empty()) return absl::OkStatus();
  // A recording of nothing is still a recording.
  if (answer.samples.empty()) answer.samples = {0};
  return audio::WriteWav(output, answer);
}

int Main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h" || argument == "-help") return Help();
  }
  // Abseil takes `--input -` for a mistake, and says so; in one word it does not.
  std::vector<std::string> words(argv, argv + argc);
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i + 1] != "-" || !absl::StartsWith(words[i], "--")) continue;
    absl::StrAppend(&words[i], "=-");
    words.erase(words.begin() + static_cast<ptrdiff_t>(i) + 1);
  }
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  const std::vector<char*> rest =
      absl::ParseCommandLine(static_cast<int>(pointers.size()), pointers.data());
  if (rest.size() > 1) {
    return Fail(absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", rest[1], "'; see --help")));
  }
  if (absl::Status checked = CheckFlags(); !checked.ok()) return Fail(checked);
  const absl::Status status = absl::GetFlag(FLAGS_export_session).empty() ? Converse() : Export();
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace parlance::pipeline

int main(int argc, char** argv) { return parlance::pipeline::Main(argc, argv); }
