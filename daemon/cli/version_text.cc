#include "daemon/cli/version_text.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include <algorithm>

#include "connectors/connector.h"

namespace vhookd {

std::string version_text() {
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
  const std::string build = VHOOKD_BUILD;
  std::string text = "vhookd " VHOOKD_VERSION " (" + (build.empty() ? "plain" : build) + ", " + compiler + ")\n";
  std::vector<std::string> libraries = client_libraries();
  libraries.push_back(std::string("libcurl ") + curl_version_info(CURLVERSION_NOW)->version);
  libraries.push_back(std::string("SQLite ") + sqlite3_libversion());
  libraries.emplace_back(OpenSSL_version(OPENSSL_VERSION));
  libraries.push_back(std::string("libmicrohttpd ") + MHD_get_version());
  for (const char* library : {VHOOKD_BUILT_WITH}) libraries.emplace_back(library);
  // SQLite is linked for a connector and for the state, but listed once.
  const auto name = [](const std::string& line) { return line.substr(0, line.find(' ')); };
  std::vector<std::string> seen;
  for (const auto& library : libraries) {
    if (std::ranges::find(seen, name(library)) != seen.end()) continue;
    seen.push_back(name(library));
    text += "  " + library + "\n";
  }
  return text;
}

}  // namespace vhookd
