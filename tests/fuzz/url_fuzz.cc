// Any text as the URL of a database or a hook. Held against what dials it: libpq, the MySQL connector's own reader,
// libcurl. No password is shown, no secret leads to another host.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <libpq-fe.h>

#include <memory>

#include "config/database_url.h"
#include "config/hook.h"
#include "connectors/mysql/url.h"
#include "connectors/postgres/conninfo.h"
#include "delivery/egress.h"
#include "tests/config/support.h"
#include "tests/fuzz/target.h"

namespace vhookd::fuzz {
namespace {

using Options = std::map<std::string, std::string>;

// What libpq makes of it; none: it refuses.
std::optional<Options> as_libpq_reads(const std::string& url) {
  char* raw_error = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(postgres::with_defaults(url, {}).c_str(), &raw_error), PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> error(raw_error, PQfreemem);
  if (!options) return std::nullopt;
  Options read;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) read[option->keyword] = option->val;
  return read;
}

// A parameter's name is no secret, and told where it is unknown.
bool names_the_canary(std::string_view url) {
  while (true) {
    url = url.substr(std::min(url.size(), url.find_first_of("?&")));
    if (url.empty()) return false;
    url.remove_prefix(1);
    if (holds_canary(url.substr(0, url.find_first_of("=&")))) return true;
  }
}

std::optional<Options> as_mysql_reads(const std::string& url) {
  const auto address = mysql::parse_url(url);
  if (!address) {
    if (!names_the_canary(url)) require_no_canary(address.error().message, "the connector says no secret");
    return std::nullopt;
  }
  return Options{{"host", address->host},
                 {"port", std::to_string(address->port)},
                 {"socket", address->socket},
                 {"user", address->user},
                 {"password", address->password.reveal()},
                 {"dbname", address->database},
                 {"sslrootcert", address->ssl_ca},
                 {"sslcert", address->ssl_cert},
                 {"sslkey", address->ssl_key},
                 {"ssl", std::to_string(static_cast<int>(address->ssl_mode))}};
}

bool speaks(const config::DatabaseUrl& url, DbType type) {
  return config::fits(url, type);
}

std::optional<Options> as_client_reads(const config::DatabaseUrl& url) {
  if (speaks(url, DbType::postgres)) return as_libpq_reads(url.url.reveal());
  if (speaks(url, DbType::mysql)) return as_mysql_reads(url.url.reveal());
  return std::nullopt;
}

config::SecretSources secrets_with(const std::string& password) {
  auto secrets = config::test_secrets();
  const auto others = secrets.env;
  secrets.env = [=](const std::string& name) { return name == "PASSWORD" ? std::optional(password) : others(name); };
  return secrets;
}

std::optional<config::DatabaseUrl> read_url(const std::string& written, const config::SecretSources& secrets) {
  const auto text = config::expand(written, secrets);
  if (!text) {
    for (const std::string& error : text.error()) require_no_canary(error, "a reference's error says no secret");
    return std::nullopt;
  }
  auto url = config::read_database_url(*text);
  if (url) return std::move(*url);
  require_no_canary(url.error(), "an error says no part of a url");
  return std::nullopt;
}

// A text with references in it, whatever it is: what they stand for is not shown.
void check_references(const std::string& written) {
  if (holds_canary(written)) return;
  static const auto secrets = config::test_secrets();
  const auto url = read_url(written, secrets);
  if (!url) return;
  require_no_canary(url->display, "a url is shown without its secrets");
  (void)as_client_reads(*url);
}

// A password that stands in the url itself.
void check_plain_password(const std::string& before, const std::string& after) {
  if (holds_canary(before) || holds_canary(after)) return;
  if (before.contains("${") || before.ends_with('$')) return;  // the name of a reference, which is told
  const auto url = read_url(before + std::string(canary) + after, config::test_secrets());
  if (!url) return;
  const auto read = as_client_reads(*url);
  if (!read) return;
  for (const auto& [name, value] : *read)
    if (!name.contains("password") && holds_canary(value)) return;  // it was written for something else as well
  if (read->contains("password") && holds_canary(read->at("password")))
    require_no_canary(url->display, "a url is shown without its password");
}

// SCHEME://USER:${env:PASSWORD}@REST: the client gets the very password, and all else is as with any other one.
void check_password_by_reference(FuzzedDataProvider& given) {
  const std::string scheme = given.PickValueInArray({"postgresql", "postgres", "mysql", "mariadb"});
  const std::string user = given.ConsumeRandomLengthString(20);
  const std::string password = given.ConsumeRandomLengthString(30);
  const std::string rest = given.ConsumeRandomLengthString(100);
  if (password.contains('\0')) return;                                     // no client takes it
  if (!config::expand("${env:PASSWORD}", secrets_with(password))) return;  // not UTF-8
  if (password.empty() || user.contains("${") || rest.contains("${") || user.ends_with('$')) return;
  const std::string written = scheme + "://" + user + ":${env:PASSWORD}@" + rest;
  if (user.find_first_of("@/:?$") != user.npos || rest.contains('@')) return check_references(written);
  const auto odd = read_url(written, secrets_with(password));
  const auto plain = read_url(written, secrets_with("plain"));
  require(odd.has_value() == plain.has_value(), "no password makes a url wrong or right", written);
  if (!odd) return;
  require(odd->display == plain->display, "a url is shown as it is written", odd->display);
  auto with_odd = as_client_reads(*odd);
  auto with_plain = as_client_reads(*plain);
  require(with_odd.has_value() == with_plain.has_value(), "no password makes a url wrong for the client", written);
  if (!with_odd) return;
  require((*with_plain)["password"] == "plain" ? (*with_odd)["password"] == password : with_odd == with_plain,
          "the client gets the very password", (*with_odd)["password"]);
  with_odd->erase("password");
  with_plain->erase("password");
  require(*with_odd == *with_plain, "a password leads to no other place", odd->url.reveal());
}

std::string curl_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  const auto code = curl_url_get(url, part, &text, 0);
  const std::unique_ptr<char, void (*)(void*)> owned(text, curl_free);
  return code == CURLUE_OK ? text : "";
}

