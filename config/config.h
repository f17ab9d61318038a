// The typed configuration: what a whole, valid set of YAML files says. Values only; config/load.h
// makes it, everything else reads it.
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
enum class OnDead { hold, go_on };    // what follows a dead page: waits, or passes on
enum class OnReject { hold, split };  // a page the receiver refuses for what it holds: as it is, or ever smaller
using vhookd::Op;

std::string_view name_of(Event event);
std::string_view name_of(Detect detect);  // "auto", "xid" …
std::string_view name_of(Op op);

using vhookd::Filter;

// Where a database is. Two webhooks with equal urls share its connections.
struct Database {
  DbType type = DbType::postgres;
  Secret url;           // as given, secrets resolved
  std::string display;  // with *** for passwords and ${…} as written: safe to print
  std::string schema;   // empty: the connection's default
  bool operator==(const Database&) const = default;
};

struct Retry {
  std::chrono::milliseconds give_up_after = std::chrono::hours(72);  // retry.for
  std::chrono::milliseconds first = std::chrono::seconds(5);
  std::chrono::milliseconds max = std::chrono::hours(1);
  bool operator==(const Retry&) const = default;
};

// What was delivered and is kept for replay.
struct Keep {
  std::chrono::milliseconds time = std::chrono::hours(168);  // keep.for
  std::int64_t bytes = std::int64_t{64} << 20;
  bool operator==(const Keep&) const = default;
};

// Of an https hook. PEM texts, read when the configuration was.
struct Tls {
  Secret ca;         // the certificates that vouch for the receiver; empty: those of the system
  Secret cert, key;  // what vhookd shows of itself; both or neither
  bool empty() const { return ca.empty() && cert.empty(); }
  bool operator==(const Tls&) const = default;
};

// How what was found goes out.
struct Delivery {
  std::string hook_url;             // references resolved: what is dialled, never printed
  std::string hook_url_display;     // as written, ${…} unresolved: what is printed, sent and logged
  std::vector<SigningKey> secrets;  // the first signs first
  std::vector<std::pair<std::string, Secret>> headers;  // names in lower case; values may hold tokens
  std::chrono::milliseconds timeout = std::chrono::seconds(15);
  Retry retry;
  OnDead on_dead = OnDead::hold;
  OnReject on_reject = OnReject::hold;
  std::optional<double> rate_limit;  // POSTs a second
  Keep keep;
  Tls tls;
  bool operator==(const Delivery&) const = default;
};

// What is shown and sent of a webhook, and means nothing here.
struct Labels {
  std::string webhook_type = "virtual";
  std::string environment = "Production";
  std::string workspace_id;
  std::string integration_type;  // defaults to the db_type's name
  bool operator==(const Labels&) const = default;
};

// The columns that mean something.
struct Columns {
  std::vector<std::string> key;  // empty: the primary key
  std::string updated;           // empty: found by name and type
  std::string created;
  std::string deleted;
  bool operator==(const Columns&) const = default;
};

// Where a webhook stands, for messages.
struct Origin {
  Shared<std::string> file;
  int line = 0;  // of its id; 0: it stands in no line
  std::string text() const;
  bool operator==(const Origin&) const = default;
};

// There may be a hundred thousand of them: what a connection or the defaults give to many stands once for all.
struct Webhook {
  std::string id;
  std::string connection_id;
  Shared<Database> database;
  std::string db_name_prefix;
  std::string object_type;
  Event event = Event::updated;
  std::vector<std::string> fields;  // empty: all columns
  std::vector<Filter> filters;      // in file order
  std::string filters_json;         // the filters as given, ${…} unresolved, as a JSON object; empty: none
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
  std::optional<double> hold_if_changed_over;  // share of the table, 0 to 1

  Origin origin;

  // The first secret that is shared, which sig256 is made with; empty: there is none.
  Secret shared_secret() const;

  std::string table_name() const { return db_name_prefix + object_type; }
  bool operator==(const Webhook&) const = default;
};

struct Api {
  std::string listen = "127.0.0.1:8420";  // "off": none
  std::string socket;                     // empty: the default place
  Secret token;
  bool operator==(const Api&) const = default;
};

enum class LogFormat { automatic, text, json };  // automatic: plain, without times under the journal

struct Log {
  std::string level = "info";  // trace debug info warn error
  LogFormat format = LogFormat::automatic;
  bool operator==(const Log&) const = default;
};

struct Egress {
  std::vector<std::string> allow;  // CIDRs, canonical
  std::vector<std::string> deny;
  bool operator==(const Egress&) const = default;
};

struct Limits {
  int polls = 8;        // polls under way at once, in all
  int deliveries = 64;  // POSTs under way at once, in all
  std::int64_t outbox_bytes = std::int64_t{1} << 30;
  std::int64_t kept_bytes = std::int64_t{512} << 20;  // delivered pages, in all
  bool operator==(const Limits&) const = default;
};

struct Base;  // config/assemble.h; for config/stored.h

struct Config {
  std::string state;  // empty: the default place
  Api api;
  Log log;
  Egress egress;
  Limits limits;
  std::vector<Webhook> webhooks;     // in file order, defaults applied
  std::vector<std::string> notices;  // what the operator should know though it is no error
  // Connections and defaults as written, for webhooks that stand in no file. Shared, for whoever reads such a webhook
  // may still be at it when a reload brings the next configuration.
  std::shared_ptr<const Base> base;
};

}  // namespace vhookd::config
