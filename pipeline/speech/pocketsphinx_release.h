// What releases of PocketSphinx call differently: until 0.8, a part of it was the library
// SphinxBase.
//
// Handles are PocketSphinx's own. The functions return what it returns, and allocate as it does.
#ifndef PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_
#define PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_

#include <pocketsphinx.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

#if __has_include(<sphinxbase/jsgf.h>)
#include <sphinxbase/cmn.h>
#include <sphinxbase/err.h>
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

// Hears a whole utterance, normalised by its own mean, and leaves the mean that is estimated from
// utterance to utterance as it is.
inline bool HearWhole(ps_decoder_t* decoder, absl::Span<const int16_t> samples) {
  feat_t* const features = ps_get_feat(decoder);
  cmn_t* const cmn = features->cmn_struct;
  const size_t size = static_cast<size_t>(cmn->veclen);
  const CepstralMean mean(cmn->cmn_mean, cmn->cmn_mean + size);
  const std::vector<mfcc_t> sum(cmn->sum, cmn->sum + size);
  const int32 num_frames = cmn->nframe;
  const cmn_type_t kind = features->cmn;
  features->cmn = CMN_BATCH;
  bool heard = ps_start_utt(decoder) == 0;
  if (heard) {
    heard = ps_process_raw(decoder, samples.data(), samples.size(), FALSE, TRUE) >= 0;
    heard = ps_end_utt(decoder) == 0 && heard;
  }
  features->cmn = kind;
  std::copy(mean.begin(), mean.end(), cmn->cmn_mean);
  std::copy(sum.begin(), sum.end(), cmn->sum);
  cmn->nframe = num_frames;
  return heard;
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

// Its own mean cannot be asked for once the decoder estimates one, so it is normalised by that one,
// which has heard the utterance before.
inline bool HearWhole(ps_decoder_t* decoder, absl::Span<const int16_t> samples) {
  const CepstralMean mean = GetCepstralMean(decoder);
  bool heard = ps_start_utt(decoder) == 0;
  if (heard) {
    heard = ps_process_raw(decoder, samples.data(), samples.size(), FALSE, TRUE) >= 0;
    heard = ps_end_utt(decoder) == 0 && heard;
  }
  SetCepstralMean(decoder, mean);
  return heard;
}

#endif

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_
