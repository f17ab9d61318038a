#include "daemon/output/percent_encode.h"

#include "core/crypto.h"

namespace vhookd {

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    out += plain ? std::string(1, c) : "%" + hex_lower({&c, 1});
  }
  return out;
}

}  // namespace vhookd
