#include "perf/record/environment.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "perf/record/text_proto.h"

namespace perf {
namespace {

std::string FileOrEmpty(const std::string& path) {
  absl::StatusOr<std::string> content = ReadFile(path);
  return content.ok() ? std::string(absl::StripAsciiWhitespace(*content)) : "";
}

// The value of the first "KEY : VALUE" line.
std::string CpuinfoField(absl::string_view cpuinfo, absl::string_view key) {
  for (absl::string_view line : absl::StrSplit(cpuinfo, '\n')) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    if (absl::StripAsciiWhitespace(line.substr(0, colon)) == key) {
      return std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
    }
  }
  return "";
}

std::string Hypervisor(absl::string_view cpuinfo) {
  std::string vendor = FileOrEmpty("/sys/class/dmi/id/sys_vendor");
  const std::string flags = absl::StrCat(" ", CpuinfoField(cpuinfo, "flags"), " ");
  if (!absl::StrContains(flags, " hypervisor ")) return "";
  return vendor.empty() ? "virtualised" : absl::StrCat("virtualised (", vendor, ")");
}

// FNV-1a, so that a slug is the same for every build and run.
uint32_t Fingerprint(absl::string_view text) {
  uint32_t hash = 2166136261u;
  for (const unsigned char c : text) hash = (hash ^ c) * 16777619u;
  return hash;
}

constexpr absl::string_view kCompiler =
#if defined(__clang__)
    "clang " __clang_version__;
#else
    "gcc " __VERSION__;
#endif

// Clang says by __has_feature which sanitizer a file is built with, GCC by a macro, and of
// undefined behaviour's not at all.
#if !defined(__has_feature)
#define __has_feature(x) 0
#endif
constexpr absl::string_view kSanitizer =
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
    "address";
#elif defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
    "thread";
#elif __has_feature(memory_sanitizer)
        "memory";
#elif defined(PERF_UNDEFINED_SANITIZER) || __has_feature(undefined_behavior_sanitizer)
        "undefined";
#else
        "";
#endif

std::string OnOff(absl::string_view text, absl::string_view on) {
  return text.empty() ? "" : text == on ? "on" : "off";
}

std::string Turbo() {
  const std::string no_turbo = FileOrEmpty("/sys/devices/system/cpu/intel_pstate/no_turbo");
  if (!no_turbo.empty()) return OnOff(no_turbo, "0");
  return OnOff(FileOrEmpty("/sys/devices/system/cpu/cpufreq/boost"), "1");
}

// Read from what the compiler defines in this file, which is built as all others are.
std::string BuildFlags() {
  std::vector<std::string> flags;
#if defined(__OPTIMIZE_SIZE__)
  flags.emplace_back("optimize size");
#elif defined(__OPTIMIZE__)
  flags.emplace_back("optimize");
#endif
#if defined(NDEBUG)
  flags.emplace_back("ndebug");
#endif
#if defined(__AVX512F__)
  flags.emplace_back("avx512f");
#elif defined(__AVX2__)
  flags.emplace_back("avx2");
#elif defined(__AVX__)
  flags.emplace_back("avx");
#endif
#if defined(__FAST_MATH__)
  flags.emplace_back("fast math");
#endif
#if defined(_FORTIFY_SOURCE)
  flags.push_back(absl::StrCat("fortify ", _FORTIFY_SOURCE));
#endif
#if defined(__SSP__) || defined(__SSP_STRONG__) || defined(__SSP_ALL__)
  flags.emplace_back("stack protector");
#endif
#if defined(__PIE__)
  flags.emplace_back("pie");
#elif defined(__PIC__)
  flags.emplace_back("pic");
#endif
  return absl::StrJoin(flags, ", ");
}

}  // namespace

std::string CpuModel(absl::string_view proc_cpuinfo) {
  for (absl::string_view key : {"model name", "Model", "Hardware", "CPU implementer"}) {
    std::string value = CpuinfoField(proc_cpuinfo, key);
    if (!value.empty()) return value;
  }
  return "unknown";
}

std::string CpuId(absl::string_view proc_cpuinfo) {
  std::string id;
  const std::pair<absl::string_view, absl::string_view> fields[] = {{"cpu family", "family"},
                                                                    {"model", "model"},
                                                                    {"stepping", "stepping"},
                                                                    {"cache size", "cache"},
                                                                    // What ARM's have instead.
                                                                    {"CPU part", "part"},
                                                                    {"CPU variant", "variant"},
                                                                    {"CPU revision", "revision"}};
  for (const auto& [field, name] : fields) {
    const std::string value = CpuinfoField(proc_cpuinfo, field);
    if (!value.empty()) absl::StrAppend(&id, id.empty() ? "" : ", ", name, " ", value);
  }
  return id;
}

Environment CurrentEnvironment() {
  Environment environment;
  const std::string cpuinfo = FileOrEmpty("/proc/cpuinfo");
  environment.set_cpu_model(CpuModel(cpuinfo));
  environment.set_cpu_id(CpuId(cpuinfo));
  environment.set_num_cpus(static_cast<int32_t>(std::thread::hardware_concurrency()));
  environment.set_memory_bytes(static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) *
                               sysconf(_SC_PAGESIZE));
  if (utsname name{}; uname(&name) == 0) {
    environment.set_kernel(name.release);
    environment.set_architecture(name.machine);
  }
  environment.set_hypervisor(Hypervisor(cpuinfo));
  environment.set_compiler(std::string(kCompiler));
  environment.set_compilation_mode(PERF_COMPILATION_MODE);
  environment.set_sanitizer(std::string(kSanitizer));
  double load = 0;
  if (getloadavg(&load, 1) == 1) environment.set_load_average(load);
  environment.set_scaling_governor(
      FileOrEmpty("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
  environment.set_smt(OnOff(FileOrEmpty("/sys/devices/system/cpu/smt/active"), "1"));
  environment.set_turbo(Turbo());
  environment.set_build_flags(BuildFlags());
  return environment;
}

double MemoryClassGib(int64_t bytes) {
  constexpr double kTolerance = 1.06;
  const double gib = static_cast<double>(bytes) / (1024.0 * 1024 * 1024);
  double size = 1;
  while (gib > size * kTolerance) {
    if (gib <= size * 1.5 * kTolerance) return size * 1.5;
    size *= 2;
  }
  return size;
}

std::string MachineSlug(const Environment& environment) {
  if (!environment.pool().empty()) return environment.pool();
  std::string model;
  for (absl::string_view word :
       absl::StrSplit(absl::AsciiStrToLower(environment.cpu_model()), ' ', absl::SkipEmpty())) {
    if (absl::StrContains(word, "(") || word == "cpu" || word == "@" || word == "processor" ||
        absl::EndsWith(word, "ghz")) {
      word = word.substr(0, word.find('('));
      if (word == "cpu" || word == "@" || word == "processor" || absl::EndsWith(word, "ghz")) {
        continue;
      }
    }
    std::string clean;
    for (const char c : word) {
      if (absl::ascii_isalnum(c) || c == '.') clean.push_back(c);
    }
    if (!clean.empty()) absl::StrAppend(&model, model.empty() ? "" : "-", clean);
  }
  if (model.empty()) model = "unknown";
  const uint32_t fingerprint = Fingerprint(
      absl::StrCat(environment.cpu_model(), "|", environment.cpu_id(), "|",
                   environment.architecture(), "|", environment.num_cpus(), "|",
                   MemoryClassGib(environment.memory_bytes()), "|", environment.hypervisor()));
  return absl::StrFormat("%s-%d-cpus-%08x", model, environment.num_cpus(), fingerprint);
}

}  // namespace perf
