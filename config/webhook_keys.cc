#include <nlohmann/json.hpp>

#include "config/keys.h"
#include "config/scalars.h"
#include "config/units.h"
#include "core/time_text.h"

namespace vhookd::config {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::chrono::milliseconds year = std::chrono::days(365);
constexpr const char* tracked = "is tracked by vhookd and cannot be set; leave it out";

Form<DbType> db_type() {
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
    in.wrong(std::string(name_of(type)) + " is not reached by this build; it reaches " + reachable_types());
    return std::nullopt;
  };
  return {choice_schema(usable), read};
}

Form<DatabaseUrl> db_url() {
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

Form<std::string> webhook_type() {
  const auto read = [](const Input& in) -> std::optional<std::string> {
    const auto index = read_choice(in, {"virtual", "native"});
    if (index && *index == 1)
      in.wrong("native needs webhooks that the source itself offers, and none does yet; write virtual");
    if (!index || *index == 1) return std::nullopt;
    return "virtual";
  };
  return {choice_schema({"virtual"}), read};
}

Form<Instant> instant() {
  const auto read = [](const Input& in) -> std::optional<Instant> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    const auto at = parse_rfc3339(text->value());
    if (!at) in.wrong(in_quotes(in.node->text) + " is no instant; write it as 2026-11-23T09:00:00Z");
    return at;
  };
  return {json{{"type", "string"}, {"format", "date-time"}}.dump(), read};
}

Form<Retry> retry() {
  const Keys<Retry> keys = {
      key<Retry>("for", "How long a page is tried again before it is dead. Default 3d.", &Retry::give_up_after,
                 duration(0s, year)),
      key<Retry>("first", "Longest wait before the second try. Default 5s.", &Retry::first, duration(10ms, year)),
      key<Retry>("max", "Longest wait between two tries. Default 1h.", &Retry::max, duration(10ms, year)),
  };
  return object<Retry>(keys, [](const Input& in, const Given& given, const Retry& value) {
    if (value.first <= value.max) return;
    const auto place = given.contains("first") ? given.at("first")->place : in.node->place;
    const auto max = given.contains("max") ? show(value.max) : show(value.max) + ", its default";
    in.context->report.error(place, in.path + ".first",
                             show(value.first) + " is longer than max (" + max + "); make first the shorter");
  });
}

Form<Keep> keep() {
  return object<Keep>({
      key<Keep>("for", "How long a delivered page can be replayed. Default 7d; 0s keeps none.", &Keep::time,
                duration(0s, year)),
      key<Keep>("bytes", "Most bytes of delivered pages that are kept, the latest. Default 64MiB; 0 keeps none.",
                &Keep::bytes, bytes(0, std::int64_t{1} << 50)),
  });
}

Form<Detect> detect() {
  return choice<Detect>({{"auto", Detect::automatic},
                         {"xid", Detect::xid},
                         {"timestamp", Detect::timestamp},
                         {"snapshot", Detect::snapshot}});
}

Form<Event> event() {
  return choice<Event>({{"created", Event::created}, {"updated", Event::updated}, {"deleted", Event::deleted}});
}

template <class T>
Keys<T> database_keys() {
  return {
      key<T>("db_type", "The database. Default: what the scheme of db_url says.", &DatabaseDraft::db_type,
             optional(db_type())),
      key<T>("db_url", "The database's URL: postgresql://, mysql://, mariadb:// or sqlite:///path.",
             &DatabaseDraft::db_url, optional(db_url())),
      key<T>("db_schema", "PostgreSQL schema, MySQL or MariaDB database, SQLite attached name.",
             &DatabaseDraft::db_schema, text()),
  };
}

using Draft = WebhookDraft;

template <class V, class M, class C>
Key<Draft> of(std::string name, std::string about, M C::*member, Form<V> form) {
  return key<Draft>(std::move(name), std::move(about), member, std::move(form));
}

// Of a part that webhooks share: one that says nothing of it keeps that of the defaults.
template <class Part, class V, class M>
Key<Draft> of(std::string name, std::string about, Shared<Part> Webhook::*part, M Part::*member, Form<V> form) {
  auto read = [part, member, read_value = std::move(form.read)](const Input& in, Draft& target) {
    if (auto value = read_value(in)) (target.*part).edit().*member = std::move(*value);
  };
  return {{std::move(name), std::move(about), std::move(form.schema), false}, std::move(read)};
}

Key<Draft> of_hook_url(std::string about) {
  auto form = hook_url();
  auto read = [read_value = std::move(form.read)](const Input& in, Draft& target) {
    auto value = read_value(in);
    if (!value) return;
    auto& delivery = target.delivery.edit();
    delivery.hook_url = std::move(value->url);
    delivery.hook_url_display = std::move(value->display);
  };
  return {{"hook_url", std::move(about), std::move(form.schema), false}, std::move(read)};
}

