// Where traces go, by OpenTelemetry's environment variables and conventions.
//
// Source: OpenTelemetry specification 1.50, "OpenTelemetry Protocol Exporter" and "Environment
// Variable Specification".
#ifndef PIPELINE_TELEMETRY_TRACE_SETTINGS_H_
#define PIPELINE_TELEMETRY_TRACE_SETTINGS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline {

struct TraceSettings {
  // The URL that requests are posted to; empty if the environment names none.
  std::string url = {};
  std::string service_name = "parlance";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// `variable`: the environment, such as getenv; null for what is not set. An empty variable is one
// that is not set.
//   OTEL_EXPORTER_OTLP_TRACES_ENDPOINT  the URL as it is; goes before
//   OTEL_EXPORTER_OTLP_ENDPOINT         the URL without v1/traces, which is added
//   OTEL_EXPORTER_OTLP_HEADERS          NAME=VALUE,…, values percent-encoded
//   OTEL_SERVICE_NAME                   the attribute service.name
// InvalidArgument for headers that are none, which names the variable and not what it has: that may
// be a secret.
absl::StatusOr<TraceSettings> TraceSettingsOf(
    const std::function<const char*(const char* name)>& variable);

// Where requests are posted to, of a URL that somebody typed: http://HOST:PORT is taken for a
// server, to which /v1/traces is added, and a URL with a path is taken as it is.
std::string TracesUrl(absl::string_view typed);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_TRACE_SETTINGS_H_
