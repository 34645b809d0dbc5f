#include "pipeline/telemetry/trace_settings.h"

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace parlance::pipeline {
namespace {

constexpr char kHeaders[] = "OTEL_EXPORTER_OTLP_HEADERS";

// The text with %XX decoded; nothing if a % has no two digits behind it.
std::optional<std::string> PercentDecoded(absl::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    if (text[0] != '%') {
      decoded.push_back(text[0]);
      text.remove_prefix(1);
      continue;
    }
    uint32_t byte = 0;
    if (text.size() < 3 || !absl::ascii_isxdigit(static_cast<unsigned char>(text[1])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[2])) ||
        !absl::SimpleHexAtoi(text.substr(1, 2), &byte)) {
      return std::nullopt;
    }
    decoded.push_back(static_cast<char>(byte));
    text.remove_prefix(3);
  }
  return decoded;
}

}  // namespace

absl::StatusOr<TraceSettings> TraceSettingsOf(
    const std::function<const char*(const char* name)>& variable) {
  const auto value = [&](const char* name) {
    const char* const text = variable(name);
    return std::string(absl::StripAsciiWhitespace(text == nullptr ? "" : text));
  };
  TraceSettings settings;
  settings.url = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if (settings.url.empty()) {
    const std::string base = value("OTEL_EXPORTER_OTLP_ENDPOINT");
    if (!base.empty()) {
      settings.url = absl::StrCat(base, absl::EndsWith(base, "/") ? "" : "/", "v1/traces");
    }
  }
  if (std::string name = value("OTEL_SERVICE_NAME"); !name.empty()) {
    settings.service_name = std::move(name);
  }
  const std::string headers = value(kHeaders);
  for (const absl::string_view part : absl::StrSplit(headers, ',', absl::SkipWhitespace())) {
    const size_t equals = part.find('=');
    const absl::string_view name = absl::StripAsciiWhitespace(part.substr(0, equals));
    std::optional<std::string> header;
    if (equals != absl::string_view::npos && !name.empty()) {
      header = PercentDecoded(absl::StripAsciiWhitespace(part.substr(equals + 1)));
    }
    if (!header.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(kHeaders,
                       " is not of the form NAME=VALUE,NAME=VALUE, with values "
                       "percent-encoded"));
    }
    settings.headers.emplace_back(name, *std::move(header));
  }
  return settings;
}

std::string TracesUrl(absl::string_view typed) {
  const size_t scheme = typed.find("://");
  const size_t host = scheme == absl::string_view::npos ? 0 : scheme + 3;
  const size_t path = typed.find_first_of("/?#", host);
  if (path == absl::string_view::npos) return absl::StrCat(typed, "/v1/traces");
  if (typed.substr(path) == "/") return absl::StrCat(typed, "v1/traces");
  return std::string(typed);
}

}  // namespace parlance::pipeline
