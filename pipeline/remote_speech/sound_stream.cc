#include "pipeline/remote_speech/sound_stream.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/sound_file/waveform.h"
#include "pipeline/http/server_json.h"
#include "rapidjson/document.h"

namespace parlance::pipeline {
namespace {

// "RIFF", a size, and "WAVE".
constexpr size_t kRiffBytes = 12;
constexpr size_t kChunkHeaderBytes = 8;
constexpr uint16_t kPcm = 1;
constexpr uint16_t kFloat = 3;
constexpr uint16_t kExtensible = 0xFFFE;

uint32_t Number(absl::string_view bytes, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) {
    number |= uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return number;
}

bool IsWavBeginning(absl::string_view bytes) {
  return bytes.size() >= kRiffBytes && absl::StartsWith(bytes, "RIFF") &&
         bytes.substr(8, 4) == "WAVE";
}

// Where the next WAV header begins, or may begin if more follows; the size if it does not.
size_t FindWavBeginning(absl::string_view bytes, bool is_end) {
  for (size_t at = bytes.find('R'); at != absl::string_view::npos; at = bytes.find('R', at + 1)) {
    const absl::string_view rest = bytes.substr(at);
    if (IsWavBeginning(rest)) return at;
    if (is_end || rest.size() >= kRiffBytes) continue;
    const size_t known = std::min<size_t>(rest.size(), 4);
    const bool is_tag = rest.size() <= 8 || absl::StartsWith("WAVE", rest.substr(8));
    if (rest.substr(0, known) == absl::string_view("RIFF").substr(0, known) && is_tag) return at;
  }
  return bytes.size();
}

// A frame of MPEG audio or ADTS, as a file of it begins: no sound without a header does, as its
// first samples are small.
bool IsMpegFrame(absl::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != '\xFF') return false;
  const auto second = static_cast<unsigned char>(bytes[1]);
  const auto third = static_cast<unsigned char>(bytes[2]);
  const bool is_sync = (second & 0xE0) == 0xE0;
  const bool is_adts = (second & 0xF6) == 0xF0;
  const bool has_layer = (second & 0x06) != 0 && (second & 0x06) != 0x06;
  const bool has_version = (second & 0x18) != 0x08;
  const bool has_rate = (third & 0xF0) != 0xF0 && (third & 0x0C) != 0x0C;
  return is_sync && has_version && (is_adts || (has_layer && has_rate));
}

// What is known not to be decoded here; empty for everything else.
absl::string_view CompressedKind(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "ID3") || IsMpegFrame(bytes)) return "MPEG audio, such as MP3";
  if (absl::StartsWith(bytes, "OggS")) return "Ogg";
  if (absl::StartsWith(bytes, "fLaC")) return "FLAC";
  if (absl::StartsWith(bytes, "\x1A\x45\xDF\xA3")) return "WebM";
  if (absl::StartsWith(bytes, "FORM")) return "AIFF";
  if (absl::StartsWith(bytes, "RF64") || absl::StartsWith(bytes, "RIFX")) return "RF64 or RIFX";
  if (bytes.size() >= 8 && bytes.substr(4, 4) == "ftyp") return "MP4";
  return "";
}

// Six samples of sound that are all letters would be very loud from the first on.
bool IsText(absl::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_isprint(byte) || absl::ascii_isspace(byte);
  });
}

// What follows the sound of a file, and is none.
bool IsTrailer(absl::string_view bytes) {
  for (const absl::string_view id : {"LIST", "id3 ", "ID3 ", "fact", "cue ", "bext", "JUNK"}) {
    if (absl::StartsWith(bytes, id)) return true;
  }
  return false;
}

absl::Status NoSound(absl::string_view what) {
  return absl::UnknownError(absl::StrCat("the speech server answers with ", what));
}

}  // namespace

SoundStream::SoundStream(absl::string_view content_type, int output_rate_hz,
                         const ServiceErrors* errors)
    : is_said_to_be_raw_(absl::StartsWithIgnoreCase(content_type, "audio/pcm")),
      output_rate_hz_(output_rate_hz),
      errors_(*errors) {}

absl::Status SoundStream::Append(absl::string_view bytes, std::vector<int16_t>& samples) {
  if (!status_.ok()) return status_;
  pending_.append(bytes.data(), bytes.size());
  return status_ = Advance(/*is_end=*/false, samples);
}

