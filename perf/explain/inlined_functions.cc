#include "perf/explain/inlined_functions.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <ios>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "command/terminal/printable.h"
#include "perf/explain/callgrind_profile.h"
#include "perf/explain/function_name.h"

namespace perf {
namespace {

// It looks up some ten thousand addresses in a second, and never hangs for good.
constexpr absl::Duration kAddr2linePatience = absl::Minutes(2);

std::string Bounded(absl::string_view text) {
  return command::PrintableLine(text.substr(0, kMaxNameBytes));
}

// The address that such a line has, or false.
bool IsAddress(absl::string_view line, uint64_t& address) {
  return absl::ConsumePrefix(&line, "0x") && absl::SimpleHexAtoi(line, &address);
}

// "/path/file.cc:12 (discriminator 3)" without the line.
absl::string_view FileOf(absl::string_view place) {
  return place.substr(0, std::min(place.rfind(':'), place.size()));
}

bool IsOfLibrary(const Frame& frame) {
  // Headers of the C++ library, and the compiler's, such as those of vector instructions.
  return IsStandardLibrary(frame.function) || absl::StrContains(frame.file, "/include/c++/") ||
         absl::StrContains(frame.file, "/lib/gcc/");
}

}  // namespace

std::map<uint64_t, Frames> ParseFrames(absl::string_view text) {
  std::map<uint64_t, Frames> found;
  Frames* frames = nullptr;
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    uint64_t address = 0;
    if (IsAddress(lines[i], address)) {
      frames = &found[address];
      frames->clear();
      continue;
    }
    // A function's name, and in the next line its place.
    if (frames == nullptr || i + 1 >= lines.size()) continue;
    const absl::string_view place = lines[++i];
    if (lines[i - 1] == "??" || lines[i - 1].empty()) continue;
    frames->push_back({.function = Bounded(lines[i - 1]), .file = Bounded(FileOf(place))});
  }
  std::erase_if(found, [](const auto& entry) { return entry.second.empty(); });
  return found;
}

absl::StatusOr<std::map<uint64_t, Frames>> FindFrames(const std::string& object,
                                                      absl::Span<const uint64_t> addresses,
                                                      const std::string& scratch,
                                                      ProgramRunner& programs) {
  if (addresses.empty()) return std::map<uint64_t, Frames>();
  // Command lines are too short for them.
  const std::string file = absl::StrCat(scratch, "/addresses");
  std::ofstream stream(file);
  for (const uint64_t address : addresses) stream << "0x" << std::hex << address << '\n';
  stream.close();
  if (!stream) return absl::UnavailableError(absl::StrCat("cannot write ", file));
  const absl::StatusOr<SubprocessResult> result = programs.Run(
      {.arguments = {"addr2line", "--addresses", "--functions", "--inlines", "--demangle",
                     absl::StrCat("--exe=", object), absl::StrCat("@", file)},
       .time_limit = kAddr2linePatience},
      SubprocessOutput::kCaptureWithErrors);
  if (!result.ok()) return result.status();
  if (result->exit_code == 128 + SIGINT) {
    return absl::CancelledError("addr2line was interrupted");
  }
  if (result->exit_code != 0) {
    return absl::UnavailableError(absl::StrCat("addr2line ended with ",
                                               DescribeExit(result->exit_code), ": ",
                                               result->errors.substr(0, kMaxNameBytes)));
  }
  return ParseFrames(result->output);
}

bool HasDebugInformation(const Frames& frames) {
  return !frames.empty() && !absl::StartsWith(frames.back().file, "??");
}

std::string InlinedFunction(const Frames& frames) {
  for (size_t i = 0; i + 1 < frames.size(); ++i) {
    if (!IsOfLibrary(frames[i])) return FunctionName(frames[i].function, "");
  }
  return "";
}

}  // namespace perf
