// Finds the name that somebody meant who typed one that does not exist.
#ifndef COMMAND_NEAREST_NAME_H_
#define COMMAND_NEAREST_NAME_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace command {

// The one of `names` that the fewest letters make of `wrong`: changed, added or removed, at most a
// third of them. Empty if none is that near, or `wrong` is longer than 64 bytes. The first of
// several that are equally near.
absl::string_view NearestName(absl::string_view wrong, absl::Span<const absl::string_view> names);

}  // namespace command

#endif  // COMMAND_NEAREST_NAME_H_
