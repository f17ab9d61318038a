#include "tests/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace vhookd::testing {

namespace {

template <auto f>
struct Free {
  void operator()(auto* thing) const { f(thing); }
};
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

std::string text(const std::unique_ptr<BIO, Free<BIO_free_all>>& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, Free<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text(bio);
}

void extend(X509* certificate, int kind, const std::string& value) {
  const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) throw std::runtime_error("no extension");
}

// Signed by `issuer`, or by itself where there is none.
Certificate make(EVP_PKEY* key, const std::string& name, X509* issuer, EVP_PKEY* issuer_key, const std::string& names) {
  static int serial = 0;
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
  X509_set_pubkey(made.get(), key);
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(made.get(), issuer ? X509_get_subject_name(issuer) : subject);
  extend(made.get(), NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  if (!names.empty()) extend(made.get(), NID_subject_alt_name, names);
  if (X509_sign(made.get(), issuer_key, EVP_sha256()) == 0) throw std::runtime_error("no signature");
  return made;
}

}  // namespace

struct Authority::Impl {
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate = make(key.get(), "Test authority", nullptr, key.get(), "");
};

Authority::Authority() : impl_(std::make_unique<Impl>()) {}
Authority::~Authority() = default;

std::string Authority::pem() const {
  return pem_of(impl_->certificate.get());
}

Issued Authority::issue(const std::string& alt_names) const {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make(key.get(), "Issued", impl_->certificate.get(), impl_->key.get(), alt_names);
  const std::unique_ptr<BIO, Free<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {pem_of(certificate.get()), text(bio)};
}

}  // namespace vhookd::testing
