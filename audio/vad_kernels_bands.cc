#include "audio/vad_kernels_bands.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::audio {

absl::StatusOr<PackedBands> PackedBands::Create(absl::Span<const Band> bands, size_t num_bins) {
  constexpr size_t kBlock = 8;
  if (num_bins < kBlock) {
    return absl::InvalidArgumentError(
        absl::StrCat("a spectrum of ", num_bins, " bins is too small for bands; at least 8"));
  }
  PackedBands packed;
  for (const Band& band : bands) {
    const size_t size = band.weights.size();
    if (band.first > num_bins || size > num_bins - band.first ||
        size > num_bins / kBlock * kBlock) {
      return absl::InvalidArgumentError(absl::StrCat("a band of ", size, " bins from bin ",
                                                     band.first, " on does not fit into ", num_bins,
                                                     " bins"));
    }
    const size_t num_blocks = (size + kBlock - 1) / kBlock;
    // The last block may not reach beyond the spectrum: then the band begins with zeros.
    const size_t first = std::min(band.first, num_bins - num_blocks * kBlock);
    packed.first_.push_back(static_cast<uint32_t>(first));
    packed.num_blocks_.push_back(static_cast<uint32_t>(num_blocks));
    packed.weights_.insert(packed.weights_.end(), band.first - first, 0.0F);
    packed.weights_.insert(packed.weights_.end(), band.weights.begin(), band.weights.end());
    packed.weights_.insert(packed.weights_.end(), num_blocks * kBlock - (band.first - first) - size,
                           0.0F);
  }
  return packed;
}

}  // namespace parlance::audio
