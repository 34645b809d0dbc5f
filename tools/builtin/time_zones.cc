#include "tools/builtin/time_zones.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace parlance::tools {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNameSize = 64;
// The bound of a database, which has some 600 zones today.
constexpr size_t kMaxZones = 10'000;
constexpr size_t kMaxLineBytes = 4096;

// The areas whose cities go by their names alone; where two have one of a name, the first's.
constexpr absl::string_view kAreas[] = {"Europe/",     "America/", "Asia/",     "Africa/",
                                        "Australia/",  "Pacific/", "Atlantic/", "Indian/",
                                        "Antarctica/", "Arctic/"};

std::string Folded(absl::string_view name) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(absl::StripAsciiWhitespace(name), {{" ", "_"}}));
}

// Lines "Z NAME …" and "L TARGET NAME" (zic(8), in its short form).
std::vector<std::string> NamesOfSource(const fs::path& path) {
  std::vector<std::string> names;
  std::ifstream file(path);
  std::string line;
  while (names.size() < kMaxZones && std::getline(file, line) && line.size() < kMaxLineBytes) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    if (words[0] == "Z" && words.size() > 1) names.emplace_back(words[1]);
    if (words[0] == "L" && words.size() > 2) names.emplace_back(words[2]);
  }
  return names;
}

bool IsZoneFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4];
  return file.read(magic, sizeof magic) && absl::string_view(magic, sizeof magic) == "TZif";
}

std::vector<std::string> NamesOfFiles(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator() && names.size() < kMaxZones;
       entry.increment(error)) {
    const std::string name = entry->path().lexically_relative(folder).string();
    // The same zones in other clothes; and the deepest name has three parts.
    const bool is_copy = name == "posix" || name == "right";
    if (is_copy || entry.depth() > 2) entry.disable_recursion_pending();
    std::error_code ignored;
    if (IsZoneName(name) && name != "localtime" && name != "posixrules" &&
        entry->is_regular_file(ignored) && IsZoneFile(entry->path())) {
      names.push_back(name);
    }
  }
  return names;
}

bool AgreeOverAYear(const absl::TimeZone& a, const absl::TimeZone& b, absl::Time now) {
  for (int week = 0; week < 52; ++week) {
    const absl::Time then = now + week * absl::Hours(7 * 24);
    if (a.At(then).offset != b.At(then).offset) return false;
  }
  return true;
}

}  // namespace

bool IsZoneName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxNameSize) return false;
  for (const absl::string_view part : absl::StrSplit(name, '/')) {
    if (part.empty() || !absl::ascii_isalpha(static_cast<unsigned char>(part[0])) ||
        !std::all_of(part.begin(), part.end(), [](char c) {
          return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '+' ||
                 c == '-';
        })) {
      return false;
    }
  }
  return true;
}

TimeZones::TimeZones(const std::vector<std::string>& names, Load load) : load_(std::move(load)) {
  for (const std::string& name : names) {
    if (IsZoneName(name)) names_.try_emplace(Folded(name), name);
  }
  for (const absl::string_view area : kAreas) {
    for (const auto& [folded, name] : names_) {
      if (!absl::StartsWith(name, area)) continue;
      cities_.try_emplace(folded.substr(folded.rfind('/') + 1), name);
    }
  }
}

const TimeZones& TimeZones::OfThisMachine() {
  static const auto* const zones = [] {
    const char* folder = std::getenv("TZDIR");
    std::vector<std::string> names =
        ZoneNamesIn(folder != nullptr && *folder != '\0' ? folder : "/usr/share/zoneinfo");
    // There in any case.
    names.emplace_back("UTC");
    return new TimeZones(names, [](const std::string& name) {
      absl::TimeZone zone;
      return absl::LoadTimeZone(name, &zone) ? std::optional(zone) : std::nullopt;
    });
  }();
  return *zones;
}

std::optional<absl::TimeZone> TimeZones::Find(absl::string_view asked) const {
  if (asked.size() > kMaxNameSize) return std::nullopt;
  const std::string folded = Folded(asked);
  for (const auto* known : {&names_, &cities_}) {
    if (const auto found = known->find(folded); found != known->end()) return load_(found->second);
  }
  return std::nullopt;
}

std::vector<std::string> ZoneNamesIn(const std::string& folder) {
  const fs::path source = fs::path(folder) / "tzdata.zi";
  std::error_code ignored;
  std::vector<std::string> names;
  if (fs::is_regular_file(source, ignored)) names = NamesOfSource(source);
  return names.empty() ? NamesOfFiles(folder) : names;
}

absl::TimeZone WithName(const absl::TimeZone& zone, const TimeZones& zones,
                        const ZoneHints& hints) {
  if (IsZoneName(zone.name())) return zone;
  std::vector<std::string> candidates;
  for (const std::string& path : {zone.name(), hints.resolve(zone.name())}) {
    constexpr absl::string_view kFolder = "/zoneinfo/";
    const size_t at = absl::string_view(path).rfind(kFolder);
    if (at == absl::string_view::npos) continue;
    absl::string_view name = absl::string_view(path).substr(at + kFolder.size());
    if (!absl::ConsumePrefix(&name, "posix/")) absl::ConsumePrefix(&name, "right/");
    candidates.emplace_back(name);
  }
  if (zone.name() == "/etc/localtime") {
    candidates.emplace_back(absl::StripAsciiWhitespace(hints.timezone_file));
  }
  for (const std::string& candidate : candidates) {
    if (!IsZoneName(candidate)) continue;
    const std::optional<absl::TimeZone> named = zones.Find(candidate);
    if (named.has_value() && AgreeOverAYear(zone, *named, hints.now)) return *named;
  }
  return zone;
}

ZoneHints HintsOfThisMachine(absl::Time now) {
  std::string line;
  std::error_code ignored;
  if (fs::is_regular_file("/etc/timezone", ignored)) {
    std::ifstream file("/etc/timezone");
    std::getline(file, line);
  }
  return {.resolve =
              [](const std::string& path) {
                std::error_code error;
                const fs::path resolved = fs::canonical(path, error);
                return error ? std::string() : resolved.string();
              },
          .timezone_file = line,
          .now = now};
}

std::string ZoneLabel(const absl::TimeZone& zone, absl::Time now) {
  if (IsZoneName(zone.name())) return zone.name();
  const int minutes = zone.At(now).offset / 60;
  return absl::StrFormat("UTC%c%02d:%02d", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                         std::abs(minutes) % 60);
}

}  // namespace parlance::tools
