// What releases of PocketSphinx call differently: until 0.8, a part of it was the library
// SphinxBase.
//
// Handles are PocketSphinx's own. The functions return what it returns, and allocate as it does.
#ifndef PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_
#define PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_

#include <pocketsphinx.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"

#if __has_include(<sphinxbase/jsgf.h>)
#include <sphinxbase/cmn.h>
#include <sphinxbase/err.h>
#include <sphinxbase/fe.h>
#include <sphinxbase/feat.h>
#include <sphinxbase/fsg_model.h>
#include <sphinxbase/jsgf.h>
#else
#include <pocketsphinx/err.h>
#include <pocketsphinx/model.h>
#include <pocketsphinx/search.h>
#endif

namespace parlance::pipeline {

#if __has_include(<sphinxbase/jsgf.h>)

using PocketSphinxConfig = cmd_ln_t;

// One pass over the sound, with silence, and no words: null if PocketSphinx does not take the
// options.
inline PocketSphinxConfig* NewPocketSphinxConfig(const std::string& acoustic_model) {
  return cmd_ln_init(nullptr, ps_args(), TRUE, "-hmm", acoustic_model.c_str(), "-fwdflat", "no",
                     "-bestpath", "no", "-remove_silence", "no", nullptr);
}
inline void FreePocketSphinxConfig(PocketSphinxConfig* config) { cmd_ln_free_r(config); }

// How much the grammar weighs against the sound.
inline float LanguageWeight(ps_decoder_t* decoder) {
  return static_cast<float>(cmd_ln_float32_r(ps_get_config(decoder), "-lw"));
}

// Adds a network that can be searched. The decoder keeps a reference of its own.
inline bool AddSearch(ps_decoder_t* decoder, const char* name, fsg_model_t* network) {
  return ps_set_fsg(decoder, name, network) == 0;
}
// Makes it the one that is searched. Not while an utterance is going on.
inline bool Search(ps_decoder_t* decoder, const char* name) {
  return ps_set_search(decoder, name) == 0;
}

// The mean of the sound's features, which the decoder goes on estimating from utterance to
// utterance.
using CepstralMean = std::vector<mfcc_t>;

inline CepstralMean GetCepstralMean(ps_decoder_t* decoder) {
  cmn_t* const cmn = ps_get_feat(decoder)->cmn_struct;
  CepstralMean mean(static_cast<size_t>(cmn->veclen));
  cmn_live_get(cmn, mean.data());
  return mean;
}
inline void SetCepstralMean(ps_decoder_t* decoder, const CepstralMean& mean) {
  cmn_live_set(ps_get_feat(decoder)->cmn_struct, mean.data());
}

// The deviation of each coefficient of the sound's features in clean speech as an utterance has it,
// with half a second of silence: of human-like voices that the model understands.
inline constexpr float kCleanDeviation[] = {16.401F, 19.555F, 14.372F, 18.917F, 15.336F,
                                            12.699F, 14.076F, 13.646F, 14.934F, 10.747F,
                                            9.738F,  9.729F,  11.249F};

// Noise fills the pauses, so the deviation of noisy speech is smaller. Scaling it up to all of that
// of clean speech scales up the noise, too.
inline constexpr double kNormalizedShare = 0.6;

// Takes the mean off each coefficient of an utterance's frames, and brings its deviation closer to
// that of clean speech. Returns the natural logarithm of what the deviation of the energy was, of
// that of clean speech: about 0 for clean speech, -1 with noise 10 dB below the speech.
inline double Normalize(mfcc_t** frames, size_t num_frames, size_t num_coefficients) {
  double energy = 0;
  for (size_t i = 0; i < num_coefficients && i < std::size(kCleanDeviation); ++i) {
    double sum = 0;
    double sum_of_squares = 0;
    for (size_t frame = 0; frame < num_frames; ++frame) {
      const double value = frames[frame][i];
      sum += value;
      sum_of_squares += value * value;
    }
    const double mean = sum / static_cast<double>(num_frames);
    const double variance = sum_of_squares / static_cast<double>(num_frames) - mean * mean;
    // Silence that is made has none.
    const double share = std::max(std::sqrt(std::max(variance, 0.0)), 0.01) / kCleanDeviation[i];
    if (i == 0) energy = std::log(share);
    const double gain = std::pow(share, -kNormalizedShare);
    for (size_t frame = 0; frame < num_frames; ++frame) {
      frames[frame][i] = static_cast<mfcc_t>(gain * (frames[frame][i] - mean));
    }
  }
  return energy;
}

// Hears a whole utterance, normalised by its own mean and variance, and leaves the mean that is
// estimated from utterance to utterance as it is. Returns what Normalize does, or nothing if
// PocketSphinx fails.
inline std::optional<double> HearWhole(ps_decoder_t* decoder, absl::Span<const int16_t> samples) {
  feat_t* const features = ps_get_feat(decoder);
  cmn_t* const cmn = features->cmn_struct;
  const auto size = static_cast<size_t>(cmn->veclen);
  fe_t* const front_end = ps_get_fe(decoder);
  fe_start_stream(front_end);
  if (fe_start_utt(front_end) != 0) return std::nullopt;
  const int16* rest = samples.data();
  size_t num_left = samples.size();
  int32 num_frames = 0;
  // Without `frames`, it tells how many there will be.
  if (fe_process_frames(front_end, &rest, &num_left, nullptr, &num_frames, nullptr) < 0) {
    return std::nullopt;
  }
  // The last is of what is left when the utterance ends.
  const auto capacity = static_cast<size_t>(num_frames) + 2;
  std::vector<mfcc_t> values(capacity * size);
  std::vector<mfcc_t*> frames(capacity);
  for (size_t i = 0; i < capacity; ++i) frames[i] = values.data() + i * size;
  int32 frame_index = 0;
  if (fe_process_frames(front_end, &rest, &num_left, frames.data(), &num_frames, &frame_index) <
      0) {
    return std::nullopt;
  }
  int32 num_last = 0;
  fe_end_utt(front_end, frames[static_cast<size_t>(num_frames)], &num_last);
  num_frames += num_last;
  if (num_frames == 0) return std::nullopt;
  const double energy = Normalize(frames.data(), static_cast<size_t>(num_frames), size);

  const std::vector<mfcc_t> mean(cmn->cmn_mean, cmn->cmn_mean + size);
  const std::vector<mfcc_t> sum(cmn->sum, cmn->sum + size);
  const int32 num_summed = cmn->nframe;
  const cmn_type_t kind = features->cmn;
  features->cmn = CMN_BATCH;
  bool heard = ps_start_utt(decoder) == 0;
  if (heard) {
    heard = ps_process_cep(decoder, frames.data(), num_frames, FALSE, TRUE) >= 0;
    heard = ps_end_utt(decoder) == 0 && heard;
  }
  features->cmn = kind;
  std::copy(mean.begin(), mean.end(), cmn->cmn_mean);
  std::copy(sum.begin(), sum.end(), cmn->sum);
  cmn->nframe = num_summed;
  return heard ? std::optional<double>(energy) : std::nullopt;
}

#else

using PocketSphinxConfig = ps_config_t;

inline PocketSphinxConfig* NewPocketSphinxConfig(const std::string& acoustic_model) {
  PocketSphinxConfig* const config = ps_config_init(nullptr);
  if (config == nullptr) return nullptr;
  // The sound is not told from silence since release 5.
  if (ps_config_set_str(config, "hmm", acoustic_model.c_str()) == nullptr ||
      ps_config_set_bool(config, "fwdflat", 0) == nullptr ||
      ps_config_set_bool(config, "bestpath", 0) == nullptr) {
    ps_config_free(config);
    return nullptr;
  }
  return config;
}
inline void FreePocketSphinxConfig(PocketSphinxConfig* config) { ps_config_free(config); }

inline float LanguageWeight(ps_decoder_t* decoder) {
  return static_cast<float>(ps_config_float(ps_get_config(decoder), "lw"));
}

inline bool AddSearch(ps_decoder_t* decoder, const char* name, fsg_model_t* network) {
  return ps_add_fsg(decoder, name, network) == 0;
}
inline bool Search(ps_decoder_t* decoder, const char* name) {
  return ps_activate_search(decoder, name) == 0;
}

using CepstralMean = std::string;

inline CepstralMean GetCepstralMean(ps_decoder_t* decoder) { return ps_get_cmn(decoder, FALSE); }
inline void SetCepstralMean(ps_decoder_t* decoder, const CepstralMean& mean) {
  ps_set_cmn(decoder, mean.c_str());
}

// The features are the decoder's own, so they are normalised by the mean that it estimates, which
// has heard the utterance before. Returns 0, or nothing if PocketSphinx fails.
inline std::optional<double> HearWhole(ps_decoder_t* decoder, absl::Span<const int16_t> samples) {
  const CepstralMean mean = GetCepstralMean(decoder);
  bool heard = ps_start_utt(decoder) == 0;
  if (heard) {
    heard = ps_process_raw(decoder, samples.data(), samples.size(), FALSE, TRUE) >= 0;
    heard = ps_end_utt(decoder) == 0 && heard;
  }
  SetCepstralMean(decoder, mean);
  return heard ? std::optional<double>(0) : std::nullopt;
}

#endif

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_
