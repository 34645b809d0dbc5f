// Calls an agent as many people at once would, and tells how it bore it.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/signal/resampler.h"
#include "audio/sound_file/wav.h"
#include "command/file/input_file.h"
#include "command/file/user_path.h"
#include "command/local_zone.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "command/terminal/progress.h"
#include "pipeline/components.h"
#include "pipeline/door/load/realtime_load.h"
#include "pipeline/door/wire/websocket_client.h"
#include "pipeline/runtime/load/load.h"
#include "pipeline/runtime/load/simulated_parts.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/synthesizer.h"

ABSL_FLAG(int, sessions, 100, "How many callers there are, 1 to 100,000.");
ABSL_FLAG(absl::Duration, length, absl::Seconds(10),
          "How long the calls are measured, after all were opened and had a moment to warm up.");
ABSL_FLAG(absl::Duration, ramp, absl::Seconds(2), "The time over which the calls are opened.");
ABSL_FLAG(double, speech, 0.3, "What part of the time each caller speaks, 0 to 0.6.");
ABSL_FLAG(int, rate, 8000, "The rate of the callers' sound, 8000 to 48000 Hz.");
ABSL_FLAG(
    std::string, recognizer, "simulated",
    "The recogniser: real (PocketSphinx), or simulated, which always hears \"what time is it\".");
ABSL_FLAG(std::string, synthesizer, "simulated", "The synthesiser: real (Flite) or simulated.");
ABSL_FLAG(std::string, store, "real",
          "The store of what is said: real (an SQLite file), or simulated, which keeps nothing.");
ABSL_FLAG(
    std::string, db, "",
    "The file of the store. If none is named, one is made for the run, and removed after it.");
ABSL_FLAG(int, threads, 2, "How many threads serve the sessions, 1 to 256.");
ABSL_FLAG(int, recognizers, 0,
          "How many recognisers there are at most, 1 to 256. With 0, there are 8 real ones, or a "
          "simulated one for each caller.");
ABSL_FLAG(int, workers, 2,
          "How many threads there are for each of recognising, deciding and speaking, 1 to 256.");
ABSL_FLAG(
    double, max_utilization, 0.85,
    "No further session is taken once the threads are busy for this part of their time. With 100, "
    "that does not matter.");
ABSL_FLAG(double, session_utilization, 0.0015,
          "The part of a thread's time that one session is assumed to cost at least, before it is "
          "measured.");
ABSL_FLAG(
    absl::Duration, max_frame_age, absl::Milliseconds(20),
    "No further session is taken while sound waits for longer than this. With inf, that does not "
    "matter.");
ABSL_FLAG(bool, find_limit, false,
          "Go on with more callers until sound is late or lost, and tell how many there can be.");
ABSL_FLAG(uint64_t, seed, 1, "The seed that decides which callers begin when.");
ABSL_FLAG(std::string, url, "",
          "Call a server over WebSockets instead, as clients of OpenAI's Realtime protocol do: "
          "ws://HOST:PORT/v1/realtime.");
ABSL_FLAG(std::string, format, "pcm",
          "With --url, the format in which sound is sent and received: pcm (24 kHz), pcmu or pcma "
          "(G.711, 8 kHz).");
ABSL_FLAG(std::string, api_key_file, "", "With --url, a file with the key that the server wants.");
ABSL_FLAG(int, server_pid, 0,
          "With --url, the id of the server's process, if it is on this machine: its CPU time and "
          "memory are shown, too.");
ABSL_FLAG(
    int, misbehaving, 0,
    "With --url, how many clients misbehave beside the callers, to see what these notice, 0 to "
    "64: by turns they never read, send their request at a byte a second, open a "
    "session and fall silent, send small events without end, and events of 15 MB.");
ABSL_FLAG(int, caller_threads, 1, "With --url, how many threads the callers have, 1 to 64.");

