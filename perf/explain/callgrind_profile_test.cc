#include "perf/explain/callgrind_profile.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// As callgrind writes it: names are numbered where they first appear, and addresses are relative to
// those of the line before.
constexpr char kDump[] =
    "# callgrind format\n"
    "version: 1\n"
    "creator: callgrind-3.19.0\n"
    "pid: 17\n"
    "cmd:  /bin/a --b=c\n"
    "part: 2\n"
    "\n"
    "desc: Trigger: Client Request\n"
    "\n"
    "positions: instr\n"
    "events: Ir sysCount sysTime\n"
    "summary: 140 1 1\n"
    "\n"
    "\n"
    "ob=(1) /bin/a\n"
    "fl=(1) a.cc\n"
    "fn=(1) main\n"
    "0x1000 5\n"
    "+4 6\n"
    "cob=(2) /lib/libc.so.6\n"
    "cfi=(2) ???\n"
    "cfn=(2) getppid\n"
    "calls=3 0x99 \n"
    "* 30 3 2\n"
    "cfn=(3) work(int)\n"
    "calls=1 -2 \n"
    "+8 70\n"
    "fi=(3) b.h\n"
    "-4 1\n"
    "fe=(1)\n"
    "* 2\n"
    "\n"
    "fn=(3)\n"
    "0x2000 70\n"
    "\n"
    "ob=(2)\n"
    "fl=(2)\n"
    "fn=(2)\n"
    "0x99 30 3 2\n"
    "\n"
    "totals: 114 3 2\n";

TEST(CallgrindProfileTest, ReadsFunctionsAndCalls) {
  const absl::StatusOr<CallgrindProfile> profile = ParseCallgrindProfile(kDump);
  ASSERT_THAT(profile, IsOk());
  ASSERT_EQ(profile->functions.size(), 3u);
  const CallgrindProfile::Function& main = profile->functions[0];
  EXPECT_EQ(main.name, "main");
  EXPECT_EQ(main.object, "/bin/a");
  EXPECT_THAT(main.instructions, ElementsAre(Pair(0x1000, 5), Pair(0x1004, 6), Pair(0x1008, 3)));
  EXPECT_EQ(main.system_calls, 0);
  const CallgrindProfile::Function& getppid = profile->functions[1];
  EXPECT_EQ(getppid.name, "getppid");
  EXPECT_EQ(getppid.object, "/lib/libc.so.6");
  EXPECT_THAT(getppid.instructions, ElementsAre(Pair(0x99, 30)));
  EXPECT_EQ(getppid.system_calls, 3);
  EXPECT_EQ(profile->functions[2].name, "work(int)");
  // A callee is in the caller's object unless it says otherwise.
  EXPECT_EQ(profile->functions[2].object, "/bin/a");
  ASSERT_EQ(profile->calls.size(), 2u);
  EXPECT_EQ(profile->calls[0].caller, 0u);
  EXPECT_EQ(profile->calls[0].callee, 1u);
  EXPECT_EQ(profile->calls[0].address, 0x1004u);
  EXPECT_EQ(profile->calls[0].count, 3);
  EXPECT_EQ(profile->calls[0].instructions, 30);
  EXPECT_EQ(profile->calls[1].callee, 2u);
  EXPECT_EQ(profile->calls[1].address, 0x100cu);
  EXPECT_EQ(profile->calls[1].count, 1);
  EXPECT_EQ(profile->calls[1].instructions, 70);
}

TEST(CallgrindProfileTest, NothingCountedIsAnEmptyProfile) {
  const absl::StatusOr<CallgrindProfile> profile =
      ParseCallgrindProfile("positions: instr\nevents: Ir\ntotals: 0\n");
  ASSERT_THAT(profile, IsOk());
  EXPECT_TRUE(profile->functions.empty());
}