absl::Status SoundStream::Finish(std::vector<int16_t>& samples) {
  if (!status_.ok()) return status_;
  status_ = Advance(/*is_end=*/true, samples);
  if (!status_.ok()) return status_;
  switch (state_) {
    case State::kText: {
      const std::optional<rapidjson::Document> json = ParseServerJson(pending_);
      if (json.has_value() && json->IsObject()) return status_ = errors_.OfJson(*json, 200);
      return status_ = NoSound("text: is the URL right? It ends with /v1 for most servers");
    }
    case State::kHeader:
      // After sound, the header of what does not come any more.
      if (!has_sound_) return status_ = NoSound("a WAV file that ends in its header");
      break;
    case State::kBeginning:
    case State::kSound:
    case State::kTrailer:
      break;
  }
  if (!has_sound_) return status_ = NoSound("nothing that can be heard");
  if (resampler_.has_value()) resampler_->Flush(samples);
  return absl::OkStatus();
}

absl::Status SoundStream::Advance(bool is_end, std::vector<int16_t>& samples) {
  for (;;) {
    const State state = state_;
    const size_t size = pending_.size();
    is_waiting_ = false;
    switch (state_) {
      case State::kBeginning:
        if (absl::Status decided = Decide(is_end); !decided.ok()) return decided;
        break;
      case State::kText:
        if (pending_.size() > kMaxHeaderBytes) return NoSound("a long text");
        return absl::OkStatus();
      case State::kHeader:
        if (absl::Status read = ReadHeader(samples); !read.ok()) return read;
        break;
      case State::kSound:
        ReadSound(is_end, samples);
        break;
      case State::kTrailer:
        pending_.erase(0, FindWavBeginning(pending_, is_end));
        if (IsWavBeginning(pending_)) state_ = State::kHeader;
        break;
    }
    if (is_waiting_ || (state_ == state && pending_.size() == size)) return absl::OkStatus();
  }
}

absl::Status SoundStream::Decide(bool is_end) {
  if (pending_.size() < kRiffBytes && !is_end) {
    is_waiting_ = true;
    return absl::OkStatus();
  }
  if (pending_.empty()) return absl::OkStatus();
  if (IsWavBeginning(pending_)) {
    state_ = State::kHeader;
    return absl::OkStatus();
  }
  if (const absl::string_view kind = CompressedKind(pending_);
      !is_said_to_be_raw_ && !kind.empty()) {
    return NoSound(absl::StrCat(kind, ", which is not supported: it has to send WAV or PCM"));
  }
  if (IsText(absl::string_view(pending_).substr(0, kRiffBytes))) {
    state_ = State::kText;
    return absl::OkStatus();
  }
  state_ = State::kSound;
  left_ = std::nullopt;
  std::vector<int16_t> none;
  return SetFormat({}, none);
}

absl::Status SoundStream::ReadHeader(std::vector<int16_t>& samples) {
  size_t at = kRiffBytes;
  absl::string_view format;
  for (;;) {
    if (at > kMaxHeaderBytes) return NoSound("a WAV file whose header is too long");
    if (pending_.size() < at + kChunkHeaderBytes) {
      is_waiting_ = true;
      return absl::OkStatus();
    }
    const absl::string_view bytes = pending_;
    const absl::string_view id = bytes.substr(at, 4);
    const size_t size = Number(bytes, at + 4, 4);
    at += kChunkHeaderBytes;
    if (id == "data") {
      if (format.empty()) return NoSound("a WAV file without a format");
      // The view is one of pending_.
      if (absl::Status read = ReadFormat(format, samples); !read.ok()) return read;
      left_ = std::nullopt;
      if (size > 0) left_ = size;
      pending_.erase(0, at);
      state_ = State::kSound;
      return absl::OkStatus();
    }
    if (size > kMaxHeaderBytes) return NoSound("a WAV file whose header is too long");
    if (id == "fmt ") {
      if (bytes.size() < at + size) {
        is_waiting_ = true;
        return absl::OkStatus();
      }
      format = bytes.substr(at, size);
      if (format.size() < 16) return NoSound("a WAV file whose format is broken");
    }
    at += size + size % 2;
  }
}

