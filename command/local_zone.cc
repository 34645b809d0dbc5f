#include "command/local_zone.h"

#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "command/program.h"
#include "command/terminal/printable.h"

namespace command {
namespace {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The file that Abseil reads for a zone (time_zone_info.cc of cctz).
std::string FileOf(absl::string_view zone) {
  absl::ConsumePrefix(&zone, "file:");
  if (absl::StartsWith(zone, "/")) return std::string(zone);
  const std::string folder = Environment("TZDIR");
  return absl::StrCat(folder.empty() ? "/usr/share/zoneinfo" : folder, "/", zone);
}

bool IsRegularFile(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

absl::TimeZone Find() {
  const std::string given = Environment("TZ");
  absl::string_view zone = given;
  absl::ConsumePrefix(&zone, ":");
  std::string name(zone);
  if (std::getenv("TZ") == nullptr || name == "localtime") {
    const std::string file = Environment("LOCALTIME");
    name = file.empty() ? "/etc/localtime" : file;
    // A machine without the file keeps UTC.
    if (file.empty() && !IsRegularFile(name)) return absl::UTCTimeZone();
  }
  // POSIX has UTC for no name at all.
  if (name.empty() || name == "UTC") return absl::UTCTimeZone();
  if (absl::StartsWith(name, "Fixed/UTC")) return absl::LocalTimeZone();
  if (IsRegularFile(FileOf(name))) {
    const absl::TimeZone found = absl::LocalTimeZone();
    if (found.name() != "UTC") return found;
  }
  Say(absl::StrCat("times are in UTC, because '", Printable(name),
                   "', which the environment gives as the time zone, is not in the time zone "
                   "database; set TZ to a name such as Europe/Paris"));
  return absl::UTCTimeZone();
}

}  // namespace

absl::TimeZone LocalZone() {
  static const absl::TimeZone zone = Find();
  return zone;
}

}  // namespace command
