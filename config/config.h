// The typed configuration: the content of a complete, valid set of YAML files. Plain values. config/load.h creates it;
// the other modules only read it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/database.h"
#include "core/filter.h"
#include "core/secret.h"
#include "core/shared.h"
#include "core/signing_key.h"
#include "core/value.h"

namespace vhookd::config {

enum class Event { created, updated, deleted };
enum class Detect { automatic, xid, timestamp, snapshot };
enum class OnDead { hold, go_on };    // whether the pages after a dead page wait or are sent
enum class OnReject { hold, split };  // whether a page that the receiver rejects for its content is retried or halved
using vhookd::Op;

std::string_view name_of(Event event);
std::string_view name_of(Detect detect);  // "auto", "xid" …
std::string_view name_of(Op op);

using vhookd::Filter;

// The address of a database. Webhooks with equal URLs share connections.
struct Database {
  DbType type = DbType::postgres;
  Secret url;           // references resolved
  std::string display;  // passwords as ***, references as written (${…}): safe to print
  std::string schema;   // empty: the connection's default schema
  bool operator==(const Database&) const = default;
};

struct Retry {
  std::chrono::milliseconds give_up_after = std::chrono::hours(72);  // retry.for
  std::chrono::milliseconds first = std::chrono::seconds(5);
  std::chrono::milliseconds max = std::chrono::hours(1);
  bool operator==(const Retry&) const = default;
};

// How long and how much delivered data is kept for replay.
struct Keep {
  std::chrono::milliseconds time = std::chrono::hours(168);  // keep.for
  std::int64_t bytes = std::int64_t{64} << 20;
  bool operator==(const Keep&) const = default;
};

// TLS settings of an https hook_url, as PEM text. Files are read when the configuration is loaded.
struct Tls {
  Secret ca;         // the only trusted CA certificates; empty: those of the system
  Secret cert, key;  // vhookd's client certificate and its key; both or neither
  bool empty() const { return ca.empty() && cert.empty(); }
  bool operator==(const Tls&) const = default;
};

// How the records of a webhook are delivered.
struct Delivery {
  std::string hook_url;                                 // references resolved: used to connect, never printed
  std::string hook_url_display;                         // as written, with ${…}: shown, sent and logged
  std::vector<SigningKey> secrets;                      // signatures are sent in this order
  std::vector<std::pair<std::string, Secret>> headers;  // names in lower case; values may contain tokens
  std::chrono::milliseconds timeout = std::chrono::seconds(15);
  Retry retry;
  OnDead on_dead = OnDead::hold;
  OnReject on_reject = OnReject::hold;
  std::optional<double> rate_limit;  // POSTs per second
  Keep keep;
  Tls tls;
  bool operator==(const Delivery&) const = default;
};

// Labels of a webhook: shown and sent, without effect on polling or delivery.
struct Labels {
  std::string webhook_type = "virtual";
  std::string environment = "Production";
  std::string workspace_id;
  std::string integration_type;  // defaults to the db_type's name
  bool operator==(const Labels&) const = default;
};

// The columns with a special meaning.
struct Columns {
  std::vector<std::string> key;  // empty: the primary key
  std::string updated;           // empty: found by name and type
  std::string created;
  std::string deleted;
  bool operator==(const Columns&) const = default;
};

// Where a webhook is defined, for messages.
struct Origin {
  Shared<std::string> file;
  int line = 0;  // line of its id; 0: not defined in a file
  std::string text() const;
  bool operator==(const Origin&) const = default;
};

// There can be 100,000 webhooks, so parts that come from a connection or from the defaults are Shared.
struct Webhook {
  std::string id;
  std::string connection_id;
  Shared<Database> database;
  std::string db_name_prefix;
  std::string object_type;
  Event event = Event::updated;
  std::vector<std::string> fields;  // empty: all columns
  std::vector<Filter> filters;      // in file order
  std::string filters_json;         // the filters as written, with ${…}, as a JSON object; empty: none
  std::chrono::milliseconds interval = std::chrono::minutes(1);
  int page_max_limit = 500;
  Shared<Delivery> delivery;
  bool is_paused = false;
  Shared<Labels> labels;
  std::optional<Instant> checked_at;

  bool include_all = false;
  Detect detect = Detect::automatic;
  Shared<Columns> columns;
  std::optional<std::chrono::milliseconds> lookback;
  bool include_created = true;
  std::optional<double> hold_if_changed_over;  // share of the table's rows, 0 to 1

  Origin origin;

  // The first shared secret, which creates sig256; empty: none.
  Secret shared_secret() const;

  std::string table_name() const { return db_name_prefix + object_type; }
  bool operator==(const Webhook&) const = default;
};

struct Api {
  std::string listen = "127.0.0.1:8420";  // "off": no TCP listener
  std::string socket;                     // empty: the default path
  Secret token;
  bool operator==(const Api&) const = default;
};

enum class LogFormat { automatic, text, json };  // automatic: text, or the journal's format under systemd

struct Log {
  std::string level = "info";  // trace debug info warn error
  LogFormat format = LogFormat::automatic;
  bool operator==(const Log&) const = default;
};

struct Egress {
  std::vector<std::string> allow;  // CIDR ranges in canonical form
  std::vector<std::string> deny;
  bool operator==(const Egress&) const = default;
};

struct Limits {
  int polls = 8;        // concurrent polls, all webhooks together
  int deliveries = 64;  // concurrent POSTs, all webhooks together
  std::int64_t outbox_bytes = std::int64_t{1} << 30;
  std::int64_t kept_bytes = std::int64_t{512} << 20;  // delivered pages of all webhooks
  bool operator==(const Limits&) const = default;
};

struct SharedSettings;  // config/assemble.h; for config/stored.h

struct Config {
  std::string state;  // empty: the default path
  Api api;
  Log log;
  Egress egress;
  Limits limits;
  std::vector<Webhook> webhooks;     // in file order, defaults applied
  std::vector<std::string> notices;  // warnings: shown to the operator, not errors
  // Connections and defaults as written, for webhooks created through the API. A shared_ptr, because such a webhook may
  // still be read when a reload replaces the configuration.
  std::shared_ptr<const SharedSettings> base;
};

}  // namespace vhookd::config