namespace parlance::pipeline {
namespace {

constexpr int kMaxSessions = 100000;
constexpr char kSimulatedWords[] = "what time is it";

// A folder that goes with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* const parent = std::getenv("TMPDIR");
    path_ = absl::StrCat(parent == nullptr || *parent == '\0' ? "/tmp" : parent, "/load.XXXXXX");
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~TemporaryFolder() {
    if (path_.empty()) return;
    for (const char* const file : {"sessions.db", "sessions.db-wal", "sessions.db-shm"}) {
      unlink(absl::StrCat(path_, "/", file).c_str());
    }
    rmdir(path_.c_str());
  }
  // Empty if there is none.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What callers say: the files, or requests that the demonstration agent understands.
absl::StatusOr<std::vector<std::vector<int16_t>>> Utterances(const command::Arguments& files,
                                                             Synthesizer& voice, int rate_hz) {
  std::vector<std::vector<int16_t>> utterances;
  const auto add = [&](absl::Span<const int16_t> samples, int from_hz) -> absl::Status {
    auto resampled = audio::Resample(samples, from_hz, rate_hz);
    if (!resampled.ok()) return resampled.status();
    utterances.push_back(*std::move(resampled));
    return absl::OkStatus();
  };
  if (files.empty()) {
    for (const char* const text : {"what time is it", "what is twelve times seven",
                                   "convert ten miles to kilometers", "list my timers"}) {
      std::vector<int16_t> sound;
      const absl::Status said = voice.Synthesize(text, [&](const SpeechChunk& chunk) {
        sound.insert(sound.end(), chunk.samples.begin(), chunk.samples.end());
        return true;
      });
      if (!said.ok()) return said;
      if (absl::Status added = add(sound, voice.sample_rate_hz()); !added.ok()) return added;
    }
    return utterances;
  }
  constexpr size_t kMaxSamples = size_t{48000} * 600;
  for (const std::string& file : files) {
    auto reader = audio::WavReader::Open(command::UserPath(file), file);
    if (!reader.ok()) return reader.status();
    std::vector<int16_t> sound;
    std::vector<int16_t> piece(16000);
    for (;;) {
      const absl::StatusOr<size_t> count = (*reader)->Read(absl::MakeSpan(piece));
      if (!count.ok()) return count.status();
      if (*count == 0) break;
      sound.insert(sound.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*count));
      if (sound.size() > kMaxSamples) {
        return absl::InvalidArgumentError(
            absl::StrCat(file, ": it is longer than ten minutes; name what somebody says at once"));
      }
    }
    if (absl::Status added = add(sound, (*reader)->sample_rate_hz()); !added.ok()) return added;
  }
  return utterances;
}

// One load with so many callers, in a runtime of its own.
absl::StatusOr<LoadReport> Load(const RuntimeParts& parts, LoadOptions options) {
  RuntimeOptions runtime_options;
  runtime_options.num_threads = absl::GetFlag(FLAGS_threads);
  runtime_options.num_recognition_workers = absl::GetFlag(FLAGS_workers);
  runtime_options.num_agent_workers = absl::GetFlag(FLAGS_workers);
  runtime_options.num_synthesis_workers = absl::GetFlag(FLAGS_workers);
  const int num_recognizers = absl::GetFlag(FLAGS_recognizers);
  const bool simulated = absl::GetFlag(FLAGS_recognizer) == "simulated";
  runtime_options.recognizers.max_recognizers = num_recognizers > 0 ? num_recognizers
                                                : simulated ? static_cast<int>(options.num_sessions)
                                                            : 8;
  runtime_options.max_utilization = absl::GetFlag(FLAGS_max_utilization);
  runtime_options.session_utilization = absl::GetFlag(FLAGS_session_utilization);
  runtime_options.max_frame_age = absl::GetFlag(FLAGS_max_frame_age);
  runtime_options.max_sessions = kMaxSessions;
  auto runtime = Runtime::Create(parts, runtime_options);
  if (!runtime.ok()) return runtime.status();
  command::Progress progress("load");
  options.on_progress = [&](const std::string& text) { progress.Update(text); };
  absl::StatusOr<LoadReport> report = RunLoad(**runtime, options);
  const absl::Status shut = (*runtime)->Shutdown(absl::Seconds(5));
  if (report.ok() && !shut.ok()) command::Say(shut.message());
  return report;
}

// How many callers there can be: 1.3 times as many until it breaks, and then in between.
int FindLimit(const RuntimeParts& parts, LoadOptions options) {
  size_t held = 0;
  size_t broke = 0;
  for (size_t num = options.num_sessions; num <= kMaxSessions;) {
    options.num_sessions = num;
    const absl::StatusOr<LoadReport> report = Load(parts, options);
    if (!report.ok()) {
      command::Say(report.status().message());
      return command::kFailed;
    }
    const bool holds = report->is_sustained();
    command::Print(absl::StrCat(report->Table(), holds ? "  holds\n" : "  DOES NOT HOLD\n"));
    (holds ? held : broke) = num;
    if (holds && broke == 0) {
      num = num * 13 / 10 + 1;
    } else if (broke - held > std::max<size_t>(broke / 20, 1) && held > 0) {
      num = (held + broke) / 2;
    } else {
      break;
    }
  }
  command::Print(absl::StrFormat("%d sessions hold; %d do not\n", held, broke));
  return command::kDone;
}

// What the report of a server says, as an exit code.
int LoadServer(const command::Arguments& files) {
  for (const absl::string_view flag :
       {"recognizer", "synthesizer", "store", "db", "threads", "workers", "recognizers", "rate",
        "max_utilization", "session_utilization", "max_frame_age", "find_limit"}) {
    if (command::WasGiven(flag)) {
      return command::WrongUse(absl::StrCat(
          "--", flag,
          " has no meaning with --url: the agent is the server's, and so are its parts"));
    }
  }
  door::RealtimeLoadOptions options;
  auto url = door::ParseWebSocketUrl(absl::GetFlag(FLAGS_url));
  if (!url.ok()) return command::WrongUse(absl::StrCat("--url: ", url.status().message()));
  options.url = *std::move(url);
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format == "pcmu") {
    options.format = door::RealtimeFormat::kMuLaw;
  } else if (format == "pcma") {
    options.format = door::RealtimeFormat::kALaw;
  } else if (format != "pcm") {
    return command::WrongUse(absl::StrCat("--format=", command::PrintableLine(format),
                                          " is not one of pcm, pcmu and pcma"));
  }
  if (absl::GetFlag(FLAGS_caller_threads) < 1 || absl::GetFlag(FLAGS_caller_threads) > 64) {
    return command::WrongUse(absl::StrCat("--caller_threads=", absl::GetFlag(FLAGS_caller_threads),
                                          " is not in 1 to 64"));
  }
  if (absl::GetFlag(FLAGS_misbehaving) < 0 || absl::GetFlag(FLAGS_misbehaving) > 64) {
    return command::WrongUse(
        absl::StrCat("--misbehaving=", absl::GetFlag(FLAGS_misbehaving), " is not in 0 to 64"));
  }
  if (absl::GetFlag(FLAGS_server_pid) < 0) {
    return command::WrongUse("--server_pid is less than 0");
  }
  if (!absl::GetFlag(FLAGS_api_key_file).empty()) {
    const auto key = command::ReadInput(absl::GetFlag(FLAGS_api_key_file), 4096);
    if (!key.ok()) return command::Fail(key.status());
    options.api_key = std::string(absl::StripAsciiWhitespace(*key));
    if (options.api_key.empty() || absl::StrContains(options.api_key, '\n')) {
      return command::WrongUse("--api_key_file: the file has no key, or more than one line");
    }
  }
  const auto voice = CreateFliteSynthesizer("kal16");
  if (!voice.ok()) return command::Fail(voice.status());
  auto utterances = Utterances(files, **voice, door::SampleRateOf(options.format));
  if (!utterances.ok()) return command::Fail(utterances.status());
  options.utterances = *std::move(utterances);
  options.num_sessions = static_cast<size_t>(absl::GetFlag(FLAGS_sessions));
  options.ramp = absl::GetFlag(FLAGS_ramp);
  options.length = absl::GetFlag(FLAGS_length);
  options.speech_part = absl::GetFlag(FLAGS_speech);
  options.seed = absl::GetFlag(FLAGS_seed);
  options.num_threads = absl::GetFlag(FLAGS_caller_threads);
  options.num_misbehaving = static_cast<size_t>(absl::GetFlag(FLAGS_misbehaving));
  options.server_pid = absl::GetFlag(FLAGS_server_pid);
  absl::StatusOr<door::RealtimeLoadReport> report = absl::UnknownError("");
  {
    command::Progress progress("load");
    options.on_progress = [&](const std::string& text) { progress.Update(text); };
    report = door::RunRealtimeLoad(options);
  }
  if (!report.ok()) {
    return absl::IsInvalidArgument(report.status()) ? command::WrongUse(report.status().message())
                                                    : command::Fail(report.status());
  }
  command::Print(command::Printable(report->Table()));
  return report->is_sustained() ? command::kDone : command::kNo;
}

