#include "daemon/engine/connection_key.h"

#include "core/crypto.h"

namespace vhookd {

std::string connection_key(const config::Database& database) {
  return hmac_sha256("connection", name_of(database.type), database.url.reveal());
}

std::string server_key(const config::Database& database) {
  const auto& url = database.url.reveal();
  const auto authority = url.find("://");
  return hmac_sha256(
      "server", url.substr(0, authority == std::string::npos ? authority : url.find_first_of("/?", authority + 3)));
}

}  // namespace vhookd
