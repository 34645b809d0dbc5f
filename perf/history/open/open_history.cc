#include "perf/history/open/open_history.h"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "perf/history/history.h"
#include "perf/history/postgres/postgres_history.h"
#include "perf/history/sqlite/sqlite_history.h"
#include "re2/re2.h"
#include "third_party/postgres_connection.h"

namespace perf {
namespace {

// Whether it seems to be libpq's other form, "host=db password=secret", which as a path would be
// shown.
bool LooksLikeKeywords(const std::string& location) {
  static const re2::RE2& keywords = *new re2::RE2(
      "(?i)^\\s*(host|hostaddr|port|dbname|user|passfile|service|sslmode|options)\\s*=|"
      "password\\s*=");
  return re2::RE2::PartialMatch(location, keywords);
}

}  // namespace

absl::Status CheckHistoryLocation(const std::string& location) {
  if (IsOnServer(location)) return postgres::PublicName(location).status();
  if (!absl::StrContains(location, "://") && !LooksLikeKeywords(location)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "this is neither the path of a file nor a URI of PostgreSQL, which begins with "
      "postgresql://");
}

absl::StatusOr<std::unique_ptr<History>> OpenHistory(const std::string& location) {
  if (absl::Status checked = CheckHistoryLocation(location); !checked.ok()) return checked;
  if (IsOnServer(location)) return OpenPostgresHistory(location);
  absl::StatusOr<std::unique_ptr<SqliteHistory>> history = SqliteHistory::Open(location);
  if (!history.ok()) return history.status();
  return *std::move(history);
}

absl::StatusOr<std::unique_ptr<History>> OpenHistoryIfThere(const std::string& location) {
  std::error_code error;
  const bool is_there =
      IsOnServer(location) || (!location.empty() && std::filesystem::exists(location, error));
  if (!is_there) return nullptr;
  return OpenHistory(location);
}

bool IsOnServer(absl::string_view location) { return postgres::IsUri(location); }

std::string HistoryName(const std::string& location) {
  return IsOnServer(location) ? postgres::PublicName(location).value_or("postgresql://") : location;
}

}  // namespace perf
