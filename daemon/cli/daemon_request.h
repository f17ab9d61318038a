// Sends requests to the daemon's API and reads its JSON answers: shared by the client commands. Sources that include
// this header include <nlohmann/json.hpp> themselves.
#pragma once

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/cli/control_client.h"

namespace vhookd {

using Json = nlohmann::ordered_json;

// Returns the answer. On an error, prints the reason on standard error and returns the exit code.
// `timeout`: nullopt waits without limit. `invalid`: the exit code for status 400.
std::expected<Json, int> request_json(const ControlClient& daemon, const std::string& method, const std::string& path,
                                      const std::string& body = {},
                                      std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(30),
                                      int invalid = 1);

// All webhooks in the order of the configuration, or only the one with `id`. The result is always an array.
std::expected<Json, int> request_webhooks(const ControlClient& daemon, const std::string& id,
                                          std::chrono::milliseconds timeout = std::chrono::seconds(30));

std::string webhook_path(const std::string& id, const std::string& rest = {});

void print(const std::string& text);        // to standard output
void print_error(const std::string& text);  // one line to standard output to standard error, after "vhookd: "
void print_json(const Json& json);          // one line to standard output
std::string text_of(const Json& object, const char* name);     // "" if it is missing or not a string
std::int64_t number_of(const Json& object, const char* name);  // 0 if it is missing or not an integer
bool flag_of(const Json& object, const char* name);            // false if it is missing or not a boolean

}  // namespace vhookd
