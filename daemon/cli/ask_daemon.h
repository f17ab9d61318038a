// A question to the daemon with its answer as JSON: what the client commands share. Includes
// nlohmann's header, so only theirs may include it.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/cli/control_client.h"

namespace vhookd {

using Json = nlohmann::ordered_json;

// The answer; or, once the reason has been printed on standard error, the exit code.
// `invalid`: the exit code for an answer of 400.
std::expected<Json, int> ask(const ControlClient& daemon, const std::string& method, const std::string& path,
                             const std::string& body = {},
                             std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(30),
                             int invalid = 1);

// All webhooks in the configuration's order, or the one with `id`; always a list.
std::expected<Json, int> ask_webhooks(const ControlClient& daemon, const std::string& id,
                                      std::chrono::milliseconds timeout = std::chrono::seconds(30));

std::string webhook_path(const std::string& id, const std::string& rest = {});

void print(const std::string& text);                           // on standard output
void complain(const std::string& text);                        // a line on standard error
void print_json(const Json& json);                             // one line
std::string text_of(const Json& object, const char* name);     // "" where it is missing or no string
std::int64_t number_of(const Json& object, const char* name);  // 0 where it is missing or no integer
bool flag_of(const Json& object, const char* name);            // false where it is missing or no boolean

}  // namespace vhookd
