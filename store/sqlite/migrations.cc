#include "store/sqlite/migrations.h"

namespace vhookd {
namespace {

constexpr const char* tables_of_version_1 = R"sql(
CREATE TABLE webhook (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  epoch INTEGER NOT NULL DEFAULT 1,
  fingerprint BLOB NOT NULL DEFAULT x'',
  checkpoint BLOB NOT NULL DEFAULT x'',
  next_sequence INTEGER NOT NULL DEFAULT 1,
  paused INTEGER NOT NULL DEFAULT 0,
  paused_because TEXT NOT NULL DEFAULT '',
  healthy INTEGER NOT NULL DEFAULT 1,
  last_error TEXT NOT NULL DEFAULT '',
  failed_in_a_row INTEGER NOT NULL DEFAULT 0,
  checked_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  known_rows INTEGER NOT NULL DEFAULT 0,
  unmarked INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE outbox (
  webhook INTEGER PRIMARY KEY,
  queued_pages INTEGER NOT NULL DEFAULT 0,
  queued_bytes INTEGER NOT NULL DEFAULT 0,
  dead_pages INTEGER NOT NULL DEFAULT 0,
  last_delivery_at INTEGER
) STRICT;
INSERT INTO outbox (webhook) VALUES (0);
CREATE INDEX outbox_queued ON outbox (webhook) WHERE queued_pages > 0;

CREATE TABLE page (
  webhook INTEGER NOT NULL,
  state INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  id TEXT NOT NULL,
  type INTEGER NOT NULL,
  records INTEGER NOT NULL,
  body INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  queued_at INTEGER NOT NULL,
  first_attempt_at INTEGER,
  not_before INTEGER NOT NULL DEFAULT 0,
  died_at INTEGER,
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (webhook, state, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE body (
  number INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER page_added AFTER INSERT ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0),
                    queued_bytes = queued_bytes + (NEW.state = 0) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state = 1)
   WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER page_moved AFTER UPDATE OF state ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0) - (OLD.state = 0),
                    queued_bytes = queued_bytes + ((NEW.state = 0) - (OLD.state = 0)) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state = 1) - (OLD.state = 1)
   WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER page_gone AFTER DELETE ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages - (OLD.state = 0),
                    queued_bytes = queued_bytes - (OLD.state = 0) * OLD.bytes,
                    dead_pages = dead_pages - (OLD.state = 1)
   WHERE webhook IN (0, OLD.webhook);
  DELETE FROM body WHERE number = OLD.body;
END;

CREATE TABLE known (
  webhook INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  key BLOB NOT NULL,
  digest BLOB NOT NULL,
  mark INTEGER NOT NULL,
  matched INTEGER NOT NULL,
  PRIMARY KEY (webhook, epoch, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_mark ON known (webhook, epoch, mark) WHERE mark <> 0;

CREATE TABLE run (
  webhook INTEGER NOT NULL,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ok INTEGER NOT NULL,
  pages INTEGER NOT NULL,
  records INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (webhook, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE stale (
  webhook INTEGER PRIMARY KEY,
  below_epoch INTEGER NOT NULL
) STRICT;
)sql";

constexpr const char* tables_of_version_2 = R"sql(
CREATE TABLE definition (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  json TEXT NOT NULL
) STRICT;
)sql";

constexpr const char* ranges_of_version_3 = R"sql(
CREATE TABLE known_range (
  webhook INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  first BLOB NOT NULL,
  rows INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (webhook, epoch, first)
) STRICT, WITHOUT ROWID;
)sql";

// SQLite cannot change a key, so `page` is made anew. Its triggers go with the old one; what they count is the
// same before and after, all but the new columns, which the old file has nothing for but dead pages.
constexpr const char* pages_of_version_4 = R"sql(
ALTER TABLE webhook ADD COLUMN renumbered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN dead_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN holding_pages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN kept_pages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN kept_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN replay_pages INTEGER NOT NULL DEFAULT 0;

ALTER TABLE page RENAME TO page_of_version_3;
DROP TRIGGER page_added;
DROP TRIGGER page_moved;
DROP TRIGGER page_gone;
CREATE TABLE page (
  webhook INTEGER NOT NULL,
  state INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  id TEXT NOT NULL,
  type INTEGER NOT NULL,
  records INTEGER NOT NULL,
  body INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  queued_at INTEGER NOT NULL,
  first_attempt_at INTEGER,
  not_before INTEGER NOT NULL DEFAULT 0,
  died_at INTEGER,
  error TEXT NOT NULL DEFAULT '',
  rejections INTEGER NOT NULL DEFAULT 0,
  part INTEGER NOT NULL DEFAULT 0,
  replayed INTEGER NOT NULL DEFAULT 0,
  delivered_at INTEGER,
  keep_until INTEGER,
  PRIMARY KEY (webhook, state, sequence, id)
) STRICT, WITHOUT ROWID;
INSERT INTO page (webhook, state, sequence, id, type, records, body, bytes, attempts, queued_at, first_attempt_at,
                  not_before, died_at, error)
  SELECT webhook, state, sequence, id, type, records, body, bytes, attempts, queued_at, first_attempt_at,
         not_before, died_at, error FROM page_of_version_3;
DROP TABLE page_of_version_3;
CREATE INDEX page_kept ON page (keep_until) WHERE state = 2;
UPDATE outbox SET
  holding_pages = dead_pages,
  dead_bytes = (SELECT coalesce(sum(bytes), 0) FROM page
                 WHERE state = 1 AND (outbox.webhook = 0 OR page.webhook = outbox.webhook));

CREATE TRIGGER page_added AFTER INSERT ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0),
                    queued_bytes = queued_bytes + (NEW.state = 0) * NEW.bytes
   WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER page_moved AFTER UPDATE OF state ON page WHEN OLD.state <> NEW.state BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0) - (OLD.state = 0),
                    queued_bytes = queued_bytes + ((NEW.state = 0) - (OLD.state = 0)) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state IN (1, 3)) - (OLD.state IN (1, 3)),
                    dead_bytes = dead_bytes + ((NEW.state IN (1, 3)) - (OLD.state IN (1, 3))) * NEW.bytes,
                    holding_pages = holding_pages + (NEW.state = 1) - (OLD.state = 1),
                    kept_pages = kept_pages + (NEW.state = 2) - (OLD.state = 2),
                    kept_bytes = kept_bytes + ((NEW.state = 2) - (OLD.state = 2)) * NEW.bytes
   WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER page_gone AFTER DELETE ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages - (OLD.state = 0),
                    queued_bytes = queued_bytes - (OLD.state = 0) * OLD.bytes,
                    dead_pages = dead_pages - (OLD.state IN (1, 3)),
                    dead_bytes = dead_bytes - (OLD.state IN (1, 3)) * OLD.bytes,
                    holding_pages = holding_pages - (OLD.state = 1),
                    kept_pages = kept_pages - (OLD.state = 2),
                    kept_bytes = kept_bytes - (OLD.state = 2) * OLD.bytes
   WHERE webhook IN (0, OLD.webhook);
  DELETE FROM body WHERE number = OLD.body;
  DELETE FROM replay WHERE webhook = OLD.webhook AND page = OLD.id;
