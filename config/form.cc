#include "config/form.h"

#include "config/spelling.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

namespace vhookd::config {

namespace {

// In { } and [ ] a comma ends a text: of a pasted v1,whsec_… the secret becomes a key.
bool holds_secret(const std::string& name) {
  return name.contains("whsec_") || name.contains("whsk_");
}

// A name as it stands in a path: one with dots or spaces in it gets quotes, a very long one is cut.
std::string in_path(const std::string& name) {
  if (holds_secret(name)) return "***";
  return name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
                     std::string::npos &&
                 !name.empty() && name.size() <= 64
             ? name
             : in_quotes(name);
}

std::vector<std::string> names_of(const KeyTable& keys) {
  std::vector<std::string> names;
  for (const KeyInfo* key : keys)
    if (!key->schema.empty()) names.push_back(key->name);
  return names;
}

// Null and map are fine; all else is reported.
bool is_map(const Input& in, std::string_view what) {
  if (in.node->type == Node::Type::map || in.node->type == Node::Type::null) return true;
  in.wrong(std::string("must be a map of ").append(what));
  return false;
}

// "The table or view." as part of a sentence.
std::string as_phrase(std::string about) {
  if (about.starts_with("The ")) about[0] = 't';
  if (about.ends_with('.')) about.pop_back();
  return about;
}

std::string given_twice(const Input& in, Place first) {
  return "given twice; the first is at " + in.context->report.where(first) + ", keep one";
}

}  // namespace

Input Input::item(std::size_t index) const {
  return {context, &node->items[index], path + "[" + std::to_string(index) + "]", node->items[index].place};
}

Input Input::entry(const Entry& entry) const {
  return {context, &entry.value, (path.empty() ? "" : path + ".") + in_path(entry.key.text), entry.key.place};
}

Given walk(const Input& in, const KeyTable& keys, const std::function<void(std::size_t, const Input&)>& found) {
  Given given;
  if (!is_map(in, "keys and values")) return given;
  std::map<std::string, Place> seen;
  for (const Entry& entry : in.node->entries) {
    const std::string& written = entry.key.text;
    const auto known = std::ranges::find_if(keys, [&](const KeyInfo* key) { return spells(written, key->name); });
    Input value = in.entry(entry);
    if (known != keys.end()) value.path = (in.path.empty() ? "" : in.path + ".") + (*known)->name;
    const auto [first, fresh] = seen.emplace(known != keys.end() ? (*known)->name : written, entry.key.place);
    if (!fresh) {
      in.context->report.error(entry.key.place, value.path, given_twice(in, first->second));
    } else if (known == keys.end()) {
      in.context->report.error(entry.key.place, value.path,
                               holds_secret(written)
                                   ? "a secret where a key should stand; in { } and [ ] a comma ends a text"
                                   : "unknown key" + suggestion(written, names_of(keys)));
    } else {
      given.emplace((*known)->name, &entry.value);
      if (entry.value.type != Node::Type::refused) found(static_cast<std::size_t>(known - keys.begin()), value);
    }
  }
  return given;
}

void demand(const Input& in, const KeyTable& keys, const Given& given, const Given& also) {
  if (in.node->type != Node::Type::map && in.node->type != Node::Type::null) return;  // reported as no map
  for (const KeyInfo* key : keys)
    if (key->required && !given.contains(key->name) && !also.contains(key->name))
      in.context->report.error(in.node->place, in.path + "." + key->name,
                               "is missing; set it to " + as_phrase(key->about));
}

std::vector<Named> entries_of(const Input& in, std::string_view what) {
  std::vector<Named> inputs;
  if (!is_map(in, what)) return inputs;
  std::map<std::string, Place> seen;
  for (const Entry& entry : in.node->entries) {
    Input value = in.entry(entry);
    const auto [first, fresh] = seen.emplace(entry.key.text, entry.key.place);
    if (entry.value.type == Node::Type::refused) continue;
    if (fresh) {
      inputs.push_back({entry.key.text, std::move(value)});
    } else {
      in.context->report.error(entry.key.place, value.path, given_twice(in, first->second));
    }
  }
  return inputs;
}

std::string object_schema(const KeyTable& keys) {
  using nlohmann::ordered_json;
  ordered_json schema = {{"type", {"object", "null"}}};
  ordered_json demanded = ordered_json::array();
  ordered_json properties = ordered_json::object();
  // What stands under another spelling is not looked into: the schema would be three times as long.
  ordered_json patterns = ordered_json::object();
  for (const KeyInfo* key : keys) {
    if (key->schema.empty()) continue;
    ordered_json& property = properties[key->name] = {{"description", key->about}};
    property.update(ordered_json::parse(key->schema));
    auto names = other_spellings(key->name);
    patterns["^(" + joined(names, "|") + ")$"] = true;
    if (!key->required) continue;
    names.insert(names.begin(), key->name);
    ordered_json any = ordered_json::array();
    for (const std::string& name : names) any.push_back({{"required", ordered_json::array({name})}});
    demanded.push_back({{"anyOf", std::move(any)}});
  }
  schema["properties"] = std::move(properties);
  schema["patternProperties"] = std::move(patterns);
  schema["additionalProperties"] = false;
  if (!demanded.empty()) {
    schema["allOf"] = demanded;
    schema["type"] = "object";
  }
  return schema.dump();
}

}  // namespace vhookd::config
