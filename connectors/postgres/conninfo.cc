#include "connectors/postgres/conninfo.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace vhookd::postgres {
namespace {

using Settings = std::array<std::pair<std::string_view, std::string>, 8>;

Settings defaults(const ConnectOptions& options) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count();
  return {{
      {"application_name", "vhookd"},
      {"client_encoding", "UTF8"},
      {"connect_timeout", std::to_string(std::max<std::int64_t>(seconds, 2))},  // for each host; libpq's least is 2
      // A peer that is gone without a word is noticed within a minute, waiting or sending.
      {"keepalives", "1"},
      {"keepalives_idle", "30"},
      {"keepalives_interval", "10"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "60000"},
  }};
}

// Where the query of a URI begins, as libpq finds it: behind the user and password, which may hold a '?'.
std::size_t query_of(std::string_view uri) {
  const auto authority = uri.find("://") + 3;
  const auto end_of_user = uri.find_first_of("@/", authority);
  const bool has_user = end_of_user != std::string_view::npos && uri[end_of_user] == '@';
  return uri.find('?', has_user ? end_of_user : authority);
}

}  // namespace

std::string with_defaults(std::string_view url, const ConnectOptions& options) {
  const bool is_uri = url.starts_with("postgresql://") || url.starts_with("postgres://");
  std::string ours;
  for (const auto& [name, value] : defaults(options)) {
    if (!ours.empty()) ours += is_uri ? '&' : ' ';
    ours.append(name).append("=").append(value);
  }
  if (!is_uri) return ours + " " + std::string(url);
  const auto query = query_of(url);
  if (query == std::string_view::npos) return std::string(url) + "?" + ours;
  const auto theirs = url.substr(query + 1);
  return std::string(url.substr(0, query + 1)) + ours + (theirs.empty() ? "" : "&") + std::string(theirs);
}

}  // namespace vhookd::postgres
