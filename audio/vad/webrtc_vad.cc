#include "audio/vad/webrtc_vad.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

// The library exports its C interface, but the package has no header for it. These are the
// declarations of webrtc/common_audio/vad/include/webrtc_vad.h in version 0.3, whose Create returns
// the handle; earlier ones took a pointer to it. A test holds them against the library.
extern "C" {
// NOLINTBEGIN(readability-identifier-naming)
struct WebRtcVadInst;
WebRtcVadInst* WebRtcVad_Create();
void WebRtcVad_Free(WebRtcVadInst* handle);
// 0, or -1 for a null handle.
int WebRtcVad_Init(WebRtcVadInst* handle);
// 0, or -1 for another mode or a handle that Init has not seen.
int WebRtcVad_set_mode(WebRtcVadInst* handle, int mode);
// 1 for speech, 0 for none, -1 for another rate or length.
int WebRtcVad_Process(WebRtcVadInst* handle, int sample_rate_hz, const int16_t* samples,
                      size_t num_samples);
// NOLINTEND(readability-identifier-naming)
}

namespace parlance::audio {
namespace {

struct Freer {
  void operator()(WebRtcVadInst* handle) const { WebRtcVad_Free(handle); }
};
using Handle = std::unique_ptr<WebRtcVadInst, Freer>;

class WebRtcVad : public VoiceActivityDetector {
 public:
  WebRtcVad(Handle handle, int sample_rate_hz, int mode)
      : handle_(std::move(handle)), sample_rate_hz_(sample_rate_hz), mode_(mode) {
    Reset();
  }

  int sample_rate_hz() const override { return sample_rate_hz_; }

  float Process(absl::Span<const int16_t> frame) override {
    const int answer =
        WebRtcVad_Process(handle_.get(), sample_rate_hz_, frame.data(), frame.size());
    if (answer < 0) std::abort();
    return answer > 0 ? 1 : 0;
  }

  void Reset() override {
    if (WebRtcVad_Init(handle_.get()) != 0 || WebRtcVad_set_mode(handle_.get(), mode_) != 0) {
      std::abort();
    }
  }

 private:
  const Handle handle_;
  const int sample_rate_hz_;
  const int mode_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> CreateWebRtcVad(int sample_rate_hz,
                                                                       int mode) {
  if (sample_rate_hz != 8000 && sample_rate_hz != 16000) {
    return absl::InvalidArgumentError(
        absl::StrCat("WebRTC's detector hears 8000 or 16000 Hz, not ", sample_rate_hz));
  }
  if (mode < 0 || mode > 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("WebRTC's detector has the modes 0 to 3, not ", mode));
  }
  Handle handle(WebRtcVad_Create());
  if (handle == nullptr) return absl::ResourceExhaustedError("no memory for WebRTC's detector");
  return std::make_unique<WebRtcVad>(std::move(handle), sample_rate_hz, mode);
}

}  // namespace parlance::audio
