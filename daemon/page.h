// The status page: HTML out of what Control says. Pure. Everything shown may hold hostile text: table names, errors and
// answers of receivers come from elsewhere, so every field is escaped.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "daemon/control.h"

namespace vhookd {

// What the list was asked for.
struct ListView {
  std::string find;  // part of an id, table, connection or error, in any case; empty: all
  bool unhealthy_only = false;
  std::size_t offset = 0;
};
constexpr std::size_t rows_on_a_page = 1000;

struct PageContext {
  Instant now;
  bool can_act = false;  // api.token is set, so that somebody may be let in to act
};

// What an action came to, said above the webhook.
struct Said {
  std::string text;
  bool good = true;
};

// The unhealthy ones first, then those paused, then in the configuration's order.
std::string list_page(std::vector<WebhookStatus> all, const ListView& view, const PageContext& context);

std::string webhook_page(const WebhookStatus& status, std::span<const DeadPage> dead, const PageContext& context,
                         const std::optional<Said>& said);
std::string dead_page_page(const DeadPage& dead);
std::string explain_page(const std::string& id, const std::string& text);
std::string error_page(int status, const std::string& error, std::span<const std::string> details);

}  // namespace vhookd
