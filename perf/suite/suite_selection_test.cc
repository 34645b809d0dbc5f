#include "perf/suite/suite_selection.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class SuiteSelectionTest : public testing::Test {
 protected:
  SuiteSelectionTest() {
    Write("audio.textproto",
          "component: 'audio' loads { name: 'iterations' quick: 1 default: 2 long: 3 }");
    Write("tools.textproto",
          "component: 'tools' loads { name: 'rounds' quick: 1 default: 2 long: 3 }");
    Write("manifest.json",
          absl::StrCat(R"({"suite": "@//b:suite", "baseline_directory": "b", "tests": [
      {"label": "@//audio:a", "kinds": ["performance"], "shard_count": 2, "slow": false, "requirements": ")",
                       Path("audio.textproto"), R"("},
      {"label": "//audio:b", "kinds": ["stress"], "shard_count": 1, "slow": true, "requirements": ")",
                       Path("audio.textproto"), R"("},
      {"label": "//tools:c", "kinds": ["performance", "regression"], "shard_count": 1, "slow": false,
       "requirements": ")",
                       Path("tools.textproto"), R"("}],
      "left_out": {"//audio:z": "no recordings", "@//audio:y": "no library"}})"));
    auto suite = ReadSuite(Path("manifest.json"));
    EXPECT_THAT(suite, IsOk());
    suite_ = *std::move(suite);
  }

  static std::string Path(const std::string& name) {
    return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
  }
  static void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
  }

  std::string Selected(const SelectionOptions& options) {
    const auto tests = SelectTests(suite_, options);
    if (!tests.ok()) return std::string(tests.status().message());
    std::string labels;
    for (const SuiteTest& test : *tests) absl::StrAppend(&labels, test.label(), " ");
    return labels;
  }

  Suite suite_;
};

TEST_F(SuiteSelectionTest, ReadsManifestAndRequirements) {
  EXPECT_EQ(suite_.manifest.tests(0).label(), "//audio:a");
  EXPECT_EQ(suite_.manifest.tests(0).shard_count(), 2);
  EXPECT_EQ(suite_.component_of.at("//tools:c"), "tools");
  EXPECT_EQ(suite_.requirements.size(), 2u);
}

TEST_F(SuiteSelectionTest, Selects) {
  EXPECT_EQ(Selected({}), "//audio:a //audio:b //tools:c ");
  EXPECT_EQ(Selected({.kinds = {"all"}}), "//audio:a //audio:b //tools:c ");
  EXPECT_EQ(Selected({.kinds = {"stress"}}), "//audio:b ");
  EXPECT_EQ(Selected({.kinds = {"stress", "regression"}}), "//audio:b //tools:c ");
  EXPECT_EQ(Selected({.components = {"audio"}}), "//audio:a //audio:b ");
  EXPECT_EQ(Selected({.slow = false}), "//audio:a //tools:c ");
}

TEST_F(SuiteSelectionTest, NamesWhatThereIs) {
  EXPECT_EQ(
      Selected({.kinds = {"speed"}}),
      "there is no type 'speed'; there are: performance, stress, regression, integration, all");
  EXPECT_EQ(Selected({.components = {"video"}}),
            "there is no component 'video'; there are: audio, tools");
  EXPECT_THAT(Selected({.kinds = {"stress"}, .components = {"tools"}}),
              HasSubstr("matches no test"));
}

TEST_F(SuiteSelectionTest, ChecksOverrides) {
  EXPECT_THAT(CheckOverrides(suite_, ""), IsOk());
  EXPECT_THAT(CheckOverrides(suite_, "iterations=3,tools.rounds=4"), IsOk());
  EXPECT_THAT(std::string(CheckOverrides(suite_, "tools.iterations=3").message()),
              HasSubstr("there is no load 'tools.iterations'"));
  EXPECT_THAT(CheckOverrides(suite_, "iterations=no"), Not(IsOk()));
}

TEST_F(SuiteSelectionTest, RefusesABrokenManifest) {
  Write("broken.json", "{");
  const auto suite = ReadSuite(Path("broken.json"));
  EXPECT_THAT(suite, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("broken.json")));
  EXPECT_THAT(ReadSuite(Path("none.json")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SuiteSelectionTest, WhatIsLeftOutIsSaidWithItsReason) {
  EXPECT_EQ(LeftOut(suite_.manifest), "without //audio:y (no library), //audio:z (no recordings)");
  EXPECT_EQ(LeftOut(SuiteManifest()), "");
}

}  // namespace
}  // namespace perf
