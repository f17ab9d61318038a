#include "config/config.h"

#include <algorithm>

namespace vhookd::config {

std::string_view name_of(Event event) {
  switch (event) {
    case Event::created:
      return "created";
    case Event::updated:
      return "updated";
    case Event::deleted:
      break;
  }
  return "deleted";
}

std::string_view name_of(Detect detect) {
  switch (detect) {
    case Detect::automatic:
      return "auto";
    case Detect::xid:
      return "xid";
    case Detect::timestamp:
      return "timestamp";
    case Detect::snapshot:
      break;
  }
  return "snapshot";
}

std::string_view name_of(Op op) {
  switch (op) {
    case Op::eq:
      return "eq";
    case Op::ne:
      return "ne";
    case Op::gt:
      return "gt";
    case Op::gte:
      return "gte";
    case Op::lt:
      return "lt";
    case Op::lte:
      return "lte";
    case Op::in:
      return "in";
    case Op::not_in:
      return "not_in";
    case Op::like:
      return "like";
    case Op::is_null:
      break;
  }
  return "is_null";
}

Secret Webhook::shared_secret() const {
  const auto is_shared = [](const SigningKey& secret) { return secret.kind() == SigningKey::Kind::shared; };
  const auto found = std::ranges::find_if(delivery->secrets, is_shared);
  if (found == delivery->secrets.end()) return {};
  return Secret(found->reveal());
}

std::string Origin::text() const {
  return line == 0 ? *file : *file + ":" + std::to_string(line);
}

}  // namespace vhookd::config
