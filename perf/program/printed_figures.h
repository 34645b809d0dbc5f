// Figures that a program prints.
#ifndef PERF_PROGRAM_PRINTED_FIGURES_H_
#define PERF_PROGRAM_PRINTED_FIGURES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace perf {

struct PrintedValue {
  double value = 0;
  std::string unit;
};

// The values of all lines "NAME: VALUE UNIT" of `output` whose name is `name`, in their order.
// Blanks around the parts do not matter, other lines neither. VALUE is a finite decimal number;
// UNIT is one word, such as "ms" or "msgs/sec". InvalidArgument, with the line, if a line of the
// name has no such value or no unit, or if two of its lines have different units; NotFound if there
// is none.
absl::StatusOr<std::vector<PrintedValue>> FindPrinted(absl::string_view output,
                                                      absl::string_view name);

}  // namespace perf

#endif  // PERF_PROGRAM_PRINTED_FIGURES_H_
