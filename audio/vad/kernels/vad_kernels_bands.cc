#include "audio/vad/kernels/vad_kernels_bands.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::audio {

absl::StatusOr<PackedBands> PackedBands::Create(absl::Span<const Band> bands, size_t num_bins) {
  constexpr size_t kBlock = 8;
  constexpr size_t kBandsTogether = 8;
  if (num_bins < kBlock) {
    return absl::InvalidArgumentError(
        absl::StrCat("a spectrum of ", num_bins, " bins is too small for bands; at least 8"));
  }
  for (const Band& band : bands) {
    const size_t size = band.weights.size();
    if (band.first > num_bins || size > num_bins - band.first ||
        size > num_bins / kBlock * kBlock) {
      return absl::InvalidArgumentError(absl::StrCat("a band of ", size, " bins from bin ",
                                                     band.first, " on does not fit into ", num_bins,
                                                     " bins"));
    }
  }
  PackedBands packed;
  packed.num_bands_ = bands.size();
  for (size_t begin = 0; begin < bands.size(); begin += kBandsTogether) {
    const absl::Span<const Band> group = bands.subspan(begin, kBandsTogether);
    size_t num_blocks = 0;
    for (const Band& band : group) {
      num_blocks = std::max(num_blocks, (band.weights.size() + kBlock - 1) / kBlock);
    }
    packed.num_blocks_.push_back(static_cast<uint32_t>(num_blocks));
    const size_t group_begin = packed.weights_.size();
    packed.weights_.resize(group_begin + num_blocks * kBandsTogether * kBlock);
    for (size_t i = 0; i < kBandsTogether; ++i) {
      if (i >= group.size()) {
        packed.first_.push_back(0);
        continue;
      }
      const Band& band = group[i];
      // The last block may not reach beyond the spectrum: then the band begins with zeros.
      const size_t first = std::min(band.first, num_bins - num_blocks * kBlock);
      packed.first_.push_back(static_cast<uint32_t>(first));
      for (size_t j = 0; j < band.weights.size(); ++j) {
        const size_t place = band.first - first + j;
        packed.weights_[group_begin + (place / kBlock * kBandsTogether + i) * kBlock +
                        place % kBlock] = band.weights[j];
      }
    }
  }
  return packed;
}

}  // namespace parlance::audio
