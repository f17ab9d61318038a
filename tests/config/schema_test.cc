// The schema itself; what it accepts and refuses is judged by a real validator in schema_test.py.
#include "config/schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "config/keys.h"

namespace vhookd::config {
namespace {

using nlohmann::json;

TEST(Schema, HasEveryKeyAndNoOther) {
  const json schema = json::parse(json_schema());
  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  const json& webhook = schema.at("properties").at("webhooks").at("items");
  const json& defaults = schema.at("properties").at("defaults");
  std::size_t keys = 0;
  for (const auto& key : webhook_keys()) {
    EXPECT_EQ(webhook.at("properties").contains(key.name), !key.schema.empty()) << key.name;
    EXPECT_EQ(defaults.at("properties").contains(key.name), !key.schema.empty() && key.name != "id") << key.name;
    keys += key.schema.empty() ? 0 : 1;
  }
  EXPECT_EQ(webhook.at("properties").size(), keys);
  EXPECT_EQ(keys, 37U);
}

// Each object is closed, each property described.
void check(const json& schema, const std::string& path) {
  if (schema.contains("properties")) {
    EXPECT_EQ(schema.value("additionalProperties", json(true)), json(false)) << path;
    for (const auto& [name, property] : schema.at("properties").items()) check(property, path + "." + name);
  }
  for (const char* inner : {"items", "additionalProperties"})
    if (schema.contains(inner) && schema.at(inner).is_object()) check(schema.at(inner), path + "." + inner);
}

TEST(Schema, IsClosed) {
  check(json::parse(json_schema()), "$");
}

TEST(Schema, DescribesEveryKey) {
  for (const auto& key : webhook_keys()) EXPECT_EQ(key.about.empty(), key.schema.empty()) << key.name;
}

// With VHOOKD_SCHEMA_OUT set, writes the schema there, for the validator.
TEST(Schema, IsWrittenForTheValidator) {
  const char* path = std::getenv("VHOOKD_SCHEMA_OUT");
  if (path == nullptr) GTEST_SKIP() << "VHOOKD_SCHEMA_OUT is not set";
  std::ofstream(path) << json_schema();
}

}  // namespace
}  // namespace vhookd::config
