#include "audio/sound_file/sound_kind.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "audio/sound_file/utf8.h"

namespace parlance::audio {
namespace {

using Kind = SoundKind::Kind;

struct Beginning {
  // A question mark is any byte.
  absl::string_view bytes;
  Kind kind;
  const char* name;
};

// Four bytes at least: samples may begin with any three.
constexpr absl::string_view kWave64("riff\x2E\x91\xCF\x11", 8);
constexpr Beginning kBeginnings[] = {
    {"RIFF????WAVE", Kind::kWav, ""},
    {"RIFX????WAVE", Kind::kWav, ""},
    {"RF64????WAVE", Kind::kWav, ""},
    {"BW64????WAVE", Kind::kWav, ""},
    {"RIFF????AVI ", Kind::kOther, "AVI"},
    {"RIFF????WEBP", Kind::kOther, "WebP"},
    {"RIFF????", Kind::kOther, "a RIFF file without WAVE"},
    {"RIFX????", Kind::kOther, "a RIFF file without WAVE"},
    {"RF64????", Kind::kOther, "an RF64 file without WAVE"},
    {"BW64????", Kind::kOther, "a BW64 file without WAVE"},
    {kWave64, Kind::kOther, "Wave64"},
    {"FORM????AIFF", Kind::kOther, "AIFF"},
    {"FORM????AIFC", Kind::kOther, "AIFF-C"},
    {"fLaC", Kind::kOther, "FLAC"},
    {"OggS", Kind::kOther, "Ogg"},
    {"ID3\x02", Kind::kOther, "MP3"},
    {"ID3\x03", Kind::kOther, "MP3"},
    {"ID3\x04", Kind::kOther, "MP3"},
    {".snd", Kind::kOther, "AU"},
    {"caff", Kind::kOther, "CAF"},
    {"????ftyp", Kind::kOther, "MP4"},
    {"\x1A\x45\xDF\xA3", Kind::kOther, "Matroska"},
    {"wvpk", Kind::kOther, "WavPack"},
    {"MAC ", Kind::kOther, "Monkey's Audio"},
    {"#!AMR", Kind::kOther, "AMR"},
    {"NIST_1A", Kind::kOther, "NIST SPHERE"},
    {"Creative Voice File", Kind::kOther, "VOC"},
    {"SQLite format 3", Kind::kOther, "an SQLite database"},
    {"PK\x03\x04", Kind::kOther, "a ZIP archive"},
    {"%PDF", Kind::kOther, "PDF"},
    {"<svg", Kind::kOther, "SVG"},
};

enum class Match { kNo, kSoFar, kYes };

Match MatchOf(absl::Span<const uint8_t> begin, absl::string_view pattern) {
  const size_t count = std::min(begin.size(), pattern.size());
  for (size_t i = 0; i < count; ++i) {
    if (pattern[i] != '?' && begin[i] != static_cast<uint8_t>(pattern[i])) return Match::kNo;
  }
  return count == pattern.size() ? Match::kYes : Match::kSoFar;
}

// UTF-8 without control characters but white space. A character that the end cuts is one.
bool IsText(absl::string_view text) {
  while (!text.empty()) {
    const auto byte = static_cast<uint8_t>(text[0]);
    const bool is_space = byte == '\t' || byte == '\n' || byte == '\r';
    if ((byte < 0x20 && !is_space) || byte == 0x7F) return false;
    const size_t size = Utf8CharacterSize(text);
    if (size == 0) return byte >= 0xC2 && byte <= 0xF4 && text.size() < 4;
    text.remove_prefix(size);
  }
  return true;
}

// Samples may begin like this, too.
std::string Suspicion(absl::Span<const uint8_t> begin) {
  if (begin.size() < 2) return "";
  if (begin[0] == 0x1F && begin[1] == 0x8B) return "gzip";
  // The synchronisation of MPEG audio, and its layer: none is AAC's.
  if (begin[0] == 0xFF && (begin[1] & 0xF6) == 0xF0) return "AAC";
  if (begin[0] == 0xFF && (begin[1] & 0xE6) == 0xE2) return "MP3";
  return "";
}

}  // namespace

std::optional<SoundKind> RecognizeSound(absl::Span<const uint8_t> begin, bool is_all) {
  is_all = is_all && begin.size() <= kMaxSoundKindBytes;
  begin = begin.first(std::min(begin.size(), kMaxSoundKindBytes));
  bool may_follow = false;
  for (const Beginning& beginning : kBeginnings) {
    const Match match = MatchOf(begin, beginning.bytes);
    if (match == Match::kYes && !may_follow) return SoundKind{beginning.kind, beginning.name};
    if (match != Match::kSoFar) continue;
    // A header that was cut.
    if (is_all && begin.size() >= 4 && beginning.kind == Kind::kWav)
      return SoundKind{Kind::kWav, ""};
    may_follow = may_follow || !is_all;
  }
  if (begin.empty()) return is_all ? std::optional<SoundKind>(SoundKind{}) : std::nullopt;
  const absl::string_view text(reinterpret_cast<const char*>(begin.data()), begin.size());
  const bool is_text = IsText(text);
  if (is_text && !is_all && begin.size() < kMaxSoundKindBytes) return std::nullopt;
  if (is_text && text.find_first_of(" \t\r\n") != absl::string_view::npos) {
    return SoundKind{Kind::kOther, "text"};
  }
  if (may_follow) return std::nullopt;
  return SoundKind{Kind::kUnknown, Suspicion(begin)};
}

absl::StatusOr<SoundKind> RecognizeSound(ByteReader& bytes) {
  for (size_t wanted = 1;;) {
    const absl::StatusOr<absl::Span<const uint8_t>> ahead = bytes.Look(wanted);
    if (!ahead.ok()) return ahead.status();
    const bool is_all = ahead->size() < wanted;
    if (std::optional<SoundKind> kind = RecognizeSound(*ahead, is_all)) return *std::move(kind);
    wanted = ahead->size() + 1;
  }
}

}  // namespace parlance::audio
