#include "perf/counts/callgrind.h"

#include <sys/stat.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "perf/record/text_proto.h"

namespace perf {
namespace {

std::string DumpPath(const std::string& directory, absl::string_view process) {
  return absl::StrCat(directory, "/callgrind.", process);
}

absl::StatusOr<std::string> TakeDump(const std::string& path) {
  struct stat file = {};
  if (stat(path.c_str(), &file) == 0 && file.st_size > kMaxCallgrindDumpBytes) {
    std::remove(path.c_str());
    return absl::FailedPreconditionError(absl::StrCat("a dump of callgrind has ", file.st_size,
                                                      " bytes, which is too long to read"));
  }
  absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok()) std::remove(path.c_str());
  return text;
}

}  // namespace

std::vector<std::string> CallgrindCommand(const std::string& directory, CallgrindDetail detail,
                                          CallgrindStart start) {
  const bool at_once = start == CallgrindStart::kAtOnce;
  return {"valgrind", "--tool=callgrind", "--quiet",
          at_once ? "--collect-atstart=yes" : "--collect-atstart=no",
          // For a debugger, it would make pipes in the folder of temporary files, where they stay
          // if it is killed.
          "--vgdb=no",
          // What comes before a measured region runs several times faster without it.
          at_once ? "--instr-atstart=yes" : "--instr-atstart=no",
          // This counts system calls; there is no option for that alone.
          "--collect-systime=msec",
          // Lines and names would take most of a dump's time.
          "--dump-line=no",
          detail == CallgrindDetail::kInstructions ? "--dump-instr=yes" : "--dump-instr=no",
          // Threads run in the order they ask in, not as the machine's scheduler likes.
          "--fair-sched=try", absl::StrCat("--callgrind-out-file=", DumpPath(directory, "%p"))};
}

std::map<std::string, std::string> CallgrindVariables() {
  return {{"GLIBC_TUNABLES",
           // This leaves the plain x86-64 versions of its functions.
           "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-BMI1,-BMI2,-LZCNT,-MOVBE,"
           "-POPCNT,-SSE4_1,-SSE4_2,-SSSE3,-ERMS,-FSRM,-RTM,-XSAVEC,-AVX_Fast_Unaligned_Load,"
           "-Fast_Unaligned_Copy,-Fast_Copy_Backward:"
           "glibc.cpu.x86_data_cache_size=0x8000:glibc.cpu.x86_shared_cache_size=0x100000:"
           "glibc.cpu.x86_non_temporal_threshold=0xc0000:glibc.cpu.x86_rep_movsb_threshold=0x800:"
           "glibc.cpu.x86_rep_stosb_threshold=0x800"}};
}

absl::StatusOr<CallgrindCounts> ParseCallgrindDump(absl::string_view text) {
  std::vector<absl::string_view> events;
  std::vector<absl::string_view> totals;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (field.first == "events") events = absl::StrSplit(field.second, ' ', absl::SkipEmpty());
    if (field.first == "totals") totals = absl::StrSplit(field.second, ' ', absl::SkipEmpty());
  }
  CallgrindCounts counts;
  bool has_instructions = false;
  // Trailing events that were not seen are left out.
  if (totals.empty() || totals.size() > events.size()) {
    return absl::DataLossError("a dump of callgrind is cut short");
  }
  for (size_t i = 0; i < totals.size(); ++i) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(totals[i], &value) || value < 0) {
      return absl::DataLossError(
          absl::StrCat("a dump of callgrind has the total '", totals[i], "'"));
    }
    if (events[i] == "Ir") {
      counts.instructions = value;
      has_instructions = true;
    }
    if (events[i] == "sysCount") counts.system_calls = value;
  }
  if (!has_instructions) return absl::DataLossError("a dump of callgrind has no instructions");
  return counts;
}

absl::StatusOr<std::string> TakeCallgrindDump(const std::string& directory, int pid, int number) {
  return TakeDump(DumpPath(directory, absl::StrCat(pid, ".", number)));
}

absl::StatusOr<std::string> TakeLastCallgrindDump(const std::string& directory, int pid) {
  return TakeDump(DumpPath(directory, absl::StrCat(pid)));
}

}  // namespace perf
