#include "config/json_text.h"
#include "config/keys.h"
#include "config/network.h"
#include "config/scalars.h"

namespace vhookd::config {

namespace {

constexpr std::size_t safe_token = 16;
constexpr std::size_t most_token = 1000;
constexpr std::size_t longest_socket = 107;  // sockaddr_un
constexpr std::int64_t least_outbox = std::int64_t{1} << 20;
constexpr std::int64_t most_outbox = std::int64_t{1} << 50;

ValueType<Secret> api_token() {
  const auto read = [](const Input& in) -> std::optional<Secret> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const std::string value = text->value();
    const bool printable = std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!printable) {
      in.wrong("contains a space or a non-ASCII character, which a bearer token cannot contain");
    } else if (value.empty() || value.size() > most_token) {
      in.wrong("must be 1 to 1000 characters long; generate one with `openssl rand -hex 32`");
    } else {
      if (value.size() < safe_token)
        in.notice("is short enough to be guessed; generate a longer one with `openssl rand -hex 32`");
      return Secret(value);
    }
    return std::nullopt;
  };
  return {text_schema("[!-~]{1,1000}", {"number"}), read};
}

ValueType<Api> api() {
  const Keys<Api> keys = {
      key<Api>("listen", "The address to listen on: HOST:PORT, [IPV6]:PORT or off. Default 127.0.0.1:8420.",
               &Api::listen, listen_address()),
      key<Api>("socket", "The path of the control socket. Default: control.sock in the runtime directory.",
               &Api::socket, absolute_path(longest_socket)),
      key<Api>("token", "The token that requests over HTTP need in order to change something.", &Api::token,
               api_token()),
  };
  return object<Api>(keys, [](const Input& in, const PresentKeys& given, const Api& value) {
    if (is_loopback_listen(value.listen) || given.contains("token")) return;
    in.context->report.error(
        given.at("listen")->location, in.path + ".listen",
        "listening on an address other than loopback requires api.token; set it, or listen on 127.0.0.1 or [::1]");
  });
}

ValueType<Log> log() {
  const auto level = choice<std::string>(
      {{"trace", "trace"}, {"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}});
  const auto format = choice<LogFormat>({{"text", LogFormat::text}, {"json", LogFormat::json}});
  return object<Log>({
      key<Log>("level", "The lowest level that is logged. Default info.", &Log::level, level),
      key<Log>("format", "text or json.", &Log::format, format),
  });
}

ValueType<Egress> egress() {
  return object<Egress>({
      key<Egress>("allow", "Private or loopback address ranges that may be sent to.", &Egress::allow, cidrs()),
      key<Egress>("deny", "Address ranges that are never sent to.", &Egress::deny, cidrs()),
  });
}

ValueType<Limits> limits() {
  return object<Limits>({
      key<Limits>("polls", "The most polls at the same time. Default 8.", &Limits::polls, integer(1, 64)),
      key<Limits>("deliveries", "The most POSTs at the same time. Default 64.", &Limits::deliveries, integer(1, 1000)),
      key<Limits>("outbox_bytes", "The most bytes of undelivered pages. Default 1GiB.", &Limits::outbox_bytes,
                  bytes(least_outbox, most_outbox)),
      key<Limits>("kept_bytes",
                  "The most bytes of delivered pages kept for replay, all webhooks together. Default 512MiB.",
                  &Limits::kept_bytes, bytes(0, most_outbox)),
  });
}

// Stores the input, which is read after all files are loaded.
ValueType<std::optional<Input>> later(std::string schema) {
  return {std::move(schema),
          [](const Input& in) { return std::optional<std::optional<Input>>(std::optional<Input>(in)); }};
}

std::string connections_schema() {
  return R"({"type":["object","null"],"additionalProperties":)" + object_schema(infos(connection_keys())) + "}";
}

// defaults can provide every required key of a webhook except id.
std::string webhooks_schema() {
  auto keys = webhook_keys();
  for (auto& key : keys) key.required = key.name == "id";
  return R"({"type":["array","null"],"items":)" + object_schema(infos(keys)) + "}";
}

Keys<TopDraft> make_top_keys() {
  using Top = TopDraft;
  return {
      key<Top>("state", "The folder of the state file. Default $STATE_DIRECTORY, else /var/lib/vhookd.", &Top::state,
               absolute_path()),
      key<Top>("api", "HTTP status, metrics and API.", &Top::api, api()),
      key<Top>("log", "Level and format of the log.", &Top::log, log()),
      key<Top>("egress", "Addresses that webhooks may be sent to.", &Top::egress, egress()),
      key<Top>("limits", "Limits on concurrent work and disk space.", &Top::limits, limits()),
      key<Top>("defaults", "Keys of webhooks, for all webhooks that do not set them.", &Top::defaults,
               later(object_schema(infos(default_keys())))),
      key<Top>("connections", "Databases, by name.", &Top::connections, later(connections_schema())),
      key<Top>("webhooks", "The tables that are polled, and where their changes are sent.", &Top::webhooks,
               later(webhooks_schema())),
  };
}

}  // namespace

const Keys<TopDraft>& top_keys() {
  static const Keys<TopDraft> keys = make_top_keys();
  return keys;
}

}  // namespace vhookd::config
