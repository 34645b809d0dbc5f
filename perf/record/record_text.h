// A check of the texts that a record may have.
#ifndef PERF_RECORD_RECORD_TEXT_H_
#define PERF_RECORD_RECORD_TEXT_H_

#include "absl/strings/string_view.h"

namespace perf {

// Whether the text is UTF-8 without a NUL: what every form of a report, and every database that a
// history may be in, keeps as it is.
bool IsRecordText(absl::string_view text);

}  // namespace perf

#endif  // PERF_RECORD_RECORD_TEXT_H_
