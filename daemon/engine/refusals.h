// Shorthands for what the engine refuses to do.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "daemon/engine/control.h"

namespace vhookd {

inline std::unexpected<Refusal> refuse(Refusal::Why why, std::string message) {
  return std::unexpected(Refusal{.why = why, .messages = {std::move(message)}});
}

inline std::unexpected<Refusal> unknown_webhook(const std::string& id) {
  return refuse(Refusal::Why::not_found, "there is no webhook " + id);
}

inline std::unexpected<Refusal> failed(const Error& error) {
  return refuse(Refusal::Why::failed, error.message);
}

}  // namespace vhookd