int Run(const command::Arguments& files) {
  const int num_sessions = absl::GetFlag(FLAGS_sessions);
  if (num_sessions < 1 || num_sessions > kMaxSessions) {
    return command::WrongUse(
        absl::StrCat("--sessions=", num_sessions, " is not in 1 to ", kMaxSessions));
  }
  for (const auto& [name, value] : {std::pair("threads", absl::GetFlag(FLAGS_threads)),
                                    std::pair("workers", absl::GetFlag(FLAGS_workers))}) {
    if (value < 1 || value > 256) {
      return command::WrongUse(absl::StrCat("--", name, "=", value, " is not in 1 to 256"));
    }
  }
  if (absl::GetFlag(FLAGS_rate) < 8000 || absl::GetFlag(FLAGS_rate) > 48000 ||
      absl::GetFlag(FLAGS_rate) % 50 != 0) {
    return command::WrongUse(absl::StrCat("--rate=", absl::GetFlag(FLAGS_rate),
                                          " is not in 8000 to 48000, in steps of 50"));
  }
  if (absl::GetFlag(FLAGS_recognizers) < 0 || absl::GetFlag(FLAGS_recognizers) > 256) {
    return command::WrongUse(
        absl::StrCat("--recognizers=", absl::GetFlag(FLAGS_recognizers), " is not in 0 to 256"));
  }
  if (absl::GetFlag(FLAGS_length) < absl::Seconds(1) ||
      absl::GetFlag(FLAGS_length) > absl::Hours(24)) {
    return command::WrongUse("--length is not in 1s to 24h");
  }
  if (absl::GetFlag(FLAGS_ramp) < absl::ZeroDuration() ||
      absl::GetFlag(FLAGS_ramp) > absl::Hours(1)) {
    return command::WrongUse("--ramp is not in 0s to 1h");
  }
  if (!absl::GetFlag(FLAGS_url).empty()) return LoadServer(files);
  for (const absl::string_view flag :
       {"format", "api_key_file", "server_pid", "caller_threads", "misbehaving"}) {
    if (command::WasGiven(flag)) {
      return command::WrongUse(absl::StrCat("--", flag, " needs --url"));
    }
  }
  if (absl::GetFlag(FLAGS_max_frame_age) < absl::ZeroDuration()) {
    return command::WrongUse("--max_frame_age is less than 0");
  }
  if (!(absl::GetFlag(FLAGS_session_utilization) >= 0)) {
    return command::WrongUse("--session_utilization is less than 0");
  }
  if (!(absl::GetFlag(FLAGS_max_utilization) > 0)) {
    return command::WrongUse("--max_utilization is not more than 0");
  }
  for (const auto& [name, value] : {std::pair("recognizer", absl::GetFlag(FLAGS_recognizer)),
                                    std::pair("synthesizer", absl::GetFlag(FLAGS_synthesizer)),
                                    std::pair("store", absl::GetFlag(FLAGS_store))}) {
    if (value != "real" && value != "simulated") {
      return command::WrongUse(absl::StrCat("--", name, "=", command::PrintableLine(value),
                                            " is neither real nor simulated"));
    }
  }

  const TemporaryFolder folder;
  ComponentOptions component_options;
  component_options.local_zone = command::LocalZone();
  component_options.write_patience = absl::ZeroDuration();
  component_options.database_path = command::UserPath(absl::GetFlag(FLAGS_db));
  if (component_options.database_path.empty()) {
    if (folder.path().empty()) {
      command::Say(
          "no folder could be made in $TMPDIR or /tmp for the store; name a file with --db");
      return command::kFailed;
    }
    component_options.database_path = absl::StrCat(folder.path(), "/sessions.db");
  }
  auto components = Components::Create(component_options);
  if (!components.ok()) {
    command::Say(components.status().message());
    return command::kFailed;
  }
  RuntimeParts parts = (*components)->ForRuntime();

  LoadOptions options;
  options.num_sessions = static_cast<size_t>(num_sessions);
  options.length = absl::GetFlag(FLAGS_length);
  options.ramp = absl::GetFlag(FLAGS_ramp);
  options.speech_part = absl::GetFlag(FLAGS_speech);
  options.sample_rate_hz = absl::GetFlag(FLAGS_rate);
  options.seed = absl::GetFlag(FLAGS_seed);
  auto utterances = Utterances(files, *parts.synthesizer, options.sample_rate_hz);
  if (!utterances.ok()) {
    command::Say(utterances.status().message());
    return command::kFailed;
  }
  options.utterances = *std::move(utterances);

  const std::unique_ptr<Synthesizer> synthesizer = CreateSimulatedSynthesizer();
  const std::unique_ptr<session::SessionStore> store = CreateForgetfulStore();
  if (absl::GetFlag(FLAGS_recognizer) == "simulated") {
    parts.create_recognizer = [] {
      return CreateSimulatedRecognizer(kSimulatedWords, absl::ZeroDuration());
    };
  }
  if (absl::GetFlag(FLAGS_synthesizer) == "simulated") parts.synthesizer = synthesizer.get();
  if (absl::GetFlag(FLAGS_store) == "simulated") parts.store = store.get();

  if (absl::GetFlag(FLAGS_find_limit)) return FindLimit(parts, options);
  const absl::StatusOr<LoadReport> report = Load(parts, options);
  if (!report.ok()) {
    if (absl::IsInvalidArgument(report.status()))
      return command::WrongUse(report.status().message());
    command::Say(report.status().message());
    return command::kFailed;
  }
  command::Print(report->Table());
  return report->is_sustained() ? command::kDone : command::kNo;
}

