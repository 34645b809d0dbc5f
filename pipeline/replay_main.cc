// Repeats recorded conversations.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"
#include "command/file/input_file.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "pipeline/conversation/detector.h"
#include "pipeline/conversation/replay/explanation.h"
#include "pipeline/conversation/replay/replay.h"

ABSL_FLAG(bool, explain, false,
          "Print what happened as a timeline, one line for each event that matters.");
ABSL_FLAG(int, jobs, 1, "How many conversations are repeated at once, 1 to 64.");

namespace parlance::pipeline {
namespace {

constexpr size_t kMaxRecordBytes = size_t{300} << 20;

absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> MakeDetector(absl::string_view name) {
  auto detector = CreateDetector(name);
  if (detector.ok() || !absl::IsNotFound(detector.status())) return detector;
  return absl::InvalidArgumentError(
      absl::StrCat("it was recorded with a detector that this program does not have: ",
                   command::PrintableLine(name)));
}

struct Replayed {
  absl::StatusOr<ReplayResult> result = absl::UnknownError("not replayed");
  std::string timeline;
  absl::Duration took;
  bool was_read = false;
};

Replayed Replay(const std::string& typed) {
  Replayed replayed;
  const absl::StatusOr<std::string> record = command::ReadInput(typed, kMaxRecordBytes);
  if (!record.ok()) {
    replayed.result = record.status();
    return replayed;
  }
  replayed.was_read = true;
  ReplayOptions options{.make_detector = MakeDetector};
  Explanation explanation([&](absl::string_view line) {
    absl::StrAppend(&replayed.timeline, command::PrintableLine(line), "\n");
  });
  if (absl::GetFlag(FLAGS_explain)) {
    options.actions = &explanation;
    options.on_event = [&](const ConversationEvent& event) { explanation.OnEvent(event); };
    options.on_sound = [&](absl::Span<const int16_t> sound) { explanation.OnSound(sound); };
  }
  const auto start = std::chrono::steady_clock::now();
  replayed.result = ReplayConversation(*record, options);
  replayed.took = absl::FromChrono(std::chrono::steady_clock::now() - start);
  return replayed;
}

// Prints what came of one; whether it did the same again.
int Print(absl::string_view typed, const Replayed& replayed) {
  const std::string name = command::PrintableLine(command::InputName(typed));
  command::Print(replayed.timeline);
  if (!replayed.result.ok()) {
    // What could not be read is named by its reader.
    command::Say(replayed.was_read ? absl::StrCat(name, ": ", replayed.result.status().message())
                                   : std::string(replayed.result.status().message()));
    return command::kFailed;
  }
  const ReplayResult& result = *replayed.result;
  const double factor = absl::FDivDuration(result.length, replayed.took);
  command::Print(absl::StrFormat(
      "%s: %s, %d events and %d actions in %.1f s, repeated %.0f times as fast, digest %016x\n",
      name,
      result.agrees()               ? "the same again"
      : result.recorded.has_value() ? "NOT THE SAME AGAIN"
                                    : "the record breaks off; it was repeated up to there",
      result.num_events, result.num_actions, absl::ToDoubleSeconds(result.length), factor,
      result.digest));
  return result.agrees() ? command::kDone : command::kNo;
}

int Run(const command::Arguments& files) {
  const int jobs = absl::GetFlag(FLAGS_jobs);
  if (jobs < 1 || jobs > 64) {
    return command::WrongUse(absl::StrCat("--jobs=", jobs, " is not in 1 to 64"));
  }
  if (files.empty()) return command::WrongUse("name one record at least");
  std::vector<Replayed> replayed(files.size());
  std::atomic<size_t> next = 0;
  std::vector<std::thread> threads;
  const size_t num_threads = std::min(static_cast<size_t>(jobs), files.size());
  for (size_t i = 0; i < num_threads; ++i) {
    threads.emplace_back([&] {
      for (size_t file = next++; file < files.size(); file = next++) {
        replayed[file] = Replay(files[file]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int worst = command::kDone;
  for (size_t i = 0; i < files.size(); ++i) worst = std::max(worst, Print(files[i], replayed[i]));
  return worst;
}

command::Program ReplayProgram() {
  return {
      .name = "replay",
      .summary = "Repeats recorded conversations, and says whether the same came of them.",
      .synopsis = {"replay FILE... [FLAG...]"},
      .details =
          R"(A record is what voice_agent --record writes: what the conversation was told, and a digest of all that
it ordered and what was heard. It is repeated in virtual time, without recogniser, agent, tools or
store: what those said is in the record. - is standard input.

A record that breaks off, as that of a program that was killed, is repeated up to there.)",
      .flag_groups = {{"Flags", {"explain", "jobs"}}},
      .common_flags = {},
      .examples = {"replay records/*.conversation", "replay --explain records/a.conversation"},
      .no_means = "a conversation was not the same again, or its record breaks off",
      .subcommands = {},
      .run = Run,
      .max_arguments = command::kAnyNumber};
}

}  // namespace
}  // namespace parlance::pipeline

int main(int argc, char** argv) {
  return command::Main(parlance::pipeline::ReplayProgram(), argc, argv);
}
