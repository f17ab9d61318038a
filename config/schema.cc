#include "config/schema.h"

#include "config/json_text.h"
#include "config/keys.h"

namespace vhookd::config {

std::string json_schema() {
  const std::string head =
      R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":"vhookd configuration","description":)" +
      json_string(
          "Keys are in snake_case. HookUrl and hookUrl are accepted for hook_url, but this schema does not check their "
          "values. Any text may contain ${env:NAME}, ${file:/path} or ${credential:NAME}.");
  return indented_json(head + "," + object_schema(infos(top_keys())).substr(1)) + "\n";
}

}  // namespace vhookd::config
