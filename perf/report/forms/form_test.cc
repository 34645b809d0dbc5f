#include "perf/report/forms/form.h"

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/forms/testing/sample_report.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(FormTest, FindsFormsOnceEachInTheOrderAskedFor) {
  const auto forms = FindForms({"csv", "junit", "csv"});
  ASSERT_THAT(forms, IsOk());
  ASSERT_THAT(*forms, SizeIs(2));
  EXPECT_EQ((*forms)[0].name, "csv");
  EXPECT_EQ((*forms)[1].file_name, "performance_report.xml");
}

TEST(FormTest, NamesTheKnownForms) {
  EXPECT_THAT(FindForms({"csv", "pdf"}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "there is no form 'pdf'; there are summary, text, markdown, html, json, "
                       "junit, csv, openmetrics, github, comment, gbench"));
  EXPECT_THAT(FindForms({}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no form is named")));
  EXPECT_THAT(FindForms({""}).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FormTest, EveryFormHasAFileOfItsOwnAndRenders) {
  std::set<std::string> files;
  for (const Form& form : AllForms()) {
    EXPECT_TRUE(files.emplace(form.file_name).second) << form.file_name;
    const auto text = form.render(SampleReport(), {});
    ASSERT_THAT(text, IsOk()) << form.name;
    EXPECT_THAT(*text, HasSubstr("audio")) << form.name;
  }
}

TEST(FormTest, NothingOfAnEmptyReportIsAnError) {
  for (const Form& form : AllForms()) EXPECT_THAT(form.render(Report(), {}), IsOk()) << form.name;
}

}  // namespace
}  // namespace perf