// The keys of the user's model.
Keys<Draft> model_keys() {
  return {
      required(of("id", "The webhook's own name, unique; its state hangs on it.", &Draft::id, token_text(64))),
      required(of("connection_id",
                  "The name of an entry under connections, or a label where the webhook has its own db_url.",
                  &Draft::connection_id, text(200))),
      of("db_name_prefix", "Put before object_type to form the table's name.", &Draft::db_name_prefix, text()),
      required(of("object_type", "The table or view.", &Draft::object_type, text())),
      required(of("event", "created, updated or deleted: which rows are sent.", &Draft::event, event())),
      of("fields", "The columns delivered, in this order. Default: all.", &Draft::fields, names()),
      of("filters", "Conditions, all of which must hold: column: value, or column: {op: value}.", &Draft::filter,
         filters()),
      of("interval", "Time between two checks; a bare number is minutes. Default 1m.", &Draft::interval,
         duration(100ms, year, Bare::minutes)),
      of("page_max_limit", "Most records in one POST. Default 500.", &Draft::page_max_limit, integer(1, 10000)),
      required(of_hook_url("The http or https URL that the records are POSTed to.")),
      of("is_paused", "True: not polled, and nothing is sent.", &Draft::is_paused, boolean()),
      of("webhook_type", "virtual, the default.", &Draft::labels, &Labels::webhook_type, webhook_type()),
      of("environment", "A label. Default Production.", &Draft::labels, &Labels::environment, text()),
      of("workspace_id", "A label.", &Draft::labels, &Labels::workspace_id, text()),
      of("integration_type", "A label. Default: the db_type.", &Draft::labels, &Labels::integration_type, text()),
      of("checked_at", "Where a new webhook starts, an RFC 3339 instant.", &Draft::checked_at, optional(instant())),
      refused<Draft>("created_at", tracked),
      refused<Draft>("updated_at", tracked),
      refused<Draft>("is_healthy", tracked),
      refused<Draft>("runs", tracked),
  };
}

// What vhookd adds to the model.
Keys<Draft> further_keys() {
  return {
      of("include_all", "True: a new webhook first sends all rows that are there. Default false.", &Draft::include_all,
         boolean()),
      of("secret", "One or several whsec_…, or whsk_… for ed25519, that sign each POST, the first first.",
         &Draft::delivery, &Delivery::secrets, signing_secrets()),
      of("headers", "Further headers of each POST.", &Draft::delivery, &Delivery::headers, headers()),
      of("timeout", "Longest time for one POST. Default 15s.", &Draft::delivery, &Delivery::timeout,
         duration(100ms, 1h)),
      of("retry", "When a POST that failed is tried again.", &Draft::delivery, &Delivery::retry, retry()),
      of("on_dead", "hold: what follows a dead page waits for replay or drop. continue: it goes out. Default hold.",
         &Draft::delivery, &Delivery::on_dead, choice<OnDead>({{"hold", OnDead::hold}, {"continue", OnDead::go_on}})),
      of("on_reject",
         "split: a page answered 400, 413 or 422 again and again is halved until the offending record is alone and "
         "dead. hold: it is tried as it is. Default hold.",
         &Draft::delivery, &Delivery::on_reject,
         choice<OnReject>({{"hold", OnReject::hold}, {"split", OnReject::split}})),
      of("rate_limit", "Most POSTs a second, evenly spread; 0.5 is one every two seconds. Default: no limit.",
         &Draft::delivery, &Delivery::rate_limit, optional(number(0.001, 100000))),
      of("keep", "What was delivered is kept so long for replay.", &Draft::delivery, &Delivery::keep, keep()),
      of("tls", "Of an https hook_url: a private CA, and a certificate of vhookd's own.", &Draft::delivery,
         &Delivery::tls, tls()),
      of("detect", "How changes are found. Default auto.", &Draft::detect, detect()),
      of("key", "The columns that identify a row. Default: the primary key.", &Draft::columns, &Columns::key, names()),
      of("updated_column", "The column that holds the time of the last change. Default: found by name and type.",
         &Draft::columns, &Columns::updated, text()),
      of("created_column", "The column that holds the time of creation. Default: found by name and type.",
         &Draft::columns, &Columns::created, text()),
      of("deleted_column", "The column that is set when a row is deleted softly.", &Draft::columns, &Columns::deleted,
         text()),
      of("lookback", "How far each check reaches back behind the last one.", &Draft::lookback,
         optional(duration(0s, year))),
      of("include_created", "False: an updated webhook leaves out new rows. Default true.", &Draft::include_created,
         boolean()),
      of("hold_if_changed_over", "Share of the table, as 40%: a larger change is held and reported.",
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
  keys[0] = refused<Draft>("id", "each webhook needs an id of its own; move it to the webhook");
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
