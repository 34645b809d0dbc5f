#include "pipeline/door/realtime/appended_sound.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace parlance::pipeline::door {
namespace {

std::string Event(absl::string_view members) { return absl::StrCat("{", members, "}"); }

TEST(AppendedSoundTest, TheSoundIsAPartOfTheMessage) {
  const std::string message =
      Event(R"("event_id":"e1","type":"input_audio_buffer.append","audio":"AAAA")");
  const std::optional<AppendedSound> sound = FindAppendedSound(message);
  ASSERT_TRUE(sound.has_value());
  EXPECT_EQ(sound->base64, "AAAA");
  EXPECT_EQ(sound->event_id, "e1");
  EXPECT_GE(sound->base64.data(), message.data());
  EXPECT_LT(sound->base64.data(), message.data() + message.size());
}

TEST(AppendedSoundTest, TheOrderOfMembersIsTheClients) {
  const auto sound =
      FindAppendedSound(Event(R"("audio":"AAAA","type":"input_audio_buffer.append")"));
  ASSERT_TRUE(sound.has_value());
  EXPECT_EQ(sound->event_id, "");
}

TEST(AppendedSoundTest, AnIdIsCut) {
  const auto sound = FindAppendedSound(
      Event(absl::StrCat(R"("type":"input_audio_buffer.append","audio":"","event_id":")",
                         std::string(kMaxEventIdBytes + 1, 'x'), "\"")));
  ASSERT_TRUE(sound.has_value());
  EXPECT_EQ(sound->event_id.size(), kMaxEventIdBytes);
}

// They are parsed as all events are, and refused there if they have to be.
TEST(AppendedSoundTest, OtherMessagesTakeTheLongWay) {
  for (const std::string& message : {
           std::string(""),
           Event(""),
           Event(R"("type":"input_audio_buffer.append")"),
           Event(R"("type":"input_audio_buffer.append","audio":null)"),
           Event(R"("type":"input_audio_buffer.append","audio":"AA\/A")"),
           // The type is the value of another member.
           Event(R"("x":{"type":"input_audio_buffer.append"},"audio":"AAAA")"),
           // The sound is another member's.
           Event(R"("type":"input_audio_buffer.append","x":{"audio":"AAAA"})"),
           Event(R"("type":"input_audio_buffer.append","audio":"AAAA","a":1,"b":2)"),
           Event(R"("type":"conversation.item.create","audio":"AAAA")"),
           // It is cut.
           std::string(R"({"type":"input_audio_buffer.append","audio":"AAAA)"),
           std::string(R"({"type":"input_audio_buffer.append","audio":"AAAA")"),
           Event(absl::StrCat(R"("type":"input_audio_buffer.append","audio":"AAAA","x":")",
                              std::string(1000, 'x'), "\"")),
       }) {
    EXPECT_FALSE(FindAppendedSound(message).has_value()) << message;
  }
}

TEST(NumBytesBesidesSoundTest, TheSoundOfMembersNamedAudioIsLeftOut) {
  const auto rest = [](absl::string_view text) { return NumBytesBesidesSound(text); };
  EXPECT_EQ(rest(R"({"audio":"AAAA","a":"AAAA"})"), 23u);
  EXPECT_EQ(rest(R"({"audio" : "AA\"AA"})"), 14u);
  EXPECT_EQ(rest(R"([{"audio":"AAAA"},{"audio":"AA"}])"), 27u);
  // What is no string, and what only looks like such a member.
  EXPECT_EQ(rest(R"({"audio":[0,0],"b":"audio"})"), 27u);
  EXPECT_EQ(rest(R"({"a":"audio","audio":5,"c":"AA"})"), 32u);
  EXPECT_EQ(rest(R"({"audio":"audio","c":"AA"})"), 21u);
  // It need not be JSON.
  EXPECT_EQ(rest(R"({"audio":"AAAA)"), 10u);
  EXPECT_EQ(rest(R"({"audio":"AA\)"), 10u);
  EXPECT_EQ(rest(""), 0u);
}

}  // namespace
}  // namespace parlance::pipeline::door
