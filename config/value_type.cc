#include "config/value_type.h"

#include "config/json_text.h"
#include "config/spelling.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

// Inside { } and [ ] a comma ends a value, so the secret of a pasted v1,whsec_… becomes a key.
bool contains_secret(const std::string& name) {
  return name.contains("whsec_") || name.contains("whsk_");
}

// A name as a part of a path in messages: quoted if it has dots or spaces, cut if it is very long.
std::string in_path(const std::string& name) {
  if (contains_secret(name)) return "***";
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

// Whether `in` is a map or null; reports any other value.
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

std::string duplicate_of(const Input& in, Location first) {
  return "is a duplicate of the key at " + in.context->report.where(first) + "; keep one";
}

}  // namespace

Input Input::item(std::size_t index) const {
  return {context, &node->items[index], path + "[" + std::to_string(index) + "]", node->items[index].location};
}

Input Input::entry(const Entry& entry) const {
  return {context, &entry.value, (path.empty() ? "" : path + ".") + in_path(entry.key.text), entry.key.location};
}

PresentKeys read_entries(const Input& in, const KeyTable& keys,
                         const std::function<void(std::size_t, const Input&)>& found) {
  PresentKeys given;
  if (!is_map(in, "keys and values")) return given;
  std::map<std::string, Location> seen;
  for (const Entry& entry : in.node->entries) {
    const std::string& written = entry.key.text;
    const auto known = std::ranges::find_if(keys, [&](const KeyInfo* key) { return spells(written, key->name); });
    Input value = in.entry(entry);
    if (known != keys.end()) value.path = (in.path.empty() ? "" : in.path + ".") + (*known)->name;
    const auto [first, fresh] = seen.emplace(known != keys.end() ? (*known)->name : written, entry.key.location);
    if (!fresh) {
      in.context->report.error(entry.key.location, value.path, duplicate_of(in, first->second));
    } else if (known == keys.end()) {
      in.context->report.error(
          entry.key.location, value.path,
          contains_secret(written)
              ? "expected a key, found a secret; inside { } and [ ] a comma ends a value, so put it in quotes"
              : "unknown key" + suggestion(written, names_of(keys)));
    } else {
      given.emplace((*known)->name, &entry.value);
      if (entry.value.type != Node::Type::rejected) found(static_cast<std::size_t>(known - keys.begin()), value);
    }
  }
  return given;
}

void require_keys(const Input& in, const KeyTable& keys, const PresentKeys& given, const PresentKeys& also) {
  if (in.node->type != Node::Type::map && in.node->type != Node::Type::null) return;  // already reported
  for (const KeyInfo* key : keys)
    if (key->required && !given.contains(key->name) && !also.contains(key->name))
      in.context->report.error(in.node->location, in.path + "." + key->name,
                               "is missing; set it to " + as_phrase(key->about));
}

std::vector<NamedEntry> named_entries(const Input& in, std::string_view what) {
  std::vector<NamedEntry> inputs;
  if (!is_map(in, what)) return inputs;
  std::map<std::string, Location> seen;
  for (const Entry& entry : in.node->entries) {
    Input value = in.entry(entry);
    const auto [first, fresh] = seen.emplace(entry.key.text, entry.key.location);
    if (entry.value.type == Node::Type::rejected) continue;
    if (fresh) {
      inputs.push_back({entry.key.text, std::move(value)});
    } else {
      in.context->report.error(entry.key.location, value.path, duplicate_of(in, first->second));
    }
  }
  return inputs;
}

std::string object_schema(const KeyTable& keys) {
  std::vector<std::string> required;
  std::vector<std::string> properties;
  std::vector<std::string> patterns;  // values under another spelling are not checked: that would triple the schema
  for (const KeyInfo* key : keys) {
    if (key->schema.empty()) continue;
    properties.push_back(json_string(key->name) + R"(:{"description":)" + json_string(key->about) + "," +
                         key->schema.substr(1));
    auto names = other_spellings(key->name);
    patterns.push_back(json_string("^(" + joined(names, "|") + ")$") + ":true");
    if (!key->required) continue;
    names.insert(names.begin(), key->name);
    std::vector<std::string> any;
    for (const std::string& name : names) any.push_back(json_object({{"required", json_array({json_string(name)})}}));
    required.push_back(any_of_schema(any));
  }
  return R"({"type":)" + std::string(required.empty() ? R"(["object","null"])" : R"("object")") + R"(,"properties":{)" +
         joined(properties, ",") + R"(},"patternProperties":{)" + joined(patterns, ",") +
         R"(},"additionalProperties":false)" + (required.empty() ? "" : R"(,"allOf":)" + json_array(required)) + "}";
}

}  // namespace vhookd::config
