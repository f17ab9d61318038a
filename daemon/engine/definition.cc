#include "daemon/engine/definition.h"

#include <array>
#include <nlohmann/json.hpp>

#include "config/keys.h"
#include "config/spelling.h"
#include "daemon/engine/json_body.h"

namespace vhookd {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 16> tracked = {"checked_at",    "is_healthy",   "runs",         "created_at",
                                                      "updated_at",    "lag_seconds",  "queued_pages", "dead_pages",
                                                      "next_check_at", "next_attempt", "last_error",   "managed",
                                                      "is_beta",       "epoch",        "first_sync",   "replay_pages"};

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& key : config::webhook_keys()) all.push_back(key.name);
    return all;
  }();
  return names;
}

bool holds_reference(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().contains("${");
  if (value.is_object())
    for (const auto& [name, item] : value.items())
      if (name.contains("${")) return true;
  return value.is_structured() && std::ranges::any_of(value, holds_reference);
}

// One reference and nothing beside it. What it names is looked up when the definition is read.
bool is_reference(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  const bool kind = text.starts_with("${env:") || text.starts_with("${file:") || text.starts_with("${credential:");
  return kind && text.find('}') == text.size() - 1;
}

// The model's filters are a map of strings in which whatever is no string stands as JSON text: taken back here, where
// it can be told from a text to compare with.
Json filters_of(Json value) {
  if (!value.is_object()) return value;
  for (auto& item : value) {
    if (!item.is_string()) continue;
    const auto& text = item.get_ref<const std::string&>();
    if (!text.starts_with('{') && !text.starts_with('[') && text != "null") continue;
    Json meant = parse_bounded(text);
    if (!meant.is_discarded()) item = std::move(meant);
  }
  return value;
}

// Why the value may not be given this way; empty: it may.
std::string objection(const std::string& key, const Json& value) {
  if (key == "db_url") return "cannot be given through the API; name a connection of the YAML in connection_id";
  if (key == "headers")
    return "cannot be given through the API, for they may hold tokens; put them under defaults in the YAML";
  if (key == "tls")
    return "cannot be given through the API, for it names files of this machine; put it under defaults in the YAML";
  if (key == "secret") {
    const bool references =
        value.is_array() ? !value.empty() && std::ranges::all_of(value, is_reference) : is_reference(value);
    if (references) return "";
    return "must be a reference, as ${credential:NAME}, ${env:NAME} or ${file:/path}; a secret itself is not taken, "
           "for it would be kept in the state";
  }
  if (holds_reference(value)) return "holds a ${…} reference, which is taken in secret only";
  return "";
}

// Walks the body's fields that are no tracked ones, by their model names. What is no webhook's field goes to `wrong`.
template <class Take>
void walk(const Json& body, Wrong& wrong, Take take) {
  for (const auto& [written, value] : body.items()) {
    const std::string key = model_name(written);
    if (is_tracked(key)) continue;
    if (!is_field(key)) {
      wrong.push_back("\"" + written + "\" is not a field of a webhook" + config::suggestion(written, known_keys()));
    } else {
      take(key, value);
    }
  }
}

void take_paused(Defined& out, const Json& value, Wrong& wrong) {
  if (value.is_boolean()) {
    out.paused = value.get<bool>();
  } else if (!value.is_null()) {
    wrong.emplace_back("is_paused must be true or false");
  }
}

std::expected<Defined, Wrong> body_is_no_object() {
  return std::unexpected(Wrong{"the body must be a JSON object with the webhook's fields"});
}

}  // namespace

std::string with_id(const std::string& definition, const std::string& id) {
  Json json = Json::parse(definition);
  json["id"] = id;
  return json.dump();
}

bool is_tracked(const std::string& key) {
  return std::ranges::find(tracked, key) != tracked.end();
}

bool is_field(const std::string& key) {
  return std::ranges::find(known_keys(), key) != known_keys().end();
}

std::string model_name(const std::string& written) {
  const auto same = [&](std::string_view known) { return config::spells(written, known); };
  if (const auto found = std::ranges::find_if(known_keys(), same); found != known_keys().end()) return *found;
  if (const auto found = std::ranges::find_if(tracked, same); found != tracked.end()) return std::string(*found);
  return written;
}

std::expected<Defined, Wrong> new_definition(const std::string& body, std::optional<bool> include_all) {
  const Json given = parse_bounded(body);
  if (!given.is_object()) return body_is_no_object();
  Defined out;
  Json definition = Json::object();
  Wrong wrong;
  if (include_all) definition["include_all"] = *include_all;
  walk(given, wrong, [&](const std::string& key, const Json& value) {
    if (value.is_null()) return;
    if (key == "is_paused") return take_paused(out, value, wrong);
    if (key == "id" && value.is_string()) {
      out.id = value.get<std::string>();
    } else if (key == "id") {
      wrong.emplace_back("id must be a text");
    } else if (const auto why = objection(key, value); !why.empty()) {
      wrong.push_back(key + " " + why);
    } else {
      definition[key] = key == "filters" ? filters_of(value) : value;
    }
  });
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  out.json = definition.dump();
  return out;
}

std::expected<Defined, Wrong> changed_definition(const std::string& definition, const std::string& shown,
                                                 const std::string& body) {
  const Json given = parse_bounded(body);
  if (!given.is_object()) return body_is_no_object();
  const Json now = Json::parse(shown);
  Defined out{.id = now["id"].get<std::string>(), .json = {}, .paused = {}};
  Json changed = Json::parse(definition);
  Wrong wrong;
  walk(given, wrong, [&](const std::string& key, const Json& value) {
    if (key == "is_paused") return take_paused(out, value, wrong);
    if (now.contains(key) && now[key] == value) return;
    if (key == "id") {
      wrong.push_back("id cannot be changed; this webhook is " + out.id);
    } else if (value.is_null()) {
      changed.erase(key);
    } else if (const auto why = objection(key, value); !why.empty()) {
      wrong.push_back(key + " " + why);
    } else {
      changed[key] = key == "filters" ? filters_of(value) : value;
    }
  });
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  out.json = changed.dump();
  return out;
}

}  // namespace vhookd