END;

CREATE TABLE replay (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook INTEGER NOT NULL,
  page TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  url TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  first_attempt_at INTEGER,
  not_before INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  UNIQUE (webhook, page, url)
) STRICT;
CREATE INDEX replay_order ON replay (webhook, number);
CREATE TRIGGER replay_added AFTER INSERT ON replay BEGIN
  UPDATE outbox SET replay_pages = replay_pages + 1 WHERE webhook IN (0, NEW.webhook);
END;
CREATE TRIGGER replay_gone AFTER DELETE ON replay BEGIN
  UPDATE outbox SET replay_pages = replay_pages - 1 WHERE webhook IN (0, OLD.webhook);
END;
)sql";

// `webhook IN (0, NEW.webhook)` made SQLite build a temporary tree at each run of a trigger, which cost more than the
// rest of what is written of a delivered page; and an index over a count is written anew with each change of it. The
// way every page goes, from the queue to what is kept, has a trigger of its own.
constexpr const char* counts_of_version_5 = R"sql(
DROP INDEX outbox_queued;
DROP TRIGGER page_added;
DROP TRIGGER page_moved;
DROP TRIGGER page_gone;
DROP TRIGGER replay_added;
DROP TRIGGER replay_gone;

CREATE TRIGGER page_added AFTER INSERT ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0),
                    queued_bytes = queued_bytes + (NEW.state = 0) * NEW.bytes
   WHERE webhook = 0;
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0),
                    queued_bytes = queued_bytes + (NEW.state = 0) * NEW.bytes
   WHERE webhook = NEW.webhook;
END;
CREATE TRIGGER page_delivered AFTER UPDATE OF state ON page WHEN OLD.state = 0 AND NEW.state = 2 BEGIN
  UPDATE outbox SET queued_pages = queued_pages - 1,
                    queued_bytes = queued_bytes - NEW.bytes,
                    kept_pages = kept_pages + 1,
                    kept_bytes = kept_bytes + NEW.bytes
   WHERE webhook = 0;
  UPDATE outbox SET queued_pages = queued_pages - 1,
                    queued_bytes = queued_bytes - NEW.bytes,
                    kept_pages = kept_pages + 1,
                    kept_bytes = kept_bytes + NEW.bytes,
                    last_delivery_at = NEW.delivered_at
   WHERE webhook = NEW.webhook;
