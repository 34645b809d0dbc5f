#include "audio/sound_file/pcm_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/signal/g711.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

class Pipe {
 public:
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    read_end_ = ends[0];
    write_end_ = ends[1];
  }
  ~Pipe() {
    CloseWriteEnd();
    close(read_end_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int read_end() const { return read_end_; }
  void Write(const std::string& bytes) const {
    ASSERT_EQ(write(write_end_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void CloseWriteEnd() {
    if (write_end_ >= 0) close(std::exchange(write_end_, -1));
  }

 private:
  int read_end_ = -1;
  int write_end_ = -1;
};

std::vector<int16_t> ReadAll(PcmReader& reader, size_t piece) {
  std::vector<int16_t> samples;
  std::vector<int16_t> block(piece);
  for (;;) {
    const absl::StatusOr<size_t> count = reader.Read(absl::MakeSpan(block));
    EXPECT_THAT(count, IsOk());
    if (!count.ok() || *count == 0) return samples;
    samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(*count));
  }
}

struct Case {
  const char* name;
  PcmReader::Options options;
  std::string bytes;
  std::vector<int16_t> samples;
};

std::vector<Case> Cases() {
  const PcmReader::Options s16 = {};
  const PcmReader::Options s16_stereo = {.num_channels = 2};
  const PcmReader::Options mu_law = {.encoding = PcmEncoding::kMuLaw, .sample_rate_hz = 8000};
  const PcmReader::Options a_law = {.encoding = PcmEncoding::kALaw, .sample_rate_hz = 8000};
  const PcmReader::Options a_law_stereo = {.encoding = PcmEncoding::kALaw, .num_channels = 2};
  return {
      {"nothing", s16, "", {}},
      {"the ends of the scale",
       s16,
       std::string("\x01\0\xFF\x7F\0\x80\xFF\xFF", 8),
       {1, 32767, -32768, -1}},
      {"an odd byte", s16, std::string("\x01\0\x02", 3), {1}},
      {"one byte", s16, "a", {}},
      {"two channels",
       s16_stereo,
       std::string("\x0A\0\x14\0\0\x80\0\x80\xFF\xFF\0\0", 12),
       {15, -32768, 0}},
      {"half a moment", s16_stereo, std::string("\x0A\0\x14\0\x01\0", 6), {15}},
      {"three quarters of a moment", s16_stereo, std::string("\x0A\0\x14\0\x01\0\x01", 7), {15}},
      {"mu-law", mu_law, std::string("\x80\0\xFF", 3), {32124, -32124, 0}},
      {"A-law", a_law, "\xAA\x2A\xD5", {32256, -32256, 8}},
      {"A-law of two channels", a_law_stereo, "\xAA\x2A\xD5\xD5\x2A", {0, 8}},
  };
}

TEST(PcmReaderTest, ReadsEachEncodingWhateverThePieces) {
  for (const Case& c : Cases()) {
    for (const size_t piece : {1u, 2u, 100u}) {
      Pipe pipe;
      pipe.Write(c.bytes);
      pipe.CloseWriteEnd();
      auto reader = PcmReader::Create(pipe.read_end(), c.options);
      ASSERT_THAT(reader, IsOk());
      EXPECT_EQ(reader->sample_rate_hz(), c.options.sample_rate_hz);
      EXPECT_EQ(reader->num_channels(), c.options.num_channels);
      EXPECT_EQ(ReadAll(*reader, piece), c.samples) << c.name;
      EXPECT_EQ(ReadAll(*reader, piece), std::vector<int16_t>()) << c.name << ", after the end";
    }
  }
}

// A pipe cuts where it likes.
TEST(PcmReaderTest, WaitsForTheRestOfASample) {
  for (const Case& c : Cases()) {
    Pipe pipe;
    std::thread writer([&] {
      for (const char byte : c.bytes) pipe.Write(std::string(1, byte));
      pipe.CloseWriteEnd();
    });
    auto reader = *PcmReader::Create(pipe.read_end(), c.options);
    EXPECT_EQ(ReadAll(reader, 100), c.samples) << c.name;
    writer.join();
  }
}

TEST(PcmReaderTest, GivesWhatIsThere) {
  Pipe pipe;
  auto reader = *PcmReader::Create(pipe.read_end(), {});
  std::vector<int16_t> block(320);
  pipe.Write(std::string(101, 'a'));
  EXPECT_EQ(*reader.Read(absl::MakeSpan(block)), 50u);
  EXPECT_EQ(block[49], 0x6161);
  pipe.Write("bcd");
  EXPECT_EQ(*reader.Read(absl::MakeSpan(block)), 2u);
  EXPECT_EQ(block[0], 0x6261);
  EXPECT_EQ(block[1], 0x6463);
  EXPECT_EQ(*reader.Read({}), 0u);
  pipe.Write("ef");
  EXPECT_EQ(*reader.Read(absl::MakeSpan(block)), 1u) << "nothing was asked for, which is no end";
}

TEST(PcmReaderTest, AllocatesNothing) {
  Pipe pipe;
  const std::string bytes(30'000, 'a');
  pipe.Write(bytes);
  pipe.CloseWriteEnd();
  auto reader = *PcmReader::Create(pipe.read_end(), {.num_channels = 2});
  std::vector<int16_t> block(320);
  size_t num_read = 0;
  EXPECT_EQ(perf::CountAllocations([&] {
              for (;;) {
                const absl::StatusOr<size_t> count = reader.Read(absl::MakeSpan(block));
                if (!count.ok() || *count == 0) break;
                num_read += *count;
              }
            }),
            0);
  EXPECT_EQ(num_read, 7500u);
}

TEST(PcmReaderTest, SaysWhatIsWrong) {
  for (const PcmReader::Options& options : std::vector<PcmReader::Options>{
           {.sample_rate_hz = 7999},
           {.sample_rate_hz = 48001},
           {.num_channels = 0},
           {.num_channels = 3},
       }) {
    EXPECT_THAT(PcmReader::Create(0, options), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(PcmReader::Create(-1, {}), StatusIs(absl::StatusCode::kInvalidArgument));

  std::vector<int16_t> block(10);
  // A descriptor that is open, but not for reading.
  const int write_only = open("/dev/null", O_WRONLY);
  auto unreadable = *PcmReader::Create(write_only, {});
  const absl::StatusOr<size_t> unread = unreadable.Read(absl::MakeSpan(block));
  EXPECT_THAT(std::string(unread.status().message()), HasSubstr("cannot read sound"));
  close(write_only);

  Pipe pipe;
  fcntl(pipe.read_end(), F_SETFL, O_NONBLOCK);
  auto impatient = *PcmReader::Create(pipe.read_end(), {});
  EXPECT_THAT(impatient.Read(absl::MakeSpan(block)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(PcmEncodingTest, HasNames) {
  EXPECT_EQ(*ParsePcmEncoding("s16le"), PcmEncoding::kS16);
  EXPECT_EQ(*ParsePcmEncoding("mulaw"), PcmEncoding::kMuLaw);
  EXPECT_EQ(*ParsePcmEncoding("alaw"), PcmEncoding::kALaw);
  for (const char* name : {"", "mp3", "S16LE", "alaw "}) {
    const absl::Status refused = ParsePcmEncoding(name).status();
    EXPECT_THAT(refused,
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("s16le, mulaw and alaw")));
  }
}

}  // namespace
}  // namespace parlance::audio
