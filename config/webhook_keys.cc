#include "config/keys.h"
#include "config/scalars.h"
#include "config/units.h"
#include "core/time_text.h"

namespace vhookd::config {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds year = std::chrono::days(365);
constexpr const char* tracked = "is tracked by vhookd and cannot be set; leave it out";

ValueType<DbType> db_type() {
  std::vector<std::string> words;
  std::vector<std::string> usable;
  for (const DbType type : all_db_types()) {
    words.emplace_back(name_of(type));
    if (reachable(type)) usable.emplace_back(name_of(type));
  }
  const auto read = [words](const Input& in) -> std::optional<DbType> {
    const auto index = read_choice(in, words);
    if (!index) return std::nullopt;
    const DbType type = all_db_types()[*index];
    if (reachable(type)) return type;
    in.wrong(std::string(name_of(type)) + " is not supported by this build; supported are " + supported_types());
    return std::nullopt;
  };
  return {choice_schema(usable), read};
}

ValueType<DatabaseUrl> db_url() {
  const auto read = [](const Input& in) -> std::optional<DatabaseUrl> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    auto url = read_database_url(*text);
    if (url) return std::move(*url);
    in.wrong(url.error());
    return std::nullopt;
  };
  return {text_schema("(postgresql|postgres|mysql|mariadb)://.*|sqlite:///.+|[^:/]*=.*"), read};
}

ValueType<std::string> webhook_type() {
  const auto read = [](const Input& in) -> std::optional<std::string> {
    const auto index = read_choice(in, {"virtual", "native"});
    if (index && *index == 1)
      in.wrong("native requires a source with webhooks of its own, and no source supports that yet; write virtual");
    if (!index || *index == 1) return std::nullopt;
    return "virtual";
  };
  return {choice_schema({"virtual"}), read};
}

ValueType<Instant> instant() {
  const auto read = [](const Input& in) -> std::optional<Instant> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const auto at = parse_rfc3339(text->value());
    if (!at) in.wrong(in_quotes(in.node->text) + " is not a time; write it as 2026-11-23T09:00:00Z");
    return at;
  };
  return {R"({"format":"date-time","type":"string"})", read};
}

ValueType<Retry> retry() {
  const Keys<Retry> keys = {
      key<Retry>("for", "How long a page is retried before it is dead. Default 3d.", &Retry::give_up_after,
                 duration(0s, year)),
      key<Retry>("first", "The longest wait before the second attempt. Default 5s.", &Retry::first,
                 duration(10ms, year)),
      key<Retry>("max", "The longest wait between two attempts. Default 1h.", &Retry::max, duration(10ms, year)),
  };
  return object<Retry>(keys, [](const Input& in, const PresentKeys& given, const Retry& value) {
    if (value.first <= value.max) return;
    const auto location = given.contains("first") ? given.at("first")->location : in.node->location;
    const auto max = given.contains("max") ? show(value.max) : show(value.max) + ", its default";
    in.context->report.error(location, in.path + ".first",
                             show(value.first) + " is longer than max (" + max + "); set first to at most max");
  });
}

ValueType<Keep> keep() {
  return object<Keep>({
      key<Keep>("for", "How long a delivered page can be replayed. Default 7d; 0s keeps none.", &Keep::time,
                duration(0s, year)),
      key<Keep>("bytes", "The most bytes of delivered pages that are kept, newest first. Default 64MiB; 0 keeps none.",
                &Keep::bytes, bytes(0, std::int64_t{1} << 50)),
  });
}

ValueType<Detect> detect() {
  return choice<Detect>({{"auto", Detect::automatic},
                         {"xid", Detect::xid},
                         {"timestamp", Detect::timestamp},
                         {"snapshot", Detect::snapshot}});
}

ValueType<Event> event() {
  return choice<Event>({{"created", Event::created}, {"updated", Event::updated}, {"deleted", Event::deleted}});
}

