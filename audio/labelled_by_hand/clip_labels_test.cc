#include "audio/labelled_by_hand/clip_labels.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr char kRecordings[] =
    "# source\thalf\tfile\n"
    "one\tchoosing\tgroup/a.wav\n"
    "one\tchoosing\tgroup/b.wav\n"
    "two\treporting\tgroup/c.wav\n";
constexpr char kClips[] =
    "one-00\tone\t0.00\t0.04\n"
    "one-01\tone\t0.04\t0.07\n"
    "two-00\ttwo\t0.00\t0.02\n";
constexpr char kPass[] =
    "one-00\t0.00\t0.01\n"
    "one-00\t0.02\t0.04\n"
    "one-01\tnone\n"
    "two-00\t0.01\t0.02\n";

// '#' for speech, '.' for none, '?' for disputed.
std::string Drawn(const std::vector<LabelledAs>& frames) {
  std::string drawn;
  for (const LabelledAs frame : frames) drawn += ".#?"[static_cast<size_t>(frame)];
  return drawn;
}

TEST(ClipLabelsTest, TablesAreRead) {
  const auto tables = ParseClipTables(kRecordings, kClips, kPass,
                                      "one-00\t0.00\t0.02\n"
                                      "one-01\t0.00\t0.03\n"
                                      "two-00\t0.01\t0.02");
  ASSERT_THAT(tables, IsOk());
  ASSERT_EQ(tables->sources.size(), 2);
  EXPECT_EQ(tables->sources[0].name, "one");
  EXPECT_EQ(tables->sources[0].half, Half::kChoosing);
  EXPECT_THAT(tables->sources[0].files, ElementsAre("group/a.wav", "group/b.wav"));
  EXPECT_EQ(tables->sources[1].half, Half::kReporting);
  ASSERT_EQ(tables->clips.size(), 3);
  EXPECT_EQ(tables->clips[1].name, "one-01");
  EXPECT_EQ(tables->clips[1].source, 0);
  EXPECT_EQ(tables->clips[1].begin_frame, 4);
  EXPECT_EQ(tables->clips[2].source, 1);
  EXPECT_EQ(Drawn(tables->clips[0].frames), "#???");
  EXPECT_EQ(Drawn(tables->clips[1].frames), "???");
  EXPECT_EQ(Drawn(tables->clips[2].frames), ".#");
}

TEST(ClipLabelsTest, SaysWhatIsWrong) {
  const struct {
    const char* name;
    std::string recordings;
    std::string clips;
    std::string pass;
    const char* says;
  } cases[] = {
      {"a field too few", "one\tchoosing\n", kClips, kPass, "recordings.tsv:1: has not three"},
      {"another half", "one\tboth\tg/a.wav\n", kClips, kPass, "recordings.tsv:1: has an unknown"},
      {"a file elsewhere", "one\tchoosing\tg/../a\n", kClips, kPass, "recordings.tsv:1: names a"},
      {"an absolute file", "one\tchoosing\t/a\n", kClips, kPass, "recordings.tsv:1: names a file"},
      {"both halves", "one\tchoosing\tg/a\none\treporting\tg/b\n", kClips, kPass,
       "recordings.tsv:2: has the source in both halves"},
      {"a source again", std::string(kRecordings) + "one\tchoosing\tg/d\n", kClips, kPass,
       "recordings.tsv:5: goes on"},
      {"another source", kRecordings, "x-00\tx\t0.00\t0.01\n", kPass,
       "clips.tsv:1: names a source"},
      {"a gap", kRecordings, "one-00\tone\t0.01\t0.02\n", kPass, "clips.tsv:1: does not begin"},
      {"a long clip", kRecordings, "one-00\tone\t0.00\t10.01\n", kPass, "clips.tsv:1: has no such"},
      {"no length", kRecordings, "one-00\tone\t0.00\t0.00\n", kPass, "clips.tsv:1: has no such"},
      {"three decimals", kRecordings, "one-00\tone\t0.00\t0.015\n", kPass,
       "clips.tsv:1: has a time"},
      {"a clip again", kRecordings, "c\tone\t0.00\t0.01\nc\tone\t0.01\t0.02\n", kPass,
       "clips.tsv:2: has a clip"},
      {"a source without clips", kRecordings, "one-00\tone\t0.00\t0.04\n", kPass,
       "clips.tsv has no clip of two"},
      {"another clip", kRecordings, kClips, "x\tnone\n", "pass_a.tsv:1: names a clip"},
      {"no end", kRecordings, kClips, "one-00\t0.00\n", "pass_a.tsv:1: has neither"},
      {"no number", kRecordings, kClips, "one-00\t0.00\tx.yz\n", "pass_a.tsv:1: has a time"},
      {"negative", kRecordings, kClips, "one-00\t-0.01\t0.01\n", "pass_a.tsv:1: has a time"},
      {"the wrong way round", kRecordings, kClips, "one-00\t0.02\t0.02\n",
       "pass_a.tsv:1: ends before"},
      {"too long", kRecordings, kClips, "one-01\t0.00\t0.04\n", "pass_a.tsv:1: ends after"},
      {"overlapping", kRecordings, kClips, "one-00\t0.00\t0.02\none-00\t0.02\t0.03\n",
       "pass_a.tsv:2: begins before"},
      {"none after some", kRecordings, kClips, "one-00\t0.00\t0.02\none-00\tnone\n",
       "pass_a.tsv:2: labels a clip that has labels"},
      {"some after none", kRecordings, kClips, "one-00\tnone\none-00\t0.00\t0.02\n",
       "pass_a.tsv:2: begins before"},
      {"a clip without labels", kRecordings, kClips, "one-00\tnone\none-01\tnone\n",
       "pass_a.tsv says nothing of two-00"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(ParseClipTables(test.recordings, test.clips, test.pass, kPass),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(test.says)))
        << test.name;
  }
  EXPECT_THAT(ParseClipTables(kRecordings, kClips, kPass, "one-00\tnone\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("pass_b.tsv says nothing")));
}

TEST(ClipLabelsTest, DisputedFramesAreAsTheNearest) {
  const struct {
    const char* name;
    std::string frames;
    std::string speech;
  } cases[] = {
      {"nothing", "", ""},
      {"nothing is disputed", ".##.", ".##."},
      {"a begin", "..??##", "...###"},
      {"an end", "##??..", "###..."},
      {"the middle belongs to what is before", ".???#", "...##"},
      {"a gap of one pass", "##???##", "#######"},
      {"speech of one pass", "..???..", "......."},
      {"at the first frame", "??#.", "###."},
      {"at the last", ".#??", ".###"},
      {"all", "???", "..."},
  };
  for (const auto& test : cases) {
    std::vector<LabelledAs> frames;
    for (const char c : test.frames) {
      frames.push_back(c == '#'   ? LabelledAs::kSpeech
                       : c == '?' ? LabelledAs::kDisputed
                                  : LabelledAs::kNoSpeech);
    }
    std::vector<uint8_t> speech;
    for (const char c : test.speech) speech.push_back(c == '#');
    EXPECT_THAT(SettledSpeech(frames), ElementsAreArray(speech)) << test.name;
  }
}

}  // namespace
}  // namespace parlance::audio