END;
CREATE TRIGGER page_moved AFTER UPDATE OF state ON page
  WHEN OLD.state <> NEW.state AND NOT (OLD.state = 0 AND NEW.state = 2) BEGIN
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0) - (OLD.state = 0),
                    queued_bytes = queued_bytes + ((NEW.state = 0) - (OLD.state = 0)) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state & 1) - (OLD.state & 1),
                    dead_bytes = dead_bytes + ((NEW.state & 1) - (OLD.state & 1)) * NEW.bytes,
                    holding_pages = holding_pages + (NEW.state = 1) - (OLD.state = 1),
                    kept_pages = kept_pages + (NEW.state = 2) - (OLD.state = 2),
                    kept_bytes = kept_bytes + ((NEW.state = 2) - (OLD.state = 2)) * NEW.bytes
   WHERE webhook = 0;
  UPDATE outbox SET queued_pages = queued_pages + (NEW.state = 0) - (OLD.state = 0),
                    queued_bytes = queued_bytes + ((NEW.state = 0) - (OLD.state = 0)) * NEW.bytes,
                    dead_pages = dead_pages + (NEW.state & 1) - (OLD.state & 1),
                    dead_bytes = dead_bytes + ((NEW.state & 1) - (OLD.state & 1)) * NEW.bytes,
                    holding_pages = holding_pages + (NEW.state = 1) - (OLD.state = 1),
                    kept_pages = kept_pages + (NEW.state = 2) - (OLD.state = 2),
                    kept_bytes = kept_bytes + ((NEW.state = 2) - (OLD.state = 2)) * NEW.bytes
   WHERE webhook = NEW.webhook;
END;
CREATE TRIGGER page_gone AFTER DELETE ON page BEGIN
  UPDATE outbox SET queued_pages = queued_pages - (OLD.state = 0),
                    queued_bytes = queued_bytes - (OLD.state = 0) * OLD.bytes,
                    dead_pages = dead_pages - (OLD.state & 1),
                    dead_bytes = dead_bytes - (OLD.state & 1) * OLD.bytes,
                    holding_pages = holding_pages - (OLD.state = 1),
                    kept_pages = kept_pages - (OLD.state = 2),
                    kept_bytes = kept_bytes - (OLD.state = 2) * OLD.bytes
   WHERE webhook = 0;
  UPDATE outbox SET queued_pages = queued_pages - (OLD.state = 0),
                    queued_bytes = queued_bytes - (OLD.state = 0) * OLD.bytes,
                    dead_pages = dead_pages - (OLD.state & 1),
                    dead_bytes = dead_bytes - (OLD.state & 1) * OLD.bytes,
                    holding_pages = holding_pages - (OLD.state = 1),
                    kept_pages = kept_pages - (OLD.state = 2),
                    kept_bytes = kept_bytes - (OLD.state = 2) * OLD.bytes
   WHERE webhook = OLD.webhook;
  DELETE FROM body WHERE number = OLD.body;
  DELETE FROM replay WHERE webhook = OLD.webhook AND page = OLD.id;
END;
CREATE TRIGGER replay_added AFTER INSERT ON replay BEGIN
  UPDATE outbox SET replay_pages = replay_pages + 1 WHERE webhook = 0;
  UPDATE outbox SET replay_pages = replay_pages + 1 WHERE webhook = NEW.webhook;
END;
CREATE TRIGGER replay_gone AFTER DELETE ON replay BEGIN
  UPDATE outbox SET replay_pages = replay_pages - 1 WHERE webhook = 0;
  UPDATE outbox SET replay_pages = replay_pages - 1 WHERE webhook = OLD.webhook;
END;
)sql";

constexpr const char* blocks_of_version_6 = R"sql(
CREATE TABLE known_block (
  number INTEGER PRIMARY KEY,
  webhook INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  first BLOB NOT NULL,
  rows INTEGER NOT NULL,
  least_mark INTEGER NOT NULL,
  packed BLOB NOT NULL,
  UNIQUE (webhook, epoch, first)
) STRICT;
)sql";
constexpr const char* after_packing = R"sql(
CREATE INDEX known_block_mark ON known_block (webhook, epoch, least_mark);
DROP TABLE known;
ALTER TABLE webhook DROP COLUMN unmarked;
)sql";

}  // namespace

const std::array<void (*)(Connection&), schema_version> migrations = {
    [](Connection& db) { db.script(tables_of_version_1); },
    [](Connection& db) { db.script(tables_of_version_2); },
    [](Connection& db) { db.script(ranges_of_version_3); },
    [](Connection& db) { db.script(pages_of_version_4); },
    [](Connection& db) { db.script(counts_of_version_5); },
    [](Connection& db) {
      db.script(blocks_of_version_6);
      pack_known_of_version_5(db);
      db.script(after_packing);
    }};

}  // namespace vhookd
