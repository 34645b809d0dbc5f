#include "pipeline/door/telephony/media_stream_dialect.h"

namespace parlance::pipeline::door {
namespace {

MediaStreamDialect Twilio() {
  MediaStreamDialect dialect;
  dialect.name = "twilio";
  dialect.stream_id = "streamSid";
  dialect.call_id = "callSid";
  dialect.format_object = "mediaFormat";
  dialect.sample_rate = "sampleRate";
  dialect.parameters = "customParameters";
  return dialect;
}

MediaStreamDialect Telnyx() {
  MediaStreamDialect dialect;
  dialect.name = "telnyx";
  dialect.stream_id = "stream_id";
  dialect.call_id = "call_control_id";
  dialect.format_object = "media_format";
  dialect.sample_rate = "sample_rate";
  dialect.parameters = "custom_parameters";
  dialect.sends_stream_id = false;
  // L16 in its media is RTP's.
  dialect.pcm_is_high_first = true;
  return dialect;
}

MediaStreamDialect Plivo() {
  MediaStreamDialect dialect;
  dialect.name = "plivo";
  dialect.mark = "playedStream";
  dialect.cleared = "clearedAudio";
  dialect.stream_id = "streamId";
  dialect.call_id = "callId";
  dialect.format_object = "mediaFormat";
  dialect.sample_rate = "sampleRate";
  dialect.parameters = "extra_headers";
  dialect.mark_object = "";
  dialect.send_media = "playAudio";
  dialect.send_mark = "checkpoint";
  dialect.send_clear = "clearAudio";
  dialect.describes_media = true;
  return dialect;
}

MediaStreamDialect Exotel() {
  MediaStreamDialect dialect;
  dialect.name = "exotel";
  dialect.stream_id = "stream_sid";
  dialect.call_id = "call_sid";
  dialect.format_object = "media_format";
  dialect.sample_rate = "sample_rate";
  dialect.parameters = "custom_parameters";
  // Names of it that were seen are audio/x-raw, raw/slin and base64.
  dialect.codec = LineCodec::kPcm16;
  dialect.has_one_codec = true;
  // It asks for 3200 bytes at least, which is so much at 16 kHz and twice that at 8 kHz, and warns
  // of jitter where there is less than 100 ms.
  dialect.frame = absl::Milliseconds(100);
  return dialect;
}

MediaStreamDialect Vonage() {
  MediaStreamDialect dialect;
  dialect.name = "vonage";
  dialect.start = "websocket:connected";
  dialect.dtmf = "websocket:dtmf";
  dialect.mark = "websocket:notify";
  dialect.cleared = "websocket:cleared";
  dialect.start_object = "";
  dialect.call_id = "uuid";
  dialect.dtmf_object = "";
  dialect.mark_object = "payload";
  dialect.verb = "action";
  dialect.send_mark = "notify";
  dialect.sends_stream_id = false;
  dialect.is_binary = true;
  dialect.codec = LineCodec::kPcm16;
  return dialect;
}

}  // namespace

absl::Span<const MediaStreamDialect> MediaStreamDialects() {
  static const MediaStreamDialect kDialects[] = {Twilio(), Telnyx(), Plivo(), Exotel(), Vonage()};
  return kDialects;
}

const MediaStreamDialect* FindMediaStreamDialect(absl::string_view name) {
  for (const MediaStreamDialect& each : MediaStreamDialects()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace parlance::pipeline::door