TEST(CallgrindProfileTest, RefusesWhatIsNoDump) {
  const std::string head = "positions: instr\nevents: Ir\n";
  const std::map<std::string, std::string> broken = {
      {"", "has no totals"},
      {"GIF89a", "that callgrind does not write"},
      {"positions: line\nevents: Ir\n1 2\ntotals: 2\n", "no addresses"},
      {"positions: instr\n1 2\ntotals: 2\n", "does not count instructions"},
      {"events: Dr\n1 2\n", "does not count instructions"},
      {head + "0x1 5\n", "has no totals"},
      {head + "0x1 5\ntotals: 6\n", "adds up to 5"},
      {head + "0x1 -5\ntotals: 5\n", "a cost that is not a number"},
      {head + "0x1 5 5\ntotals: 5\n", "a cost that is not a number"},
      {head + "0xg 5\ntotals: 5\n", "a position that is not a number"},
      {head + "+x 5\ntotals: 5\n", "a position that is not a number"},
      {head + "0x1 99999999999999999999\ntotals: 5\n", "a cost that is not a number"},
      {head + "0x1 9223372036854775807\n0x1 1\ntotals: 5\n", "too great"},
      {head + "fn=(7)\n0x1 5\ntotals: 5\n", "never names"},
      {head + "fn=(99999999999999999999) x\n0x1 5\ntotals: 5\n", "with an invalid number"},
      {head + "fn=x\ncalls=1 0\n* 5\ntotals: 0\n", "a call of no function"},
      {head + "fn=x\ncfn=y\ncalls=z 0\n* 5\ntotals: 0\n", "whose count is not a number"},
      {head + "fn=x\ncfn=y\ncalls=1 0\nfn=z\n* 5\ntotals: 0\n", "a call without its cost"},
      {head + "fn=x\ncfn=y\ncalls=1 0\n", "ends within a call"},
      {head + "zz=x\n", "that callgrind does not write"},
      {"positions: instr line bb addr\n", "too many positions"},
      {"events:" + std::string(200, ' ') +
           absl::StrReplaceAll(std::string(100, 'x'), {{"x", "x "}}),
       "too many events"},
  };
  for (const auto& [text, why] : broken) {
    EXPECT_THAT(ParseCallgrindProfile(text), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(why)))
        << text;
  }
}

TEST(CallgrindProfileTest, WhatIsCutShortIsNoProfile) {
  const std::string dump = kDump;
  // From the total of instructions on it is whole.
  const size_t whole = dump.find("totals: 114") + sizeof("totals: 114") - 1;
  for (size_t length = 0; length < whole; ++length) {
    EXPECT_THAT(ParseCallgrindProfile(dump.substr(0, length)),
                StatusIs(absl::StatusCode::kDataLoss))
        << length;
  }
}

TEST(CallgrindProfileTest, AnyBytesMayBeGiven) {
  std::mt19937 random(20261128);
  for (int i = 0; i < 20'000; ++i) {
    std::string dump = kDump;
    for (int change = 0; change < 3; ++change) {
      const size_t place = random() % dump.size();
      switch (random() % 3) {
        case 0:
          dump[place] = static_cast<char>(random());
          break;
        case 1:
          dump.erase(place, random() % 20);
          break;
        default:
          dump.insert(place, dump.substr(random() % dump.size(), random() % 20));
      }
    }
    const absl::StatusOr<CallgrindProfile> profile = ParseCallgrindProfile(dump);
    if (!profile.ok()) continue;
    for (const CallgrindProfile::Call& call : profile->calls) {
      EXPECT_LT(call.caller, profile->functions.size());
      EXPECT_LT(call.callee, profile->functions.size());
    }
  }
}

TEST(CallgrindProfileTest, NamesAreBoundedAndHarmless) {
  const absl::StatusOr<CallgrindProfile> profile =
      ParseCallgrindProfile(absl::StrCat("positions: instr\nevents: Ir\nob=\x1b[2J\xff\nfn=(1) ",
                                         std::string(100'000, 'x'), "\n0x1 5\ntotals: 5\n"));
  ASSERT_THAT(profile, IsOk());
  EXPECT_EQ(profile->functions[0].name, std::string(kMaxNameBytes, 'x'));
  EXPECT_EQ(profile->functions[0].object, "\\x1b[2J\\xff");
}

}  // namespace
}  // namespace perf
