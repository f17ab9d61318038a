// Writes JSON as text: the JSON Schema of each key and the filters of a webhook. json_text.cc and json_node.cc are the
// only sources of config/ that include the JSON library, which costs seconds to compile. Pure. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vhookd::config {

// `text` as a JSON string, with quotes. REQUIRES: valid UTF-8.
std::string json_string(std::string_view text);

// The values below are JSON texts.
std::string json_array(const std::vector<std::string>& values);
std::string json_object(const std::map<std::string, std::string>& members);  // sorted by name
std::string any_of_schema(const std::vector<std::string>& schemas);          // {"anyOf":[…]}

// The same JSON, indented by two spaces, with the order of members kept. REQUIRES: valid JSON.
std::string indented_json(const std::string& json);

}  // namespace vhookd::config
