#include "pipeline/door/net/testing/test_certificate.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"

namespace parlance::pipeline::door {
namespace {

constexpr long kDay = 24 * 60 * 60;

void Check(bool holds) {
  if (!holds) std::abort();
}

void AddExtension(X509* certificate, int kind, const char* value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

TestCertificate MakeTestCertificate(const std::string& folder, const std::string& name,
                                    const TestCertificateOptions& options) {
  TestCertificate result = {folder + "/" + name + ".pem", folder + "/" + name + ".key"};
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  Check(key != nullptr && certificate != nullptr);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), options.begins * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), options.ends * kDay);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_set_pubkey(certificate, key);
  AddExtension(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  AddExtension(certificate, NID_basic_constraints, "CA:TRUE");
  Check(X509_sign(certificate, key, EVP_sha256()) > 0);

  std::FILE* file = std::fopen(result.certificate_file.c_str(), "w");
  Check(file != nullptr && PEM_write_X509(file, certificate) == 1 && std::fclose(file) == 0);
  file = std::fopen(result.key_file.c_str(), "w");
  Check(file != nullptr && fchmod(fileno(file), S_IRUSR | S_IWUSR) == 0);
  const bool has_passphrase = !options.passphrase.empty();
  Check(PEM_write_PrivateKey(file, key, has_passphrase ? EVP_aes_256_cbc() : nullptr,
                             has_passphrase
                                 ? reinterpret_cast<const unsigned char*>(options.passphrase.data())
                                 : nullptr,
                             static_cast<int>(options.passphrase.size()), nullptr, nullptr) == 1 &&
        std::fclose(file) == 0);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return result;
}

}  // namespace parlance::pipeline::door
