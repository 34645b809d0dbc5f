// Converts between units of one quantity.
#ifndef TOOLS_BUILTIN_UNITS_H_
#define TOOLS_BUILTIN_UNITS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/builtin/number.h"

namespace parlance::tools {

struct Conversion {
  Number value;
  // The unit's name in the plural: "kilometers".
  std::string from_unit;
  std::string to_unit;
};

// Units by name, in singular or plural, or by symbol: length, area, volume, mass, speed, time, data
// and temperature. Case does not matter but in the symbols of data: MB is megabytes, and Mb, which
// would be megabits, is no unit here. Factors are exact by definition (NIST SP 811, appendix B).
// InvalidArgument, with what there is, for an unknown unit, two units of different quantities, or a
// temperature below absolute zero. Exact where number.h is: ten miles are 16.09344 kilometers.
absl::StatusOr<Conversion> ConvertUnits(const Number& value, absl::string_view from,
                                        absl::string_view to);

}  // namespace parlance::tools

#endif  // TOOLS_BUILTIN_UNITS_H_
