// How one value is read and what the schema says of it, in one place: a Form is both. A Key gives a form its
// name and its member; read_map() reads a map by a table of keys.
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

// One value to read: where it stands, and where faults in it go.
struct Input {
  Context* context;
  const Node* node;
  std::string path;  // "webhooks[0].interval", the key in messages
  Place key_place;   // of the key it stands under

  void wrong(std::string_view what) const { context->report.error(node->place, path, what); }
  void notice(std::string_view what) const { context->report.notice(node->place, path, what); }
  Input item(std::size_t index) const;    // REQUIRES: a list
  Input entry(const Entry& entry) const;  // its path gets the key as written
};

// Reads a value; where it is wrong, says so and hands back nothing. `schema` is a JSON Schema as JSON text.
template <class V>
struct Form {
  std::string schema;
  std::function<std::optional<V>(const Input&)> read;
};

struct KeyInfo {
  std::string name;    // snake_case
  std::string about;   // for the schema
  std::string schema;  // empty: known only in order to be refused
  bool required = false;
};

template <class T>
struct Key : KeyInfo {
  std::function<void(const Input&, T&)> read;
};

template <class T>
using Keys = std::vector<Key<T>>;

// The keys a map held, wrong values included, with the value of each as written.
using Given = std::map<std::string, const Node*, std::less<>>;

template <class T, class V, class M, class C>
Key<T> key(std::string name, std::string about, M C::*member, Form<V> form) {
  auto read = [member, read_value = std::move(form.read)](const Input& in, T& target) {
    if (auto value = read_value(in)) target.*member = std::move(*value);
  };
  return {{std::move(name), std::move(about), std::move(form.schema), false}, std::move(read)};
}

template <class T>
Key<T> required(Key<T> key) {
  key.required = true;
  return key;
}

template <class T>
Key<T> refused(std::string name, std::string why) {
  auto read = [why = std::move(why)](const Input& in, T&) { in.context->report.error(in.key_place, in.path, why); };
  return {{std::move(name), {}, {}, false}, std::move(read)};
}

// A table of keys whatever it reads into.
using KeyTable = std::vector<const KeyInfo*>;

template <class T>
KeyTable infos(const Keys<T>& keys) {
  KeyTable table;
  table.reserve(keys.size());
  for (const KeyInfo& key : keys) table.push_back(&key);
  return table;
}

// Hands each known entry of a map to `found` with the number of its key; unknown and duplicate keys are errors.
// A null is an empty map.
Given walk(const Input& in, const KeyTable& keys, const std::function<void(std::size_t, const Input&)>& found);

// Reports each required key that is neither in `given` nor in `also`, at the place of the map.
void demand(const Input& in, const KeyTable& keys, const Given& given, const Given& also = {});

template <class T>
Given read_map(const Input& in, const Keys<T>& keys, T& target) {
  return walk(in, infos(keys), [&](std::size_t index, const Input& value) { keys[index].read(value, target); });
}

struct Named {
  std::string name;
  Input value;
};

// Entries of a map whose keys are free names. Duplicates are errors and left out; a null is an empty map.
std::vector<Named> entries_of(const Input& in, std::string_view what);

// A whole map as a value, such as retry or limits: what it leaves out has its default.
template <class T>
Form<T> object(Keys<T> keys, std::function<void(const Input&, const Given&, T&)> check = {});

std::string object_schema(const KeyTable& keys);

template <class T>
Form<T> object(Keys<T> keys, std::function<void(const Input&, const Given&, T&)> check) {
  std::string schema = object_schema(infos(keys));
  return {std::move(schema), [keys = std::move(keys), check = std::move(check)](const Input& in) -> std::optional<T> {
            T value;
            const Given given = read_map(in, keys, value);
            if (check) check(in, given, value);
            return value;
          }};
}

}  // namespace vhookd::config
