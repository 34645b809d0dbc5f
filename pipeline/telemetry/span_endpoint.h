// Spans to a server of the OpenTelemetry protocol over HTTP, such as a collector, with libcurl.
//
// Each request is a POST of application/json over a connection that is kept. 429, 502, 503 and 504,
// and a server that cannot be reached or does not answer in time, may be tried again; what else is
// not 2xx is refused. Redirects are not followed, and nothing is compressed. Messages have the
// URL's origin and no more of it.
//
// Source: OpenTelemetry protocol 1.7, "OTLP/HTTP".
#ifndef PIPELINE_TELEMETRY_SPAN_ENDPOINT_H_
#define PIPELINE_TELEMETRY_SPAN_ENDPOINT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pipeline/telemetry/span_destination.h"

namespace parlance::pipeline {

struct SpanEndpointOptions {
  // Where requests are posted to: http:// or https://, with the path, without a name or a password.
  std::string url = {};
  // Headers that are sent with each request, such as Authorization.
  std::vector<std::pair<std::string, std::string>> headers = {};
  // How long a request may take altogether, more than 0.
  absl::Duration timeout = absl::Seconds(10);
};

// Connects to nothing yet. InvalidArgument for a malformed URL or header, and for a timeout that is
// not positive.
absl::StatusOr<std::unique_ptr<SpanDestination>> CreateSpanEndpoint(
    const SpanEndpointOptions& options);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_SPAN_ENDPOINT_H_
