// What releases of PocketSphinx call differently: until 0.8, a part of it was the library
// SphinxBase.
//
// Handles are PocketSphinx's own. The functions return what it returns, and allocate as it does.
#ifndef PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_
#define PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_

#include <pocketsphinx.h>

#include <cstdlib>
#include <string>

#if __has_include(<sphinxbase/jsgf.h>)
#include <sphinxbase/err.h>
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

// One pass over the sound, with silence: null if PocketSphinx does not take the options.
inline PocketSphinxConfig* NewPocketSphinxConfig(const std::string& acoustic_model,
                                                 const std::string& dictionary) {
  return cmd_ln_init(nullptr, ps_args(), TRUE, "-hmm", acoustic_model.c_str(), "-dict",
                     dictionary.c_str(), "-fwdflat", "no", "-bestpath", "no", "-remove_silence",
                     "no", nullptr);
}
inline void FreePocketSphinxConfig(PocketSphinxConfig* config) { cmd_ln_free_r(config); }

// How much the grammar weighs against the sound.
inline float LanguageWeight(ps_decoder_t* decoder) {
  return static_cast<float>(cmd_ln_float32_r(ps_get_config(decoder), "-lw"));
}

// Makes the network the one that is searched. The decoder keeps a reference of its own.
inline bool Search(ps_decoder_t* decoder, const char* name, fsg_model_t* network) {
  return ps_set_fsg(decoder, name, network) == 0 && ps_set_search(decoder, name) == 0;
}

inline void FreeLookedUp(char* phones) { ckd_free(phones); }

#else

using PocketSphinxConfig = ps_config_t;

inline PocketSphinxConfig* NewPocketSphinxConfig(const std::string& acoustic_model,
                                                 const std::string& dictionary) {
  PocketSphinxConfig* const config = ps_config_init(nullptr);
  if (config == nullptr) return nullptr;
  // The sound is not told from silence since release 5.
  if (ps_config_set_str(config, "hmm", acoustic_model.c_str()) == nullptr ||
      ps_config_set_str(config, "dict", dictionary.c_str()) == nullptr ||
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

inline bool Search(ps_decoder_t* decoder, const char* name, fsg_model_t* network) {
  return ps_add_fsg(decoder, name, network) == 0 && ps_activate_search(decoder, name) == 0;
}

inline void FreeLookedUp(char* phones) { std::free(phones); }

#endif

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_POCKETSPHINX_RELEASE_H_
