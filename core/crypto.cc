#include "core/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace vhookd {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

// One HMAC context for each thread: creating one costs ten times as much as the digest of a small page.
EVP_MAC_CTX* hmac_context() {
  struct Context {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() {
      EVP_MAC_CTX_free(context);
      EVP_MAC_free(mac);
    }
  };
  thread_local const Context context;
  return context.context;
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view part1, std::string_view part2) {
  std::array<char, 7> digest = {"SHA256"};
  const std::array params = {OSSL_PARAM_construct_utf8_string("digest", digest.data(), 0), OSSL_PARAM_construct_end()};
  EVP_MAC_CTX* context = hmac_context();
  std::string out(32, '\0');
  std::size_t size = 0;
  const bool ok = EVP_MAC_init(context, bytes(key), key.size(), params.data()) == 1 &&
                  EVP_MAC_update(context, bytes(part1), part1.size()) == 1 &&
                  EVP_MAC_update(context, bytes(part2), part2.size()) == 1 &&
                  EVP_MAC_final(context, reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) == 1;
  if (!ok || size != out.size()) std::abort();  // out of memory, or OpenSSL does not work
  return out;
}

std::string hex_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
  return out;
}

void append_base64(std::string& out, std::string_view text) {
  const unsigned char* p = bytes(text);
  std::size_t left = text.size();
  for (; left >= 3; p += 3, left -= 3) {
    const unsigned group = (unsigned{p[0]} << 16) | (unsigned{p[1]} << 8) | p[2];
    out += base64_digits[group >> 18];
    out += base64_digits[(group >> 12) & 63];
    out += base64_digits[(group >> 6) & 63];
    out += base64_digits[group & 63];
  }
  if (left == 0) return;
  const unsigned group = (unsigned{p[0]} << 16) | (left == 2 ? unsigned{p[1]} << 8 : 0);
  out += base64_digits[group >> 18];
  out += base64_digits[(group >> 12) & 63];
  out += left == 2 ? base64_digits[(group >> 6) & 63] : '=';
  out += '=';
}

std::string base64(std::string_view text) {
  std::string out;
  out.reserve((text.size() + 2) / 3 * 4);
  append_base64(out, text);
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    unsigned group = 0;
    int padding = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const char c = text[i + j];
      const auto digit = base64_digits.find(c);
      if (c == '=' && i + 4 == text.size() && j >= 2) {
        ++padding;
      } else if (digit == std::string_view::npos || padding > 0) {
        return std::nullopt;
      }
      group = (group << 6) | (c == '=' ? 0U : static_cast<unsigned>(digit));
    }
    out += static_cast<char>(group >> 16);
    if (padding < 2) out += static_cast<char>((group >> 8) & 255);
    if (padding < 1) out += static_cast<char>(group & 255);
    const unsigned unused = padding == 2 ? group & 0xffff : padding == 1 ? group & 0xff : 0;
    if (unused != 0) return std::nullopt;  // an encoder sets the unused bits to zero
  }
  return out;
}

std::string ed25519_public(std::string_view seed) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(seed), seed.size()));
  std::string out(32, '\0');
  std::size_t size = out.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(out.data()), &size) != 1 ||
      size != out.size())
    std::abort();  // out of memory, or a seed of the wrong size
  return out;
}

std::string ed25519_sign(std::string_view seed, std::string_view message) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(seed), seed.size()));
  const Digest digest(EVP_MD_CTX_new());
  std::string out(64, '\0');
  std::size_t size = out.size();
  if (!key || !digest || EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes(message),
                     message.size()) != 1 ||
      size != out.size())
    std::abort();
  return out;
}

bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(public_key), public_key.size()));
  const Digest digest(EVP_MD_CTX_new());
  return key && digest && EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(digest.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1) std::abort();
  return out;
}

std::string random_id() {
  // Each page needs two ids. Most of the cost of OpenSSL's generator is the call itself, so draw many at once.
  constexpr std::size_t bytes_each = 16;
  constexpr std::size_t drawn_at_once = 32 * bytes_each;
  static thread_local std::string drawn;
  if (drawn.empty()) drawn = random_bytes(drawn_at_once);
  const std::string id = hex_lower(std::string_view(drawn).substr(drawn.size() - bytes_each));
  drawn.resize(drawn.size() - bytes_each);
  return id;
}

}  // namespace vhookd
