// What a client of the API may say of a webhook, as a definition: the JSON that is kept in state and read like an entry
// under `webhooks`. Pure. What the values mean is the configuration's business; here stands what the way they came
// makes different:
//
// - A secret never gets into state, so `secret` takes references and nothing else, and `headers` nothing at all: they
// may
//   stand under `defaults`.
// - Whoever holds the token is not the operator, so no other value may hold a reference (it would carry any file vhookd
//   can read to any URL), and databases are those of the YAML: `connection_id`, never `db_url`.
// - What vhookd tracks is passed over, so that an object that was read may be sent back.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace vhookd {

struct Defined {
  std::string id;              // empty: one is to be made up
  std::string json;            // an object, without id and is_paused
  std::optional<bool> paused;  // is_paused, which is state and no definition
};
using Wrong = std::vector<std::string>;  // each "KEY: what is wrong, and what would be right"

// A new webhook. `include_all`: of the query.
std::expected<Defined, Wrong> new_definition(const std::string& body, std::optional<bool> include_all);

// What the body changes: a field it leaves out stays as it is, null takes one back to its default. `shown`: the object
// as the API shows it now; a value equal to the one shown changes nothing.
std::expected<Defined, Wrong> changed_definition(const std::string& definition, const std::string& shown,
                                                 const std::string& body);

// The definition with the id it is kept under, as the configuration reads it.
std::string with_id(const std::string& definition, const std::string& id);

// Of a body's keys, by their model names: what vhookd tracks, and what the configuration knows.
bool is_tracked(const std::string& key);
bool is_field(const std::string& key);
// The model's name of a key in any of the spellings YAML takes; of what is no key at all, the text as it came.
std::string model_name(const std::string& written);

}  // namespace vhookd
