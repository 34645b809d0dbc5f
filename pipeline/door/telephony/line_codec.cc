#include "pipeline/door/telephony/line_codec.h"

#include "audio/signal/g711.h"

namespace parlance::pipeline::door {
namespace {

int16_t SampleOf(LineCodec codec, uint8_t first, uint8_t second) {
  const unsigned high = codec == LineCodec::kPcm16 ? second : first;
  const unsigned low = codec == LineCodec::kPcm16 ? first : second;
  return static_cast<int16_t>(static_cast<uint16_t>(high << 8 | low));
}

}  // namespace

void EncodeLine(LineCodec codec, absl::Span<const int16_t> samples, std::vector<uint8_t>& bytes) {
  const size_t begin = bytes.size();
  bytes.resize(begin + samples.size() * BytesPerSample(codec));
  const absl::Span<uint8_t> output = absl::MakeSpan(bytes).subspan(begin);
  switch (codec) {
    case LineCodec::kMuLaw:
      audio::EncodeMuLaw(samples, output);
      return;
    case LineCodec::kALaw:
      audio::EncodeALaw(samples, output);
      return;
    case LineCodec::kPcm16:
    case LineCodec::kPcm16HighFirst: {
      const size_t low = codec == LineCodec::kPcm16 ? 0 : 1;
      for (size_t i = 0; i < samples.size(); ++i) {
        const auto bits = static_cast<uint16_t>(samples[i]);
        output[2 * i + low] = static_cast<uint8_t>(bits & 0xFF);
        output[2 * i + 1 - low] = static_cast<uint8_t>(bits >> 8);
      }
      return;
    }
  }
}

void LineDecoder::Decode(absl::Span<const uint8_t> bytes, std::vector<int16_t>& samples) {
  if (BytesPerSample(codec_) == 1) {
    const size_t begin = samples.size();
    samples.resize(begin + bytes.size());
    const absl::Span<int16_t> output = absl::MakeSpan(samples).subspan(begin);
    if (codec_ == LineCodec::kMuLaw) {
      audio::DecodeMuLaw(bytes, output);
    } else {
      audio::DecodeALaw(bytes, output);
    }
    return;
  }
  if (half_.has_value() && !bytes.empty()) {
    samples.push_back(SampleOf(codec_, *half_, bytes[0]));
    bytes.remove_prefix(1);
    half_.reset();
  }
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    samples.push_back(SampleOf(codec_, bytes[i], bytes[i + 1]));
  }
  if (bytes.size() % 2 != 0) half_ = bytes.back();
}

}  // namespace parlance::pipeline::door
