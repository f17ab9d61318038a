// Any bytes as a configuration: a whole one comes out, or errors each with its place; and no secret in any text.
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "config/hook.h"
#include "config/load.h"
#include "config/url_parts.h"
#include "connectors/mysql/url.h"
#include "delivery/egress.h"
#include "tests/config/support.h"
#include "tests/fuzz/target.h"

namespace vhookd::fuzz {
namespace {

std::optional<std::size_t> number_before_colon(std::string_view& text) {
  std::size_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end == text.data() + text.size() || *end != ':') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return value;
}

// "PATH:LINE:COLUMN: key: what", or "PATH: what" of the file as a whole.
void check_message(std::string_view message, const std::string& path, std::size_t lines) {
  require_no_canary(message, "a message says no secret");
  for (std::size_t i = 0; i < message.size(); ++i) {
    const auto c = static_cast<unsigned char>(message[i]);
    const bool c1 = c == 0xC2 && i + 1 < message.size() && static_cast<unsigned char>(message[i + 1]) < 0xA0;
    require(c >= 0x20 && c != 0x7F && !c1, "a message holds no control character", message);
  }
  require(message.starts_with(path + ":"), "a message begins with the file", message);
  std::string_view rest = message.substr(path.size() + 1);
  if (!rest.starts_with(' ')) {
    const auto line = number_before_colon(rest);
    const auto column = number_before_colon(rest);
    require(line && column && *line >= 1 && *line <= lines && *column >= 1, "a message has a place in the file",
            message);
  }
  require(rest.size() > 2 && rest.starts_with(' '), "a message says something", message);
}

void check_webhook(const config::Webhook& webhook) {
  require(!webhook.id.empty() && webhook.id.size() <= 64, "an id has 1 to 64 characters", webhook.id);
  require(webhook.interval >= std::chrono::milliseconds(100), "an interval is at least 100 ms");
  require(webhook.page_max_limit >= 1 && webhook.page_max_limit <= 10000, "a page has 1 to 10000 records");
  require(!webhook.object_type.empty(), "a webhook names a table");
  require_no_canary(webhook.filters_json, "filters are shown as written");
  if (!webhook.filters_json.empty())
    require(nlohmann::json::parse(webhook.filters_json, nullptr, false).is_object(), "filters are JSON",
            webhook.filters_json);
  for (const auto& filter : webhook.filters)
    require(!filter.column.empty() && !filter.values.empty(), "a filter has a column and values");
  require_no_canary(webhook.database->display, "a database is shown as written");
  require_no_canary(webhook.delivery->hook_url_display, "a hook is shown as written");
  require(config::hook_url_error(webhook.delivery->hook_url).empty(), "a hook is one to POST to",
          webhook.delivery->hook_url);
  for (const auto& key : webhook.delivery->secrets)
    require(key.kind() == SigningKey::Kind::ed25519 ? key.reveal().size() == 32
                                                    : key.reveal().size() >= 24 && key.reveal().size() <= 64,
            "a secret has its size");
  for (const auto& [name, value] : webhook.delivery->headers)
    for (const char c : name + value.reveal())
      require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a header holds no line break");
  if (config::url_family(webhook.database->type) == config::UrlFamily::mysql)
    if (const auto address = mysql::parse_url(webhook.database->url.reveal()); !address)
      require_no_canary(address.error().message, "the connector says no secret");
}

void check_config(const config::Config& config) {
  for (const auto& webhook : config.webhooks) check_webhook(webhook);
  for (const auto* list : {&config.egress.allow, &config.egress.deny})
    for (const std::string& cidr : *list) require(parse_cidr(cidr).has_value(), "a range is one to egress too", cidr);
}

// The folder of one file, and the secrets that it may refer to.
struct Place {
  config::TempFolder folder;
  std::string file = (std::filesystem::path(folder.path()) / "vhookd.yaml").string();
  config::SecretSources secrets = config::test_secrets((std::filesystem::path(folder.path()) / "credentials").string());
  Place() {
    folder.write("credentials/hook-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    folder.write("credentials/token", std::string(canary));
  }
};

}  // namespace
}  // namespace vhookd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vhookd;
  static const fuzz::Place place;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (fuzz::holds_canary(bytes)) return -1;
  std::ofstream(place.file, std::ios::binary) << bytes;
  const auto lines = static_cast<std::size_t>(std::ranges::count(bytes, '\n')) + 1;
  const auto config = config::load(place.file, place.secrets);
  if (!config) {
    fuzz::require(!config.error().empty(), "what is refused has an error");
    for (const std::string& error : config.error()) fuzz::check_message(error, place.file, lines);
    return 0;
  }
  for (const std::string& notice : config->notices) fuzz::check_message(notice, place.file, lines);
  fuzz::check_config(*config);
  return 0;
}
