// How configuration values are read. A ValueType<V> reads one value and describes it as JSON Schema; a Key adds the
// name and the member that the value is stored in; read_map() reads a map by a table of keys. Internal to config/.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/reference.h"
#include "config/report.h"
#include "config/yaml.h"

namespace vhookd::config {

struct Context {
  Report& report;
  const SecretSources& secrets;
};

// One value to read: its node, its location for messages, and the report for errors.
struct Input {
  Context* context;
  const Node* node;
  std::string path;       // "webhooks[0].interval", the key in messages
  Location key_location;  // of its key

  void wrong(std::string_view what) const { context->report.error(node->location, path, what); }
  void notice(std::string_view what) const { context->report.notice(node->location, path, what); }
  Input item(std::size_t index) const;    // REQUIRES: the node is a list
  Input entry(const Entry& entry) const;  // its path ends with the key as written
};

// `read` returns the value, or reports an error and returns nullopt. `schema` is a JSON Schema, a non-empty JSON
// object.
template <class V>
struct ValueType {
  std::string schema;
  std::function<std::optional<V>(const Input&)> read;
};

struct KeyInfo {
  std::string name;    // snake_case
  std::string about;   // the description in the schema
  std::string schema;  // empty: the key is known only to be rejected with a message
  bool required = false;
};

template <class T>
struct Key : KeyInfo {
  std::function<void(const Input&, T&)> read;
};

template <class T>
using Keys = std::vector<Key<T>>;

// The keys that are present in a map, with the node of each value, valid or not.
using PresentKeys = std::map<std::string, const Node*, std::less<>>;

template <class T, class V, class M, class C>
Key<T> key(std::string name, std::string about, M C::*member, ValueType<V> type) {
  auto read = [member, read_value = std::move(type.read)](const Input& in, T& target) {
    if (auto value = read_value(in)) target.*member = std::move(*value);
  };
  return {{std::move(name), std::move(about), std::move(type.schema), false}, std::move(read)};
}

template <class T>
Key<T> required(Key<T> key) {
  key.required = true;
  return key;
}

template <class T>
Key<T> rejected(std::string name, std::string why) {
  auto read = [why = std::move(why)](const Input& in, T&) { in.context->report.error(in.key_location, in.path, why); };
  return {{std::move(name), {}, {}, false}, std::move(read)};
}

// A table of keys, independent of the type that they are read into.
using KeyTable = std::vector<const KeyInfo*>;

template <class T>
KeyTable infos(const Keys<T>& keys) {
  KeyTable table;
  table.reserve(keys.size());
  for (const KeyInfo& key : keys) table.push_back(&key);
  return table;
}

// Calls `found` with the index of the key and the value for each known entry of a map. Reports unknown and duplicate
// keys. A null is an empty map.
PresentKeys read_entries(const Input& in, const KeyTable& keys,
                         const std::function<void(std::size_t, const Input&)>& found);

// Reports each required key that is in neither `given` nor `also`, at the location of the map.
void require_keys(const Input& in, const KeyTable& keys, const PresentKeys& given, const PresentKeys& also = {});

template <class T>
PresentKeys read_map(const Input& in, const Keys<T>& keys, T& target) {
  return read_entries(in, infos(keys), [&](std::size_t index, const Input& value) { keys[index].read(value, target); });
}

struct NamedEntry {
  std::string name;
  Input value;
};

// The entries of a map whose keys are arbitrary names. Reports duplicates and leaves them out. A null is an empty map.
std::vector<NamedEntry> named_entries(const Input& in, std::string_view what);

// A map as one value, such as retry or limits. Missing keys have their defaults. `check` reports contradictions.
template <class T>
ValueType<T> object(Keys<T> keys, std::function<void(const Input&, const PresentKeys&, T&)> check = {});

std::string object_schema(const KeyTable& keys);

template <class T>
ValueType<T> object(Keys<T> keys, std::function<void(const Input&, const PresentKeys&, T&)> check) {
  std::string schema = object_schema(infos(keys));
  return {std::move(schema), [keys = std::move(keys), check = std::move(check)](const Input& in) -> std::optional<T> {
            T value;
            const PresentKeys given = read_map(in, keys, value);
            if (check) check(in, given, value);
            return value;
          }};
}

}  // namespace vhookd::config