template <class T>
Keys<T> database_keys() {
  return {
      key<T>("db_type", "The type of the database. Default: derived from the scheme of db_url.",
             &DatabaseDraft::db_type, optional(db_type())),
      key<T>("db_url", "The database's URL: postgresql://, mysql://, mariadb:// or sqlite:///path.",
             &DatabaseDraft::db_url, optional(db_url())),
      key<T>("db_schema", "The PostgreSQL schema, MySQL or MariaDB database, or name of an attached SQLite database.",
             &DatabaseDraft::db_schema, text()),
  };
}

using Draft = WebhookDraft;

template <class V, class M, class C>
Key<Draft> of(std::string name, std::string about, M C::*member, ValueType<V> type) {
  return key<Draft>(std::move(name), std::move(about), member, std::move(type));
}

// A key of a part that webhooks share. A webhook that does not set it shares the part with the defaults.
template <class Part, class V, class M>
Key<Draft> of(std::string name, std::string about, Shared<Part> Webhook::*part, M Part::*member, ValueType<V> type) {
  auto read = [part, member, read_value = std::move(type.read)](const Input& in, Draft& target) {
    if (auto value = read_value(in)) (target.*part).edit().*member = std::move(*value);
  };
  return {{std::move(name), std::move(about), std::move(type.schema), false}, std::move(read)};
}

Key<Draft> of_hook_url(std::string about) {
  auto type = hook_url();
  auto read = [read_value = std::move(type.read)](const Input& in, Draft& target) {
    auto value = read_value(in);
    if (!value) return;
    auto& delivery = target.delivery.edit();
    delivery.hook_url = std::move(value->url);
    delivery.hook_url_display = std::move(value->display);
  };
  return {{"hook_url", std::move(about), std::move(type.schema), false}, std::move(read)};
}

// The keys of the unified Webhook model.
Keys<Draft> model_keys() {
  return {
      required(of("id", "The unique name of the webhook, which also identifies its stored state.", &Draft::id,
                  token_text(64))),
      required(of("connection_id",
                  "The name of an entry under connections, or a label if the webhook has its own db_url.",
                  &Draft::connection_id, text(200))),
      of("db_name_prefix", "A prefix of object_type in the table's name.", &Draft::db_name_prefix, text()),
      required(of("object_type", "The table or view.", &Draft::object_type, text())),
      required(of("event", "created, updated or deleted: which changes are sent.", &Draft::event, event())),
      of("fields", "The columns delivered, in this order. Default: all.", &Draft::fields, names()),
      of("filters", "Conditions that rows must all meet: column: value, or column: {op: value}.", &Draft::filter,
         filters()),
      of("interval", "The time between two polls; a number without a unit is minutes. Default 1m.", &Draft::interval,
         duration(100ms, year, Bare::minutes)),
      of("page_max_limit", "The most records in one POST. Default 500.", &Draft::page_max_limit, integer(1, 10000)),
      required(of_hook_url("The http or https URL that the records are POSTed to.")),
      of("is_paused", "True: the webhook is not polled, and nothing is sent.", &Draft::is_paused, boolean()),
      of("webhook_type", "virtual, which is the default.", &Draft::labels, &Labels::webhook_type, webhook_type()),
      of("environment", "A label. Default Production.", &Draft::labels, &Labels::environment, text()),
      of("workspace_id", "A label.", &Draft::labels, &Labels::workspace_id, text()),
      of("integration_type", "A label. Default: the db_type.", &Draft::labels, &Labels::integration_type, text()),
      of("checked_at", "The time from which a new webhook sends changes, in RFC 3339 format.", &Draft::checked_at,
         optional(instant())),
      rejected<Draft>("created_at", tracked),
      rejected<Draft>("updated_at", tracked),
      rejected<Draft>("is_healthy", tracked),
      rejected<Draft>("runs", tracked),
  };
}

