#include "perf/report/forms/gbench_json.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/forms/testing/sample_report.h"
#include "rapidjson/document.h"

namespace perf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

rapidjson::Document Parsed(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.c_str());
  EXPECT_FALSE(document.HasParseError()) << json;
  return document;
}

// What compare.py reads of one entry.
struct Entry {
  double real_time = 0;
  double cpu_time = 0;
  std::string time_unit;
  std::string run_type;
};

// The entries that compare.py puts beside those of another file: by name, in their order. Entries
// of a name have to have its time unit.
std::map<std::string, std::vector<Entry>> Partitions(const std::string& json) {
  std::map<std::string, std::vector<Entry>> partitions;
  const rapidjson::Document document = Parsed(json);
  for (const auto& one : document["benchmarks"].GetArray()) {
    std::vector<Entry>& entries = partitions[one["name"].GetString()];
    entries.push_back({.real_time = one["real_time"].GetDouble(),
                       .cpu_time = one["cpu_time"].GetDouble(),
                       .time_unit = one["time_unit"].GetString(),
                       .run_type = one["run_type"].GetString()});
    EXPECT_EQ(entries.back().time_unit, entries.front().time_unit);
  }
  return partitions;
}

Run SamplesOf(const Report& report, const std::vector<double>& samples) {
  perf::Run run;
  for (const MeasurementResult& result : report.measurements()) {
    Measurement& measurement = *run.add_measurements();
    measurement.set_name(result.name());
    measurement.mutable_samples()->Add(samples.begin(), samples.end());
  }
  return run;
}

TEST(GbenchJsonTest, WithoutSamplesThereAreAggregates) {
  const auto partitions = Partitions(GbenchJsonForm(StableReport(1), {}));
  ASSERT_THAT(partitions, SizeIs(2));
  const Entry& median = partitions.at("audio.m0_median").at(0);
  EXPECT_EQ(median.real_time, 10);
  EXPECT_EQ(median.cpu_time, 10);
  EXPECT_EQ(median.time_unit, "ms");
  EXPECT_EQ(median.run_type, "aggregate");
  EXPECT_EQ(partitions.at("audio.m0_mean").at(0).real_time, 10.5);
}

TEST(GbenchJsonTest, SamplesAreRepetitionsForTheUTest) {
  Report report = StableReport(1);
  report.mutable_measurements(0)->set_count(3);
  const auto partitions = Partitions(GbenchJsonForm(report, {SamplesOf(report, {9, 10, 12.5})}));
  std::vector<double> times;
  for (const Entry& entry : partitions.at("audio.m0")) {
    EXPECT_EQ(entry.run_type, "iteration");
    times.push_back(entry.real_time);
  }
  EXPECT_THAT(times, ElementsAre(9, 10, 12.5));
  EXPECT_NEAR(partitions.at("audio.m0_stddev").at(0).real_time, 1.8028, 1e-4);
}

TEST(GbenchJsonTest, SamplesOfAnotherRunAreNotTaken) {
  Report report = StableReport(1);
  report.mutable_measurements(0)->set_count(3);
  for (const std::vector<double>& others :
       {std::vector<double>{1, 2, 3}, std::vector<double>{10, 10}}) {
    EXPECT_EQ(Partitions(GbenchJsonForm(report, {SamplesOf(report, others)})).count("audio.m0"),
              0u);
  }
}

TEST(GbenchJsonTest, ManySamplesAreThinned) {
  Report report = StableReport(1);
  report.mutable_measurements(0)->set_count(100'001);
  std::vector<double> samples;
  for (int i = 0; i < 100'001; ++i) samples.push_back(i < 50'000 ? 9 : i == 50'000 ? 10 : 11);
  const auto partitions = Partitions(GbenchJsonForm(report, {SamplesOf(report, samples)}));
  EXPECT_THAT(partitions.at("audio.m0"), SizeIs(kMaxGbenchRepetitions));
  EXPECT_EQ(partitions.at("audio.m0").front().real_time, 9);
  EXPECT_EQ(partitions.at("audio.m0").back().real_time, 11);
}

TEST(GbenchJsonTest, OfManyMeasurementsFewerSamplesAreShown) {
  constexpr int kMeasurements = 500;
  Report report = StableReport(kMeasurements);
  for (MeasurementResult& result : *report.mutable_measurements()) result.set_count(1000);
  const std::string json =
      GbenchJsonForm(report, {SamplesOf(report, std::vector<double>(1000, 10))});
  EXPECT_LT(json.size(), size_t{25} << 20);
  const auto partitions = Partitions(json);
  EXPECT_THAT(partitions.at("audio.m0"), SizeIs(kMaxAllGbenchRepetitions / kMeasurements));
  EXPECT_THAT(partitions.at("audio.m499"), SizeIs(kMaxAllGbenchRepetitions / kMeasurements));
}

TEST(GbenchJsonTest, WhatIsNoTimeIsCountedAndLeftOut) {
  const std::string json = GbenchJsonForm(SampleReport(), {});
  const rapidjson::Document document = Parsed(json);
  EXPECT_EQ(document["context"]["measurements_left_out_as_they_are_no_times"].GetInt(), 2);
  EXPECT_EQ(document["context"]["host_name"].GetString(), std::string("here-2-cpus"));
  for (const auto& [name, entries] : Partitions(json)) {
    // Without baseline in MB, not comparable in messages, missing.
    for (const char* left_out : {"audio.m5", "audio.m6", "audio.m7"}) {
      EXPECT_THAT(name, Not(StartsWith(left_out)));
    }
  }
  EXPECT_THAT(Partitions(GbenchJsonForm(Report(), {})), IsEmpty());
}

// As compare.py computes it: (new - old) / old.
TEST(GbenchJsonTest, TwoReportsAreComparedByName) {
  Report after = StableReport(2);
  after.mutable_measurements(0)->set_median(12.5);
  const auto old_entries = Partitions(GbenchJsonForm(StableReport(3), {}));
  const auto new_entries = Partitions(GbenchJsonForm(after, {}));
  std::map<std::string, double> changes;
  for (const auto& [name, entries] : old_entries) {
    const auto found = new_entries.find(name);
    if (found == new_entries.end()) continue;
    const double old_time = entries.front().real_time;
    changes[name] = (found->second.front().real_time - old_time) / old_time;
  }
  EXPECT_THAT(changes, SizeIs(4));
  EXPECT_DOUBLE_EQ(changes["audio.m0_median"], 0.25);
  EXPECT_DOUBLE_EQ(changes["audio.m1_median"], 0);
}

}  // namespace
}  // namespace perf
