// The time zone that times are shown in.
#ifndef COMMAND_LOCAL_ZONE_H_
#define COMMAND_LOCAL_ZONE_H_

#include "absl/time/time.h"

namespace command {

// The zone that the environment's TZ names (tzset(3)), or else the machine's. Abseil would open
// whatever TZ names, and wait for ever at a FIFO; and it takes UTC without a word where it finds no
// zone. Here UTC is taken, too, and said once, on standard error. Threads: any.
absl::TimeZone LocalZone();

}  // namespace command

#endif  // COMMAND_LOCAL_ZONE_H_