// Keys that vhookd adds to the model.
Keys<Draft> further_keys() {
  return {
      of("include_all", "True: a new webhook first sends all existing rows. Default false.", &Draft::include_all,
         boolean()),
      of("secret", "One or more whsec_… secrets, or whsk_… keys for ed25519, that sign each POST, in this order.",
         &Draft::delivery, &Delivery::secrets, signing_secrets()),
      of("headers", "Additional headers of each POST.", &Draft::delivery, &Delivery::headers, headers()),
      of("timeout", "The longest time for one POST. Default 15s.", &Draft::delivery, &Delivery::timeout,
         duration(100ms, 1h)),
      of("retry", "When a failed POST is retried.", &Draft::delivery, &Delivery::retry, retry()),
      of("on_dead",
         "hold: pages after a dead page wait until it is replayed or dropped. continue: they are sent. Default hold.",
         &Draft::delivery, &Delivery::on_dead, choice<OnDead>({{"hold", OnDead::hold}, {"continue", OnDead::go_on}})),
      of("on_reject",
         "split: a page that is answered 400, 413 or 422 repeatedly is halved until the rejected record is alone and "
         "dead. hold: it is retried unchanged. Default hold.",
         &Draft::delivery, &Delivery::on_reject,
         choice<OnReject>({{"hold", OnReject::hold}, {"split", OnReject::split}})),
      of("rate_limit", "The most POSTs per second, evenly spaced; 0.5 is one every two seconds. Default: no limit.",
         &Draft::delivery, &Delivery::rate_limit, optional(number(0.001, 100000))),
      of("keep", "How long and how much delivered data is kept for replay.", &Draft::delivery, &Delivery::keep, keep()),
      of("tls", "For an https hook_url: a private CA and a client certificate.", &Draft::delivery, &Delivery::tls,
         tls()),
      of("detect", "The method of change detection. Default auto.", &Draft::detect, detect()),
      of("key", "The columns that identify a row. Default: the primary key.", &Draft::columns, &Columns::key, names()),
      of("updated_column", "The column with the time of the last change. Default: found by name and type.",
         &Draft::columns, &Columns::updated, text()),
      of("created_column", "The column with the time of creation. Default: found by name and type.", &Draft::columns,
         &Columns::created, text()),
      of("deleted_column", "The column that is set when a row is soft-deleted.", &Draft::columns, &Columns::deleted,
         text()),
      of("lookback", "How far each poll looks back before the previous poll.", &Draft::lookback,
         optional(duration(0s, year))),
      of("include_created", "False: with event: updated, new rows are not sent. Default true.", &Draft::include_created,
         boolean()),
      of("hold_if_changed_over", "A share of the table, such as 40%: a larger change is held and reported.",
         &Draft::hold_if_changed_over, optional(share())),
  };
}

Keys<DatabaseDraft> make_connection_keys() {
  auto keys = database_keys<DatabaseDraft>();
  keys[1].required = true;
  return keys;
}

Keys<Draft> make_webhook_keys() {
  auto keys = model_keys();
  const auto database = database_keys<Draft>();
  keys.insert(keys.begin() + 2, database.begin(), database.end());
  const auto further = further_keys();
  keys.insert(keys.end(), further.begin(), further.end());
  return keys;
}

Keys<Draft> make_default_keys() {
  auto keys = webhook_keys();
  keys[0] = rejected<Draft>("id", "is not allowed here, because each webhook needs its own id; move it to the webhook");
  for (auto& key : keys) key.required = false;
  return keys;
}

}  // namespace

const Keys<DatabaseDraft>& connection_keys() {
  static const Keys<DatabaseDraft> keys = make_connection_keys();
  return keys;
}

const Keys<WebhookDraft>& webhook_keys() {
  static const Keys<WebhookDraft> keys = make_webhook_keys();
  return keys;
}

const Keys<WebhookDraft>& default_keys() {
  static const Keys<WebhookDraft> keys = make_default_keys();
  return keys;
}

}  // namespace vhookd::config
