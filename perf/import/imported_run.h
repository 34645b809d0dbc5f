// A record that is made of results of another tool.
#ifndef PERF_IMPORT_IMPORTED_RUN_H_
#define PERF_IMPORT_IMPORTED_RUN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/record/result.pb.h"
#include "rapidjson/document.h"

namespace perf {

struct ImportOptions {
  // The component that the measurements belong to; their names begin with it.
  std::string component = "imported";
  // The machine that they are of. Empty: the one that the results name, or "imported".
  std::string machine = {};
};

// InvalidArgument, in the words of the command line, for a component that no name can begin with:
// letters, digits, '_' and '-', at most 64.
absl::Status CheckImportOptions(const ImportOptions& options);

// The time that a value states, in `unit`. InvalidArgument, which names `what`, if it is no number,
// is negative, or is longer than a hundred years.
absl::StatusOr<double> TimeOf(const rapidjson::Value* value, absl::string_view unit,
                              absl::string_view what);

// The same of all elements of an array, which has to have one.
absl::StatusOr<std::vector<double>> TimesOf(const rapidjson::Value& array, absl::string_view unit,
                                            absl::string_view what);

// When a file was last written; now if that is not known, as of "-", which is standard input.
absl::Time WrittenAt(const std::string& path);

class ImportedRun {
 public:
  // `tool` is the target of the record: "hyperfine".
  ImportedRun(const ImportOptions& options, absl::string_view tool);

  // Names the machine, unless the options do: of a host's name, what a machine's may be made of.
  void SetMachine(absl::string_view host);
  // When it began, as the results say, in one of the usual ways; what is none is left alone.
  void SetStart(absl::string_view text);

  Environment& environment() { return *run_.mutable_environment(); }
  Provenance& provenance() { return *run_.mutable_provenance(); }

  // Adds a measurement. `name` is the tool's: what a terminal would obey is escaped in it, and a
  // longer one is cut and made unique again. Requires a unit of time and samples from TimeOf.
  void Add(absl::string_view name, absl::string_view unit, const std::vector<double>& samples,
           int64_t iterations);

  // The record, whose id is made of `content`, everything that was read. `written` is when, if the
  // results do not say when they were measured. InvalidArgument for what no record may be, such as
  // two measurements of one name.
  absl::StatusOr<Run> Finish(absl::string_view content, absl::Time written) &&;

 private:
  const ImportOptions options_;
  bool has_start_ = false;
  Run run_;
};

}  // namespace perf

#endif  // PERF_IMPORT_IMPORTED_RUN_H_
