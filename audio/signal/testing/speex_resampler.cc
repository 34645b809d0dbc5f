#include "audio/signal/testing/speex_resampler.h"

#include <speex/speex_resampler.h>

#include <cstddef>
#include <cstdlib>

namespace parlance::audio {

void SpeexResampler::Destroyer::operator()(SpeexResamplerState_* state) const {
  speex_resampler_destroy(state);
}

SpeexResampler::SpeexResampler(int from_hz, int to_hz)
    : state_(speex_resampler_init(1, static_cast<spx_uint32_t>(from_hz),
                                  static_cast<spx_uint32_t>(to_hz), 3, nullptr)),
      from_hz_(from_hz),
      to_hz_(to_hz) {
  if (state_ == nullptr) std::abort();
}

void SpeexResampler::Process(absl::Span<const int16_t> input, std::vector<int16_t>& output) {
  const size_t old_size = output.size();
  auto num_in = static_cast<spx_uint32_t>(input.size());
  auto num_out =
      static_cast<spx_uint32_t>(static_cast<int64_t>(input.size()) * to_hz_ / from_hz_ + 16);
  output.resize(old_size + num_out);
  speex_resampler_process_int(state_.get(), 0, input.data(), &num_in, output.data() + old_size,
                              &num_out);
  output.resize(old_size + num_out);
}

}  // namespace parlance::audio
