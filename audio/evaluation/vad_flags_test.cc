#include "audio/evaluation/vad_flags.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;

using Flags = std::vector<std::pair<std::string, std::string>>;

// The only folder there is, is "folder".
absl::StatusOr<VadRequest> Read(std::vector<std::string> files, const Flags& flags) {
  const absl::FlagSaver saver;
  for (const auto& [name, value] : flags) {
    std::string error;
    EXPECT_TRUE(absl::FindCommandLineFlag(name)->ParseFrom(value, &error)) << error;
  }
  return ReadVadFlags(std::move(files), [](const std::string& path) { return path == "folder"; });
}

TEST(VadFlagsTest, DefaultsAreThoseOfAnAgent) {
  const absl::StatusOr<VadRequest> request = Read({"a.wav"}, {});
  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(request->files, ElementsAre("a.wav"));
  EXPECT_EQ(request->detector, "neural");
  const Endpointer::Options defaults;
  EXPECT_EQ(request->endpointer.threshold, defaults.threshold);
  EXPECT_EQ(request->endpointer.neg_threshold, defaults.neg_threshold);
  EXPECT_EQ(request->endpointer.min_speech_duration, defaults.min_speech_duration);
  EXPECT_EQ(request->endpointer.min_endpointing_delay, defaults.min_endpointing_delay);
  EXPECT_EQ(request->endpointer.max_endpointing_delay, defaults.max_endpointing_delay);
  EXPECT_EQ(request->endpointer.speech_pad, defaults.speech_pad);
  EXPECT_EQ(request->endpointer.max_speech_duration, defaults.max_speech_duration);
  EXPECT_FALSE(request->labels.is_given());
}

TEST(VadFlagsTest, ReadsWhatIsGiven) {
  const absl::StatusOr<VadRequest> request = Read({"-"}, {{"detector", "classic"},
                                                          {"collar", "50ms"},
                                                          {"min_endpointing_delay", "700ms"},
                                                          {"raw_encoding", "alaw"},
                                                          {"raw_rate", "8000"}});
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->detector, "classic");
  EXPECT_EQ(request->collar_frames, 5);
  // The greatest is no less than the least.
  EXPECT_EQ(request->endpointer.max_endpointing_delay, absl::Milliseconds(700));
  EXPECT_EQ(request->raw.encoding, PcmEncoding::kALaw);
  EXPECT_EQ(request->raw.sample_rate_hz, 8000);
}

TEST(VadFlagsTest, OutputsAreFilesOrInAFolder) {
  const absl::StatusOr<VadRequest> one =
      Read({"calls/a.wav"}, {{"labels", "b.txt"}, {"plot", "folder"}, {"output_labels", "-"}});
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->labels.For("calls/a.wav", ".txt"), "b.txt");
  EXPECT_EQ(one->plot.For("calls/a.wav", ".svg"), "folder/a.svg");
  EXPECT_EQ(one->plot.For("-", ".svg"), "folder/stdin.svg");
  EXPECT_EQ(one->output_labels.For("calls/a.wav", ".txt"), "-");
}

TEST(VadFlagsTest, RefusesWithTheFlagsName) {
  const struct {
    std::vector<std::string> files;
    Flags flags;
    const char* message;
  } cases[] = {
      {{}, {}, "no FILE is given"},
      {{"-", "-"}, {}, "standard input can be read once"},
      {{"-"}, {{"labels", "-"}}, "standard input can be read once"},
      {{"a"}, {{"detector", "webrtc"}, {"look_ahead_ms", "40"}}, "webrtc answers at once"},
      {{"a"}, {{"look_ahead_ms", "15"}}, "--look_ahead_ms has to be a multiple of 10"},
      {{"a"}, {{"threshold", "nan"}}, "--threshold has to be 0 to 1"},
      {{"a"}, {{"collar", "5ms"}}, "--collar has to be a multiple of 10ms"},
      {{"a"}, {{"start_threshold", "0.2"}}, "the flags of the segments: thresholds must be"},
      {{"a"}, {{"frames", "true"}, {"labels", "b"}}, "goes without --labels"},
      {{"a"}, {{"frames", "true"}, {"plot", "-"}}, "only one of --frames, --output_labels and"},
      {{"a"}, {{"plot", "/dev/stdout"}, {"output_labels", "-"}}, "can go to standard output"},
      {{"a"}, {{"raw_encoding", "mp3"}}, "--raw_encoding: "},
      {{"a"}, {{"raw_rate", "4000"}}, "--raw_rate has to be 8000 to 48000"},
      {{"a"}, {{"raw_channels", "3"}}, "--raw_channels has to be 1 or 2"},
      {{"a", "b"}, {{"frames", "true"}}, "--frames prints one FILE"},
      {{"a", "b"}, {{"plot", "c.svg"}}, "--plot has to be a folder that is there"},
      {{"a", "b"}, {{"labels", "-"}}, "--labels has to be a folder that is there"},
      {{"x/a.wav", "y/a.wav"}, {{"plot", "folder"}}, "two FILEs have the name of 'y/a.wav'"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(Read(test.files, test.flags),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(test.message)))
        << test.message;
  }
  EXPECT_THAT(Read({"a"}, {{"detector", "oracle"}}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("there is no detector 'oracle'")));
  // Without files of their own, two FILEs of one name are nobody's concern.
  EXPECT_THAT(Read({"x/a.wav", "y/a.wav"}, {}), IsOk());
}

}  // namespace
}  // namespace parlance::audio
