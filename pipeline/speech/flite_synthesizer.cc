#include "pipeline/speech/flite_synthesizer.h"

#include <flite/flite.h>

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "third_party/annotated_mutex.h"

extern "C" {
cst_voice* register_cmu_us_kal16(const char* voxdir);
cst_voice* register_cmu_us_slt(const char* voxdir);
}

namespace parlance::pipeline {
namespace {

constexpr int kSampleRateHz = 16000;
constexpr size_t kMaxTextBytes = 10000;

// Held while Flite works: its voices belong to the process, and are written to while they speak.
constinit annotated::Mutex flite_mutex;

struct Sink {
  const std::function<bool(absl::Span<const int16_t>)>& on_samples;
  bool wants_more = true;
};

int OnStream(const cst_wave* wave, int start, int size, int /*last*/,
             cst_audio_streaming_info_struct* info) {
  Sink& sink = *static_cast<Sink*>(info->userdata);
  if (sink.wants_more && size > 0) {
    sink.wants_more =
        sink.on_samples(absl::MakeConstSpan(wave->samples + start, static_cast<size_t>(size)));
  }
  return sink.wants_more ? CST_AUDIO_STREAM_CONT : CST_AUDIO_STREAM_STOP;
}

class FliteSynthesizer : public Synthesizer {
 public:
  explicit FliteSynthesizer(cst_voice* voice) : voice_(voice) {}

  int sample_rate_hz() const override { return kSampleRateHz; }

  absl::Status Synthesize(
      absl::string_view text,
      const std::function<bool(absl::Span<const int16_t>)>& on_samples) override {
    if (text.empty() || text.size() > kMaxTextBytes || text.find('\0') != absl::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat("cannot say a text of ", text.size(),
                                                     " bytes; 1 to ", kMaxTextBytes,
                                                     " can be said, without NUL"));
    }
    const std::string terminated(text);
    Sink sink{.on_samples = on_samples};
    const annotated::MutexLock lock(flite_mutex);
    cst_audio_streaming_info* info = new_audio_streaming_info();
    info->asc = OnStream;
    info->userdata = &sink;
    // The voice owns `info` from here on, and frees it when the feature is removed.
    feat_set(voice_->features, "streaming_info", audio_streaming_info_val(info));
    cst_wave* wave = flite_text_to_wave(terminated.c_str(), voice_);
    feat_remove(voice_->features, "streaming_info");
    if (wave == nullptr) return absl::InternalError("Flite gave no sound");
    delete_wave(wave);
    return absl::OkStatus();
  }

 private:
  cst_voice* const voice_ ABSL_PT_GUARDED_BY(flite_mutex);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Synthesizer>> CreateFliteSynthesizer(absl::string_view voice) {
  const annotated::MutexLock lock(flite_mutex);
  static const bool initialized = [] {
    flite_init();
    return true;
  }();
  if (initialized && voice == "kal16") {
    // Voices are registered once, for the life of the process.
    static cst_voice* const kal16 = register_cmu_us_kal16(nullptr);
    return std::make_unique<FliteSynthesizer>(kal16);
  }
  if (voice == "slt") {
    static cst_voice* const slt = register_cmu_us_slt(nullptr);
    return std::make_unique<FliteSynthesizer>(slt);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no voice '", voice, "'; there are: kal16, slt"));
}

}  // namespace parlance::pipeline
