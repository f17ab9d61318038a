// What a person or a program may ask of the running daemon. The HTTP API and the command line speak
// these; the engine answers them.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/clock.h"
#include "core/run.h"
#include "store/store.h"

namespace vhookd {

// How far the first look at a whole table has come. It ends with the first complete check.
struct FirstSync {
  std::int64_t rows = 0;                      // read, and their pages queued
  std::optional<std::int64_t> expected_rows;  // as the database estimates; none: it does not, or only a part is wanted
  double rows_per_second = 0;
  std::optional<double> seconds_left() const;  // where both are known
};

// One webhook as it stands now: what the YAML says, what is remembered, what was worked out.
struct WebhookStatus {
  config::Webhook webhook;
  WebhookState state;
  bool by_api = false;                   // made through the API and kept in state; else it stands in the YAML
  bool paused = false;                   // by YAML or by state
  bool healthy = true;                   // state's health with freshness judged now
  std::string last_error;                // of polls and deliveries, until the next success; why it is not healthy
  std::vector<Run> runs;                 // newest first, at most 50
  std::optional<Instant> next_check_at;  // none while paused
  std::optional<FirstSync> first_sync;   // while it is under way
  std::optional<Retrying> retrying;      // a page was refused and will be sent again; only asked for one by its id
  double lag_seconds = 0;                // since the last complete check
  std::string strategy;                  // "xid", "timestamp", "snapshot"; empty before the first poll
};

// How the webhooks stand, in a few numbers. A paused one is neither healthy nor unhealthy.
struct Counts {
  int webhooks = 0;
  int paused = 0;
  int unhealthy = 0;
  std::int64_t queued_pages = 0;
};

struct Refusal {
  enum class Why { not_found, invalid, conflict, failed } why = Why::failed;
  std::vector<std::string> messages;  // at least one
};
template <class T>
using Answer = std::expected<T, Refusal>;

// What a reload changed, by webhook id.
struct ReloadReport {
  std::vector<std::string> added, removed, changed;
  int unchanged = 0;
  std::vector<std::string> notices;
};

// Where replayed pages go.
struct ReplayTo {
  std::string url;           // empty: the webhook's own
  bool by_operator = false;  // so an address that stands in `url` is his own permission
};

using Visit = std::function<void(const WebhookStatus&)>;

// A long text bit by bit: each call gives the next piece, an empty one ends it. Not thread-safe.
using Pieces = std::function<std::string()>;

// Thread-safe. A call may block while it waits for the store, a poll or a database.
class Control {
 public:
  Control() = default;
  virtual ~Control() = default;
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Calls `visit` for each webhook from place `from` of the configuration's order on, at most `most` of them, without
  // its runs; how many there are in all. `visit` is quick and asks nothing of this Control.
  virtual Answer<std::size_t> each(std::size_t from, std::size_t most, const Visit& visit) = 0;
  virtual Answer<Counts> counts() = 0;  // cheap, however many webhooks there are
  virtual Answer<WebhookStatus> get(const std::string& id) = 0;
  virtual Answer<Run> trigger(const std::string& id) = 0;  // polls now, waits for the run
  virtual Answer<WebhookStatus> pause(const std::string& id) = 0;
  virtual Answer<WebhookStatus> resume(const std::string& id) = 0;
  // Webhooks kept in state; bodies as daemon/engine/definition.h takes them. invalid: every error. conflict: the id is
  // taken, or the webhook stands in the YAML. change gives the webhook as it is then, remove as it was; with it go its
  // pages.
  virtual Answer<WebhookStatus> create(const std::string& body, std::optional<bool> include_all) = 0;
  virtual Answer<WebhookStatus> change(const std::string& id, const std::string& body) = 0;
  virtual Answer<WebhookStatus> remove(const std::string& id) = 0;
  virtual Answer<ReloadReport> reload() = 0;  // invalid: the configuration's errors
  virtual Answer<std::vector<DeadPage>> dead(const std::string& id) = 0;
  // Where no page is in the range nothing is selected. invalid: to.url may not be sent to.
  virtual Answer<Selected> replay(const std::string& id, const ReplayRange& range, const ReplayTo& to) = 0;
  virtual Answer<DeadPage> drop_dead(const std::string& id, const std::string& page) = 0;  // by page id; gone for good
  // How it is polled, what that promises and what it would send, as text or JSON; asks the database, sends nothing.
  virtual Answer<std::string> explain(const std::string& id, bool json) = 0;
  // Empty: started and every webhook that isn't paused is healthy. Else the reasons.
  virtual std::vector<std::string> not_ready() = 0;
  virtual bool alive() = 0;              // makes progress
  virtual Answer<Pieces> metrics() = 0;  // Prometheus' text format, see daemon/engine/metrics.h
};

}  // namespace vhookd
