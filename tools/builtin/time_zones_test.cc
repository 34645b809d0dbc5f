#include "tools/builtin/time_zones.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

namespace fs = std::filesystem;
using testing::UnorderedElementsAre;

// A zone of that name, without any file.
absl::TimeZone Zone(const std::string& name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

class TimeZonesTest : public testing::Test {
 protected:
  // The name under which the zone is loaded, or "".
  std::string Find(const std::string& asked) {
    loaded_.clear();
    zones_.Find(asked);
    return loaded_.empty() ? "" : loaded_.back();
  }

  std::vector<std::string> loaded_;
  TimeZones zones_{{"Europe/Paris", "America/New_York", "America/Argentina/Buenos_Aires",
                    "America/Port-au-Prince", "Antarctica/DumontDUrville", "Etc/GMT+5", "UTC",
                    "US/Pacific", "Asia/Paris", "file:Paris", "../x", "/etc/x", "zone.tab", ""},
                   [this](const std::string& name) {
                     loaded_.push_back(name);
                     return std::optional(absl::UTCTimeZone());
                   }};
};

TEST_F(TimeZonesTest, AZoneIsFoundByItsNameOrItsCity) {
  EXPECT_EQ(Find("Europe/Paris"), "Europe/Paris");
  EXPECT_EQ(Find("europe/paris"), "Europe/Paris");
  EXPECT_EQ(Find("paris"), "Europe/Paris");
  EXPECT_EQ(Find(" New York "), "America/New_York");
  EXPECT_EQ(Find("new_york"), "America/New_York");
  EXPECT_EQ(Find("buenos aires"), "America/Argentina/Buenos_Aires");
  EXPECT_EQ(Find("PORT-AU-PRINCE"), "America/Port-au-Prince");
  EXPECT_EQ(Find("dumontdurville"), "Antarctica/DumontDUrville");
  EXPECT_EQ(Find("etc/gmt+5"), "Etc/GMT+5");
  EXPECT_EQ(Find("utc"), "UTC");
  EXPECT_EQ(Find("pacific"), "");
}

// Abseil opened what such a name says, and kept about 1 kB of each for good.
TEST_F(TimeZonesTest, WhatIsNoZoneIsNeverLoaded) {
  for (const char* asked : {"",
                            " ",
                            "Atlantis",
                            "file:Paris",
                            "file:/etc/passwd",
                            "file:/dev/stdin",
                            "FILE:Paris",
                            "../x",
                            "/etc/x",
                            "zone.tab",
                            "Europe",
                            "Europe/",
                            "/Europe/Paris",
                            "Europe//Paris",
                            "Europe/../UTC",
                            "./UTC",
                            "UTC/",
                            ":UTC",
                            "localtime",
                            "/etc/localtime",
                            "Fixed/UTC+01:00:00",
                            "libc:localtime",
                            "Europe/Paris\n",
                            "http://example.com/",
                            "posixrules",
                            "\\\\host\\share"}) {
    const std::string loaded = Find(asked);
    // White space at the ends is the speaker's.
    EXPECT_EQ(loaded, std::string(asked) == "Europe/Paris\n" ? "Europe/Paris" : "") << asked;
  }
  EXPECT_EQ(Find(std::string("UTC\0", 4)), "");
  EXPECT_EQ(Find(std::string(100'000, 'a')), "");
}

TEST(ZoneNameTest, HasTheFormOfTheDatabase) {
  for (const char* name : {"UTC", "Europe/Paris", "Etc/GMT+5", "EST5EDT", "America/Port-au-Prince",
                           "America/Argentina/Buenos_Aires", "GB-Eire"}) {
    EXPECT_TRUE(IsZoneName(name)) << name;
  }
  for (const char* name : {"", "/", "/etc/localtime", "file:x", "a//b", "a/", "../a", "a/..", "a.b",
                           "-a", "a b", "Fixed/UTC+01:00:00", "\xC3\xA9"}) {
    EXPECT_FALSE(IsZoneName(name)) << name;
  }
  EXPECT_FALSE(IsZoneName(std::string(65, 'a')));
}

class ZoneNamesInTest : public testing::Test {
 protected:
  ZoneNamesInTest() { fs::create_directories(folder_ / "Europe", error_); }
  ~ZoneNamesInTest() override { fs::remove_all(folder_, error_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }

  std::error_code error_;
  const fs::path folder_ =
      fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ZoneNamesInTest, ReadsTheSource) {
  Write("tzdata.zi",
        "# version 2026a\nR x 1 o\nZ Europe/Paris 0:9 - LMT\n1 x\nL Etc/UTC UTC\nL x\nZ\n");
  EXPECT_THAT(ZoneNamesIn(folder_), UnorderedElementsAre("Europe/Paris", "UTC"));
}

TEST_F(ZoneNamesInTest, ReadsFilesWhereThereIsNoSource) {
  fs::create_directories(folder_ / "posix" / "Europe", error_);
  fs::create_directories(folder_ / "a/b/c/d/e", error_);
  for (const char* name :
       {"UTC", "Europe/Paris", "posix/Europe/Paris", "posixrules", "zone.tab", "a/b/c/d/e/f"}) {
    Write(name, "TZif2...");
  }
  Write("leapseconds", "# text");
  Write("Europe/Empty", "");
  // Opened, it would never return.
  ASSERT_EQ(mkfifo((folder_ / "Fifo").c_str(), 0600), 0);
  fs::create_directory_symlink(folder_, folder_ / "Loop", error_);
  EXPECT_THAT(ZoneNamesIn(folder_), UnorderedElementsAre("UTC", "Europe/Paris"));
}

TEST_F(ZoneNamesInTest, OfNoFolderThereAreNone) {
  EXPECT_TRUE(ZoneNamesIn(folder_ / "none").empty());
  EXPECT_TRUE(ZoneNamesIn("").empty());
}

TEST(TimeZonesOfThisMachineTest, KnowsTheUsualOnes) {
  const TimeZones& zones = TimeZones::OfThisMachine();
  ASSERT_TRUE(zones.Find("UTC").has_value());
  EXPECT_EQ(zones.Find("UTC")->name(), "UTC");
  EXPECT_FALSE(zones.Find("Atlantis").has_value());
}

// `clock` without TZ said that the zone is /etc/localtime.
class LocalZoneTest : public testing::Test {
 protected:
  // What a zone is called whose name is no zone's, with what the machine says of it.
  std::string Name(const std::string& resolved, const std::string& timezone_file) {
    const ZoneHints hints{.resolve = [&](const std::string&) { return resolved; },
                          .timezone_file = timezone_file,
                          .now = absl::FromUnixSeconds(1767268800)};
    const absl::TimeZone zone = WithName(absl::FixedTimeZone(3600), zones_, hints);
    return ZoneLabel(zone, hints.now);
  }

  const TimeZones zones_{{"Etc/GMT-1", "Etc/UTC", "UTC"},
                         [](const std::string& name) { return std::optional(Zone(name)); }};
};

TEST_F(LocalZoneTest, IsTheZoneThatTheLinkLeadsTo) {
  EXPECT_EQ(Name("/usr/share/zoneinfo/Etc/GMT-1", ""), "Etc/GMT-1");
  EXPECT_EQ(Name("/usr/share/zoneinfo/posix/Etc/GMT-1", ""), "Etc/GMT-1");
}

TEST_F(LocalZoneTest, OrItsOffset) {
  EXPECT_EQ(Name("", ""), "UTC+01:00");
  // It is another zone, or none.
  EXPECT_EQ(Name("/usr/share/zoneinfo/Etc/UTC", ""), "UTC+01:00");
  EXPECT_EQ(Name("/usr/share/zoneinfo/../../../etc/passwd", ""), "UTC+01:00");
  EXPECT_EQ(Name("/somewhere/else", "Etc/GMT-1\n"), "UTC+01:00");
  EXPECT_EQ(ZoneLabel(absl::FixedTimeZone(-(9 * 3600 + 1800)), absl::UnixEpoch()), "UTC-09:30");
  EXPECT_EQ(ZoneLabel(absl::FixedTimeZone(20700), absl::UnixEpoch()), "UTC+05:45");
  EXPECT_EQ(ZoneLabel(absl::UTCTimeZone(), absl::UnixEpoch()), "UTC");
}

}  // namespace
}  // namespace parlance::tools
