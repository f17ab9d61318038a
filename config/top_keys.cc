#include <nlohmann/json.hpp>

#include "config/keys.h"
#include "config/network.h"
#include "config/scalars.h"

namespace vhookd::config {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t safe_token = 16;
constexpr std::size_t most_token = 1000;
constexpr std::size_t longest_socket = 107;  // sockaddr_un
constexpr std::int64_t least_outbox = std::int64_t{1} << 20;
constexpr std::int64_t most_outbox = std::int64_t{1} << 50;

Form<Secret> api_token() {
  const auto read = [](const Input& in) -> std::optional<Secret> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const std::string value = text->value();
    const bool printable = std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!printable) {
      in.wrong("holds a space or a character outside ASCII; a bearer token has none");
    } else if (value.empty() || value.size() > most_token) {
      in.wrong("must be 1 to 1000 characters long; `openssl rand -hex 32` prints a good one");
    } else {
      if (value.size() < safe_token)
        in.notice("is short enough to be guessed; `openssl rand -hex 32` prints a good one");
      return Secret(value);
    }
    return std::nullopt;
  };
  return {text_schema("[!-~]{1,1000}", {"number"}), read};
}

Form<Api> api() {
  const Keys<Api> keys = {
      key<Api>("listen", "HOST:PORT, [v6]:PORT or off. Default 127.0.0.1:8420.", &Api::listen, listen_address()),
      key<Api>("socket", "The control socket. Default: in the runtime directory.", &Api::socket,
               absolute_path(longest_socket)),
      key<Api>("token", "What changes something over HTTP has to show.", &Api::token, api_token()),
  };
  return object<Api>(keys, [](const Input& in, const Given& given, const Api& value) {
    if (is_loopback_listen(value.listen) || given.contains("token")) return;
    in.context->report.error(
        given.at("listen")->place, in.path + ".listen",
        "an address other than loopback needs api.token; set one, or listen on 127.0.0.1 or [::1]");
  });
}

Form<Log> log() {
  const auto level = choice<std::string>(
      {{"trace", "trace"}, {"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}});
  const auto format = choice<LogFormat>({{"text", LogFormat::text}, {"json", LogFormat::json}});
  return object<Log>({
      key<Log>("level", "Least level that is logged. Default info.", &Log::level, level),
      key<Log>("format", "text or json.", &Log::format, format),
  });
}

Form<Egress> egress() {
  return object<Egress>({
      key<Egress>("allow", "Private or loopback ranges that a name may resolve to.", &Egress::allow, cidrs()),
      key<Egress>("deny", "Ranges that are never sent to.", &Egress::deny, cidrs()),
  });
}

Form<Limits> limits() {
  return object<Limits>({
      key<Limits>("polls", "Polls under way at once. Default 8.", &Limits::polls, integer(1, 64)),
      key<Limits>("deliveries", "POSTs under way at once. Default 64.", &Limits::deliveries, integer(1, 1000)),
      key<Limits>("outbox_bytes", "Most bytes of undelivered pages that are kept. Default 1GiB.", &Limits::outbox_bytes,
                  bytes(least_outbox, most_outbox)),
      key<Limits>("kept_bytes", "Most bytes of delivered pages kept for replay, of all webhooks. Default 512MiB.",
                  &Limits::kept_bytes, bytes(0, most_outbox)),
  });
}

// Kept to be read once every file is known.
Form<std::optional<Input>> later(std::string schema) {
  return {std::move(schema),
          [](const Input& in) { return std::optional<std::optional<Input>>(std::optional<Input>(in)); }};
}

std::string connections_schema() {
  const ordered_json schema = {{"type", {"object", "null"}},
                               {"additionalProperties", ordered_json::parse(object_schema(infos(connection_keys())))}};
  return schema.dump();
}

// A webhook may take from defaults what it must have; its id it cannot.
std::string webhooks_schema() {
  auto keys = webhook_keys();
  for (auto& key : keys) key.required = key.name == "id";
  const ordered_json schema = {{"type", {"array", "null"}}, {"items", ordered_json::parse(object_schema(infos(keys)))}};
  return schema.dump();
}

Keys<TopDraft> make_top_keys() {
  using Top = TopDraft;
  return {
      key<Top>("state", "The folder of the state file. Default $STATE_DIRECTORY, else /var/lib/vhookd.", &Top::state,
               absolute_path()),
      key<Top>("api", "HTTP status, metrics and API.", &Top::api, api()),
      key<Top>("log", "What is logged, and how.", &Top::log, log()),
      key<Top>("egress", "Where webhooks may be sent.", &Top::egress, egress()),
      key<Top>("limits", "Bounds on work and space.", &Top::limits, limits()),
      key<Top>("defaults", "Keys of webhooks, for all that do not set them.", &Top::defaults,
               later(object_schema(infos(default_keys())))),
      key<Top>("connections", "Databases, by name.", &Top::connections, later(connections_schema())),
      key<Top>("webhooks", "What is polled, and where its changes go.", &Top::webhooks, later(webhooks_schema())),
  };
}

}  // namespace

const Keys<TopDraft>& top_keys() {
  static const Keys<TopDraft> keys = make_top_keys();
  return keys;
}

}  // namespace vhookd::config