command::Program LoadProgram() {
  return {
      .name = "load",
      .summary = "Calls an agent as many people at once would, and tells how it bore it.",
      .synopsis = {"load [FILE...] [FLAG...]"},
      .details =
          R"(Each caller sends 20 ms of sound every 20 ms, says something, is silent while it is answered, and says
something again: what is in the sound files, one after the other, or requests that the agent's demonstration
understands. Resampling, detector, endpointer, agent and tools are the real ones; recogniser, synthesiser and
store may be simulated, to measure what is around them.

The table tells how old sound was when it was heard, how late the answers' was given, how long callers waited
for their answers beyond the pause that ends a turn, and what it took of this machine. Callers and agent share
it, so the callers' part is told apart. "timers of this machine" is how late whoever sleeps here is woken: a
run on a machine that is busy with something else is marked NOISY.

With --url the agent is a server's. Each caller then also sends it something once a second that is refused at
once: how long that takes, "door to door", is how late everything is that the server says. "end of speech to
answer" has the pause of half a second in it that ends a turn.)",
      .flag_groups = {{"Callers",
                       {"sessions", "length", "ramp", "speech", "rate", "seed", "find_limit"}},
                      {"A server",
                       {"url", "format", "api_key_file", "server_pid", "caller_threads",
                        "misbehaving"}},
                      {"Agent",
                       {"recognizer", "synthesizer", "store", "db", "threads", "workers",
                        "recognizers", "max_utilization", "session_utilization", "max_frame_age"}}},
      .common_flags = {},
      .may_be_empty = {"db"},
      .examples = {"load --sessions 1000",
                   "load --sessions 200 --recognizer real --synthesizer real",
                   "load --find_limit --max_utilization 100",
                   "load --url ws://127.0.0.1:8080/v1/realtime --sessions 100 --server_pid 4711"},
      .no_means =
          "it was more than the agent bore: callers or utterances were refused, sound was lost or "
          "more than 20 ms old, or answers came more than half a second late; of a server: "
          "connections or replies were missing, too",
      .subcommands = {},
      .run = Run,
      .max_arguments = command::kAnyNumber};
}

}  // namespace
}  // namespace parlance::pipeline

int main(int argc, char** argv) {
  return command::Main(parlance::pipeline::LoadProgram(), argc, argv);
}
