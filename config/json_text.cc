#include "config/json_text.h"

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace vhookd::config {

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump();
}

std::string json_array(const std::vector<std::string>& values) {
  return "[" + joined(values, ",") + "]";
}

std::string json_object(const std::map<std::string, std::string>& members) {
  std::vector<std::string> parts;
  parts.reserve(members.size());
  for (const auto& [name, value] : members) parts.push_back(json_string(name).append(":").append(value));
  return "{" + joined(parts, ",") + "}";
}

std::string any_of_schema(const std::vector<std::string>& schemas) {
  return json_object({{"anyOf", json_array(schemas)}});
}

std::string indented_json(const std::string& json) {
  return nlohmann::ordered_json::parse(json).dump(2);
}

}  // namespace vhookd::config
