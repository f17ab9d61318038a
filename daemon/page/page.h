// Builds the HTML of the status page from the status of webhooks. Pure. Table names, errors and answers of receivers
// can contain hostile text, so every field is escaped.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/control.h"

namespace vhookd {

// The parameters of the list.
struct ListView {
  std::string find;  // part of an id, table, connection or error, case-insensitive; empty: all
  bool unhealthy_only = false;
  std::size_t offset = 0;
};
constexpr std::size_t rows_on_a_page = 1000;

struct PageContext {
  Instant now;
  bool can_act = false;  // a client can authenticate for changes, so the page shows buttons
};

// The result of an action, shown above the webhook.
struct ActionResult {
  std::string text;
  bool good = true;
};

// The list of webhooks: unhealthy ones first, then paused ones, then healthy ones, each in the order of the
// configuration. There can be 100,000 webhooks, so they are passed one by one, and the complete status is only needed
// for those shown. Usage: take() each webhook, then html() with the status of the ids in shown(). Not thread-safe.
class ListPage {
 public:
  explicit ListPage(ListView view) : view_(std::move(view)) {}
  void take(const WebhookStatus& status);
  std::vector<std::string> shown() const;  // ids, at most rows_on_a_page
  std::string html(std::span<const WebhookStatus> shown, const PageContext& context) const;

 private:
  struct Totals {
    std::size_t webhooks = 0, healthy = 0, unhealthy = 0, paused = 0;
    std::int64_t queued = 0, dead = 0;
  };
  static std::string totals_html(const Totals& totals);
  static std::string headline(const Totals& totals);

  ListView view_;
  Totals totals_;
  std::vector<std::string> unhealthy_, paused_, healthy_;  // ids of the matching webhooks
};

std::string webhook_page(const WebhookStatus& status, std::span<const DeadPage> dead, const PageContext& context,
                         const std::optional<ActionResult>& result);
std::string dead_page_page(const DeadPage& dead);
std::string explain_page(const std::string& id, const std::string& text);
std::string error_page(int status, const std::string& error, std::span<const std::string> details);

}  // namespace vhookd