absl::Status SoundStream::ReadFormat(absl::string_view chunk, std::vector<int16_t>& samples) {
  uint32_t tag = Number(chunk, 0, 2);
  // The tag that counts is the beginning of the extension's identifier.
  if (tag == kExtensible && chunk.size() >= 26) tag = Number(chunk, 24, 2);
  const uint32_t bits = Number(chunk, 14, 2);
  const uint32_t num_channels = Number(chunk, 2, 2);
  const uint32_t rate_hz = Number(chunk, 4, 4);
  const bool is_float = tag == kFloat && bits == 32;
  if (!is_float && !(tag == kPcm && bits == 16)) {
    return NoSound(absl::StrCat("a WAV file of format ", tag, " with ", bits,
                                " bits, which is not supported: 16 bits of PCM are"));
  }
  if (num_channels < 1 || num_channels > 2 || rate_hz < 8000 || rate_hz > 48000) {
    return NoSound(absl::StrCat("a WAV file of ", num_channels, " channels at ", rate_hz,
                                " Hz; 1 or 2 at 8000 to 48000 are supported"));
  }
  return SetFormat(
      {.rate_hz = static_cast<int>(rate_hz), .num_channels = num_channels, .is_float = is_float},
      samples);
}

absl::Status SoundStream::SetFormat(const Format& format, std::vector<int16_t>& samples) {
  const bool is_same_rate = resampler_.has_value() && format.rate_hz == format_.rate_hz;
  format_ = format;
  // A header in each piece of the same sound leaves no trace in it.
  if (is_same_rate) return absl::OkStatus();
  if (resampler_.has_value()) resampler_->Flush(samples);
  absl::StatusOr<audio::Resampler> resampler =
      audio::Resampler::Create(format.rate_hz, output_rate_hz_);
  if (!resampler.ok()) return resampler.status();
  resampler_.emplace(*std::move(resampler));
  return absl::OkStatus();
}

void SoundStream::ReadSound(bool is_end, std::vector<int16_t>& samples) {
  const absl::string_view bytes = pending_;
  // Where the header says that the sound ends, something else may follow.
  if (left_ == 0 && bytes.size() >= 4) {
    left_ = std::nullopt;
    if (IsTrailer(bytes)) {
      state_ = State::kTrailer;
      return;
    }
  }
  if (left_ == 0 && !is_end) {
    is_waiting_ = true;
    return;
  }
  const size_t beginning = FindWavBeginning(bytes, is_end);
  size_t usable = std::min(beginning, left_.value_or(bytes.size()));
  const bool is_header = usable == beginning && IsWavBeginning(bytes.substr(beginning));
  const bool is_at_its_end = left_.has_value() && usable == *left_;
  const size_t whole = usable - usable % format_.moment_bytes();
  Decode(bytes.substr(0, whole), samples);
  // What is left of a moment where the sound ends is none.
  const size_t taken = is_header || is_at_its_end ? usable : whole;
  if (left_.has_value()) *left_ -= taken;
  if (is_header) state_ = State::kHeader;
  pending_.erase(0, taken);
}

void SoundStream::Decode(absl::string_view moments, std::vector<int16_t>& samples) {
  if (moments.empty()) return;
  has_sound_ = true;
  decoded_.clear();
  if (format_.is_float) {
    for (size_t at = 0; at < moments.size(); at += 4) {
      const uint32_t bits = Number(moments, at, 4);
      float value = 0;
      std::memcpy(&value, &bits, sizeof(value));
      if (std::isnan(value)) value = 0;
      decoded_.push_back(
          static_cast<int16_t>(std::lrint(std::clamp(value * 32768.0F, -32768.0F, 32767.0F))));
    }
  } else {
    for (size_t at = 0; at < moments.size(); at += 2) {
      decoded_.push_back(static_cast<int16_t>(Number(moments, at, 2)));
    }
  }
  const size_t num_moments = decoded_.size() / format_.num_channels;
  audio::MixToMono(decoded_, static_cast<int>(format_.num_channels),
                   absl::MakeSpan(decoded_).first(num_moments));
  resampler_->Process(absl::MakeConstSpan(decoded_).first(num_moments), samples);
}

}  // namespace parlance::pipeline