// The host libcurl dials, and the one egress judges by, are the same.
void check_hook(const std::string& url) {
  if (!config::hook_url_error(url).empty()) return;
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  const auto code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
  if (code != CURLUE_OK) return;  // an error at the first POST, which the operator is told
  require(curl_part(parsed.get(), CURLUPART_USER).empty() && curl_part(parsed.get(), CURLUPART_PASSWORD).empty() &&
              curl_part(parsed.get(), CURLUPART_FRAGMENT).empty(),
          "a hook has no user, password or fragment", url);
  std::string dialled = curl_part(parsed.get(), CURLUPART_HOST);
  if (dialled.starts_with('[')) dialled = dialled.substr(1, dialled.size() - 2);
  const std::string judged(written_host(url));
  const auto address = parse_ip(judged);
  if (address) return require(parse_ip(dialled) == address, "a literal address is the one dialled", url);
  in_addr odd{};
  if (inet_aton(judged.c_str(), &odd) != 0) return;  // 0x7f.1 and the like: no literal, whatever libcurl makes of it
  const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  require(std::ranges::equal(judged, dialled, same), "the host judged is the one dialled", dialled);
}

// Why a hook is refused says nothing of its path, which may be as good as a password.
void check_hook_error(const std::string& before, const std::string& after) {
  if (holds_canary(before) || holds_canary(after)) return;
  require_no_canary(config::hook_url_error(before + std::string(canary) + after), "an error says no part of a hook");
}

}  // namespace
}  // namespace vhookd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vhookd;
  FuzzedDataProvider given(data, size);
  switch (given.ConsumeIntegralInRange(0, 4)) {
    case 0:
      fuzz::check_references(given.ConsumeRemainingBytesAsString());
      break;
    case 1: {
      const auto before = given.ConsumeRandomLengthString(100);
      fuzz::check_plain_password(before, given.ConsumeRemainingBytesAsString());
      break;
    }
    case 2:
      fuzz::check_password_by_reference(given);
      break;
    case 3:
      fuzz::check_hook(given.ConsumeRemainingBytesAsString());
      break;
    default: {
      const auto before = given.ConsumeRandomLengthString(100);
      fuzz::check_hook_error(before, given.ConsumeRemainingBytesAsString());
    }
  }
  return 0;
}
