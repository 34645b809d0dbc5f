// Time zones by the names that people give them.
//
// A name is only ever looked up in a list. What it is not in it is never handed to Abseil, which
// would take it for a file to open ("file:…", a path) and remember every name for good, unknown
// ones too.
#ifndef TOOLS_BUILTIN_TIME_ZONES_H_
#define TOOLS_BUILTIN_TIME_ZONES_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace parlance::tools {

// Whether it has the form of the names in the IANA time zone database: up to 64 characters, one or
// more parts of letters, digits, _, + and -, each of which begins with a letter, separated by /.
bool IsZoneName(absl::string_view name);

// Threads: any.
class TimeZones {
 public:
  // Nothing if there is no such zone after all.
  using Load = std::function<std::optional<absl::TimeZone>(const std::string& name)>;

  // `load` is only called with one of `names`; those that are no zone names are left out.
  TimeZones(const std::vector<std::string>& names, Load load);

  // The zones of the machine's database, which Abseil reads, too: $TZDIR or /usr/share/zoneinfo.
  // The first call reads their names, which takes some milliseconds.
  static const TimeZones& OfThisMachine();

  // Finds a zone by its name or by its last part, the city, in upper or lower case, with _ or
  // spaces: "Europe/Paris", "new york".
  std::optional<absl::TimeZone> Find(absl::string_view asked) const;

 private:
  // The zones by their name or city in lower case.
  std::map<std::string, std::string, std::less<>> names_;
  std::map<std::string, std::string, std::less<>> cities_;
  const Load load_;
};

// The names in a database in this folder: of its tzdata.zi, or else of its files.
std::vector<std::string> ZoneNamesIn(const std::string& folder);

// Further hints at the name of a zone that Abseil has by its file's only, such as /etc/localtime.
struct ZoneHints {
  // A path, without symbolic links; empty if there is none.
  std::function<std::string(const std::string& path)> resolve;
  // The path of /etc/timezone.
  std::string timezone_file;
  // When the two are compared.
  absl::Time now;
};

// The same zone by its name in the database, if that can be found out and they agree over a year;
// otherwise `zone`.
absl::TimeZone WithName(const absl::TimeZone& zone, const TimeZones& zones, const ZoneHints& hints);
ZoneHints HintsOfThisMachine(absl::Time now);

// Its name, or, where that is no zone's (a file's), what it is ahead of UTC: "UTC+05:30".
std::string ZoneLabel(const absl::TimeZone& zone, absl::Time now);

}  // namespace parlance::tools

#endif  // TOOLS_BUILTIN_TIME_ZONES_H_
