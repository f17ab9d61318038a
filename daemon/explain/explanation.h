// All that `vhookd explain` says of one webhook: what a new one of that configuration would do. Made with
// the very code that polls, against the database, without any store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/page.h"
#include "core/source.h"
#include "scheduler/detect/guarantee.h"
#include "scheduler/detect/index_advice.h"
#include "scheduler/detect/plan.h"

namespace vhookd {

struct ShownQuery {
  std::string sql;
  std::vector<std::string> values;  // of its placeholders, in order; what came from a ${…} reference is ***
  std::vector<std::string> marks;   // how each placeholder is written: "$1"
  std::string remark;               // empty, or when it is asked
  std::vector<std::string> plan;    // the server's own, where it reads the table
};

struct Explanation {
  const config::Webhook* webhook = nullptr;  // outlives this
  std::string server;
  Table table;
  Plan plan;                // points at `table` and `webhook`
  std::string auto_choice;  // where detect isn't auto: what auto would take, and why
  Guarantee guarantee;
  std::vector<ShownQuery> poll;   // the questions of each poll
  std::vector<ShownQuery> sweep;  // those of a full sweep, where most polls are narrow
  std::vector<ShownQuery> first;  // those of the first one
  IndexAdvice index;
  std::string idle;  // whether polls are left out while nothing changes
  std::vector<std::string> open_transactions;
  std::string running;          // how the running daemon has it; empty: none was reached that knows it
  std::string page_remark;      // under which circumstances the page is sent
  std::optional<Page> page;     // empty: no row is there to be sent
  std::optional<Error> failed;  // the page could not be read; the rest holds
};

// Reads at most one page of rows, and a little of the catalogue. `webhook` outlives the explanation.
// Error texts never quote a value that came from a reference.
struct ExplainContext {
  Source& source;
  Instant now;
  std::function<std::string()> random_id;
};
Result<std::unique_ptr<Explanation>> explain(const config::Webhook& webhook, const ExplainContext& context);

}  // namespace vhookd
