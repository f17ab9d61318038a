#include "config/schema.h"

#include <nlohmann/json.hpp>

#include "config/keys.h"

namespace vhookd::config {

std::string json_schema() {
  using nlohmann::ordered_json;
  ordered_json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                         {"title", "vhookd configuration"},
                         {"description",
                          "Keys in snake_case; HookUrl and hookUrl are hook_url, their values unseen here. Any text "
                          "may hold ${env:NAME}, ${file:/path} or ${credential:NAME}."}};
  schema.update(ordered_json::parse(object_schema(infos(top_keys()))));
  return schema.dump(2) + "\n";
}

}  // namespace vhookd::config
