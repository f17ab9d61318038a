// The status page: HTML out of what Control says. Pure. Everything shown may hold hostile text: table names, errors and
// answers of receivers come from elsewhere, so every field is escaped.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/control.h"

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

// The list: the unhealthy ones first, then those paused, then in the configuration's order. It may be a hundred
// thousand long, so it is taken one by one, and only what is shown of it is looked up whole.
class ListPage {
 public:
  explicit ListPage(ListView view) : view_(std::move(view)) {}
  void take(const WebhookStatus& status);
  std::vector<std::string> shown() const;  // ids, at most rows_on_a_page
  std::string html(std::span<const WebhookStatus> shown, const PageContext& context) const;

 private:
  struct Census {
    std::size_t webhooks = 0, healthy = 0, unhealthy = 0, paused = 0;
    std::int64_t queued = 0, dead = 0;
  };
  static std::string tally(const Census& census);
  static std::string headline(const Census& census);

  ListView view_;
  Census census_;
  std::vector<std::string> unhealthy_, paused_, healthy_;  // ids of those that are wanted
};

std::string webhook_page(const WebhookStatus& status, std::span<const DeadPage> dead, const PageContext& context,
                         const std::optional<Said>& said);
std::string dead_page_page(const DeadPage& dead);
std::string explain_page(const std::string& id, const std::string& text);
std::string error_page(int status, const std::string& error, std::span<const std::string> details);

}  // namespace vhookd
