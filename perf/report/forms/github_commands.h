// The report as workflow commands of GitHub Actions, which it shows beside a pull request.
#ifndef PERF_REPORT_FORMS_GITHUB_COMMANDS_H_
#define PERF_REPORT_FORMS_GITHUB_COMMANDS_H_

#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// Lines to print from a step of a workflow: an error for what could not be measured, each missed
// requirement, and what is red or missing; a warning for each yellow measurement, each requirement
// that is not met in noise, and each acceptance that needs somebody; a notice for each measurement
// that is slower and accepted, and one with the result of all. GitHub shows ten of each kind and
// drops the rest without a word, so the tenth says how many more there are.
std::string GithubCommandsForm(const Report& report);

}  // namespace perf

#endif  // PERF_REPORT_FORMS_GITHUB_COMMANDS_H_
