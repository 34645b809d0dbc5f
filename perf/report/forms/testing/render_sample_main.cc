// Prints a made-up report in one form, for tests that read it with the parsers of other people:
//
//   render_sample REPORT FORM
//
// REPORT is stable, sample, worst (texts that no form may trust, figures that are not finite), or
// full (every field of the message is set).
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "perf/report/forms/form.h"
#include "perf/report/forms/testing/sample_report.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_json.h"

namespace perf {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The sample with the worst text in every field that holds one, and figures that are not finite.
Report WorstReport() {
  Report report = SampleReport();
  const std::string worst = WorstTitle();
  for (MeasurementResult& result : *report.mutable_measurements()) {
    result.set_name(absl::StrCat(result.name(), worst));
    result.set_title(worst);
    result.set_note(worst);
    result.set_noise(worst);
    result.set_baseline(worst);
    result.set_command(worst);
    result.set_target(worst);
    result.set_owners(0, worst);
    if (result.has_acceptance()) {
      result.mutable_acceptance()->mutable_stated()->set_why(worst);
      result.mutable_acceptance()->mutable_stated()->set_until(worst);
    }
  }
  report.mutable_measurements(4)->set_median(std::numeric_limits<double>::quiet_NaN());
  report.mutable_measurements(4)->set_mean(-std::numeric_limits<double>::infinity());
  report.mutable_measurements(5)->set_median(1e300);
  report.mutable_measurements(6)->set_unit(worst);
  for (RequirementResult& result : *report.mutable_requirements()) {
    result.set_title(worst);
    result.mutable_requirement()->set_why(worst);
    result.mutable_requirement()->set_unit(worst);
    result.mutable_requirement()->set_measurement(report.measurements(0).name());
    result.set_command(worst);
    result.set_owners(0, worst);
  }
  report.mutable_components(0)->set_owners(0, worst);
  report.set_errors(0, absl::StrCat(worst, ": ", worst));
  report.set_notes(0, worst);
  report.set_machine(worst);
  report.set_commit(worst);
  report.set_selection(worst);
  report.set_command(worst);
  report.mutable_environment()->set_cpu_model(worst);
  return report;
}

void Fill(Message& message);

// Sets a field that holds one value, or adds to one that holds many, a value that is not the
// default.
void FillField(const FieldDescriptor& field, Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      Fill(*(many ? reflection.AddMessage(&message, &field)
                  : reflection.MutableMessage(&message, &field)));
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      many ? reflection.AddString(&message, &field, "text")
           : reflection.SetString(&message, &field, "text");
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      many ? reflection.AddDouble(&message, &field, 1.5)
           : reflection.SetDouble(&message, &field, 1.5);
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      // The one number that has bounds.
      reflection.SetInt32(&message, &field, field.name() == "version" ? kReportVersion : 2);
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection.SetInt64(&message, &field, 2);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(&message, &field, true);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection.SetEnumValue(&message, &field, 1);
      break;
    default:
      std::fprintf(stderr, "render_sample: no value for %s\n",
                   std::string(field.full_name()).c_str());
  }
}

void Fill(Message& message) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) FillField(*type.field(i), message);
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2) return 2;
  Report report;
  if (arguments[0] == "stable") report = StableReport(3);
  if (arguments[0] == "sample") report = SampleReport();
  if (arguments[0] == "worst") report = WorstReport();
  if (arguments[0] == "full") Fill(report);
  const absl::StatusOr<std::vector<Form>> forms = FindForms({arguments[1]});
  if (!forms.ok()) return 2;
  const absl::StatusOr<std::string> text = forms->front().render(report, {});
  if (!text.ok()) return 2;
  std::fwrite(text->data(), 1, text->size(), stdout);
  return 0;
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) { return perf::Main({argv + 1, argv + argc}); }
