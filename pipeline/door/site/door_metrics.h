// What a scraper of metrics reads of doors and sessions, in the form of OpenMetrics.
//
// Source: OpenMetrics 1.0.
#ifndef PIPELINE_DOOR_SITE_DOOR_METRICS_H_
#define PIPELINE_DOOR_SITE_DOOR_METRICS_H_

#include <cstdint>
#include <map>
#include <string>

#include "pipeline/door/net/server.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline::door {

inline constexpr char kMetricsContentType[] =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// `faults`: what telephony and houses sent that was not as it should be, and how often.
std::string DoorMetrics(const ServerStats& server, const RuntimeStats& runtime,
                        const std::map<std::string, int64_t>& faults);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SITE_DOOR_METRICS_H_
