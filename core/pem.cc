#include "core/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <memory>

namespace vhookd {

namespace {

template <auto f>
struct Free {
  void operator()(auto* thing) const { f(thing); }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

Bio reading(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) std::abort();  // out of memory
  return bio;
}

Certificate next_certificate(BIO* bio) {
  Certificate certificate(PEM_read_bio_X509_AUX(bio, nullptr, nullptr, nullptr));
  return certificate;
}

// Without this callback OpenSSL prompts for a passphrase on the terminal.
int no_passphrase(char*, int, int, void* encrypted) {
  *static_cast<bool*>(encrypted) = true;
  return -1;
}

PrivateKey read_key(std::string_view pem, bool& encrypted) {
  const Bio bio = reading(pem);
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &encrypted));
  ERR_clear_error();
  return key;
}

}  // namespace

std::string certificates_error(std::string_view pem) {
  const Bio bio = reading(pem);
  bool found = false;
  while (next_certificate(bio.get())) found = true;
  const unsigned long last = ERR_peek_last_error();
  ERR_clear_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (found && at_end) return {};
  if (pem.find("PRIVATE KEY-----") != pem.npos && !found) return "is a private key, expected a certificate";
  return "contains no readable certificate; expected PEM text that begins with -----BEGIN CERTIFICATE-----";
}

std::string private_key_error(std::string_view pem) {
  bool encrypted = false;
  if (read_key(pem, encrypted)) return {};
  if (encrypted)
    return "is encrypted; provide the key without a passphrase, as a credential or in a file that no other user can "
           "read";
  return "contains no readable private key; expected PEM text that begins with -----BEGIN PRIVATE KEY-----";
}

std::string key_pair_error(std::string_view certificates, std::string_view key) {
  const Bio bio = reading(certificates);
  const Certificate certificate = next_certificate(bio.get());
  bool encrypted = false;
  const PrivateKey its_key = read_key(key, encrypted);
  const bool fits = certificate && its_key && X509_check_private_key(certificate.get(), its_key.get()) == 1;
  ERR_clear_error();
  return fits ? "" : "does not match the certificate in cert";
}

}  // namespace vhookd
